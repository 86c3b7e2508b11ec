"""What devices pull: rows per scope in commit order, and the transaction that keeps that order."""

from server.feed.transaction import transaction
from server.feed.writing import publish, retract

__all__ = ["publish", "retract", "transaction"]
