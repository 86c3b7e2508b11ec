"""The scheduler: a process of its own that knocks. It knows no case and keeps nothing.

Several may run: each slot of a job is claimed by one of them (`server.deadlines.claims`). What was
missed while none ran is caught up by the next run, for the rows know when they were due.
"""

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask

from server import clock
from server.db import db
from server.deadlines.claims import once, slot_of
from server.deadlines.jobs import JOBS, Job

log = structlog.get_logger()


def run_job(app: Flask, job: Job) -> None:
    """Run a job's present slot unless another scheduler has it. An error is logged, not fatal."""
    with app.app_context():
        now = clock.now()
        try:
            if job.claimed:
                result = once(job.name, slot_of(now, job.every), now, job.work)
            else:
                result = job.work(now)
        except Exception:
            db.session.rollback()
            log.exception("job failed", job=job.name)
        else:
            if result is not None and job.claimed:
                log.info("job done", job=job.name, result=result)


def attach_jobs(scheduler: BaseScheduler, app: Flask) -> None:
    """Give a scheduler its jobs; each starts at once, so that nothing waits after a restart."""
    for job in JOBS:
        scheduler.add_job(
            run_job,
            "interval",
            (app, job),
            seconds=job.every.total_seconds(),
            id=job.name,
            next_run_time=clock.now(),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )


def blocking_scheduler(app: Flask) -> BlockingScheduler:
    """Return the scheduler of `python -m server scheduler`."""
    scheduler = BlockingScheduler(timezone="UTC", executors=_executors())
    attach_jobs(scheduler, app)
    return scheduler


def _executors() -> dict[str, ThreadPoolExecutor]:
    return {"default": ThreadPoolExecutor(len(JOBS))}
