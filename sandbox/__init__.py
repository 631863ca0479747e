"""For trying it out: a stand-in provider, and private servers for a laptop."""
