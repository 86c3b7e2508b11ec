"""Photos in an S3-compatible store, through obstore.

The address is `s3://bucket/prefix?endpoint=http://…&region=…`. The key and its secret come from the
usual `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (or the machine's role): obstore reads them,
this program never does. No conditional PUT is relied on: keys are content hashes.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from sync.errors import XunchengError

if TYPE_CHECKING:
    from obstore.store import S3Config

PIECE = 1_048_576
_OPTIONS = frozenset({"endpoint", "region"})


class S3Store:
    """A `PhotoStore` in a bucket. A finished PUT is durable: that is the service's promise."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @classmethod
    def from_url(cls, url: str) -> "S3Store":
        """Open `s3://bucket/prefix?endpoint=…&region=…`; raises `bad_setting`."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        unknown = sorted(set(options) - _OPTIONS)
        if not parts.netloc or unknown:
            why = f"no such option: {unknown[0]}" if unknown else "names no bucket"
            fields = {"XUNCHENG_PHOTO_STORE": [why]}
            raise XunchengError("bad_setting", fields=fields, detail=f"XUNCHENG_PHOTO_STORE: {why}")
        endpoint = options.get("endpoint", "")
        config: S3Config = {"region": options.get("region", "us-east-1")}
        if endpoint:
            config["endpoint"] = endpoint
        return cls(
            Bucket(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                config=config,
                client_options={"allow_http": endpoint.startswith("http://")},
            )
        )

    def put_file(self, sha256: str, path: Path) -> None:
        if self.size(sha256) != path.stat().st_size:
            obstore.put(self._bucket, _original(sha256), path)

    def size(self, sha256: str) -> int | None:
        try:
            return int(obstore.head(self._bucket, _original(sha256))["size"])
        except FileNotFoundError:
            return None

    def stream(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        size = self.size(sha256)
        if size is None:
            raise FileNotFoundError(sha256)
        end = size if length is None else min(size, start + length)
        if start >= end:
            return iter(())
        asked = {"range": (start, end)}
        found = obstore.get(self._bucket, _original(sha256), options=asked)  # type: ignore[arg-type]
        return (bytes(piece) for piece in found.stream(min_chunk_size=PIECE))

    def read(self, sha256: str) -> bytes:
        return bytes(obstore.get(self._bucket, _original(sha256)).bytes())

    def put_derived(self, sha256: str, name: str, data: bytes) -> None:
        obstore.put(self._bucket, _derived(sha256, name), io.BytesIO(data))

    def derived(self, sha256: str, name: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._bucket, _derived(sha256, name)).bytes())
        except FileNotFoundError:
            return None

    def quarantine(self, name: str, path: Path) -> None:
        obstore.put(self._bucket, f"quarantine/{name}", path)

    def check(self) -> None:
        try:
            obstore.put(self._bucket, ".probe", b"")
        except BaseError as error:
            raise OSError(f"photo store not reachable: {error}") from error


def _original(sha256: str) -> str:
    return f"originals/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _derived(sha256: str, name: str) -> str:
    return f"derived/{sha256[:2]}/{sha256[2:4]}/{sha256}/{name}"
