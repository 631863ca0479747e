"""How requests travel: kept connections, one bound on a whole call, and our own limit on how many begin."""
