"""What people and tools read in a ledger, beside a running worker: nothing is changed."""
