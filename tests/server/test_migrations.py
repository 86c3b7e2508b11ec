"""The tables that migrations make are the tables that the models describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade
from sqlalchemy import inspect

from server.app import create_app
from server.config import Settings
from server.db import db
from server.schema import MIGRATIONS, newest_revision, require_current_schema, upgrade_schema
from sync.errors import XunchengError


def _emptied(app: Flask) -> Flask:
    db.drop_all()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    return app


@pytest.fixture
def bare_app(any_app: Flask):
    """An app over a database without a single table, in context."""
    with any_app.app_context():
        yield _emptied(any_app)


@pytest.mark.usefixtures("bare_app")
def test_a_migrated_database_is_what_the_models_describe():
    upgrade_schema()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []


@pytest.mark.usefixtures("bare_app")
def test_going_down_again_leaves_no_table():
    upgrade_schema()
    downgrade(directory=str(MIGRATIONS), revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]


@pytest.mark.usefixtures("bare_app")
def test_a_database_without_tables_is_refused_by_name():
    with pytest.raises(XunchengError) as refusal:
        require_current_schema(db.engine)
    assert refusal.value.code == "schema_outdated"
    assert refusal.value.hint == "python -m server init-db"


def test_a_database_at_another_revision_is_refused(any_database: Settings):
    with create_app(any_database).app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
        with pytest.raises(XunchengError, match="older"):
            require_current_schema(db.engine)
        db.engine.dispose()


def test_a_current_database_is_accepted(any_app: Flask):
    with any_app.app_context():
        require_current_schema(db.engine)
        assert newest_revision() is not None
