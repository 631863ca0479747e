"""Exchanges, queues and bindings: what must be there, and looks at what is."""
