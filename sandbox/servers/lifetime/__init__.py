"""The life of one private server: its ports, its folder, and the guardian that ends it with its owner."""
