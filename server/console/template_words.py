"""Filters and functions that templates speak with."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from babel.dates import get_day_names, get_month_names
from flask import Flask, url_for
from flask_babel import format_date, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from server import clock
from server.cases.workflow import State
from server.console import times, words
from server.console.security import CSRF_FIELD, csrf_token, page_settings
from sync.errors import CATALOGUE

_TONES = {
    **dict.fromkeys((State.REPORTED, State.PRE_VERIFY, State.FILED, State.RETURNED), "wait"),
    **dict.fromkeys((State.DISPATCHED, State.HANDLING, State.POST_CHECK), "open"),
    State.REWORK: "wait",
    State.CLOSED: "good",
}
_CLOCK_WORDS = {
    "left": _l("还剩 %(span)s"),
    "past": _l("已超 %(span)s"),
    "days_hours": _l("%(days)s 天 %(hours)s 小时"),
    "days": _l("%(days)s 天"),
    "hours_minutes": _l("%(hours)s 小时 %(minutes)s 分"),
    "minutes": _l("%(minutes)s 分"),
    "offline": _l("连不上服务器，刚才的操作没有执行；填写的内容还在，请稍后再试。"),
}


def init_template_words(app: Flask) -> None:
    """Register the filters and functions."""
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.filters.update(
        exact=exact,
        short=short,
        state=_at_run_time(words.state_name),
        move=_at_run_time(words.move_name),
        source=_at_run_time(words.source_name),
        phone=masked_phone,
    )
    env.globals.update(
        asset=asset,
        icon=icon,
        due=due,
        words=words,
        either=words.either,
        limit_words=words.limit_words,
        hidden_token=hidden_token,
        clock_words=clock_words,
        tone=tone,
        long_date=long_date,
        month_name=month_name,
        weekday_names=weekday_names,
        size_words=size_words,
        span_words=times.span_words,
        skew_words=times.skew_words,
        plain_number=plain_number,
        limit_source=words.limit_source,
        schedule_name=words.schedule_name,
        holiday_name=words.holiday_name,
        photo_refusal=photo_refusal,
    )


def _at_run_time(name_of: Callable[[str], str]) -> Callable[[Context, str], str]:
    """Make a filter whose value is not worked out when the template is compiled.

    Jinja computes filters of constants once, in the language of whoever opens the page first.
    """

    @pass_context
    def named(context: Context, code: str) -> str:  # noqa: ARG001  asked for by Jinja
        return name_of(code)

    return named


def icon(name: str, label: str = "") -> Markup:
    """Return an icon of the vendored sprite; without a label it is decoration."""
    href = asset("vendor/tabler-icons/icons.svg") + "#" + name
    hidden = Markup('aria-hidden="true"')
    role = Markup('role="img" aria-label="{}"').format(label) if label else hidden
    return Markup('<svg class="icon" {}><use href="{}"></use></svg>').format(role, href)


def tone(state: str) -> str:
    """Return the colour of a state: what waits for a decision, what is under way, what is done."""
    return _TONES.get(State(state), "")


def hidden_token() -> Markup:
    """Return the CSRF token as a hidden field: every form that writes has one."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, csrf_token())


def clock_words() -> dict[str, str]:
    """Return the sentences that `static/js` says, in the reader's language."""
    return {name: str(text) for name, text in _CLOCK_WORDS.items()}


def exact(instant: datetime | None) -> str:
    return times.exact(instant, page_settings().timezone) if instant else ""


def short(instant: datetime | None) -> Markup:
    """Return a `<time>`: short to read, exact on hover."""
    if instant is None:
        return Markup("")
    text = times.short(instant, clock.now(), page_settings().timezone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        instant.isoformat(), exact(instant), text
    )


def asset(name: str) -> str:
    """Return a static file's address; it changes with the file, so browsers may keep it long."""
    file = Path(__file__).parent / "static" / name
    return url_for("console.static", filename=name, v=f"{file.stat().st_mtime_ns:x}"[-10:])


def due(instant: datetime | None, *, running: bool = True) -> Markup:
    """Return a deadline counting down (`static/clocks.js` keeps it true), exact on hover.

    A clock that has been stopped shows the time only.
    """
    if instant is None:
        return Markup('<span class="faint">—</span>')
    if not running:
        return short(instant)
    now = clock.now()
    return Markup('<time class="due {}" datetime="{}" title="{}" data-due>{}</time>').format(
        times.due_tone(instant, now),
        instant.isoformat(),
        exact(instant),
        times.due_words(instant, now),
    )


def masked_phone(number: str | None, *, whole: bool) -> str:
    """Return a phone number, its middle hidden from roles that do not call people (PIPL Art 51)."""
    if not number:
        return ""
    if whole or len(number) < 7:
        return number
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def long_date(instant: datetime) -> str:
    """Return `2026年11月20日 星期五`, or the same in English."""
    return format_date(instant.astimezone(page_settings().timezone), "full")


def month_name(number: int) -> str:
    return str(get_month_names("wide", locale=get_locale())[number])


def weekday_names() -> list[str]:
    """Return short names of the days from Monday."""
    names = get_day_names("narrow", locale=get_locale())
    return [str(names[day]) for day in range(7)]


def size_words(size: int) -> str:
    """Return bytes as `12.9 MB`."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000)} KB"


def plain_number(value: float) -> str:
    """Return a number without a needless `.0`."""
    return f"{value:g}"


def photo_refusal(code: str | None) -> str:
    """Return why a photo that was received is not shown."""
    return _(CATALOGUE[code].message) if code in CATALOGUE else ""
