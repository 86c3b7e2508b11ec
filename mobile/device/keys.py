"""The port for small secrets: the tokens of each person's session."""

from typing import Protocol


class KeyVault(Protocol):
    def get(self, name: str) -> str | None: ...

    def put(self, name: str, secret: str) -> None: ...

    def remove(self, name: str) -> None: ...
