"""The sweep: warns, marks overdue, escalates, resumes; twice at once it does nothing twice."""

import os
import subprocess
import sys
import threading
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from server.cases.models import Case, CaseEvent, CaseWarning
from server.cases.workflow import Move
from server.db import db
from server.deadlines.sweep import Swept, sweep
from server.feed.models import FeedRow
from tests.casework import PILED, STREET, Bureau, at, limit_of, local
from tests.server_process import ROOT

NOTHING = Swept(0, 0)


@pytest.fixture
def four_hours(bureau: Bureau) -> str:
    """A case due Friday 15:30, of which the unit knows at 14:30."""
    limit_of(PILED, 4, "work_hour")
    return bureau.dispatched()


def swept_at(bureau: Bureau, text: str) -> Swept:
    return sweep(bureau.go_to(text))


def test_nothing_is_due_at_first(bureau, four_hours):
    assert sweep(bureau.now) == NOTHING
    assert bureau.steps(four_hours) == []


def test_a_warning_comes_before_the_deadline_once(bureau, four_hours):
    assert swept_at(bureau, "2026-11-20 14:29") == NOTHING
    assert swept_at(bureau, "2026-11-20 14:30") == Swept(1, 0)
    assert swept_at(bureau, "2026-11-20 14:31") == NOTHING
    (warning,) = bureau.warnings(four_hours)
    assert (warning.step, warning.to_role) == ("soon", "unit_clerk")
    assert warning.to_unit_id == bureau.case(four_hours).unit_id
    assert bureau.moves(four_hours)[-1] == "warn"


def test_overdue_begins_just_after_the_deadline(bureau, four_hours):
    swept_at(bureau, "2026-11-20 15:30")
    assert bureau.case(four_hours).overdue_at is None
    sweep(bureau.later(milliseconds=1))
    case = bureau.case(four_hours)
    assert local(case.overdue_at) == "2026-11-20 15:30"
    assert bureau.moves(four_hours)[-1] == "overdue"
    assert bureau.steps(four_hours)[-1] == "overdue_unit"


def test_escalation_goes_from_the_unit_to_its_head_to_the_supervisor(bureau, four_hours):
    swept_at(bureau, "2026-11-20 15:31")
    assert swept_at(bureau, "2026-11-20 17:29") == NOTHING
    swept_at(bureau, "2026-11-20 17:30")  # two work hours later
    assert swept_at(bureau, "2026-11-23 16:29") == NOTHING
    swept_at(bureau, "2026-11-23 16:30")  # eight work hours later
    found = {warning.step: warning for warning in bureau.warnings(four_hours)}
    assert list(found) == ["overdue_unit", "overdue_head", "overdue_supervisor"]
    head = bureau.clerk_of(four_hours).person_id  # in the demo the clerk is the head
    assert found["overdue_head"].to_person_id == head
    assert found["overdue_supervisor"].to_role == "supervisor"
    assert bureau.case(four_hours).next_sweep_at is None
    assert bureau.moves(four_hours)[-3:] == ["overdue", "escalate", "escalate"]


def test_after_three_days_off_it_catches_up_in_order(bureau, four_hours):
    swept_at(bureau, "2026-11-23 17:00")
    assert bureau.moves(four_hours)[-3:] == ["overdue", "escalate", "escalate"]
    case = bureau.case(four_hours)
    assert local(case.overdue_at) == "2026-11-20 15:30", "when it was due, not when we looked"
    assert set(bureau.steps(four_hours)) == {
        "overdue_unit",
        "overdue_head",
        "overdue_supervisor",
    }
    assert sweep(bureau.now) == NOTHING


def test_a_case_that_is_done_is_left_in_peace(bureau, four_hours):
    bureau.handle(four_hours, "done")
    swept_at(bureau, "2026-11-20 17:00")
    assert bureau.case(four_hours).overdue_at is None


def test_an_excused_case_is_not_escalated_further(bureau, four_hours):
    bureau.category(PILED, auto_close=False)
    swept_at(bureau, "2026-11-20 15:31")
    bureau.handle(four_hours, "done")
    bureau.do(Move.APPEAL, four_hours, bureau.clerk_of(four_hours), reason="无信号")
    bureau.do(Move.GRANT_APPEAL, four_hours, "supervisor1")
    bureau.check(four_hours, "fail")
    bureau.do(Move.REWORK, four_hours, "acceptor1", reason="未清净")
    swept_at(bureau, "2026-11-24 10:00")
    assert "overdue_head" not in bureau.steps(four_hours)


def test_a_second_deadline_warns_again(bureau, four_hours):
    swept_at(bureau, "2026-11-20 14:30")
    bureau.handle(four_hours, "ask_extension", reason="需要吊车")
    bureau.do(Move.GRANT_EXTENSION, four_hours, "dispatcher1")
    assert local(bureau.case(four_hours).due_at) == "2026-11-23 10:30"
    swept_at(bureau, "2026-11-23 09:30")
    assert bureau.steps(four_hours) == ["soon", "soon"]


def test_a_suspended_case_resumes_by_itself_on_its_date(bureau, four_hours):
    bureau.go_to("2026-11-20 11:00")
    until = at("2026-12-04 08:30").isoformat()
    bureau.handle(four_hours, "ask_suspension", reason="等许可", until=until)
    bureau.do(Move.GRANT_SUSPENSION, four_hours, "supervisor1")
    assert swept_at(bureau, "2026-12-04 08:29") == NOTHING
    swept_at(bureau, "2026-12-04 08:30")
    case = bureau.case(four_hours)
    assert (case.state, local(case.due_at)) == ("handling", "2026-12-04 11:00")


def test_a_late_sweep_resumes_as_of_the_chosen_date(bureau, four_hours):
    bureau.go_to("2026-11-20 11:00")
    until = at("2026-12-04 08:30").isoformat()
    bureau.handle(four_hours, "ask_suspension", reason="等许可", until=until)
    bureau.do(Move.GRANT_SUSPENSION, four_hours, "supervisor1")
    swept_at(bureau, "2026-12-07 09:00")
    case = bureau.case(four_hours)
    assert local(case.due_at) == "2026-12-04 11:00"
    assert local(case.overdue_at) == "2026-12-04 11:00"


def test_a_stage_that_takes_too_long_warns_its_owner(bureau):
    bureau.by_hand()
    case_id = bureau.report()
    swept_at(bureau, "2026-11-20 10:30")  # one work hour to file
    (warning,) = bureau.warnings(case_id)
    assert (warning.step, warning.to_role) == ("stage_late_reported", "acceptor")
    bureau.do(Move.FILE, case_id, "acceptor1")
    swept_at(bureau, "2026-11-20 11:30")
    assert bureau.steps(case_id) == ["stage_late_reported", "stage_late_filed"]


def test_a_reply_to_the_hotline_is_watched(bureau):
    case_id = bureau.take_in(reply_due_at=at("2026-11-21 16:00"))
    assert swept_at(bureau, "2026-11-21 12:00").replies == 1
    assert swept_at(bureau, "2026-11-21 12:01").replies == 0
    swept_at(bureau, "2026-11-21 16:00")
    assert {"reply_soon", "reply_late"} <= set(bureau.steps(case_id))


def test_a_reply_given_is_not_warned_of(bureau):
    case_id = bureau.take_in(reply_due_at=at("2026-11-21 16:00"))
    bureau.do(Move.REPLY, case_id, "acceptor1", text="已办结")
    swept_at(bureau, "2026-11-23 16:00")
    assert not {"reply_soon", "reply_late"} & set(bureau.steps(case_id))


def test_what_the_sweep_did_reaches_the_devices(bureau, four_hours):
    def seq() -> int:
        row = db.session.get_one(FeedRow, (f"area:{STREET}", "case", four_hours))
        db.session.refresh(row)
        return row.seq

    before = seq()
    swept_at(bureau, "2026-11-20 15:31")
    assert seq() > before


def test_more_than_a_batch_is_swept_in_one_pass(bureau):
    limit_of(PILED, 4, "work_hour")
    for n in range(5):
        bureau.dispatched(grid=n)
    assert sweep(bureau.go_to("2026-11-20 15:31"), batch=2) == Swept(5, 0)


def test_the_sweep_finds_its_rows_by_index(bureau):
    query = select(Case.id).where(Case.next_sweep_at <= bureau.now).order_by(Case.next_sweep_at)
    sql = str(query.limit(200).compile(db.engine, compile_kwargs={"literal_binds": True}))
    plan = [row.detail for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    assert any("ix_case_sweep" in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


# --- two at once, on both databases

DUE = 40


@pytest.fixture
def due_app(any_demo_app: Flask) -> Flask:
    """Forty cases, all overdue on Friday at 16:00."""
    with any_demo_app.app_context():
        bureau = Bureau()
        limit_of(PILED, 4, "work_hour")
        for n in range(DUE):
            bureau.dispatched(grid=n % 20)
        db.session.remove()
    return any_demo_app


def _given_once(app: Flask) -> None:
    with app.app_context():
        steps = Counter(db.session.execute(select(CaseWarning.case_id, CaseWarning.step)))
        events = Counter(
            db.session.execute(
                select(CaseEvent.case_id, CaseEvent.move).where(CaseEvent.move == "overdue")
            )
        )
        assert len(steps) == len(events) == DUE
        assert set(steps.values()) == set(events.values()) == {1}


def test_two_sweepers_at_once_do_nothing_twice(due_app):
    start = threading.Barrier(3)
    totals: list[int] = []

    def sweeper() -> None:
        with due_app.app_context():
            start.wait()
            totals.append(sweep(at("2026-11-20 16:00"), batch=7).cases)

    threads = [threading.Thread(target=sweeper) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(totals) == DUE
    _given_once(due_app)


_SWEEPER = """
import sys
from datetime import datetime
from server.app import create_app
from server.deadlines.sweep import sweep
app = create_app()
with app.app_context():
    print("ready", flush=True)
    sys.stdin.readline()
    print(sweep(datetime.fromisoformat(sys.argv[1]), batch=7).cases)
"""


def test_two_processes_at_once_do_nothing_twice(due_app):
    settings = due_app.extensions["xuncheng_settings"]
    environment = os.environ | {
        "XUNCHENG_HOME": str(settings.home),
        "XUNCHENG_DATABASE_URL": settings.database_url,
    }
    command = [sys.executable, "-c", _SWEEPER, at("2026-11-20 16:00").isoformat()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    sweepers = [subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) for _ in range(2)]
    for process in sweepers:
        assert process.stdout.readline() == "ready\n"
    for process in sweepers:
        process.stdin.write("go\n")
        process.stdin.flush()
    totals = [int(process.communicate(timeout=60)[0]) for process in sweepers]
    assert sum(totals) == DUE
    _given_once(due_app)


def test_a_sweep_that_fails_half_way_leaves_its_rows_due(bureau, four_hours):
    """The claim is in the transaction: what is not committed was never claimed."""
    now = bureau.go_to("2026-11-20 15:31")
    db.session.execute(
        text(
            "CREATE TRIGGER cut BEFORE INSERT ON case_event "
            "BEGIN SELECT raise(ABORT, 'power cut'); END"
        )
    )
    db.session.commit()
    with pytest.raises(IntegrityError, match="power cut"):
        sweep(now)
    db.session.execute(text("DROP TRIGGER cut"))
    db.session.commit()
    assert bureau.steps(four_hours) == []
    assert sweep(now) == Swept(1, 0)
