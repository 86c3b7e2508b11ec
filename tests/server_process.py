"""The real server as a process of its own, for tests that must see it start, die and come back."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.postgres import free_port

ROOT = Path(__file__).parent.parent
_LISTENING = re.compile(r"Listening on (http://\S+)")
START_WITHIN_S = 60.0


class ServerProcess:
    """`python -m server serve` over `environment`; keeps its port when it is started again."""

    def __init__(self, environment: dict[str, str], log: Path, *options: str) -> None:
        self._environment = environment
        self._log = log
        self._options = options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it answers."""
        command = [sys.executable, "-m", "server", "serve", "--port", str(self.port)]
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                [*command, *self._options],
                cwd=ROOT,
                env=os.environ | self._environment,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        self._wait_until_listening()

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would, workers too."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it again at the same address."""
        self.kill()
        self.start()

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    def command(self, *arguments: str) -> str:
        """Run another command of the server over the same settings and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "server", *arguments],
            cwd=ROOT,
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{arguments} exited with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "the server is not running"
        if process.poll() is None:
            target = os.killpg if number == signal.SIGKILL else os.kill
            target(process.pid, number)
        return process.wait(timeout=30)

    def _wait_until_listening(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended at its start:\n{self.log}")
            if _LISTENING.search(self.log) and _answers(self.url):
                return
            time.sleep(0.05)
        raise AssertionError(f"the server did not listen within {START_WITHIN_S} s:\n{self.log}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
