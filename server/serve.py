"""Serving the application: waitress in one process, gunicorn in several.

Why these two: `docs/decisions/http-servers.md`.
"""

import gc
import signal
from types import FrameType
from typing import Any, NoReturn

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from waitress.server import create_server

from server import clock
from server.app import create_app
from server.config import Settings
from server.db import db
from server.feed.timeline import guard_timeline
from server.schema import require_current_schema
from sync.messages import MAX_PHOTO_BYTES

THREADS = 16
LARGEST_BODY = MAX_PHOTO_BYTES + 1_048_576
STOP_WITHIN_S = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 takes a free port.",
)
@click.option("--workers", default=1, show_default=True, help="Above one: gunicorn processes.")
@with_appcontext
def serve(host: str, port: int, workers: int) -> None:
    """Serve the API and the console until SIGTERM or Ctrl-C."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    settings: Settings = app.extensions["xuncheng_settings"]
    require_current_schema(db.engine)
    guard_timeline(db.engine, clock.now())
    if workers > 1:
        db.engine.dispose()  # a connection must not be shared with a forked worker
        Workers(settings, host, port, workers).run()
    else:
        _serve_alone(app, settings, host, port)


def _spare_the_collector() -> None:
    """Look for cyclic garbage less often, and never among what the program itself is made of.

    A batch of fifty records makes thousands of objects that live until the answer; scanning them
    again and again took a tenth of the server's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _announce(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Listening on http://{shown}:{port}")


def _serve_alone(app: Flask, settings: Settings, host: str, port: int) -> None:
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=LARGEST_BODY,
        # With proxies in front, ProxyFix decides what of X-Forwarded-* is believed.
        clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
        connection_limit=1000,
        recv_bytes=262_144,  # the default of 8 KiB halves the rate at which photos come in
        send_bytes=262_144,
        asyncore_use_poll=True,  # select() ends at descriptor 1024
    )
    signal.signal(signal.SIGTERM, _stop)
    _spare_the_collector()
    _announce(host, server.effective_port)
    server.run()
    server.close()


def _stop(_: int, __: FrameType | None) -> NoReturn:
    raise SystemExit(0)  # waitress answers the requests in hand, then its run() returns


class Workers(BaseApplication):  # type: ignore[misc]
    """gunicorn with threads, each process with its own application and database connections."""

    def __init__(self, settings: Settings, host: str, port: int, workers: int) -> None:
        self._settings = settings
        self._options: dict[str, Any] = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "graceful_timeout": STOP_WITHIN_S,
            "keepalive": 75,  # longer than nginx's, so that nginx closes first
            "timeout": 120,
            "loglevel": "warning",
            "when_ready": _announce_workers,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        app = create_app(self._settings)
        with app.app_context():
            guard_timeline(db.engine, clock.now())
        _spare_the_collector()
        return app


def _announce_workers(arbiter: Arbiter) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    _announce(host, port)
