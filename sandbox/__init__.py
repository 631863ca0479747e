"""For trying it out: a stand-in provider, private servers for a laptop, and a demonstration of all of it."""
