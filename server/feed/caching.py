"""Values built from rows that seldom change, kept in the process until the catalogue changes.

The counter of scope `catalog` is their version: whoever changes a category, limit, unit, area, grid
or calendar day publishes into that scope in the same transaction, so every process notices at its
next transaction, at the price of one primary-key read.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from server.feed.models import ScopeCounter

CATALOG_SCOPE = "catalog"
_SEEN = "catalog_version_seen"
Value = TypeVar("Value")


def catalog_version(session: Session) -> int:
    """Return the catalogue's version as this transaction sees it; read once per transaction."""
    seen = session.info.get(_SEEN)
    present = session.get_transaction()
    if seen is not None and seen[0] is present and present is not None:
        return int(seen[1])
    version = session.execute(
        select(ScopeCounter.seq).where(ScopeCounter.scope == CATALOG_SCOPE)
    ).scalar()
    session.info[_SEEN] = (session.get_transaction(), version or 0)
    return version or 0


class CatalogCache(Generic[Value]):
    """One value per database, loaded when first needed and again after the catalogue changed."""

    def __init__(self, load: Callable[[Session], Value]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._kept: WeakKeyDictionary[Engine | Connection, tuple[int, Value]] = WeakKeyDictionary()

    def get(self, session: Session) -> Value:
        """Return the value as of the transaction's catalogue version."""
        present = session.get_transaction()
        held = session.info.get(self)
        if held is not None and present is not None and held[0] is present:
            return held[1]  # type: ignore[no-any-return]  # this transaction's own
        value = self._newest(session)
        session.info[self] = (session.get_transaction(), value)
        return value

    def _newest(self, session: Session) -> Value:
        version = catalog_version(session)
        engine = session.get_bind()
        kept = self._kept.get(engine)
        if kept is not None and kept[0] == version:
            return kept[1]
        value = self._load(session)
        with self._lock:
            self._kept[engine] = (version, value)
        return value
