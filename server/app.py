"""The Flask application: the only place where the parts meet."""

from flask import Flask
from flask_compress import Compress
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

import server.models  # noqa: F401  every table must be known before a mapper is used
from server import health, logs, metrics
from server.accounts import routes as accounts
from server.config import Settings, read_settings
from server.console import routes as console
from server.db import db, init_db
from server.errors import register_errors
from server.i18n import init_i18n
from server.ingest import photos as ingest_photos
from server.ingest import routes as ingest_push
from server.ingest import uploads as ingest_uploads
from server.schema import MIGRATIONS
from server.worklists import routes as worklists
from sync.messages import MAX_PHOTO_BYTES

# Level 3 takes a third of the time of the default and leaves a tenth more. What is streamed are
# photos and snapshots, which are packed already.
COMPRESSION = {
    "COMPRESS_ALGORITHM": ["zstd", "gzip"],
    "COMPRESS_LEVEL": 3,
    "COMPRESS_ZSTD_LEVEL": 3,
    "COMPRESS_MIN_SIZE": 1024,
    "COMPRESS_STREAMS": False,
}


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from `settings` (default: read from the environment)."""
    settings = settings or read_settings()
    app = Flask("server", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_PHOTO_BYTES + 1_048_576,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        **COMPRESSION,
    )
    app.extensions["xuncheng_settings"] = settings
    logs.init_app(app)
    metrics.init_app(app)
    Compress(app)
    init_db(app, settings.database_url)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=settings.is_sqlite)
    init_i18n(app, settings)
    register_errors(app)
    _register_routes(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _register_routes(app: Flask) -> None:
    """Attach every part's routes; each part has one `init_app`."""
    health.init_app(app)
    accounts.init_app(app)
    ingest_push.init_app(app)
    ingest_uploads.init_app(app)
    ingest_photos.init_app(app)
    worklists.init_app(app)
    console.init_app(app)
