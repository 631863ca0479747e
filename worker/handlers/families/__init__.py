"""The families of commands: each file is one story, from a command to what its event tells."""
