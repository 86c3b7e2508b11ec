"""Ids of the demo's rows: made from their names, so that every run gives the same ones."""

import uuid

_DEMO = uuid.UUID("5f0c2d34-0b52-5a51-9c80-7d0f6f6f3608")


def demo_id(kind: str, name: str) -> str:
    """Return the id of the demo's `kind` (person, unit, premises, …) called `name`."""
    return str(uuid.uuid5(_DEMO, f"{kind}/{name}"))
