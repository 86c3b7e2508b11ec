"""Figures for Prometheus at `/metrics`.

With several worker processes set PROMETHEUS_MULTIPROC_DIR to an empty folder: prometheus_client
then adds up what the processes counted (`docs/operations.md`).
"""

import time
from collections.abc import Iterable, Iterator

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client import generate_latest as render
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from server.cases.models import Case
from server.cases.workflow import OPEN_STATES
from server.db import db
from sync.messages import Receipt

OWN = CollectorRegistry()
REQUESTS = Counter(
    "xuncheng_requests", "Requests answered", ("endpoint", "method", "status"), registry=OWN
)
SECONDS = Histogram(
    "xuncheng_request_seconds", "Time to answer", ("endpoint", "method"), registry=OWN
)
CHANGES = Counter(
    "xuncheng_changes", "Changes received from devices, by what came of them", ("outcome",),
    registry=OWN,
)  # fmt: skip
PHOTO_BYTES = Counter("xuncheng_photo_bytes", "Bytes of photos received", registry=OWN)

bp = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_count)
    app.register_blueprint(bp)


@bp.get("/metrics")
def metrics() -> Response:
    """Show what has been counted, and how many cases are open."""
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:  # one process: it has counted everything itself
        registry = OWN
    registry_of_cases = CollectorRegistry()
    registry_of_cases.register(_OpenCases())
    return Response(render(registry) + render(registry_of_cases), content_type=CONTENT_TYPE_LATEST)


def count_receipts(receipts: Iterable[Receipt]) -> None:
    """Count what came of the changes of a push."""
    for receipt in receipts:
        CHANGES.labels(str(receipt.outcome)).inc()


class _OpenCases(Collector):
    """Open cases by state, asked of the database at each scrape."""

    def collect(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily("xuncheng_open_cases", "Cases not yet closed", labels=["state"])
        query = select(Case.state, func.count()).where(Case.state.in_(OPEN_STATES))
        found = dict(db.session.execute(query.group_by(Case.state)).all())
        for state in sorted(OPEN_STATES):
            gauge.add_metric([str(state)], found.get(state, 0))
        yield gauge


def _begin() -> None:
    g.counted_from = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    REQUESTS.labels(endpoint, request.method, response.status_code).inc()
    if "counted_from" in g:
        SECONDS.labels(endpoint, request.method).observe(time.perf_counter() - g.counted_from)
    if endpoint.startswith("photo_uploads.") and response.status_code < 300:
        PHOTO_BYTES.inc(request.content_length or 0)
    return response
