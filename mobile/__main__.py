"""`python -m mobile`: the officer's app in a window, or a day of it played off-screen."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from mobile.version import APP_VERSION

_DEMO_PICTURES = Path(__file__).parent.parent / "server" / "demo" / "photos"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    given = _parser().parse_args(arguments)
    status: int = given.command(given)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mobile", description=__doc__)
    parser.add_argument("--version", action="version", version=APP_VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="open the officer's app in a window")
    run.set_defaults(command=_run)
    play = commands.add_parser(
        "play-day", help="play one officer's offline day through the real app, off-screen"
    )
    play.set_defaults(command=_play_day)
    play.add_argument("--username", default="officer1", help="default: %(default)s")
    play.add_argument("--password", default="xuncheng-demo", help="default: the demo's")
    play.add_argument(
        "--pictures", type=Path, default=Path("var/demo-pictures"),
        help="folder for the screenshots; default: %(default)s",
    )  # fmt: skip
    for command in (run, play):
        command.add_argument("--server", metavar="URL", help="the server's address")
        command.add_argument(
            "--home", type=Path, default=Path.home() / ".xuncheng-phone",
            help="the device's folder; default: %(default)s",
        )  # fmt: skip
        command.add_argument(
            "--camera", type=Path, default=_DEMO_PICTURES, metavar="FOLDER",
            help="pictures in the place of a camera; default: the demo's",
        )  # fmt: skip
    return parser


def _run(given: argparse.Namespace) -> int:
    # Kivy reads its settings while it is imported and opens a window: not before it is wanted.
    home, devices = _phone(given)
    from mobile.ui import onscreen

    onscreen.prepare()
    from mobile.ui.app import OfficerApp

    OfficerApp(home, devices).run()
    return 0


def _play_day(given: argparse.Namespace) -> int:
    home, devices = _phone(given)
    from mobile.ui import offscreen

    offscreen.prepare()
    from mobile.play_day import Day, NothingToPlayError

    day = Day(home, devices, given.camera, given.pictures, _say)
    try:
        day.play(given.username, given.password)
    except NothingToPlayError as error:
        _say(str(error))
        return 1
    return 0


def _phone(given: argparse.Namespace):  # type: ignore[no-untyped-def]
    """Return the device's home and its desktop stand-ins, the server's address written down."""
    from mobile.device.devices import desktop_devices
    from mobile.store.home import DeviceHome

    home = DeviceHome(given.home)
    # Kivy grumbles about every helper program that a machine lacks: into a file, not the screen.
    logging.basicConfig(filename=given.home / "app.log", level=logging.WARNING)
    if given.server:
        home.set_setting("server", given.server)
    return home, desktop_devices(home, given.camera)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
