"""The benchmark: the worker beside a naive loop, same commands, same stand-in provider, same broker, same run."""
