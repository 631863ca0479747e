"""What the provider holds: resellers, their customers, and the customers' credentials. Pure; no clock, no network."""
