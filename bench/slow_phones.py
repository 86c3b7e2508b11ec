"""Forty phones on a poor link must not slow anybody else's request."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bench.figures import Figure, percentile
from bench.phones import Phone, all_at_once
from bench.stage import stage

SLOW = 40
BYTES_A_SECOND = 20_000
PIECE = 260_000
OTHERS = 4
SECONDS = 10.0


def measure_slow_phones() -> list[Figure]:
    """Time other phones' requests without and with 40 uploads of 20 KB/s beside them."""
    with stage() as place:
        others = [Phone(place.port, f"officer{1 + number}") for number in range(OTHERS)]
        alone = _traffic(others)
        slow = [Phone(place.port, f"officer{1 + number % 12}") for number in range(SLOW)]
        with _trickling(place.port, slow):
            beside = _traffic(others)
    return [
        Figure("another request, alone, p50", percentile(alone, 0.5) * 1000, "ms"),
        Figure("another request, alone, p99", percentile(alone, 0.99) * 1000, "ms"),
        Figure("the same beside 40 slow uploads, p50", percentile(beside, 0.5) * 1000, "ms"),
        Figure("the same beside 40 slow uploads, p99", percentile(beside, 0.99) * 1000, "ms"),
    ]


def _traffic(phones: list[Phone]) -> list[float]:
    """Let each phone pull ten times a second; return the time of each request in seconds."""
    results, _ = all_at_once([partial(_poll, phone) for phone in phones])
    return [spent for result in results for spent in result]


def _poll(phone: Phone) -> list[float]:
    times: list[float] = []
    cursor = ""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        started = time.perf_counter()
        page = phone.get(f"/api/v1/sync/pull?limit=500{cursor}")
        times.append(time.perf_counter() - started)
        cursor = f"&cursor={page['cursor']}"
        time.sleep(0.1)
    return times[len(times) // 10 :]  # the first pages are a first sync, not a poll


@contextmanager
def _trickling(port: int, phones: list[Phone]) -> Iterator[None]:
    stop = threading.Event()
    threads = [
        threading.Thread(target=_trickle, args=(port, phone.headers, stop)) for phone in phones
    ]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _trickle(port: int, headers: dict[str, str], stop: threading.Event) -> None:
    """Send pieces of 256 KiB at 20 KB/s until told to stop."""
    step = BYTES_A_SECOND // 10
    while not stop.is_set():
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(_head(headers))
            for _ in range(0, PIECE, step):
                if stop.wait(0.1):
                    return
                link.sendall(b"\xff" * step)


def _head(headers: dict[str, str]) -> bytes:
    name = base64.b64encode(b"slow.jpg").decode()
    lines = [
        "POST /api/v1/photos/uploads HTTP/1.1",
        "Host: 127.0.0.1",
        "Tus-Resumable: 1.0.0",
        f"Upload-Length: {PIECE * 4}",
        f"Upload-Metadata: filename {name}",
        f"Authorization: {headers['Authorization']}",
        "Content-Type: application/offset+octet-stream",
        f"Content-Length: {PIECE}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
