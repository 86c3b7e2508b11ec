"""The hub: what must be put right, followed until closed."""
