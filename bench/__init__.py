"""Repeatable measurements against the real parts. `make bench` runs them all and prints a table."""
