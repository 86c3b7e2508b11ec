"""The sweep over 100,000 open cases: what it costs when little is due, and when much is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from bench.district import read_district
from bench.figures import Figure
from bench.phones import Phone, new_id
from bench.stage import stage
from server.app import create_app
from server.cases.models import Case
from server.config import read_settings
from server.db import db
from server.deadlines.sweep import sweep
from server.feed import transaction

OPEN = 100_000
DUE = 1_000
_AT_ONCE = 5_000


def measure_sweep() -> list[Figure]:
    """Sweep 100,000 open cases with nothing due, then with 1,000 of them past their deadline."""
    with stage() as place:
        phone = Phone(place.port, "officer1")
        reports = read_district(place.environment).reports(1, seed=1)
        phone.post("/api/v1/sync/push", phone.batch(reports))
        app = create_app(read_settings(place.environment))
        with app.app_context():
            now = datetime.now(UTC)
            _multiply(now)
            _, idle = _timed(now - timedelta(days=1))
            swept, busy = _timed(now)
            db.session.remove()
            db.engine.dispose()
    if swept != DUE:
        raise RuntimeError(f"{swept} cases were swept, {DUE} were due")
    return [
        Figure("a sweep of 100,000 open cases, nothing due", idle * 1000, "ms"),
        Figure("the same with 1,000 past their deadline", busy, "s"),
    ]


def _timed(now: datetime) -> tuple[int, float]:
    started = time.perf_counter()
    cases = sweep(now).cases
    return cases, time.perf_counter() - started


def _multiply(now: datetime) -> None:
    """Make 100,000 open cases of the one that there is; the first 1,000 are past their deadline."""
    table = Case.__table__
    assert isinstance(table, Table)
    with transaction() as session:
        pattern = dict(session.execute(select(table)).mappings().one())
        for start in range(0, OPEN, _AT_ONCE):
            rows = [_copy(pattern, number, now) for number in range(start, start + _AT_ONCE)]
            session.execute(insert(table), rows)


def _copy(pattern: dict[str, Any], number: int, now: datetime) -> dict[str, Any]:
    due_at = now - timedelta(minutes=1) if number < DUE else now + timedelta(minutes=1 + number)
    changed = {
        "id": new_id(),
        "number": f"bench-{number:06d}",
        "due_at": due_at,
        "stage_due_at": due_at,
        "warn_at": due_at - timedelta(hours=1),
        "next_sweep_at": due_at,
    }
    return pattern | changed
