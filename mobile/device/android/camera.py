"""The phone's camera app, asked by intent. It writes to an entry of the MediaStore made for it.

A `file://` address is refused by Android since version 7, and python-for-android has no place for
a FileProvider in its manifest: the entry's `content://` address needs neither that nor leave to
write.
The entry is copied byte for byte into the app's own folder and taken out of the gallery again.
"""

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from android import activity
from android.permissions import Permission, check_permission, request_permissions
from jnius import autoclass, cast

from mobile.device.camera import Shot

_Activity = autoclass("org.kivy.android.PythonActivity")
_Images = autoclass("android.provider.MediaStore$Images$Media")
_Intent = autoclass("android.content.Intent")
_MediaStore = autoclass("android.provider.MediaStore")
_Values = autoclass("android.content.ContentValues")
_REQUEST = 0x5843
_RESULT_OK = -1
_KEEP = timedelta(days=1)


class PhoneCamera:
    """One picture at a time; full size, with whatever the camera app writes into it."""

    name = "手机相机"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._entry = None
        self._then: Callable[[Shot | None], None] | None = None
        activity.bind(on_activity_result=self._returned)

    def shoot(self, then: Callable[[Shot | None], None]) -> None:
        self._then = then
        self._forget_old_pictures()
        if check_permission(Permission.CAMERA):
            self._open()
        else:
            request_permissions([Permission.CAMERA], self._answered)

    def _answered(self, _permissions: list[str], granted: list[bool]) -> None:
        if all(granted):
            self._open()
        else:
            self._end(None)

    def _open(self) -> None:
        values = _Values()
        values.put("_display_name", f"xuncheng-{datetime.now():%Y%m%d-%H%M%S-%f}.jpg")
        values.put("mime_type", "image/jpeg")
        resolver = _Activity.mActivity.getContentResolver()
        self._entry = resolver.insert(_Images.EXTERNAL_CONTENT_URI, values)
        intent = _Intent(_MediaStore.ACTION_IMAGE_CAPTURE)
        intent.putExtra(_MediaStore.EXTRA_OUTPUT, cast("android.os.Parcelable", self._entry))
        intent.addFlags(_Intent.FLAG_GRANT_WRITE_URI_PERMISSION)
        _Activity.mActivity.startActivityForResult(intent, _REQUEST)

    def _returned(self, request: int, result: int, _intent: object) -> None:
        if request != _REQUEST:
            return
        taken_at = datetime.now().astimezone()
        picture = self._copied() if result == _RESULT_OK else None
        if self._entry is not None:
            _Activity.mActivity.getContentResolver().delete(self._entry, None, None)
        self._end(Shot(picture, taken_at) if picture is not None else None)

    def _copied(self) -> Path:
        """Copy what the camera app wrote; durable before it leaves the gallery."""
        picture = self._folder / f"{datetime.now():%Y%m%d-%H%M%S-%f}.jpg"
        resolver = _Activity.mActivity.getContentResolver()
        handle = resolver.openFileDescriptor(self._entry, "r").detachFd()
        with os.fdopen(handle, "rb") as source, picture.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        return picture

    def _end(self, shot: Shot | None) -> None:
        then, self._then, self._entry = self._then, None, None
        if then is not None:
            then(shot)

    def _forget_old_pictures(self) -> None:
        """Delete what was taken in long ago. A day: a kill right after the shot loses nothing."""
        before = (datetime.now() - _KEEP).timestamp()
        for picture in self._folder.glob("*.jpg"):
            if picture.stat().st_mtime < before:
                picture.unlink()
