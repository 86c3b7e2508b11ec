"""The scheduler: its jobs, who does them when several run, and the real process."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from server import clock
from server.cases.models import Case
from server.db import db
from server.deadlines import jobs
from server.deadlines.claims import claim, forget_slots, once, slot_of
from server.deadlines.jobs import JOBS, Job
from server.deadlines.models import JobSlot
from server.deadlines.scheduler import blocking_scheduler, run_job
from tests.casework import PILED, Bureau, limit_of
from tests.server_process import ROOT

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


def test_a_slot_is_the_same_on_every_machine():
    every = timedelta(seconds=30)
    assert slot_of(NOW, every) == slot_of(NOW + timedelta(seconds=29), every)
    assert slot_of(NOW, every) != slot_of(NOW + every, every)


def test_a_slot_is_claimed_by_one_of_many(any_app: Flask):
    start = threading.Barrier(6)
    won: list[bool] = []

    def scheduler() -> None:
        with any_app.app_context():
            start.wait()
            won.append(claim("sweep", "1", NOW))

    threads = [threading.Thread(target=scheduler) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 5 + [True]


@pytest.mark.usefixtures("in_app")
def test_a_job_runs_once_per_slot_and_its_result_is_kept():
    ran: list[datetime] = []

    def work(now: datetime) -> str:
        ran.append(now)
        return "done"

    assert once("job", "1", NOW, work) == "done"
    assert once("job", "1", NOW, work) is None
    assert once("job", "2", NOW, work) == "done"
    assert len(ran) == 2
    row = db.session.get_one(JobSlot, ("job", "1"))
    assert (row.result, row.finished_at) == ("done", NOW)


def test_a_job_that_fails_says_so_and_the_next_one_runs(app):
    def work(now: datetime) -> str:
        raise ZeroDivisionError(now)

    run_job(app, Job("broken", timedelta(seconds=30), work))
    with app.app_context():
        assert db.session.scalars(select(JobSlot.result)).all() == ["failed: ZeroDivisionError"]


@pytest.mark.usefixtures("in_app")
def test_old_slots_are_forgotten():
    claim("sweep", "1", NOW - timedelta(days=8))
    claim("sweep", "2", NOW)
    forget_slots(NOW)
    assert db.session.scalars(select(JobSlot.slot)).all() == ["2"]


def test_the_jobs_are_the_ones_that_the_docs_name():
    assert [job.name for job in JOBS] == ["sweep", "photos", "uploads", "calendar", "tidy"]


@pytest.mark.usefixtures("in_demo_app")
def test_every_job_runs_over_the_demo_district():
    for job in JOBS:
        assert job.work(NOW)


def test_every_job_is_scheduled_to_start_at_once(app):
    scheduler = blocking_scheduler(app)
    assert {job.id for job in scheduler.get_jobs()} == {job.name for job in JOBS}


@pytest.mark.parametrize(
    ("known_until", "soon"),
    [(None, True), (date(2026, 12, 31), True), (date(2027, 12, 31), False)],
)
def test_the_calendar_is_warned_of_before_deadlines_pass_its_end(known_until, soon):
    assert jobs.calendar_ends_soon(known_until, date(2026, 11, 20)) is soon


def test_provisional_deadlines_are_counted(bureau: Bureau):
    bureau.go_to("2026-12-31 16:00")
    bureau.dispatched()
    assert jobs.warn_of_calendar(bureau.now).endswith("1 provisional deadlines")


def test_the_real_process_sweeps_and_ends_when_told(demo_app):
    with demo_app.app_context():
        bureau = Bureau()
        bureau.now = clock.now() - timedelta(days=9)
        limit_of(PILED, 4, "work_hour")
        case_id = bureau.dispatched()
        db.session.remove()
    home = str(demo_app.extensions["xuncheng_settings"].home)
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "scheduler"],
        cwd=ROOT,
        env=os.environ | {"XUNCHENG_HOME": home},
    )
    try:
        with demo_app.app_context():
            _wait_until_overdue(case_id)
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def _wait_until_overdue(case_id: str) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until:
        db.session.rollback()
        if db.session.scalar(select(Case.overdue_at).where(Case.id == case_id)) is not None:
            return
        time.sleep(0.2)
    raise AssertionError("the scheduler did not sweep")


def test_the_sweep_command_does_one_pass(demo_settings):
    done = subprocess.run(
        [sys.executable, "-m", "server", "sweep"],
        cwd=ROOT,
        env=os.environ | {"XUNCHENG_HOME": str(demo_settings.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0 cases and 0 replies were due.\n"
