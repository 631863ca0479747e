"""What these servers raise when they cannot serve.

ServerError            anything below
├── ServerUnavailable  none of the ways to get a server works here; the text is one line that says what to type
├── ServerFailed       a server was there and did not start, or ended by itself; the text ends with its last words
└── SourceUnusable     one way to get a server is no way here; the next one is tried
"""


class ServerError(Exception):
    """Everything that a private server can fail with."""


class ServerUnavailable(ServerError):
    """No way to get a server works on this machine; a program prints the text and exits with 69."""


class ServerFailed(ServerError):
    """A server did not start, or ended by itself."""


class SourceUnusable(ServerError):
    """One way to get a server is no way here; the text is a short reason without a full stop."""
