"""The link between phone and server: a TCP proxy that a test can cut, close and slow down."""

import socket
import threading
import time
from contextlib import suppress

_BLOCK = 16 * 1024


class Link:
    """Passes bytes between whoever connects to `url` and a server on `server_port`."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.bytes_up = 0
        self.bytes_down = 0
        self.cuts = 0
        self.bytes_per_second: int | None = None
        self._up = True
        self._cut_at: int | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, more_bytes: int) -> None:
        """Break every connection, once, when so many more bytes have gone up to the server."""
        with self._lock:
            self._cut_at = self.bytes_up + more_bytes

    def take_down(self) -> None:
        """Let nobody through until `bring_up`."""
        self._up = False
        self._break()

    def bring_up(self) -> None:
        self._up = True

    def close(self) -> None:
        self.take_down()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._up:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            for source, target, upward in ((near, far, True), (far, near, False)):
                threading.Thread(
                    target=self._pass, args=(source, target, upward), daemon=True
                ).start()

    def _pass(self, source: socket.socket, target: socket.socket, upward: bool) -> None:
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                if upward and self._counts_to_cut(len(block)):
                    self._break()
                    return
                if not upward:
                    self.bytes_down += len(block)
                if upward and self.bytes_per_second:
                    time.sleep(len(block) / self.bytes_per_second)
                target.sendall(block)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _counts_to_cut(self, size: int) -> bool:
        with self._lock:
            self.bytes_up += size
            if self._cut_at is None or self.bytes_up < self._cut_at:
                return False
            self._cut_at = None
            self.cuts += 1
            return True

    def _break(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            # A reset, as a lost radio link looks, not a polite goodbye.
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                end.shutdown(socket.SHUT_RDWR)
            end.close()
