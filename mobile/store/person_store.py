"""Everything one person keeps on this device, in one folder with one SQLite database."""

from pathlib import Path


class PersonStore:
    """Thread-safe: one connection per thread, one writer at a time, synchronous=FULL."""

    def __init__(self, folder: Path) -> None: ...

    def close(self) -> None: ...
