"""The tokens of one person's session on this device: kept safely, renewed by one at a time."""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass

from mobile.device.keys import KeyVault
from sync.remote import ServerSaidNo, SignInNeeded


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str


class TokenKeeper:
    """Hands out the access token. A new pair is on the disk before it is used the first time."""

    def __init__(self, vault: KeyVault, person_id: str) -> None:
        self._vault = vault
        self._name = f"tokens:{person_id}"
        self._renewing = threading.Lock()

    def current(self) -> Tokens:
        """Return the pair. Raises `SignInNeeded` when there is none."""
        text = self._vault.get(self._name)
        if text is None:
            raise SignInNeeded
        return Tokens(**json.loads(text))

    def keep(self, tokens: Tokens) -> None:
        self._vault.put(self._name, json.dumps(asdict(tokens)))

    def forget(self) -> None:
        self._vault.remove(self._name)

    def renewed(self, refused: Tokens, renew: Callable[[str], Tokens]) -> Tokens:
        """Return a pair newer than the one that was refused.

        `renew` exchanges a refresh token. Raises `SignInNeeded` when the server refuses that too.
        """
        with self._renewing:
            now = self.current()
            if now != refused:
                return now
            try:
                fresh = renew(now.refresh)
            except ServerSaidNo as no:
                if no.status == 401:
                    raise SignInNeeded from no
                raise
            self.keep(fresh)
            return fresh
