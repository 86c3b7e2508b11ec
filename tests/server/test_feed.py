"""The feed keeps commit order, also while several writers write at once."""

import random
import threading
import time

from flask import Flask
from sqlalchemy import select

from server import clock
from server.db import db
from server.feed import publish, retract, transaction
from server.feed.models import FeedRow, ScopeCounter
from server.feed.writing import pending_mark, reset_pending
from sync.digests import scope_digest

SCOPE = "area:360802001"


def rows_after(seq: int, scope: str = SCOPE) -> list[FeedRow]:
    query = select(FeedRow).where(FeedRow.scope == scope, FeedRow.seq > seq).order_by(FeedRow.seq)
    found = list(db.session.execute(query).scalars())
    db.session.rollback()
    return found


def put(row_id: str, version: int = 1, scope: str = SCOPE) -> None:
    with transaction() as session:
        publish(session, scope, "case", row_id, version, {"number": row_id}, clock.now())


def test_rows_are_numbered_in_the_order_of_publishing(any_app: Flask) -> None:
    with any_app.app_context():
        with transaction() as session:
            for name in ("first", "second", "third"):
                publish(session, SCOPE, "case", name, 1, {}, clock.now())
        assert [(row.id, row.seq) for row in rows_after(0)] == [
            ("first", 1),
            ("second", 2),
            ("third", 3),
        ]


def test_a_row_stands_once_and_moves_to_its_newest_number(any_app: Flask) -> None:
    with any_app.app_context():
        put("a")
        put("b")
        put("a", version=2)
        assert [(row.id, row.seq, row.version) for row in rows_after(0)] == [
            ("b", 2, 1),
            ("a", 3, 2),
        ]


def test_a_row_that_leaves_a_scope_says_so(any_app: Flask) -> None:
    with any_app.app_context():
        put("a")
        with transaction() as session:
            retract(session, SCOPE, "case", "a", 2, clock.now(), left=True)
        (row,) = rows_after(0)
        assert (row.deleted, row.reason, row.data) == (True, "left", None)


def test_what_did_not_commit_takes_no_number(any_app: Flask) -> None:
    class Stop(Exception):
        pass

    with any_app.app_context():
        put("a")
        try:
            with transaction() as session:
                publish(session, SCOPE, "case", "lost", 1, {}, clock.now())
                raise Stop
        except Stop:
            pass
        put("b")
        assert [(row.id, row.seq) for row in rows_after(0)] == [("a", 1), ("b", 2)]


def test_a_rolled_back_savepoint_publishes_nothing(any_app: Flask) -> None:
    with any_app.app_context():
        with transaction() as session:
            publish(session, SCOPE, "case", "kept", 1, {}, clock.now())
            mark = pending_mark(session)
            publish(session, SCOPE, "case", "kept", 2, {}, clock.now())
            publish(session, SCOPE, "case", "dropped", 1, {}, clock.now())
            reset_pending(session, mark)
        assert [(row.id, row.version) for row in rows_after(0)] == [("kept", 1)]


def test_a_polling_reader_misses_nothing_while_others_write(any_app: Flask) -> None:
    writers, each = 4, 25
    pause = random.Random(7)
    delays = [[pause.random() / 200 for _ in range(each)] for _ in range(writers)]

    def write(writer: int) -> None:
        with any_app.app_context():
            for place in range(each):
                with transaction() as session:
                    publish(session, SCOPE, "case", f"{writer}-{place}", 1, {}, clock.now())
                    other = f"person:{writer}"
                    publish(session, other, "case", f"{place}", 1, {}, clock.now())
                    session.flush()
                    time.sleep(delays[writer][place])

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[str] = []
    cursor = 0
    with any_app.app_context():
        while len(seen) < writers * each:
            running = any(thread.is_alive() for thread in threads)
            page = rows_after(cursor)
            seen += [row.id for row in page]
            cursor = max([cursor, *(row.seq for row in page)])
            if not running and not page:
                break
        for thread in threads:
            thread.join()
        assert len(seen) == len(set(seen)) == writers * each
        last = db.session.execute(
            select(ScopeCounter.seq).where(ScopeCounter.scope == SCOPE)
        ).scalar_one()
        assert last == writers * each


def test_the_running_digest_is_that_of_the_live_rows(any_app: Flask) -> None:
    with any_app.app_context():
        for number in range(5):
            put(f"row-{number}")
        put("row-1", version=2)
        with transaction() as session:
            publish(session, SCOPE, "case", "row-2", 2, {}, clock.now())
            publish(session, SCOPE, "case", "row-2", 3, {}, clock.now())
            retract(session, SCOPE, "case", "row-3", 2, clock.now())
            retract(session, SCOPE, "case", "never-there", 1, clock.now())
        put("row-3", version=4)
        live = [(row.entity, row.id, row.version) for row in rows_after(0) if not row.deleted]
        counter = db.session.get_one(ScopeCounter, SCOPE)
        assert (counter.live_count, counter.live_digest) == (5, scope_digest(live))
