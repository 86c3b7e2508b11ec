"""One tree of errors with stable codes, for both sides.

An error carries a code that never changes, arguments for its message, and, for bad input, what is
wrong with which field. Its message is made where a person reads it, in that person's language
(`server.errors` and `mobile.ui.words`), from the catalogue below. Source: `docs/protocol.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ErrorKind:
    """HTTP status of a code, and its message in the source language (Chinese)."""

    status: int
    message: str


CATALOGUE: dict[str, ErrorKind] = {
    # --- requests (status numbers are part of the wire contract)
    "malformed": ErrorKind(400, "无法读取这份数据，格式不正确"),
    "unsupported_protocol": ErrorKind(400, "应用版本与服务器不匹配，请更新应用"),
    "bad_cursor": ErrorKind(400, "同步位置无效，将重新下载"),
    "bad_credentials": ErrorKind(401, "用户名或密码不正确"),
    "token_expired": ErrorKind(401, "登录已过期"),
    "token_invalid": ErrorKind(401, "请重新登录"),
    "not_allowed": ErrorKind(403, "没有权限进行此操作"),
    "device_revoked": ErrorKind(403, "此设备已停用，未上传的记录仍保留在设备上"),
    "not_found": ErrorKind(404, "没有找到，或无权查看"),
    "conflict": ErrorKind(409, "数据已被他人修改，请刷新后再试"),
    "cursor_expired": ErrorKind(410, "离线时间过长，将重新下载数据"),
    "offset_mismatch": ErrorKind(409, "上传位置与服务器不一致，将从服务器的位置继续"),
    "upload_busy": ErrorKind(409, "同一照片正在通过另一连接上传"),
    "epoch_changed": ErrorKind(410, "服务器数据已恢复，将重新核对"),
    "upload_expired": ErrorKind(410, "上传已过期，将重新上传"),
    "unsupported_tus": ErrorKind(412, "上传协议版本不受支持，应为 tus 1.0.0"),
    "too_large": ErrorKind(413, "数据过大"),
    "unsupported_type": ErrorKind(415, "不支持的内容类型"),
    "invalid": ErrorKind(422, "填写的内容有误"),
    "locked_out": ErrorKind(423, "密码错误次数过多，请稍后再试"),
    "slow_down": ErrorKind(429, "服务器繁忙，请稍后再试"),
    "checksum_mismatch": ErrorKind(460, "照片分片在传输中损坏，将重新发送"),
    "photo_hash_mismatch": ErrorKind(460, "照片内容与记录不符"),
    "server_error": ErrorKind(500, "服务器出错，数据已保留，请稍后重试"),
    # --- on the phone only
    "no_connection": ErrorKind(503, "现在连不上服务器，记录已保存在手机上"),
    "date_required": ErrorKind(422, "请选择日期"),
    # --- why one change is refused (inside a receipt; the status is for console callers)
    "change_reused": ErrorKind(409, "记录编号已被另一条内容使用"),
    "unknown_kind": ErrorKind(422, "服务器不认识这种记录"),
    "unknown_category": ErrorKind(422, "没有这个问题类别"),
    "unknown_condition": ErrorKind(422, "该类别没有这个立案条件"),
    "unknown_person": ErrorKind(422, "没有这个人员"),
    "unknown_unit": ErrorKind(422, "没有这个单位"),
    "unknown_record": ErrorKind(422, "没有找到这条记录所指的案件"),
    "outside_territory": ErrorKind(422, "坐标不在辖区范围内，请检查定位"),
    "implausible_time": ErrorKind(422, "记录时间不合理，请检查手机时间"),
    "photo_required": ErrorKind(422, "缺少必需的照片"),
    "photo_empty": ErrorKind(422, "照片是空文件"),
    "reason_required": ErrorKind(422, "请填写原因"),
    "quantity_required": ErrorKind(422, "请填写数量"),
    "move_not_allowed": ErrorKind(409, "案件当前状态不能进行此操作"),
    "own_work": ErrorKind(403, "不能核查本人处置的案件"),
    "too_late": ErrorKind(409, "已超过办理时限，不能再申请"),
    "too_often": ErrorKind(409, "已达到允许的次数"),
    "out_of_range": ErrorKind(422, "数值超出允许范围"),
    "off_duty": ErrorKind(422, "仅在岗期间记录轨迹"),
    "not_rejected": ErrorKind(409, "只有被退回的记录可以撤回或修改"),
    # --- rescue packages, and the phone's own store
    "rescue_unreadable": ErrorKind(422, "救援包无法读取，文件可能不完整"),
    "rescue_newer": ErrorKind(422, "救援包由更新版本的应用制作，请先更新应用"),
    "rescue_damaged": ErrorKind(422, "救援包中这一项已损坏，其余内容不受影响"),
    "rescue_missing": ErrorKind(422, "救援包中缺少这一项，其余内容不受影响"),
    "no_room": ErrorKind(507, "手机存储空间不足，没有保存，请清理后再试"),
    "key_needed": ErrorKind(423, "本机资料已加密，请先在本机用密码或 PIN 解锁"),
    # --- pages
    "page_expired": ErrorKind(403, "页面停留太久，已经失效"),
    # --- pictures that are held but not accepted
    "photo_wrong_type": ErrorKind(415, "不是可用的照片格式（支持 JPEG、PNG、WebP、HEIC）"),
    "photo_truncated": ErrorKind(422, "照片不完整，文件已损坏"),
    "photo_too_many_pixels": ErrorKind(422, "照片像素过大，可能不是相机照片"),
    "photo_unreadable": ErrorKind(422, "照片无法打开"),
    "photo_too_large": ErrorKind(413, "照片超过 40 MB"),
    # --- settings and commands
    "bad_setting": ErrorKind(500, "设置有误"),
    "schema_outdated": ErrorKind(500, "数据库尚未建立或版本不符，请先初始化"),
    "database_unreachable": ErrorKind(503, "无法连接数据库"),
    "backup_failed": ErrorKind(500, "备份没有完成"),
    "backup_damaged": ErrorKind(422, "备份不完整或已损坏，未作任何改动"),
    "not_empty": ErrorKind(409, "目标位置已有数据，未作任何改动"),
    "database_busy": ErrorKind(409, "服务器仍在运行，请先停止"),
    "timeline_changed": ErrorKind(503, "数据库可能已回到较早的时间点，需管理员确认后才能继续"),
    "demo_only": ErrorKind(403, "演示账号只能在演示服务器上使用"),
    "provisional_calendar": ErrorKind(422, "该日期的工作日历尚未公布，暂按法定节假日推算"),
    "weak_password": ErrorKind(422, "密码太短，至少 8 个字符"),
    "name_taken": ErrorKind(409, "该用户名已被使用"),
}


class XunchengError(Exception):
    """Base of every error that a person may see.

    `code` is a key of `CATALOGUE`; `fields` maps a field's path to messages; `hint` is a plain
    sentence on what to do; `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: str,
        *,
        fields: Fields | None = None,
        hint: str | None = None,
        detail: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.fields = dict(fields or {})
        self.hint = hint
        self.detail = detail
        self.retry_after = retry_after

    @property
    def kind(self) -> ErrorKind:
        return CATALOGUE[self.code]


class Refused(XunchengError):
    """The request or change is understood and will not be carried out."""


class Malformed(XunchengError):
    """What was sent cannot be read."""


class Unavailable(XunchengError):
    """It may work later; nothing was changed."""
