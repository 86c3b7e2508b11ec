"""What every photo store keeps: the same facts over a folder and over a real S3 service."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.app import create_app
from server.config import read_settings
from server.db import db
from server.photos.folder_store import FolderStore
from server.photos.s3_store import S3Store
from server.photos.store import PhotoStore, open_store, photo_store
from sync.errors import XunchengError
from tests.ceph import ACCESS_KEY, SECRET_KEY, CephServer
from tests.conftest import environment_for
from tests.uploading import Phone, metadata, sign_in

pytestmark = pytest.mark.timeout(400)  # the first of them starts a Ceph cluster
PICTURE = os.urandom(3_000_000)
SHA256 = hashlib.sha256(PICTURE).hexdigest()
ABSENT = "0" * 64


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CephServer]:
    server = CephServer(tmp_path_factory.mktemp("ceph"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def bucket_url(ceph: CephServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    bucket = f"photos-{uuid.uuid4()}"
    ceph.make_bucket(bucket)
    return f"s3://{bucket}/bureau?endpoint={ceph.endpoint}"


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PhotoStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "photos")
    return S3Store.from_url(request.getfixturevalue("bucket_url"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "upload.part"
    path.write_bytes(PICTURE)
    return path


def test_an_original_comes_back_byte_for_byte(store: PhotoStore, picture: Path) -> None:
    store.put_file(SHA256, picture)
    assert store.read(SHA256) == PICTURE
    assert b"".join(store.stream(SHA256)) == PICTURE
    assert store.size(SHA256) == len(PICTURE)


def test_a_damaged_original_is_healed_by_the_next_upload(
    store: PhotoStore, picture: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(PICTURE[:100])
    store.put_file(SHA256, cut)
    store.put_file(SHA256, picture)
    assert store.read(SHA256) == PICTURE


def test_putting_the_same_original_twice_is_normal(store: PhotoStore, picture: Path) -> None:
    store.put_file(SHA256, picture)
    store.put_file(SHA256, picture)
    assert store.read(SHA256) == PICTURE


def test_the_callers_file_stays_and_may_be_removed(store: PhotoStore, picture: Path) -> None:
    store.put_file(SHA256, picture)
    assert picture.read_bytes() == PICTURE
    picture.unlink()
    assert store.read(SHA256) == PICTURE


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 10), (5, 1), (1_048_570, 20), (2_999_990, None), (2_999_990, 500), (0, 0), (3_000_000, 5)],
)
def test_a_range_is_exactly_what_was_asked_for(
    store: PhotoStore, picture: Path, start: int, length: int | None
) -> None:
    store.put_file(SHA256, picture)
    end = None if length is None else start + length
    assert b"".join(store.stream(SHA256, start, length)) == PICTURE[start:end]


def test_what_is_not_held_is_said_to_be_absent(store: PhotoStore) -> None:
    assert store.size(ABSENT) is None
    assert store.derived(ABSENT, "thumb.jpg") is None
    with pytest.raises(FileNotFoundError):
        store.stream(ABSENT)
    with pytest.raises(FileNotFoundError):
        store.read(ABSENT)


def test_a_derived_copy_can_be_made_again(store: PhotoStore) -> None:
    store.put_derived(SHA256, "thumb.jpg", b"first")
    store.put_derived(SHA256, "thumb.jpg", b"second")
    assert store.derived(SHA256, "thumb.jpg") == b"second"
    assert store.derived(SHA256, "screen.jpg") is None
    assert store.size(SHA256) is None


def test_refused_bytes_are_kept_apart(store: PhotoStore, picture: Path) -> None:
    store.quarantine("wrong-hash", picture)
    assert store.size(SHA256) is None


def test_a_store_in_order_passes_its_check(store: PhotoStore) -> None:
    store.check()


def test_a_folder_that_cannot_be_written_fails_its_check(tmp_path: Path) -> None:
    (tmp_path / "photos").write_text("not a folder")
    with pytest.raises(OSError, match="photos"):
        FolderStore(tmp_path / "photos").check()


def test_a_wrong_secret_fails_the_check(bucket_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-forged-secret")
    with pytest.raises(OSError, match="photo store"):
        S3Store.from_url(bucket_url).check()


def test_settings_choose_the_store(tmp_path: Path, bucket_url: str, picture: Path) -> None:
    for chosen, kind in ((str(tmp_path / "photos"), FolderStore), (bucket_url, S3Store)):
        settings = read_settings(environment_for(tmp_path, PHOTO_STORE=chosen))
        store = open_store(settings)
        assert isinstance(store, kind)
        store.put_file(SHA256, picture)
        assert store.size(SHA256) == len(PICTURE)


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "s3://bucket?colour=blue"])
def test_an_unclear_address_is_refused_loudly(url: str) -> None:
    with pytest.raises(XunchengError, match="XUNCHENG_PHOTO_STORE"):
        S3Store.from_url(url)


@pytest.fixture(params=["folder", "s3"])
def phone(request: pytest.FixtureRequest, empty_home: Path, tmp_path: Path) -> Iterator[Phone]:
    """Somebody signed in to an app whose photos lie in each kind of store."""
    home = shutil.copytree(empty_home, tmp_path / "home")
    more = {}
    if request.param == "s3":
        more["PHOTO_STORE"] = request.getfixturevalue("bucket_url")
    app = create_app(read_settings(environment_for(home, **more)))
    yield sign_in(app, "officer")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_a_photo_goes_all_the_way_through_each_store(phone: Phone, photos: Path) -> None:
    data = (photos / "phone_iphone.heic").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    phone.name(data)
    assert phone.upload(data).headers["Photo-Sha256"] == sha256
    assert phone.have(sha256)["verified"] == [sha256]
    assert phone.read(sha256, "thumb").mimetype == "image/jpeg"
    assert phone.read(sha256, "original").data == data
    part = phone.read(sha256, "original", Range="bytes=800000-")
    assert (part.status_code, part.data) == (206, data[800_000:])


def test_a_wrong_hash_reaches_no_store(phone: Phone) -> None:
    location = phone.create(PICTURE, Upload_Metadata=metadata(sha256=ABSENT))
    assert phone.patch(location, 0, PICTURE).status_code == 460
    with phone.client.application.app_context():
        store = photo_store()
        assert store.size(ABSENT) is None
        assert store.size(SHA256) is None
