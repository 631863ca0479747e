"""The documents of the contract, put together once for all tests that only read them."""

from messages.contract import documents

DOCUMENTS = documents()
