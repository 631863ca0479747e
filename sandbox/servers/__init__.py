"""Private servers for a laptop: a RabbitMQ and a PostgreSQL that need no installation and leave nothing behind.

`finding` is the entrance: it says which server to use and in which order the ways to get one are tried. Everything
else is one way, or a part that several ways share. Nothing here knows the worker.
"""
