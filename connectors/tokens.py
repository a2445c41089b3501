"""Bearer tokens, kept in this process until they run out or are refused."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from connectors import api_words
from connectors.contract import AuthFailed, BadReply
from connectors.transport import Reply

_EARLY = timedelta(seconds=60)
_MOST = 1_000
_BEARER = re.compile(r"Bearer [!-~]{1,8000}")

type Use = Callable[[str], Reply]
"""Makes a request with the value of the Authorization header."""


@dataclass(frozen=True, slots=True)
class Token:
    """The value of an Authorization header, and when it runs out, where that is known. It is in no trace."""

    value: str = field(repr=False)
    until: datetime | None = None


_kept: dict[bytes, Token] = {}
_lock = threading.Lock()


class Tokens:
    """The token of one pair of keys at one address; all connectors of this process share it."""

    def __init__(self, address: str, client: str, secret: str, fetch: Callable[[], Token]) -> None:
        self._key = sha256(f"{address}\0{client}\0{secret}".encode("utf-8", "replace")).digest()
        self._fetch = fetch

    def use(self, request: Use) -> Reply:
        """The answer to a request with a token; where it is refused, with a fresh one, and then no more."""
        token = self._current()
        try:
            return request(token.value)
        except AuthFailed:
            pass
        return request(self._fresh().value)

    def _current(self) -> Token:
        with _lock:
            token = _kept.get(self._key)
        if token is None or (token.until and token.until <= datetime.now(UTC) + _EARLY):
            return self._fresh()
        return token

    def _fresh(self) -> Token:
        with _lock:
            _kept.pop(self._key, None)
        token = self._fetch()
        with _lock:
            while len(_kept) >= _MOST:
                _kept.pop(next(iter(_kept)))
            _kept[self._key] = token
        return token


def bearer(value: str, until: str, operation: str) -> Token:
    """A token as systems give it: "Bearer …" and an ISO 8601 instant; one that can't be read isn't relied on."""
    if not _BEARER.fullmatch(value):
        raise BadReply(api_words.ODD, detail=f"{operation}: token")
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        return Token(value)
    return Token(value, end if end.tzinfo else end.replace(tzinfo=UTC))
