"""Whose turn it is, and what must have nothing beside it: what may have ended the last process."""
