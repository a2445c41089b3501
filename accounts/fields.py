"""Columns that are encrypted at rest, and the random names rows are addressed by."""

import secrets
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
NAME_LENGTH = 14  # 30 ** 14 is about 2 ** 68: not guessable at any rate a server allows
TOKEN_LENGTH = 27  # about 2 ** 132, for addresses that are themselves the key


def public_id() -> str:
    """A short random name for a row, safe in addresses."""
    return "".join(secrets.choice(ALPHABET) for _ in range(NAME_LENGTH))


def token() -> str:
    """An unguessable name for an address that opens something without a log-in."""
    return "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_LENGTH))


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class SecretField(models.TextField):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """Text encrypted with the first of FIELD_KEYS, readable with any of them.

    The database holds only the ciphertext, so it can't be searched.
    """

    def get_prep_value(self, value: object) -> str | None:
        """Encrypt on the way in."""
        if value is None:
            return None
        return _box(tuple(settings.FIELD_KEYS)).encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt on the way out. Raises cryptography's InvalidToken when no key fits."""
        if value is None:
            return None
        return _box(tuple(settings.FIELD_KEYS)).decrypt(value.encode()).decode()


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """Bytes, compressed and then encrypted with the first of FIELD_KEYS, readable with any of them."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Compress and encrypt on the way in."""
        if value is not None:
            value = urlsafe_b64decode(
                _box(tuple(settings.FIELD_KEYS)).encrypt(zlib.compress(bytes(value), 6))
            )
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: bytes | None, *_: object) -> bytes | None:
        """Decrypt and expand on the way out. Raises cryptography's InvalidToken when no key fits."""
        if value is None:
            return None
        return zlib.decompress(_box(tuple(settings.FIELD_KEYS)).decrypt(urlsafe_b64encode(bytes(value))))
