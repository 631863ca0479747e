"""Between a command and whoever typed it: what it prints, the standard streams, signals, how it ends."""
