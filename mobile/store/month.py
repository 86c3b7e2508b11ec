"""What the person has done this month, from the records on this device."""

from dataclasses import dataclass
from datetime import datetime

from mobile.store.person_store import PersonStore
from mobile.store.times import as_text
from sync.bodies import Kind


@dataclass(frozen=True)
class MonthCounts:
    """Records of each kind since the first of the month, and the photos they name."""

    reports: int
    verifications: int
    checks: int
    handled: int
    photos: int


@dataclass(frozen=True)
class Storage:
    """Bytes on this device: the person's originals and copies, and the database."""

    photo_bytes: int
    data_bytes: int


def month_counts(store: PersonStore, since: datetime) -> MonthCounts:
    """Count what was recorded since `since` (aware). Withdrawn and mended records do not count."""
    rows = store.reading().execute(
        """SELECT kind, count(*) AS number FROM change
           WHERE created_at >= ? AND state NOT IN ('mended', 'withdrawn') GROUP BY kind""",
        (as_text(since),),
    )
    numbers = {row["kind"]: row["number"] for row in rows.fetchall()}
    photos = store.reading().execute(
        """SELECT count(*) FROM photo_use JOIN change ON change.id = change_id
           WHERE created_at >= ? AND state NOT IN ('mended', 'withdrawn')""",
        (as_text(since),),
    )
    return MonthCounts(
        reports=numbers.get(Kind.CASE_REPORT, 0),
        verifications=numbers.get(Kind.CASE_VERIFY, 0),
        checks=numbers.get(Kind.CASE_CHECK, 0),
        handled=numbers.get(Kind.CASE_HANDLE, 0),
        photos=photos.fetchone()[0],
    )


def storage(store: PersonStore) -> Storage:
    """Return how much room the person's work takes on this device."""
    data = sum(file.stat().st_size for file in store.folder.glob("person.sqlite*"))
    files = sum(file.stat().st_size for file in store.folder.rglob("*") if file.is_file())
    return Storage(photo_bytes=files - data, data_bytes=data)
