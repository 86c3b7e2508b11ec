"""A real S3 service for tests: one small Ceph cluster with its RADOS gateway, in memory.

Ceph checks request signatures, which the usual S3 imitations do not. `make test` installs the
Debian packages `radosgw`, `ceph-mon` and `ceph-osd`; without them the tests that need them fail,
saying so.
"""

import contextlib
import hashlib
import hmac
import shutil
import socket
import subprocess
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

ACCESS_KEY = "tests"
SECRET_KEY = "a-secret-of-the-tests"
_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
_SETTINGS = """
[global]
fsid = {fsid}
auth cluster required = none
auth service required = none
auth client required = none
keyring = /dev/null
mon host = v1:127.0.0.1:{mon_port}
ms bind msgr2 = false
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
run dir = {folder}/run
admin socket = {folder}/run/$name.asok
pid file = {folder}/run/$name.pid
crash dir = {folder}/run
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
[mon.a]
mon data = {folder}/mon
mon data avail crit = 0
public addr = v1:127.0.0.1:{mon_port}
host = localhost
[osd.0]
osd data = {folder}/osd
osd objectstore = memstore
# At its start it would tell the monitor what it is, sometimes before it knows the cluster's id.
osd class update on start = false
osd crush update on start = false
osd class load list = *
osd class default list = *
memstore device bytes = 1073741824
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw run sync thread = false
rgw thread pool size = 16
"""


class CephServer:
    """Starts in about 12 s; `endpoint` is its address. All its files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            raise RuntimeError(
                f"{', '.join(missing)} not found: run `make test`, which installs radosgw, "
                "ceph-mon and ceph-osd for the photo store's S3 contract"
            )
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._mon_port, self._port = _free_port(), _free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._write_settings()
        self._run("ceph-mon", "--id", "a", "--mkfs")
        self._launch("ceph-mon", "--id", "a")
        self._run("ceph", "osd", "create")
        self._run("ceph", "osd", "crush", "add", "osd.0", "1", "root=default")
        self._run("ceph-osd", "--id", "0", "--mkfs")
        self._launch("ceph-osd", "--id", "0")
        user = ("--uid", "tests", "--display-name", "tests")
        keys = ("--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY)
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", *user, *keys)
        self._launch("radosgw", "-n", "client.rgw")
        self._wait_until_open()

    def stop(self) -> None:
        for process in reversed(self._running):
            process.kill()
            process.wait()

    def make_bucket(self, name: str) -> None:
        with urlopen(_signed_put(f"127.0.0.1:{self._port}", name), timeout=30):
            pass

    def _write_settings(self) -> None:
        for name in ("mon", "osd", "run", "rgw"):
            (self._folder / name).mkdir(parents=True)
        text = _SETTINGS.format(
            fsid=uuid.uuid4(),
            folder=self._folder,
            mon_port=self._mon_port,
            gateway_port=self._port,
        )
        (self._folder / "ceph.conf").write_text(text)

    def _command(self, *arguments: str) -> list[str]:
        return [arguments[0], "-c", str(self._folder / "ceph.conf"), *arguments[1:]]

    def _run(self, *arguments: str) -> None:
        command = self._command(*arguments)
        subprocess.run(command, check=True, capture_output=True, timeout=150)

    def _launch(self, *arguments: str) -> None:
        log = (self._folder / f"{arguments[0]}.out").open("wb")
        with log:
            self._running.append(
                subprocess.Popen(self._command(*arguments, "-f"), stdout=log, stderr=log)
            )

    def _wait_until_open(self) -> None:
        for _ in range(1500):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self._port), timeout=1),
            ):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the S3 gateway did not start; see {self._folder}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _signed_put(host: str, bucket: str) -> Request:
    """Return a request that makes a bucket, signed as AWS describes (Signature Version 4)."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    empty = hashlib.sha256(b"").hexdigest()
    scope = f"{moment[:8]}/us-east-1/s3/aws4_request"
    headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": moment}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"PUT\n/{bucket}\n\n{lines}\n{names}\n{empty}"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET_KEY}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return Request(f"http://{host}/{bucket}", method="PUT", headers=headers)
