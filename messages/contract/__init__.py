"""The contract written down for other programs: JSON Schemas and an AsyncAPI document, made from the models alone."""

from messages.contract.documents import DEFAULT_PREFIX, documents, text_of

__all__ = ["DEFAULT_PREFIX", "documents", "text_of"]
