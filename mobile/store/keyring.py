"""The data key of each person on this device, and who can open it.

A key is made once per person, by chance. The device's key store keeps it; besides, it lies in the
device's database wrapped by the password (scrypt, AES-256-GCM), so that a key store that forgets
loses nothing. Where a device has no key store the password, or the PIN, is the only way to it.
"""

import base64
import hashlib
import os
import threading
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mobile.store.database import Database
from mobile.store.sealing import KEY_BYTES, Seal
from sync.errors import Unavailable

PASSWORD, PIN = "password", "pin"
_NONCE = 12
# As dear as the check of the password itself (`mobile.store.home`): neither is the easier way in.
_SCRYPT_COST = {"n": 2**14, "r": 8, "p": 1}


class Vault(Protocol):
    """That part of `mobile.device.keys.KeyVault` which keeps data keys."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, secret: str) -> None: ...


class Keyring:
    """Thread-safe. Without `use` no keys are made, and stores are not sealed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._vault: Vault | None = None
        self._sealing = False
        self._open: dict[str, Seal] = {}
        self._keys: dict[str, bytes] = {}
        self._lock = threading.RLock()

    def use(self, vault: Vault | None) -> None:
        """Seal from now on; `vault` is the device's key store, or None when it has none."""
        with self._lock:
            self._vault, self._sealing = vault, True

    def seal(self, person_id: str) -> Seal | None:
        """Return the seal of a person, their key made when new.

        None without `use`. Raises `Unavailable("key_needed")` when only a password or PIN opens it.
        """
        with self._lock:
            if not self._sealing:
                return None
            key = self._find(person_id)
            if key is None:
                if self._vault is None or self._ways(person_id):
                    raise Unavailable("key_needed", detail=person_id)
                key = self._take(person_id, os.urandom(KEY_BYTES))
            seal = self._open.get(person_id)
            if seal is None:
                seal = self._open[person_id] = Seal(key)
            return seal

    def admit(self, person_id: str, secret: str, way: str = PASSWORD) -> None:
        """Open the key by a secret that has been found right, and let that secret open it.

        Raises `Unavailable("key_needed")` when there is a key that this secret does not open (the
        password has been changed elsewhere, and the device has no key store).
        """
        with self._lock:
            if not self._sealing:
                return
            key = self._find(person_id)
            if key is None:
                key = self._unwrapped(person_id, secret, way)
            if key is None:
                if self._ways(person_id):
                    raise Unavailable("key_needed", detail=person_id)
                key = os.urandom(KEY_BYTES)
            self._take(person_id, key)
            # A PIN of four digits is tried out in minutes: it opens only where nothing else can.
            if way == PASSWORD or self._vault is None:
                self._wrap(person_id, key, secret, way)

    def close(self, person_id: str) -> None:
        """Forget an open key; the key store or a secret opens it again."""
        with self._lock:
            self._keys.pop(person_id, None)
            self._open.pop(person_id, None)

    def is_locked(self, person_id: str) -> bool:
        """Say whether a password or PIN is needed to open this person's data."""
        with self._lock:
            return self._sealing and self._find(person_id) is None and bool(self._ways(person_id))

    def _find(self, person_id: str) -> bytes | None:
        key = self._keys.get(person_id)
        if key is None and self._vault is not None:
            kept = self._vault.get(_name(person_id))
            key = base64.b64decode(kept) if kept else None
            if key is not None:
                self._keys[person_id] = key
        return key

    def _take(self, person_id: str, key: bytes) -> bytes:
        self._keys[person_id] = key
        if self._vault is not None and not self._vault.get(_name(person_id)):
            self._vault.put(_name(person_id), base64.b64encode(key).decode())
        return key

    def _ways(self, person_id: str) -> list[str]:
        rows = self._database.reading().execute(
            "SELECT way FROM person_key WHERE person_id = ?", (person_id,)
        )
        return [str(row["way"]) for row in rows.fetchall()]

    def _wrap(self, person_id: str, key: bytes, secret: str, way: str) -> None:
        if self._unwrapped(person_id, secret, way) == key:
            return
        salt, nonce = os.urandom(16), os.urandom(_NONCE)
        wrapped = nonce + AESGCM(_derived(secret, salt)).encrypt(nonce, key, person_id.encode())
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO person_key VALUES (?, ?, ?, ?)",
                (person_id, way, salt, wrapped),
            )

    def _unwrapped(self, person_id: str, secret: str, way: str) -> bytes | None:
        row = (
            self._database.reading()
            .execute(
                "SELECT salt, wrapped FROM person_key WHERE person_id = ? AND way = ?",
                (person_id, way),
            )
            .fetchone()
        )
        if row is None:
            return None
        nonce, sealed = row["wrapped"][:_NONCE], row["wrapped"][_NONCE:]
        try:
            return AESGCM(_derived(secret, row["salt"])).decrypt(nonce, sealed, person_id.encode())
        except InvalidTag:
            return None


def _name(person_id: str) -> str:
    return f"data-key:{person_id}"


def _derived(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=KEY_BYTES, **_SCRYPT_COST)
