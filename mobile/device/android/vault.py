"""Secrets, sealed by a key that never leaves the phone's key store (AES-256-GCM)."""

import base64
import json
import threading
from pathlib import Path
from typing import Any

from jnius import autoclass

_KeyStore = autoclass("java.security.KeyStore")
_KeyGenerator = autoclass("javax.crypto.KeyGenerator")
_Builder = autoclass("android.security.keystore.KeyGenParameterSpec$Builder")
_Properties = autoclass("android.security.keystore.KeyProperties")
_Cipher = autoclass("javax.crypto.Cipher")
_GcmSpec = autoclass("javax.crypto.spec.GCMParameterSpec")
_STORE, _ALIAS, _CIPHER = "AndroidKeyStore", "xuncheng", "AES/GCM/NoPadding"
_TAG_BITS = 128


class KeystoreVault:
    """A JSON file of sealed secrets; without this phone's key store it is worth nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        with self._lock:
            sealed = self._read().get(name)
            return None if sealed is None else self._open(sealed)

    def put(self, name: str, secret: str) -> None:
        with self._lock:
            self._write({**self._read(), name: self._seal(secret)})

    def remove(self, name: str) -> None:
        with self._lock:
            secrets = self._read()
            if secrets.pop(name, None) is not None:
                self._write(secrets)

    def _read(self) -> dict[str, list[str]]:
        if not self._path.exists():
            return {}
        return dict(json.loads(self._path.read_text(encoding="utf-8")))

    def _write(self, secrets: dict[str, list[str]]) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(secrets), encoding="utf-8")
        part.rename(self._path)

    def _seal(self, secret: str) -> list[str]:
        cipher = _Cipher.getInstance(_CIPHER)
        cipher.init(_Cipher.ENCRYPT_MODE, self._key())
        sealed = cipher.doFinal(secret.encode())
        return [_text(cipher.getIV()), _text(sealed)]

    def _open(self, sealed: list[str]) -> str:
        start, content = (base64.b64decode(part) for part in sealed)
        cipher = _Cipher.getInstance(_CIPHER)
        cipher.init(_Cipher.DECRYPT_MODE, self._key(), _GcmSpec(_TAG_BITS, start))
        return _bytes(cipher.doFinal(content)).decode()

    def _key(self) -> Any:
        """Return the key, made at the first use. It cannot be read out, only used."""
        store = _KeyStore.getInstance(_STORE)
        store.load(None)
        key = store.getKey(_ALIAS, None)
        if key is not None:
            return key
        builder = _Builder(_ALIAS, _Properties.PURPOSE_ENCRYPT | _Properties.PURPOSE_DECRYPT)
        builder.setBlockModes([_Properties.BLOCK_MODE_GCM])
        builder.setEncryptionPaddings([_Properties.ENCRYPTION_PADDING_NONE])
        builder.setKeySize(256)
        generator = _KeyGenerator.getInstance(_Properties.KEY_ALGORITHM_AES, _STORE)
        generator.init(builder.build())
        return generator.generateKey()


def _bytes(java_bytes: object) -> bytes:
    return bytes(value & 0xFF for value in java_bytes)  # type: ignore[attr-defined]


def _text(java_bytes: object) -> str:
    return base64.b64encode(_bytes(java_bytes)).decode()
