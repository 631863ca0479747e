"""What the worker shows of itself: metrics, one log line per command, health."""
