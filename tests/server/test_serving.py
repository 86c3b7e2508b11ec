"""`python -m server serve` starts, says where, and ends as it should; alone and with workers."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.config import Settings
from tests.conftest import environment_for
from tests.server_process import ROOT, ServerProcess

ONE = ()
SEVERAL = ("--workers", "2")


def _serve(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run `serve` where it is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "server", "serve", "--port", "0", *options],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def server(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest):
    environment = environment_for(settings.home)
    process = ServerProcess(environment, tmp_path / "server.log", *request.param)
    process.start()
    yield process
    process.close()


@pytest.mark.parametrize("server", [ONE, SEVERAL], indirect=True)
def test_a_stopped_server_ends_with_success_and_starts_again(server: ServerProcess):
    assert server.stop() == 0
    server.start()
    assert "Traceback" not in server.log


@pytest.mark.parametrize("server", [ONE, SEVERAL], indirect=True)
def test_a_killed_server_comes_back_at_its_address(server: ServerProcess):
    before = server.url
    server.restart()
    assert server.url == before


@pytest.mark.parametrize("options", [ONE, SEVERAL])
def test_port_zero_takes_a_free_port_and_says_which(settings: Settings, options: tuple[str, ...]):
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--port", "0", *options],
        cwd=ROOT,
        env=os.environ | environment_for(settings.home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    said = re.fullmatch(r"Listening on http://127\.0\.0\.1:(\d+)\n", line)
    assert said is not None
    assert int(said[1]) > 0


def test_a_missing_database_stops_the_start_with_what_to_do(tmp_path: Path):
    done = _serve(environment_for(tmp_path / "home"))
    assert done.returncode == 1
    assert "schema_outdated" in done.stderr
    assert "python -m server init-db" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home/xuncheng.db").exists()


def test_an_unreachable_database_is_said_in_a_sentence(tmp_path: Path):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    done = _serve(environment_for(tmp_path / "home", DATABASE_URL=url))
    assert done.returncode == 1
    assert "database_unreachable" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_stops_the_start(tmp_path: Path):
    done = _serve(environment_for(tmp_path / "home", DEMMO="1"))
    assert done.returncode == 1
    assert "XUNCHENG_DEMMO" in done.stderr
