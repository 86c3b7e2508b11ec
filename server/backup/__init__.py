"""Backing up a running server, and restoring one."""
