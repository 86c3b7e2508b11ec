"""Sending photos: ask first, then tus, resumed where the server stands (`docs/protocol.md`).

Records go first; a photo is sent only after the server has the change that names it, for until then
it answers `missing` to everything and may refuse the upload.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sync.remote import Limits, Remote, ServerSaidNo

_TRIES_PER_PIECE = 4
_PIECE_AGAIN = frozenset({"checksum_mismatch", "offset_mismatch", "conflict"})
_REFUSALS_OF_THE_PICTURE = frozenset(
    {"photo_wrong_type", "photo_truncated", "photo_too_many_pixels", "photo_too_large"}
    | {"photo_empty", "too_large", "unsupported_type"}
)


class PhotoState(StrEnum):
    LOCAL = "local"
    UPLOADING = "uploading"
    HELD = "held"  # all bytes sent; the server has not yet said `verified`
    VERIFIED = "verified"
    REFUSED = "refused"


@dataclass(frozen=True)
class QueuedPhoto:
    """A photo on its way. `url` is the upload begun for it, `offset` what it had taken last."""

    sha256: str
    bytes: int
    media_type: str
    state: PhotoState
    url: str | None = None
    offset: int = 0
    restarts: int = 0


class PhotoQueue(Protocol):
    """The device's photos that the server has not verified."""

    def unverified(self, limit: int) -> Sequence[QueuedPhoto]:
        """Return photos that acknowledged changes name and that are not verified or refused."""
        ...

    def read(self, sha256: str, offset: int, size: int) -> bytes: ...

    def is_intact(self, sha256: str) -> bool:
        """Hash the original again and say whether it still is what was taken."""
        ...

    def mark_upload(self, sha256: str, url: str, offset: int) -> None: ...

    def mark_held(self, sha256: str) -> None: ...

    def mark_verified(self, hashes: Sequence[str], now: datetime) -> None: ...

    def mark_refused(self, sha256: str, code: str) -> None: ...

    def begin_again(self, sha256: str, *, count: bool) -> None:
        """Forget the upload; `count`: as a restart after a wrong hash."""
        ...


@dataclass
class PhotoReport:
    """`left` counts photos that go again later; `interrupted`: something more urgent came."""

    verified: int = 0
    refused: int = 0
    left: int = 0
    interrupted: bool = False
    failure: ServerSaidNo | None = None


@dataclass(frozen=True)
class Travel:
    """How photos travel now: pieces of so many bytes, until something more urgent comes."""

    piece_bytes: int
    interrupted: Callable[[], bool]


def send_photos(
    queue: PhotoQueue, remote: Remote, limits: Limits, travel: Travel, now: datetime
) -> PhotoReport:
    """Bring every queued photo to the server, in the order taken. `LinkDown` passes through."""
    report = PhotoReport()
    sending = _Sending(queue, remote, travel, report)
    queued = queue.unverified(limits.have)
    if not queued:
        return report
    missing = sending.ask([photo.sha256 for photo in queued], now)
    for photo in queued:
        if photo.sha256 not in missing:
            continue
        if report.interrupted or travel.interrupted():
            report.interrupted = True
            break
        sending.send(photo)
    if missing:
        sending.ask(sorted(missing), now)
    report.left = len(queue.unverified(limits.have))
    return report


@dataclass
class _Sending:
    queue: PhotoQueue
    remote: Remote
    travel: Travel
    report: PhotoReport

    def ask(self, hashes: Sequence[str], now: datetime) -> frozenset[str]:
        """Write down what the server says it has; return what it lacks."""
        answer = self.remote.have(hashes)
        asked = frozenset(hashes)
        for sha256, code in answer.refused.items():
            self.queue.mark_refused(sha256, code)
        verified = sorted((answer.verified & asked) - answer.refused.keys())
        self.queue.mark_verified(verified, now)
        self.report.verified += len(verified)
        self.report.refused += len(answer.refused)
        return answer.missing & asked

    def send(self, photo: QueuedPhoto) -> None:
        try:
            whole = self._send_pieces(photo)
        except ServerSaidNo as no:
            self._take_refusal(photo, no)
            return
        if whole:
            self.queue.mark_held(photo.sha256)
        else:
            self.report.interrupted = True

    def _send_pieces(self, photo: QueuedPhoto) -> bool:
        """Send from where the server stands; return False when interrupted between two pieces."""
        url, offset = self._where_to_go_on(photo)
        failures = 0
        while offset < photo.bytes:
            size = min(self.travel.piece_bytes, photo.bytes - offset)
            piece = self.queue.read(photo.sha256, offset, size)
            if not piece:  # the original has been cut short on this device
                raise ServerSaidNo(460, "photo_hash_mismatch")
            try:
                offset = self.remote.send_piece(url, offset, piece)
                failures = 0
            except ServerSaidNo as no:
                failures += 1
                if no.code not in _PIECE_AGAIN or failures >= _TRIES_PER_PIECE:
                    raise
                offset = self.remote.upload_offset(url)
            self.queue.mark_upload(photo.sha256, url, offset)
            if offset < photo.bytes and self.travel.interrupted():
                return False
        return True

    def _where_to_go_on(self, photo: QueuedPhoto) -> tuple[str, int]:
        if photo.url is not None:
            try:
                offset = self.remote.upload_offset(photo.url)
            except ServerSaidNo as no:
                if no.status not in (403, 404, 410):
                    raise
            else:
                # A finished upload whose photo the server still lacks has to begin anew.
                if offset < photo.bytes:
                    return photo.url, offset
        url = self.remote.open_upload(photo.sha256, photo.bytes, photo.media_type)
        self.queue.mark_upload(photo.sha256, url, 0)
        return url, 0

    def _take_refusal(self, photo: QueuedPhoto, no: ServerSaidNo) -> None:
        """One photo's trouble stays its own; what concerns the whole link is raised again."""
        if no.code == "photo_hash_mismatch":
            if photo.restarts == 0 and self.queue.is_intact(photo.sha256):
                self.queue.begin_again(photo.sha256, count=True)
                return
            self._refuse(photo, no)
        elif no.code in _REFUSALS_OF_THE_PICTURE:
            self._refuse(photo, no)
        elif no.code == "upload_busy" or (no.status >= 500 and no.status != 503):
            self.report.failure = no  # goes on later from where the server stands
        elif no.status in (404, 409, 410, 412, 460):
            self.queue.begin_again(photo.sha256, count=False)
        else:
            raise no

    def _refuse(self, photo: QueuedPhoto, no: ServerSaidNo) -> None:
        self.queue.mark_refused(photo.sha256, no.code)
        self.report.refused += 1
