"""The databases a ledger may lie in. What is true of one product alone is said here and nowhere else."""
