"""The files in deploy/ work: nginx takes its configuration and serves the server behind it."""

import re
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli import main
from server.config import Settings
from tests.postgres import free_port
from tests.server_process import ROOT, ServerProcess

NGINX = "/usr/sbin/nginx"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a key and a certificate for localhost, signed by itself."""
    folder = tmp_path / "tls"
    folder.mkdir()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def _configuration(tmp_path: Path, certificate: Path, ports: dict[str, int]) -> Path:
    """Write nginx's main file around deploy/nginx.conf, with our ports and certificate in it."""
    site = (ROOT / "deploy/nginx.conf").read_text()
    site = site.replace("/etc/xuncheng/tls", str(certificate))
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{ports['server']}")
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{ports['https']} ssl")
    site = site.replace("listen 80;", f"listen 127.0.0.1:{ports['http']};")
    bodies = tmp_path / "bodies"
    main = f"""
daemon off;
pid {tmp_path}/nginx.pid;
error_log {tmp_path}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {bodies};
    proxy_temp_path {bodies};
    fastcgi_temp_path {bodies};
    uwsgi_temp_path {bodies};
    scgi_temp_path {bodies};
    {site}
}}
"""
    path = tmp_path / "nginx.conf"
    path.write_text(main)
    return path


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[ServerProcess]:
    """The server as deploy/xuncheng-server.service starts it: several gunicorn processes."""
    environment = {
        "XUNCHENG_HOME": str(settings.home),
        "XUNCHENG_SECRET_KEY": settings.secret_key,
        "XUNCHENG_TRUSTED_PROXIES": "1",
    }
    process = ServerProcess(environment, tmp_path / "server.log", "--workers", "2")
    process.start()
    yield process
    process.close()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nobody listens on {port}")


def test_nginx_passes_requests_on_to_the_workers(
    workers: ServerProcess, certificate: Path, tmp_path: Path
):
    ports = {"server": workers.port, "https": free_port(), "http": free_port()}
    configuration = _configuration(tmp_path, certificate, ports)
    nginx = subprocess.Popen([NGINX, "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(ports["https"])
        trusted = ssl.create_default_context(cafile=certificate / "fullchain.pem")
        url = f"https://127.0.0.1:{ports['https']}/api/v1/hello"
        with urllib.request.urlopen(url, context=trusted, timeout=10) as answer:
            assert b'"protocols"' in answer.read()
            assert "max-age" in answer.headers["Strict-Transport-Security"]
    finally:
        nginx.terminate()
        nginx.wait(timeout=10)


def test_nginx_accepts_the_configuration(certificate: Path, tmp_path: Path):
    ports = {"server": 8000, "https": free_port(), "http": free_port()}
    configuration = _configuration(tmp_path, certificate, ports)
    done = subprocess.run(
        [NGINX, "-t", "-c", str(configuration)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_units_start_commands_that_exist():
    commands = {
        re.search(r"-m server ([a-z-]+)", unit.read_text())[1]
        for unit in (ROOT / "deploy").glob("*.service")
    }
    assert commands == {"serve", "scheduler"}
    assert commands <= set(main.commands)


def test_the_daily_backup_makes_a_folder_of_its_own_each_time(settings: Settings, tmp_path: Path):
    environment = {"XUNCHENG_HOME": str(settings.home), "PATH": "/usr/bin:/bin"}
    for _ in range(2):
        subprocess.run(
            [str(ROOT / "deploy/backup"), str(tmp_path / "backups")],
            env=environment,
            check=True,
            capture_output=True,
        )
        time.sleep(1)
    made = sorted((tmp_path / "backups").iterdir())
    assert len(made) == 2
    assert all((folder / "manifest.json").exists() for folder in made)
