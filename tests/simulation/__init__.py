"""Phones and a server in virtual time, with faults, from one seed (`docs/reliability.md`)."""
