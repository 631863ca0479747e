"""One broker for the whole session, started when a test asks for it; tests that break brokers start their own."""

pytest_plugins = ("tests.support.broker_tools",)
