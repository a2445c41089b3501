"""What a fetch is given and what it brings back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RETRY_AFTER = 86_400
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost, over all its hops; wire_bytes counts per hop."""

    connect_s: float = 10
    total_s: float = 30
    wire_bytes: int = 2_000_000
    body_bytes: int = 5_000_000
    header_bytes: int = 65_536
    redirects: int = 3


STANDARD = Limits()


@dataclass(frozen=True, slots=True)
class Target:
    """A link to fetch, and the validators of the copy we already have. The link is in no trace.

    With a `body` it is posted to, with these headers beside our own, and no redirect is followed.
    """

    url: str = field(repr=False)
    etag: str = ""
    last_modified: str = ""
    body: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the last hop said; retry_after in seconds from now. The body, which may speak of guests, is in no trace."""

    status: int
    body: bytes = field(repr=False)
    content_type: str
    etag: str
    last_modified: str
    retry_after: int | None
    seconds: float

    @property
    def not_modified(self) -> bool:
        """Whether the copy we have is still the current one."""
        return self.status == _NOT_MODIFIED


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer; says nothing about the link or what the other side sent.

    Codes: address, dns, connect, tls, timeout, too_big, headers, redirects, scheme, protocol.
    """

    code: str
    seconds: float


def retry_after(head: dict[bytes, bytes]) -> int | None:
    """Seconds to wait, from a number or a date (RFC 9110 §10.2.3); None when absent or unreadable."""
    value = head.get(b"retry-after", b"").decode("latin-1")
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), LONGEST_RETRY_AFTER)
    then = _http_date(value)
    if then is None:
        return None
    now = _http_date(head.get(b"date", b"").decode("latin-1")) or datetime.now(UTC)
    return min(max(0, int((then - now).total_seconds())), LONGEST_RETRY_AFTER)


def _http_date(value: str) -> datetime | None:
    """Return the instant an HTTP date names, None when it names none."""
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
