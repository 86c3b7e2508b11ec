"""Screenshots of every page, light, dark and English, with the demo district's rows.

    python -m tests.mobile.pictures --out FOLDER

Look at each one after a change of the app's looks.
"""

from mobile.ui import offscreen

offscreen.prepare()

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from mobile.store.home import DeviceHome
from mobile.ui.theme import theme
from tests.mobile.driver import Phone
from tests.mobile.phone import CaseOnPhone, give_photo, make_home

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "server" / "demo" / "photos"
SHOTS = ("rubbish-after-1.jpg", "vendor-before-1.jpg", "vendor-after-1.jpg", "bikes-before-1.jpg")
OF_CASES = (
    "rubbish-before-1.jpg",
    "rubbish-before-2.jpg",
    "vendor-before-1.jpg",
    "manhole-before-1.jpg",
)


def demo_database(folder: Path) -> Path:
    environment = os.environ | {"XUNCHENG_HOME": str(folder), "XUNCHENG_DEMO": "1"}
    for command in ("init-db", "demo"):
        subprocess.run(
            [sys.executable, "-m", "server", command], cwd=ROOT, env=environment, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return folder / "xuncheng.db"


def make_phone(folder: Path, username: str, database: Path) -> Phone:
    folder.mkdir(parents=True)
    make_home(folder / username, username, database).close()
    camera = folder / f"camera-{username}"
    camera.mkdir()
    for place, name in enumerate(SHOTS):
        shutil.copy(PHOTOS / name, camera / f"{place}.jpg")
    return Phone(DeviceHome(folder / username), camera)


def officer_cases(phone: Phone) -> None:
    store = phone.store()
    photos = [give_photo(store, PHOTOS / name) for name in OF_CASES]
    store.close()
    hours = lambda n: timedelta(hours=n)  # noqa: E731
    phone.hold(
        CaseOnPhone(category="E06010", due_in=hours(-2), address="井冈山大道 88 号东侧人行道",
                    description="垃圾堆放约两米，靠近学校门口，气味大。",
                    photos=((photos[0], "before"), (photos[1], "before"))),
        CaseOnPhone(category="E09006", state="pre_verify", moves=("verify",), due_in=hours(1),
                    address="步行街南口", photos=((photos[2], "before"),)),
        CaseOnPhone(category="C01001", condition="missing_hazard", due_in=hours(3),
                    address="阳明东路与吉州大道交叉口西北角", photos=((photos[3], "before"),)),
        CaseOnPhone(category="E06050", due_in=hours(26), address="吉州大道 12 号院门前", rework=1),
        CaseOnPhone(category="E06049", due_in=hours(72), address="北门社区服务中心台阶"),
    )  # fmt: skip


def crew_cases(phone: Phone) -> None:
    store = phone.store()
    photo = give_photo(store, PHOTOS / OF_CASES[0])
    store.close()
    moves = ("done", "return", "ask_extension", "ask_suspension")
    phone.hold(
        CaseOnPhone(state="dispatched", moves=("accept", *moves), due_in=timedelta(hours=4),
                    description="垃圾堆放约两米，请带清运车。", photos=((photo, "before"),)),
        CaseOnPhone(state="rework", moves=moves, due_in=timedelta(hours=-1), rework=1,
                    category="E06050", address="步行街北口 3 号"),
    )  # fmt: skip


class Album:
    """Names the pictures by variant and page."""

    def __init__(self, out: Path, phone: Phone, variant: str) -> None:
        self.out, self.phone, self.variant = out, phone, variant

    def take(self, name: str, words: bool = False) -> None:
        """Take a picture; the line that says what has just happened only with `words`."""
        self.phone.settle()
        if not words:
            self.phone.app.shell.ids.snackbar.opacity = 0
        self.phone.hand.frames(10)
        self.phone.hand.shot(self.out / f"{self.variant}_{name}.png")


def walk_officer(album: Album) -> None:
    """Take a picture of every page an officer sees."""
    phone = album.phone
    hand = phone.start()
    album.take("01_sign_in")
    hand.write(phone.password_field(), "xuncheng-demo")
    phone.page.submit()
    hand.wait(lambda: phone.app.pages.current == "today")
    album.take("02_today")
    case_ids = [row["key"] for row in phone.page.ids.rows.data]
    _walk_cases(album, case_ids)
    _walk_report(album)
    _walk_records(album)
    _walk_duty(album)
    pages = phone.app.pages
    pages.open("password")
    album.take("21_password")
    pages.open("case", case_id=case_ids[0])
    album.take("22_case")
    pages.open("today")
    theme.scale = 1.3
    album.take("23_today_large")
    theme.scale = 1.0


def _walk_cases(album: Album, case_ids: list[str]) -> None:
    phone = album.phone
    hand, pages = phone.hand, phone.app.pages
    pages.open("check", case_id=case_ids[0])
    phone.settle()
    hand.tap(lambda w: type(w).__name__ == "MainButton" and w.icon_name == "camera")
    phone.settle()
    hand.wait(lambda: phone.page.after)
    album.take("03_check")
    phone.page.overlaid = True
    album.take("04_check_overlay")
    phone.page.ids.scroll.scroll_y = 0
    album.take("05_check_below")
    pages.back()
    pages.open("verify", case_id=case_ids[1])
    album.take("06_verify")
    pages.back()


def _walk_report(album: Album) -> None:
    phone = album.phone
    hand, pages = phone.hand, phone.app.pages
    phone.app.shoot()
    hand.wait(lambda: phone.app.pages.current == "report")
    phone.settle()
    phone.page.choose_category("E09006")
    phone.page.photograph("before")
    album.take("07_report")
    phone.page.ids.scroll.scroll_y = 0
    phone.page.spot_done = True
    album.take("08_report_below")
    phone.page.pick_category()
    album.take("09_category")
    phone.page.text = "bllj"
    album.take("10_category_search")
    pages.back()
    phone.settle()
    phone.page.save()
    phone.settle()
    album.take("11_report_missing", words=True)
    phone.page.spot_done = False
    phone.page.save()
    hand.wait(lambda: phone.app.pages.current == "today")
    album.take("12_saved", words=True)
    phone.app.shoot()
    hand.wait(lambda: phone.app.pages.current == "report")
    phone.settle()
    pages.back()


def _walk_records(album: Album) -> None:
    phone = album.phone
    pages = phone.app.pages
    pages.open("records")
    album.take("13_records")
    item = next(row for row in phone.page.ids.rows.data if row["state_icon"] != "pencil-outline")
    phone.page.open_record(item["key"])
    album.take("14_record")
    pages.open("sync")
    album.take("15_sync")
    pages.open("me")
    album.take("16_me")
    phone.page.ids.scroll.scroll_y = 0
    album.take("16_me_below")
    phone.page.choose_size()
    album.take("17_sheet")
    pages.close_over()


def _walk_duty(album: Album) -> None:
    phone = album.phone
    pages = phone.app.pages
    pages.open("duty")
    album.take("18_duty")
    phone.page.start()
    phone.settle()
    phone.page.note = "巡查步行街，劝离流动摊贩 3 处"
    phone.page.add_note()
    album.take("19_on_duty")
    phone.page.ask_end()
    album.take("20_question")
    pages.close_over()
    pages.back()


def walk_crew(album: Album) -> None:
    phone = album.phone
    phone.sign_in()
    album.take("30_today")
    phone.app.pages.open("handle", case_id=phone.page.ids.rows.data[1]["key"])
    album.take("31_handle")
    phone.page.more()
    album.take("32_handle_more")
    phone.app.pages.close_over()
    phone.page._chosen("return")
    album.take("33_return")
    phone.app.pages.close_over()
    phone.page.ids.scroll.scroll_y = 0
    album.take("34_handle_below")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="xuncheng-pictures-"))
    database = demo_database(scratch / "server")
    for variant in ("light", "dark", "en"):
        if options.only and variant not in options.only:
            continue
        for username, hold, walk in (
            ("officer1", officer_cases, walk_officer), ("crew1", crew_cases, walk_crew),
        ):  # fmt: skip
            phone = make_phone(scratch / f"{variant}-{username}", username, database)
            phone.home.set_setting("dark", "yes" if variant == "dark" else "no")
            phone.home.set_setting("language", "en" if variant == "en" else "zh")
            hold(phone)
            try:
                walk(Album(options.out, phone, variant))
            finally:
                phone.close()
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
