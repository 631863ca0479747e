"""Applies a billing system's commands to the provider and answers each with one result event."""
