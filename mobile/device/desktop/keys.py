"""Secrets in a file that only its owner may read: as safe as the account on this machine."""

import json
import os
import threading
from pathlib import Path


class FileVault:
    """One JSON file with mode 0600, replaced as a whole at each change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        with self._lock:
            return self._read().get(name)

    def put(self, name: str, secret: str) -> None:
        with self._lock:
            self._write({**self._read(), name: secret})

    def remove(self, name: str) -> None:
        with self._lock:
            secrets = self._read()
            if secrets.pop(name, None) is not None:
                self._write(secrets)

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        return dict(json.loads(self._path.read_text(encoding="utf-8")))

    def _write(self, secrets: dict[str, str]) -> None:
        part = self._path.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(secrets, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._path)
