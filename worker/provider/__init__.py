"""The provider's customer API over HTTP: the only room that knows requests, urllib3 and tenacity."""
