"""What an answer means: parsed from JSON or XML, asked for its success, and turned into the error that it is."""
