"""From a draft to a change in the outbox: validated, numbered, and durable in one transaction."""

from mobile.capture.drafts import Draft
from mobile.device.clock import ClockReading
from mobile.store.person_store import PersonStore
from sync.messages import Change


def check(store: PersonStore, draft: Draft) -> dict[str, tuple[str, ...]]:
    """Return what is wrong, per field (codes of `sync.errors.CATALOGUE`); empty when it can be saved."""
    raise NotImplementedError


def finalise(store: PersonStore, draft: Draft, reading: ClockReading) -> Change:
    """Put the draft into the outbox and end it. Raises `Refused("invalid", fields=…)`."""
    raise NotImplementedError


def withdraw(store: PersonStore, change_id: str, reason: str, reading: ClockReading) -> Change:
    """Take back a refused record. Raises `Refused("not_rejected")`."""
    raise NotImplementedError
