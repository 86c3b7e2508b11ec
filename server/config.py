"""Settings: one frozen object, read once from `XUNCHENG_*`, loud when wrong.

Nobody else reads the environment. `docs/settings.md` lists every setting and is checked against
`FIELDS` by a test.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sync.errors import XunchengError

PREFIX = "XUNCHENG_"
DATABASE_DRIVERS = ("sqlite", "postgresql+psycopg")


@dataclass(frozen=True)
class Settings:
    """Everything an operator can set. Paths are absolute."""

    home: Path
    database_url: str
    photo_store: str
    secret_key: str
    timezone: ZoneInfo
    demo: bool
    language: str
    log_level: str
    trusted_proxies: int
    division: str
    tile_url: str
    tile_crs: str
    secure_cookies: bool

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


FIELDS: dict[str, str] = {
    "HOME": "folder for everything embedded: database, photos, secret, uploads in progress",
    "DATABASE_URL": "SQLAlchemy URL; default: SQLite file `xuncheng.db` in HOME",
    "PHOTO_STORE": "folder path or `s3://bucket/prefix`; default: `photos` in HOME",
    "SECRET_KEY": "signs tokens and cookies, at least 32 characters; default: made once in HOME",
    "TIMEZONE": "zone of the working calendar; default `Asia/Shanghai`",
    "DEMO": "`1` lets the demo accounts sign in; default `0`",
    "LANGUAGE": "default language of pages and messages, `zh` or `en`; default `zh`",
    "LOG_LEVEL": "`debug`, `info`, `warning` or `error`; default `info`",
    "TRUSTED_PROXIES": "number of proxies in front whose X-Forwarded-* are believed; default `0`",
    "DIVISION": "six-digit division code used in case numbers; default `360802`",
    "TILE_URL": "map tiles as `https://…/{z}/{x}/{y}`; default none: own polygons only",
    "TILE_CRS": "coordinate system of the tiles, `wgs84` or `gcj02`; default `wgs84`",
    "SECURE_COOKIES": "`1` sends cookies over HTTPS only; default `0`",
}


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read settings from `environ` (default: the process environment).

    Raises `XunchengError("bad_setting")` naming the variable when one is wrong or unknown.
    """
    env = os.environ if environ is None else environ
    given = {name.removeprefix(PREFIX): env[name] for name in env if name.startswith(PREFIX)}
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise _wrong(unknown[0], "no such setting")
    home = _home(given.get("HOME", "var"))
    return Settings(
        home=home,
        database_url=_database_url(given.get("DATABASE_URL"), home),
        photo_store=_photo_store(given.get("PHOTO_STORE"), home),
        secret_key=_secret(given.get("SECRET_KEY"), home),
        timezone=_zone(given.get("TIMEZONE", "Asia/Shanghai")),
        demo=_switch(given, "DEMO"),
        language=_one_of(given, "LANGUAGE", ("zh", "en")),
        log_level=_one_of(given, "LOG_LEVEL", ("info", "debug", "warning", "error")),
        trusted_proxies=_count(given, "TRUSTED_PROXIES"),
        division=_division(given.get("DIVISION", "360802")),
        tile_url=_tile_url(given.get("TILE_URL", "")),
        tile_crs=_one_of(given, "TILE_CRS", ("wgs84", "gcj02")),
        secure_cookies=_switch(given, "SECURE_COOKIES"),
    )


def _wrong(name: str, why: str) -> XunchengError:
    full = PREFIX + name
    return XunchengError("bad_setting", fields={full: [why]}, detail=f"{full}: {why}")


def _home(text: str) -> Path:
    home = Path(text).expanduser().resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _wrong("HOME", f"cannot be made or used: {error.strerror}") from error
    return home


def _database_url(given: str | None, home: Path) -> str:
    if given is None:
        return f"sqlite:///{home / 'xuncheng.db'}"
    try:
        driver = make_url(given).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver not in DATABASE_DRIVERS:
        raise _wrong("DATABASE_URL", f"must begin with one of {', '.join(DATABASE_DRIVERS)}")
    return given


def _photo_store(given: str | None, home: Path) -> str:
    if given is None:
        return str(home / "photos")
    if not given or ("://" in given and not given.startswith("s3://")):
        raise _wrong("PHOTO_STORE", "must be a folder or s3://bucket/prefix")
    return given


def _division(code: str) -> str:
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        raise _wrong("DIVISION", "must be six digits")
    return code


def _tile_url(url: str) -> str:
    if url and not (
        url.startswith(("http://", "https://"))
        and all(part in url for part in ("{z}", "{x}", "{y}"))
    ):
        raise _wrong("TILE_URL", "must be like https://…/{z}/{x}/{y}")
    return url


def _secret(given: str | None, home: Path) -> str:
    if given is not None:
        if len(given) < 32:
            raise _wrong("SECRET_KEY", "must have at least 32 characters")
        return given
    path = home / "secret-key"
    if not path.exists():
        # O_EXCL: of several processes starting together exactly one makes the key.
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _wrong("TIMEZONE", f"no such time zone: {name}") from error


def _switch(given: Mapping[str, str], name: str) -> bool:
    return _one_of(given, name, ("0", "1")) == "1"


def _one_of(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = given.get(name, choices[0])
    if value not in choices:
        raise _wrong(name, f"must be one of {', '.join(choices)}")
    return value


def _count(given: Mapping[str, str], name: str) -> int:
    value = given.get(name, "0")
    if not value.isdigit():
        raise _wrong(name, "must be a whole number")
    return int(value)
