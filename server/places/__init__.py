"""Premises, road sections and lots."""
