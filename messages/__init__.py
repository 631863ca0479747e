"""The contract between billing systems and the worker: commands, result events, and how they travel."""
