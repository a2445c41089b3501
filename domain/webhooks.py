"""Messages to other software by the Standard Webhooks scheme: how they are signed, and when they are tried again.

The scheme: standardwebhooks.com, specification 1.0.0. The signed text is "id.timestamp.body"; the timestamp is that of
the try, in whole seconds since 1970.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta

PREFIX = "whsec_"
GIVE_UP_AFTER = timedelta(days=3)
_PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
)
_LONGEST_PAUSE = timedelta(hours=10)
_JITTER = 0.2


def secret_of(key: bytes) -> str:
    """The key as it is shown to people. Raises ValueError unless it has 24 to 64 bytes."""
    shortest, longest = 24, 64
    if not shortest <= len(key) <= longest:
        message = f"a secret has {shortest} to {longest} bytes, not {len(key)}"
        raise ValueError(message)
    return PREFIX + b64encode(key).decode()


def signature(secrets: Iterable[str], message_id: str, at: datetime, body: bytes) -> str:
    """One signature for each secret, with spaces between them: "v1,…". While a secret is replaced, there are two."""
    text = f"{message_id}.{seconds(at)}.".encode() + body
    keys = [b64decode(secret.removeprefix(PREFIX)) for secret in secrets]
    return " ".join("v1," + b64encode(hmac.digest(key, text, "sha256")).decode() for key in keys)


def seconds(at: datetime) -> int:
    """The instant as the scheme writes it."""
    return int(at.timestamp())


def pause(tries: int, chance: float) -> timedelta:
    """How long to wait after so many failed tries (1 or more).

    `chance`, from 0 to 1, spreads it by a fifth either way.
    """
    plain = _PAUSES[tries - 1] if tries <= len(_PAUSES) else _LONGEST_PAUSE
    return plain * (1 - _JITTER + 2 * _JITTER * chance)
