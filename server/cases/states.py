"""States, moves, what a move needs, and their names on screens (pure). The table: `workflow`."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    REPORTED = "reported"
    REJECTED = "rejected"
    PRE_VERIFY = "pre_verify"
    FILED = "filed"
    DISPATCHED = "dispatched"
    RETURNED = "returned"
    HANDLING = "handling"
    POST_CHECK = "post_check"
    REWORK = "rework"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    VOID = "void"


class Move(StrEnum):
    REPORT = "report"
    ASK_VERIFY = "ask_verify"
    VERIFY = "verify"
    FILE = "file"
    REFUSE = "refuse"
    MERGE = "merge"
    DISPATCH = "dispatch"
    DISPATCH_AGAIN = "dispatch_again"
    ACCEPT = "accept"
    RETURN = "return"
    RECALL = "recall"
    DONE = "done"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    DENY_EXTENSION = "deny_extension"
    ASK_SUSPENSION = "ask_suspension"
    GRANT_SUSPENSION = "grant_suspension"
    DENY_SUSPENSION = "deny_suspension"
    RESUME = "resume"
    CHECK = "check"
    CLOSE = "close"
    QUICK_CLOSE = "quick_close"
    FORCE_CLOSE = "force_close"
    REWORK = "rework"
    VOID = "void"
    MARK_OWNERLESS = "mark_ownerless"
    SUPERVISE = "supervise"
    APPEAL = "appeal"
    GRANT_APPEAL = "grant_appeal"
    DENY_APPEAL = "deny_appeal"
    REPLY = "reply"
    CALL_BACK = "call_back"
    NOTE = "note"
    WARN = "warn"
    OVERDUE = "overdue"
    ESCALATE = "escalate"


class Need(StrEnum):
    """What a move asks for besides a click."""

    REASON = "reason"
    UNIT = "unit"
    CONDITION = "condition"
    CASE = "case"  # the case that this one is merged into
    UNTIL = "until"  # a date
    AFTER_PHOTO = "after_photo"
    RESULT = "result"  # exists or not; pass or fail; satisfied or not
    TEXT = "text"


class Words(NamedTuple):
    """A name as screens show it (source language first)."""

    zh: str
    en: str


STATE_NAMES: dict[State, Words] = {
    State.REPORTED: Words("待受理", "Waiting for acceptance"),
    State.REJECTED: Words("不予立案", "Not filed"),
    State.PRE_VERIFY: Words("待核实", "Waiting for verification"),
    State.FILED: Words("待派遣", "Waiting for dispatch"),
    State.DISPATCHED: Words("已派遣", "Dispatched"),
    State.RETURNED: Words("回退", "Returned"),
    State.HANDLING: Words("处置中", "Being handled"),
    State.POST_CHECK: Words("待核查", "Waiting for check"),
    State.REWORK: Words("返工", "Rework"),
    State.SUSPENDED: Words("挂账", "Suspended"),
    State.CLOSED: Words("已结案", "Closed"),
    State.VOID: Words("作废", "Void"),
}

MOVE_NAMES: dict[Move, Words] = {
    Move.REPORT: Words("上报", "Report"),
    Move.ASK_VERIFY: Words("转核实", "Ask for verification"),
    Move.VERIFY: Words("核实", "Verify"),
    Move.FILE: Words("立案", "File"),
    Move.REFUSE: Words("不予立案", "Refuse"),
    Move.MERGE: Words("并案", "Merge"),
    Move.DISPATCH: Words("派遣", "Dispatch"),
    Move.DISPATCH_AGAIN: Words("二级派遣", "Dispatch again"),
    Move.ACCEPT: Words("接收", "Accept"),
    Move.RETURN: Words("退回", "Return"),
    Move.RECALL: Words("撤回派遣", "Recall"),
    Move.DONE: Words("处置完成", "Done"),
    Move.ASK_EXTENSION: Words("申请延期", "Ask for more time"),
    Move.GRANT_EXTENSION: Words("批准延期", "Grant more time"),
    Move.DENY_EXTENSION: Words("不批准延期", "Deny more time"),
    Move.ASK_SUSPENSION: Words("申请挂账", "Ask for suspension"),
    Move.GRANT_SUSPENSION: Words("批准挂账", "Grant suspension"),
    Move.DENY_SUSPENSION: Words("不批准挂账", "Deny suspension"),
    Move.RESUME: Words("恢复处置", "Resume"),
    Move.CHECK: Words("核查", "Check"),
    Move.CLOSE: Words("结案", "Close"),
    Move.QUICK_CLOSE: Words("快速处置结案", "Close as handled on the spot"),
    Move.FORCE_CLOSE: Words("强制结案", "Force close"),
    Move.REWORK: Words("发回返工", "Send to rework"),
    Move.VOID: Words("作废", "Void"),
    Move.MARK_OWNERLESS: Words("认定无主", "Mark as ownerless"),
    Move.SUPERVISE: Words("督办", "Supervise"),
    Move.APPEAL: Words("超时申诉", "Appeal the overdue mark"),
    Move.GRANT_APPEAL: Words("申诉成立", "Grant the appeal"),
    Move.DENY_APPEAL: Words("申诉不成立", "Deny the appeal"),
    Move.REPLY: Words("答复", "Reply to the source"),
    Move.CALL_BACK: Words("回访", "Call back"),
    Move.NOTE: Words("备注", "Note"),
    Move.WARN: Words("预警", "Warn"),
    Move.OVERDUE: Words("超期", "Mark overdue"),
    Move.ESCALATE: Words("逐级提醒", "Escalate"),
}
