"""Reading the rows of a SQLite file that SQLite itself will not read any more.

Pages are looked at one by one, without the tree above them: in the write-ahead log as it was
committed last, then in the file. Source of the layout: https://www.sqlite.org/fileformat2.html.
Rows that were deleted may turn up too; whoever asks decides what a row is and whether it is wanted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Value = None | int | float | str | bytes
Row = tuple[Value, ...]

_USUAL_PAGE = 4096
_FILE_HEADER, _WAL_HEADER, _FRAME_HEADER = 100, 32, 24
_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_MOST_OVERFLOW = 20_000
_INT_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class _Broken(Exception):
    """This page or row makes no sense."""


def carve(database: Path) -> Iterator[Row]:
    """Yield every row that can be made out, newest version of a page first."""
    main = _read(database)
    size = _page_size(main)
    pages = {
        number + 1: main[number * size : (number + 1) * size] for number in range(len(main) // size)
    }
    log = _log_pages(_read(database.with_name(f"{database.name}-wal")), size)
    seen: set[Row] = set()
    for readable in ({**pages, **log}, pages):
        book = _Book(size, readable)
        for number in readable:
            for row in book.rows(number):
                if row not in seen:
                    seen.add(row)
                    yield row


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _page_size(main: bytes) -> int:
    size = int.from_bytes(main[16:18], "big")
    size = 65536 if size == 1 else size
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else _USUAL_PAGE


def _log_pages(log: bytes, size: int) -> Mapping[int, bytes]:
    """Return the pages that the log has committed; a torn end of it is left out."""
    committed: dict[int, bytes] = {}
    open_ones: dict[int, bytes] = {}
    salt = log[16:24]
    for start in range(_WAL_HEADER, len(log) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        frame = log[start : start + _FRAME_HEADER]
        if frame[8:16] != salt:
            break  # what follows is left from before the last checkpoint
        number, commit = int.from_bytes(frame[:4], "big"), int.from_bytes(frame[4:8], "big")
        open_ones[number] = log[start + _FRAME_HEADER : start + _FRAME_HEADER + size]
        if commit:
            committed |= open_ones
            open_ones = {}
    return committed


@dataclass
class _Book:
    size: int
    pages: Mapping[int, bytes] = field(repr=False)

    def rows(self, number: int) -> Iterator[Row]:
        """Yield the rows of one leaf page; other pages have none."""
        page = self.pages[number]
        start = _FILE_HEADER if number == 1 else 0
        kind = page[start] if len(page) > start else 0
        if kind not in (_TABLE_LEAF, _INDEX_LEAF):
            return
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        for place in range(start + 8, min(start + 8 + 2 * cells, len(page) - 1), 2):
            at = int.from_bytes(page[place : place + 2], "big")
            try:
                yield _record(self._payload(page, at, table=kind == _TABLE_LEAF))
            except (_Broken, IndexError):
                continue

    def _payload(self, page: bytes, at: int, *, table: bool) -> bytes:
        length, at = _varint(page, at)
        if table:
            _, at = _varint(page, at)  # the row's number
        usable = self.size
        most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return _cut(page, at, length)
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = local if local <= most else least
        payload = bytearray(_cut(page, at, local))
        following = int.from_bytes(_cut(page, at + local, 4), "big")
        for _ in range(_MOST_OVERFLOW):
            if len(payload) >= length:
                return bytes(payload)
            more = self.pages.get(following)
            if more is None or len(more) < self.size:
                break
            following = int.from_bytes(more[:4], "big")
            payload += more[4 : 4 + min(usable - 4, length - len(payload))]
        raise _Broken


def _cut(page: bytes, at: int, length: int) -> bytes:
    part = page[at : at + length]
    if len(part) < length:
        raise _Broken
    return part


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = data[at + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    return value << 8 | data[at + 8], at + 9


def _record(payload: bytes) -> Row:
    """Return the values of a row."""
    header, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != header or not kinds:
        raise _Broken
    values: list[Value] = []
    for kind in kinds:
        value, at = _value(payload, at, kind)
        values.append(value)
    if at != len(payload):
        raise _Broken
    return tuple(values)


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in _INT_SIZES:
        size = _INT_SIZES[kind]
        return int.from_bytes(_cut(payload, at, size), "big", signed=True), at + size
    if kind in (8, 9):
        return kind - 8, at
    if kind == 7:
        return 0.0, at + 8  # no column that is saved has a fraction
    if kind < 12:
        raise _Broken
    size = (kind - 12) // 2
    part = _cut(payload, at, size)
    # A wrong byte in a text costs a character, not the record.
    return (part.decode(errors="replace") if kind % 2 else part), at + size
