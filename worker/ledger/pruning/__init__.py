"""Forgets what ended long ago, a little at a time, so that nobody who works has to wait for it."""
