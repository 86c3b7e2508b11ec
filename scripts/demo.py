"""`make demo`: the demo district, its server and scheduler, and the officer's app.

Everything lives in var/demo. Starting again goes on where it was; `--reset` begins anew. Where
there is no display, one officer's day is played through the real app off-screen. On a terminal
the server then stays up until Ctrl-C; otherwise (in CI) the script ends with the day.
"""

import argparse
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / "var" / "demo"
PICTURES = ROOT / "var" / "demo-pictures"
USUAL_PORT = 8080
READY_WITHIN_S = 60.0

ACCOUNTS = """\
  officer1 … officer12   执法队员  works in the app: report, verify, check
  crew1 …                处置人员  works in the app: accept, handle, report done
  acceptor1              受理员    files, closes
  dispatcher1            派遣员    dispatches, decides requests
  unit1 …                协同单位  a unit's own page
  squad1, supervisor1, leader1, assessor1, sanitation1, contractor1, reviewer1, admin1
  password of all of them: xuncheng-demo"""


def main() -> int:
    arguments = _arguments()
    HOME.parent.mkdir(exist_ok=True)
    with _only_one_demo():
        if arguments.reset:
            shutil.rmtree(HOME, ignore_errors=True)
            shutil.rmtree(PICTURES, ignore_errors=True)
        environment = _environment()
        _prepare(environment)
        port = _free_port(arguments.port)
        url = f"http://127.0.0.1:{port}"
        with (
            _child(environment, "server.log", "server", "serve", "--port", str(port)) as server,
            _child(environment, "scheduler.log", "server", "scheduler"),
        ):
            _wait_until_ready(port, server)
            _say(f"The console: {url}\n{ACCOUNTS}")
            status = _use_the_app(url, environment)
            if sys.stdin.isatty():
                _say("The server goes on until Ctrl-C.")
                server.wait()
    return status


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reset", action="store_true", help="forget everything and begin anew")
    parser.add_argument("--port", type=int, default=USUAL_PORT, help="default: %(default)s")
    return parser.parse_args()


def _environment() -> dict[str, str]:
    """Return the environment of the demo: its own settings, whatever the caller has set."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("XUNCHENG_")}
    return own | {
        "XUNCHENG_HOME": str(HOME),
        "XUNCHENG_DEMO": "1",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _only_one_demo() -> Iterator[None]:
    with (HOME.parent / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("The demo is running already (var/demo.lock is held).") from None
        yield


def _prepare(environment: dict[str, str]) -> None:
    """Make the database and fill in what is missing of the district; a second run adds nothing."""
    HOME.mkdir(exist_ok=True)
    _say("The demo district: areas, people, shops and a quarter of cases …")
    _run(environment, "server", "demo")


def _use_the_app(url: str, environment: dict[str, str]) -> int:
    """Open the app's window, or play a day where none can be shown; return its exit status."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        _say("Opening the officer's app. Sign in as officer1.")
        return _run(environment, "mobile", "run", "--server", url, "--home", str(HOME / "phone"))
    _say("There is no display here, so an officer's day is played through the app off-screen.")
    played = HOME / "played"
    status = _run(
        environment, "mobile", "play-day", "--server", url,
        "--home", str(played), "--pictures", str(PICTURES),
    )  # fmt: skip
    _say(f"Screenshots: {PICTURES.relative_to(ROOT)}/")
    return status


def _run(environment: dict[str, str], *module: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, env=environment, check=True
    ).returncode


@contextmanager
def _child(
    environment: dict[str, str], log: str, *module: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m module…` beside us, its output in a file of HOME; end it with us."""
    with (HOME / log).open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=environment, stdout=sink, stderr=sink
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        process.kill()


def _free_port(wanted: int) -> int:
    """Return `wanted`, or a free port when something else listens there."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise SystemExit("No free port on this machine.")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with closing(connection), suppress(OSError):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False


def _wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        if _is_ready(port):
            return
        time.sleep(0.2)
    raise SystemExit(f"The server did not start:\n{(HOME / 'server.log').read_text()}")


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)  # noqa: T201  this script talks to a person


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        _say("Stopped. `make demo` goes on from here.")
    except subprocess.CalledProcessError as failure:
        sys.exit(f"`{' '.join(failure.cmd)}` failed with {failure.returncode}.")
