"""Pauses the intake while the provider, or a room of our own, cannot do its part; each login of the provider apart."""
