"""A setting that cannot be used stops the start with a sentence that names it."""

from pathlib import Path

import pytest

from server.config import Settings, read_settings
from sync.errors import XunchengError


def read(home: Path, **given: str) -> Settings:
    return read_settings({"XUNCHENG_HOME": str(home), **given})


def test_nothing_has_to_be_set(tmp_path):
    settings = read(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'xuncheng.db'}"
    assert settings.photo_store == str(tmp_path / "photos")
    assert not settings.demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "foo"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "postgresql://localhost/x"),  # another driver than the one installed
        ("DATABASE_URL", "postgresql+psycopg://localhost:port/x"),
        ("PHOTO_STORE", "ftp://host/photos"),
        ("PHOTO_STORE", ""),
        ("SECRET_KEY", "short"),
        ("TIMEZONE", "Mars/Olympus"),
        ("DEMO", "yes"),
        ("LANGUAGE", "fr"),
        ("LOG_LEVEL", "loud"),
        ("TRUSTED_PROXIES", "-1"),
        ("DIVISION", "3608"),
        ("TILE_URL", "https://tiles.test/{z}"),
        ("TILE_CRS", "bd09"),
        ("SECURE_COOKIES", "true"),
        ("DATABASEURL", "sqlite://"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, name, value):
    with pytest.raises(XunchengError) as caught:
        read(tmp_path, **{f"XUNCHENG_{name}": value})
    assert caught.value.code == "bad_setting"
    assert list(caught.value.fields) == [f"XUNCHENG_{name}"]


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(XunchengError) as caught:
        read(tmp_path / "file" / "home")
    assert list(caught.value.fields) == ["XUNCHENG_HOME"]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/xuncheng.db",
        "postgresql+psycopg://user@localhost/name",
        "postgresql+psycopg://user@/name?host=a:5432&host=b:5432",
    ],
)
def test_both_databases_can_be_named(tmp_path, url):
    assert read(tmp_path, XUNCHENG_DATABASE_URL=url).database_url == url
