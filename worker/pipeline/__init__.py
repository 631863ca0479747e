"""The way of a delivery: its stages as a table, the scheduler that decides when each command runs, and its threads."""
