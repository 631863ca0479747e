"""What a transaction does, each kind for many callers at once: one list goes in, one list of answers comes out."""
