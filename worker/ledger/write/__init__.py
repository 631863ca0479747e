"""One thread writes for everybody: what callers lay down, how it is committed, and how long it may be relied on."""
