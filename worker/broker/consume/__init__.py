"""Deliveries from the broker, and their acks."""
