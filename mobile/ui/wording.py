"""Domain values as a person reads them: states, deadlines, sizes, in the language of the app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from mobile.store.names import Name
from mobile.store.records import RecordItem, RecordStatus
from mobile.transfer.courier import Phase
from mobile.ui.words import code_words, language, tr

CHINA = timezone(timedelta(hours=8))  # one zone, and no summer time since 1991


@dataclass(frozen=True)
class Mark:
    """A word with its icon and tone: colour alone never says anything."""

    text: str
    icon_name: str
    tone: str


STATES = {
    "reported": ("待受理", "inbox-outline", "pri"),
    "rejected": ("不予立案", "close-circle-outline", "sub"),
    "pre_verify": ("待核实", "clipboard-search-outline", "warn"),
    "filed": ("待派遣", "clipboard-text-clock-outline", "pri"),
    "dispatched": ("已派遣", "send-outline", "pri"),
    "returned": ("已回退", "undo-variant", "warn"),
    "handling": ("处置中", "hammer-wrench", "pri"),
    "post_check": ("待核查", "clipboard-check-outline", "warn"),
    "rework": ("返工", "redo-variant", "bad"),
    "suspended": ("挂账", "pause-circle-outline", "sub"),
    "closed": ("已结案", "check-circle-outline", "ok"),
    "void": ("已作废", "close-circle-outline", "sub"),
}
GROUPS = {
    "verify": ("待核实", "clipboard-search-outline", "warn"),
    "check": ("待核查", "clipboard-check-outline", "warn"),
    "handle": ("待处置", "hammer-wrench", "pri"),
    "rework": ("返工", "redo-variant", "bad"),
}
STATUSES = {
    RecordStatus.DRAFT: ("草稿", "pencil-outline", "sub"),
    RecordStatus.WAITING: ("待上传", "cloud-clock-outline", "warn"),
    RecordStatus.SENDING: ("上传中", "cloud-upload-outline", "pri"),
    RecordStatus.SENT: ("已上传", "cloud-check-outline", "ok"),
    RecordStatus.PHOTOS_PENDING: ("照片待传", "image-multiple-outline", "warn"),
    RecordStatus.ATTENTION: ("需处理", "cloud-alert-outline", "bad"),
    RecordStatus.REVIEWED: ("已结案", "check-all", "ok"),
}
KINDS = {
    "case.report": "上报", "case.verify": "核实", "case.check": "核查", "case.handle": "处置",
    "patrol.record": "巡查日志", "work.record": "工作量", "change.withdraw": "撤回",
}  # fmt: skip
STEPS = {
    "accept": "接收", "return": "退回", "done": "处置完成", "ask_extension": "申请延期",
    "ask_suspension": "申请挂账", "pass": "通过", "fail": "不通过", "yes": "情况属实",
    "no": "不属实",
}  # fmt: skip
ROLES = {
    "collector": "采集员", "officer": "执法队员", "assistant": "协管员", "squad_leader": "中队长",
    "acceptor": "受理员", "dispatcher": "派遣员", "unit_clerk": "单位经办人", "handler": "处置人员",
    "assessor": "环卫考核员", "sanitation_head": "环卫科长", "contractor": "作业单位",
    "supervisor": "督查员", "reviewer": "证据审核员", "leader": "局领导", "admin": "系统管理员",
}  # fmt: skip
FIELDS = {
    "category": "问题类别", "condition": "立案条件", "location": "位置", "address": "位置",
    "quantity": "数量", "description": "说明", "photos": "照片", "observed_at": "记录时间",
    "note": "说明", "reason": "原因", "result": "核查结果", "unit_of_measure": "单位",
    "photos.after": "处置后照片", "until": "日期", "exists": "是否属实", "step": "操作",
    "supervisor": "督查说明",
}  # fmt: skip
PHOTO_ROLES = {"before": "处置前", "after": "处置后", "scene": "现场", "document": "文书"}
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_NO_CONNECTION = "连不上服务器，记录都在手机里，稍后自动再试"


def named(name: Name) -> str:
    return name.in_language(language())


def state_mark(state: str) -> Mark:
    text, icon_name, tone = STATES.get(state, (state, "information-outline", "sub"))
    return Mark(tr(text), icon_name, tone)


def group_mark(group: str) -> Mark:
    text, icon_name, tone = GROUPS[group]
    return Mark(tr(text), icon_name, tone)


def status_mark(status: RecordStatus) -> Mark:
    text, icon_name, tone = STATUSES[status]
    return Mark(tr(text), icon_name, tone)


def record_title(item: RecordItem) -> str:
    """Name a record: what was done, and about what."""
    what, done = named(item.title), tr(STEPS.get(item.result or "", ""))
    kind = tr(KINDS.get(item.kind, item.kind))
    if item.kind == "case.report":
        return what or kind
    return " · ".join(part for part in (done or kind, what) if part and part != kind) or kind


def record_why(item: RecordItem) -> str:
    """Say in one line why a record needs attention; empty when it does not."""
    return code_words(item.error.code, item.error.message) if item.error else ""


def field_words(name: str) -> str:
    """Name a field of a body, by its path on the wire."""
    return tr(FIELDS.get(name) or FIELDS.get(name.partition(".")[0], name))


def local(moment: datetime) -> datetime:
    return moment.astimezone(CHINA)


def day_words(moment: datetime, now: datetime) -> str:
    """Say a day as today, tomorrow, yesterday, or by its date."""
    day, today = local(moment).date(), local(now).date()
    near = {0: tr("今天"), 1: tr("明天"), -1: tr("昨天")}.get((day - today).days)
    if near:
        return near
    if day.year != today.year:
        return day.isoformat()
    return tr("{month}月{day}日", month=day.month, day=day.day)


def moment_words(moment: datetime | None, now: datetime) -> str:
    return f"{day_words(moment, now)} {local(moment):%H:%M}" if moment else "—"


def date_head(now: datetime) -> str:
    here = local(now)
    date = tr("{month}月{day}日", month=here.month, day=here.day)
    return f"{date} {tr(WEEKDAYS[here.weekday()])}"


def span_words(span: timedelta) -> str:
    """Say a length of time roughly: minutes, hours, or days."""
    minutes = max(1, int(span.total_seconds() // 60))
    if minutes < 60:
        return tr("{n} 分钟", n=minutes)
    if minutes < 48 * 60:
        return tr("{n} 小时", n=minutes // 60)
    return tr("{n} 天", n=minutes // (24 * 60))


def due_words(due_at: datetime | None, now: datetime) -> str:
    """Say a deadline and what is left of it, or how long it has passed."""
    if due_at is None:
        return tr("未设时限")
    by = tr("{when} 前", when=moment_words(due_at, now))
    if due_at <= now:
        return f"{tr('已超期 {span}', span=span_words(now - due_at))} · {by}"
    return f"{by} · {tr('剩 {span}', span=span_words(due_at - now))}"


def size_words(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f} MB"
    return f"{max(1, round(count / 1000)) if count else 0} KB"


def quantity_words(quantity: float | None, unit: str | None) -> str:
    return f"{quantity:g} {unit or ''}".strip() if quantity is not None else ""


def roles_words(roles: Sequence[str]) -> str:
    return "、".join(tr(ROLES.get(role, role)) for role in roles)


def phase_words(phase: Phase, error: str | None) -> Mark:
    """Say what the courier is doing, and why it does not when it does not."""
    if error and phase in (Phase.WAITING, Phase.OFFLINE):
        said = tr(_NO_CONNECTION) if error == "no_connection" else code_words(error)
        return Mark(said, "cloud-alert-outline", "warn")
    text, icon_name, tone = {
        Phase.IDLE: ("已连接，等待下次同步", "cloud-check-outline", "ok"),
        Phase.OFFLINE: ("没有网络，记录先存在手机里", "cloud-off-outline", "warn"),
        Phase.SENDING: ("正在上传记录", "cloud-upload-outline", "pri"),
        Phase.PHOTOS: ("正在上传照片", "cloud-upload-outline", "pri"),
        Phase.RECEIVING: ("正在接收数据", "sync", "pri"),
        Phase.WAITING: ("稍后自动再试", "cloud-clock-outline", "warn"),
        Phase.SIGN_IN_NEEDED: ("登录已过期，请重新登录后上传", "sync-alert", "bad"),
        Phase.REVOKED: ("此设备已停用，未上传的记录仍保留在设备上", "alert-circle-outline", "bad"),
        Phase.UPDATE_NEEDED: ("应用版本过旧，请更新后再同步", "alert-circle-outline", "bad"),
    }[phase]
    return Mark(tr(text), icon_name, tone)


def waiting_words(records: int, photos: int, last_sync_at: datetime | None, now: datetime) -> Mark:
    """The line that every tab shows: what has not reached the server yet."""
    last = moment_words(last_sync_at, now).removeprefix(tr("今天") + " ")
    when = tr("上次同步 {when}", when=last) if last_sync_at else tr("尚未同步")
    if not records and not photos:
        if last_sync_at is None:
            return Mark(when, "cloud-off-outline", "sub")
        text = tr("全部已上传")
        return Mark(f"{text} · {when}", "cloud-check-outline", "ok" if last_sync_at else "sub")
    parts = []
    if records:
        parts.append(tr("{n} 条记录", n=records))
    if photos:
        parts.append(tr("{n} 张照片", n=photos))
    return Mark(
        tr("{what}待上传", what=tr("、").join(parts)) + f" · {when}", "cloud-upload-outline", "warn"
    )


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
