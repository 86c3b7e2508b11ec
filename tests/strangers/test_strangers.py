"""Clients that nobody here wrote, or that know nothing but the published pages, get along."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tusclient.client import TusClient

from tests.server_process import ServerProcess
from tests.strangers.generic_client import GenericClient, Refused, new_id

HERE = Path(__file__).parent
PASSWORD = "xuncheng-demo"
PLACE = {"lat": 27.1138, "lon": 114.9864, "accuracy_m": 8.0, "crs": "WGS84", "provider": "gps"}
PIECE = 100_000


@pytest.fixture
def client(server_process: ServerProcess) -> GenericClient:
    made = GenericClient(server_process.url)
    made.sign_in("officer1", PASSWORD)
    return made


@pytest.fixture
def picture(tmp_path: Path, photos: Path) -> Path:
    made = tmp_path / "picture.jpg"
    made.write_bytes((photos / "gps_DSCN0010.jpg").read_bytes() + os.urandom(600_000))
    return made


def name_it(client: GenericClient, picture: Path) -> str:
    """Report a case that names the picture; return its hash."""
    data = picture.read_bytes()
    photo = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    photo |= {"type": "image/jpeg", "role": "before"}
    body = {"category": "E09006", "location": PLACE}
    (receipt,) = client.push(client.change("case.report", new_id(), body, photos=[photo]))
    assert receipt["outcome"] == "applied"
    return str(photo["sha256"])


def arrived(client: GenericClient, picture: Path, sha256: str) -> bool:
    return (
        client.have(sha256)["verified"] == [sha256] and client.read(sha256) == picture.read_bytes()
    )


@pytest.mark.parametrize("checksum", [False, True], ids=["plain", "with checksums"])
def test_tuspy_uploads_and_goes_on_after_a_stop_and_a_restart_of_the_server(
    client: GenericClient, server_process: ServerProcess, picture: Path, checksum: bool
) -> None:
    sha256 = name_it(client, picture)
    headers = {"Authorization": f"Bearer {client.access}"}
    tus = TusClient(f"{client.url}/api/v1/photos/uploads", headers=headers)
    first = tus.uploader(str(picture), chunk_size=PIECE, upload_checksum=checksum)
    first.upload(stop_at=3 * PIECE)
    assert first.offset == 3 * PIECE
    server_process.restart()
    second = tus.uploader(str(picture), chunk_size=PIECE, url=first.url, upload_checksum=checksum)
    assert second.offset == 3 * PIECE
    second.upload()
    assert arrived(client, picture, sha256)


def test_tus_js_client_uploads_and_goes_on_after_a_stop_and_a_restart_of_the_server(
    client: GenericClient, server_process: ServerProcess, picture: Path
) -> None:
    sha256 = name_it(client, picture)

    def run_node(stop_after: int, *url: str) -> dict[str, object]:
        endpoint = f"{client.url}/api/v1/photos/uploads"
        given = [endpoint, client.access, str(picture), str(PIECE), str(stop_after), *url]
        command = ["node", str(HERE / "upload.js"), *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    first = run_node(3 * PIECE)
    assert (first["outcome"], first["sent"]) == ("stopped", 3 * PIECE)
    server_process.restart()
    second = run_node(0, str(first["url"]))
    assert second["outcome"] == "done"
    assert second["sent"] == picture.stat().st_size - 3 * PIECE
    assert arrived(client, picture, sha256)


def test_a_client_written_from_the_protocol_page_does_a_full_round(
    client: GenericClient, picture: Path
) -> None:
    limits = client.hello()["limits"]
    assert {"push_changes", "push_bytes", "photo_bytes", "have"} <= limits.keys()
    assert client.pull(limit=300) == []
    sha256 = name_it(client, picture)
    assert client.have(sha256)["missing"] == [sha256]
    client.upload(picture.read_bytes())
    assert arrived(client, picture, sha256)
    record = new_id()
    good = client.change("case.report", record, {"category": "E09006", "location": PLACE})
    bad = client.change("case.report", new_id(), {"category": "E99999", "location": PLACE})
    first = client.push(good, bad)
    assert [one["outcome"] for one in first] == ["applied", "rejected"]
    again = client.push(good, bad)
    assert [one["outcome"] for one in again] == ["duplicate", "duplicate"]
    assert [one["first"] for one in again] == first
    withdrawal = {"change_id": bad["id"], "reason": "made by mistake"}
    (receipt,) = client.push(client.change("change.withdraw", bad["record_id"], withdrawal))
    assert receipt["outcome"] == "applied"
    assert client.pull() == []
    street = f"area:{client.person['areas'][0]}"
    assert client.rows[street, "case", record]["data"]["number"]
    client.renew()
    fresh = GenericClient(client.url, client.device_id, client.access)
    for scope in sorted({key[0] for key in client.rows}):
        fresh.snapshot(scope)
    assert fresh.pull() == []
    assert fresh.rows.keys() == client.rows.keys()
    client.sign_out()
    with pytest.raises(Refused, match="401 token_invalid"):
        client.hello()
        client.push()


def test_the_generic_client_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse((HERE / "generic_client.py").read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else _names(node))
        if name
    }
    assert imported <= set(sys.stdlib_module_names)


def _names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]
