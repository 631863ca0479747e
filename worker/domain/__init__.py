"""The rules and the vocabulary of the worker: pure, without input or output."""
