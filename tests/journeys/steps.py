"""What people do with the app, in their own words; each step waits until it is done."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from mobile.device.connectivity import Network
from mobile.device.desktop.camera import FolderCamera
from mobile.device.desktop.location import SimulatedLocation
from mobile.store.summary import sync_summary
from mobile.ui.hand import Hand
from tests.mobile.driver import Phone

PASSWORD = "xuncheng-demo"
SYNC_WITHIN_S = 60


def sign_in(phone: Phone, username: str) -> Hand:
    """Start the app and sign in, over the network or without it."""
    hand = phone.start()
    hand.wait_to_see("登录")
    page = phone.page
    page.username = username
    hand.write(phone.password_field(), PASSWORD)
    hand.tap("登录")
    hand.wait(lambda: phone.page.name != "sign_in", 30, "to be let in")
    return hand


def go_online(phone: Phone) -> None:
    """Let the network come, and wait until everything has been sent and fetched."""
    before = _last_sync(phone)
    phone.switch(Network.WIFI)
    assert phone.app is not None
    assert phone.app.desk is not None
    phone.app.desk.courier.nudge("connectivity")
    phone.hand.wait(
        lambda: _last_sync(phone) != before and _all_sent(phone),
        SYNC_WITHIN_S,
        "everything to be sent and fetched",
    )
    phone.settle()


def go_offline(phone: Phone) -> None:
    phone.switch(Network.NONE)
    phone.settle()


def stand_at(phone: Phone, lat: float, lon: float) -> None:
    locator = phone.devices.locator
    assert isinstance(locator, SimulatedLocation)
    locator.stand_at(lat, lon)


def point_camera(phone: Phone, picture: Path) -> None:
    camera = phone.devices.camera
    assert isinstance(camera, FolderCamera)
    camera.point_at(picture)


def report(phone: Phone, pictures: Sequence[Path], category: str, note: str) -> None:
    """Photo first, then the category by search, a note, and saved."""
    hand = phone.hand
    begin_report(phone, pictures, note)
    hand.tap("选择或搜索类别")
    hand.wait(lambda: phone.page.name == "category", what="the categories")
    phone.page.text = category
    hand.wait(lambda: phone.page.ids.rows.data, what="categories to be found")
    phone.settle()
    hand.tap(phone.page.ids.rows.data[0]["text"])
    hand.wait(lambda: phone.page.name == "report" and phone.page.category_text, what="the category")
    phone.settle()
    hand.tap("保存，联网后自动上传")
    hand.wait(lambda: phone.page.name == "today", what="the report to be saved")


def begin_report(phone: Phone, pictures: Sequence[Path], note: str) -> None:
    """Photograph and write a note, without saving."""
    hand = phone.hand
    assert phone.app is not None
    point_camera(phone, pictures[0])
    phone.app.shoot()
    hand.wait(lambda: phone.page.name == "report" and phone.page.photo_count == 1, what="a photo")
    for place, picture in enumerate(pictures[1:], 2):
        point_camera(phone, picture)
        phone.page.photograph("before")
        hand.wait(lambda count=place: phone.page.photo_count == count, what="another photo")
    phone.page.note = note
    phone.settle()


def open_case(phone: Phone, page: str, title: str) -> None:
    """Open a case from today's list."""
    hand = phone.hand
    hand.tap("今日")
    phone.settle()
    hand.tap(title)
    hand.wait(lambda: phone.page.name == page, what=f"the page {page}")
    phone.settle()


def accept(phone: Phone) -> None:
    phone.hand.tap("接收")
    phone.hand.wait(lambda: phone.page.name == "handle" and phone.page.can_finish, what="accepted")
    phone.settle()


def report_done(phone: Phone, before: Path, after: Path, quantity: str) -> None:
    """Photograph before and after, give the quantity, report done."""
    page = phone.page
    for role, picture in (("before", before), ("after", after)):
        point_camera(phone, picture)
        page.photograph(role)
        phone.settle()
        phone.hand.wait(lambda role=role: page.ids[role].photos, what=f"the {role} photo")
    page.quantity = quantity
    phone.settle()
    phone.hand.tap("处置完成")
    phone.hand.wait(lambda: phone.page.name == "today", what="the work to be saved")


def check(phone: Phone, picture: Path, result: str, note: str = "") -> None:
    page = phone.page
    point_camera(phone, picture)
    page.photograph("after")
    phone.settle()
    phone.hand.wait(lambda: page.photo_count == 1, what="the photo of now")
    phone.hand.tap(result)
    page.note = note
    phone.settle()
    phone.hand.tap("保存核查结果")
    phone.hand.wait(lambda: phone.page.name == "today", what="the check to be saved")


def rows(database: Path, query: str, *values: object) -> list[sqlite3.Row]:
    """Ask the server's own database what is so."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query, values).fetchall()


def _last_sync(phone: Phone) -> object:
    return _summary(phone).last_sync_at


def _all_sent(phone: Phone) -> bool:
    return _summary(phone).all_sent


def _summary(phone: Phone):  # type: ignore[no-untyped-def]
    assert phone.app is not None
    assert phone.app.desk is not None
    return sync_summary(phone.app.desk.store)
