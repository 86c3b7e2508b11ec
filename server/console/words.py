"""The trade's words for codes: states, moves, sources, roles; names in the reader's language."""

import re

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from server.cases.workflow import MOVE_NAMES, STATE_NAMES, Move, State
from server.worktime.models import WorkSchedule
from sync.roles import Role

SOURCES = {
    "patrol": _l("巡查上报"),
    "hotline": _l("12345 热线"),
    "leader": _l("领导交办"),
    "video": _l("视频发现"),
    "city": _l("市平台转办"),
    "walk_in": _l("来访"),
}

ROLES = {
    Role.COLLECTOR: _l("采集员"),
    Role.OFFICER: _l("执法队员"),
    Role.ASSISTANT: _l("协管员"),
    Role.SQUAD_LEADER: _l("中队长"),
    Role.ACCEPTOR: _l("受理员"),
    Role.DISPATCHER: _l("派遣员"),
    Role.UNIT_CLERK: _l("单位经办人"),
    Role.HANDLER: _l("处置人员"),
    Role.ASSESSOR: _l("环卫考核员"),
    Role.SANITATION_HEAD: _l("环卫科长"),
    Role.CONTRACTOR: _l("作业单位"),
    Role.SUPERVISOR: _l("督查"),
    Role.REVIEWER: _l("证据审核"),
    Role.LEADER: _l("局领导"),
    Role.ADMIN: _l("系统管理员"),
}

LIMIT_UNITS = {
    "hour": _l("%(value)s 小时（连续计时）"),
    "work_hour": _l("%(value)s 工作时"),
    "work_day": _l("%(value)s 工作日"),
}

REQUESTS = {
    "extension": _l("延期申请"),
    "suspension": _l("挂账申请"),
    "appeal": _l("超时申诉"),
}

STAGES = {
    "handle": _l("处置"),
    "file": _l("立案"),
    "dispatch": _l("派遣"),
    "verify": _l("核实"),
    "check": _l("核查"),
    "accept": _l("接收"),
}


_SCHEDULES = {
    "office": _l("工作日上班时间"),
    "seven_days": _l("每周七天上班时间"),
    "always": _l("全天二十四小时"),
}

_HOLIDAYS = {
    "元旦": _l("元旦"),
    "春节": _l("春节"),
    "清明节": _l("清明节"),
    "劳动节": _l("劳动节"),
    "端午节": _l("端午节"),
    "国庆节": _l("国庆节"),
    "中秋节": _l("中秋节"),
    "调休上班": _l("调休上班"),
}

# `case_categories.json E09005/main: 超出门窗摆放`: where the first catalogue has it from.
_SEEDED_SOURCE = re.compile(r"^case_categories\.json (?P<key>\w+)/\w+: (?P<what>.*)$")
_LIMIT_SOURCES = {
    "default": _l("通用时限"),
}


_STEPS = {
    "soon": _l("即将到期"),
    "overdue": _l("已超时"),
    "stage_late": _l("本环节超时"),
    "reply_soon": _l("答复期限将到"),
    "reply_late": _l("答复期限已过"),
}


def in_english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"


def either(zh: str, en: str | None) -> str:
    """Return the name in the reader's language; Chinese where there is no English."""
    return en if en and in_english() else zh


def state_name(code: str) -> str:
    return either(*STATE_NAMES[State(code)])


def move_name(code: str) -> str:
    return either(*MOVE_NAMES[Move(code)])


def source_name(code: str) -> str:
    return str(SOURCES.get(code, code))


def limit_words(value: int, unit: str) -> str:
    """Return a limit as people say it: `4 工作时`."""
    return str(LIMIT_UNITS[unit]) % {"value": value} if unit in LIMIT_UNITS else f"{value} {unit}"


def yes_no(value: bool) -> str:
    return _("是") if value else _("否")


def schedule_name(schedule: WorkSchedule) -> str:
    """Return the name of a schedule; the three seeded ones have an English one."""
    return str(_SCHEDULES.get(schedule.code, schedule.name))


def holiday_name(name: str) -> str:
    """Return a holiday's name in the reader's language where it is a statutory one."""
    return str(_HOLIDAYS.get(name, name))


def step_name(step: str) -> str:
    """Return what a warning says."""
    for prefix, name in _STEPS.items():
        if step.startswith(prefix):
            return str(name)
    return step


def limit_source(source: str) -> str:
    """Return where a limit came from, as people may read it."""
    seeded = _SEEDED_SOURCE.match(source)
    if seeded:
        return _("立结案标准 %(key)s：%(what)s", key=seeded["key"], what=seeded["what"])
    return str(_LIMIT_SOURCES.get(source, source))
