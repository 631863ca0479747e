"""Messages to the broker, and its confirms."""
