"""The certificate of a sale: what each calendar said when it was decided, by which rules, and what came of it.

Its text is canonical JSON: sorted keys, no spaces, UTF-8, instants in UTC, amounts in minor units, and no fractions,
whose spelling differs between languages. It names no guest and no secret link. A file holds the text's document, the
name of the key and the signature over the text's bytes; `docs/certificates.md` describes it for readers.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any

from domain.problems import Problem, gettext_noop, problem
from domain.spans import Period, Span, merge

FORMAT = "amplistay-certificate-1"
KEY_BYTES, SIGNATURE_BYTES = 32, 64
LARGEST_FILE = 1_000_000  # bytes
PARTS = {"certificate", "format", "key", "signature"}


@dataclass(frozen=True, slots=True)
class Heard:
    """What one calendar said: when it was last read well, the digest of its content, and what it closed nearby.

    `allowed` are nights that it closed and the host sells all the same.
    """

    feed: str
    channel: str
    read_at: datetime | None
    digest: str
    closed: tuple[Span, ...] = ()
    closed_hours: tuple[Period, ...] = ()
    allowed: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Sale:
    """What was sold, and when it was asked for and decided."""

    purchase: str
    property: str
    kind: str
    day: date
    nights: Span | None
    period: Period
    persons: int
    amount: int
    currency: str
    lines: tuple[tuple[str, int, str, str], ...]
    requested_at: datetime
    decided_at: datetime
    agreed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate's text with the name of the key that signed it, and the signature."""

    text: bytes
    key: str
    signature: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The text as data."""
        found: dict[str, Any] = json.loads(self.text)
        return found


class Malformed(Exception):
    """The bytes are no certificate as we write them; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def text(sale: Sale, heard: Iterable[Heard], rules: Mapping[str, object], ledger_version: int) -> bytes:
    """The canonical text. Raises TypeError for a fraction or whatever else has no one spelling, ValueError for a
    naive instant.
    """
    feeds = sorted(heard, key=lambda each: each.feed)
    unread = [each.feed for each in feeds if not _is_proof(each, sale)]
    document = {
        "format": FORMAT,
        "sale": {
            "purchase": sale.purchase,
            "property": sale.property,
            "kind": sale.kind,
            "day": sale.day,
            "nights": sale.nights,
            "period": sale.period,
            "persons": sale.persons,
            "price": {"amount": sale.amount, "currency": sale.currency, "lines": sale.lines},
            "requested_at": sale.requested_at,
            "agreed_at": sale.agreed_at,
            "decided_at": sale.decided_at,
        },
        "feeds": [_feed(each, sale) for each in feeds],
        "rules": rules,
        "ledger_version": ledger_version,
        "verdict": {
            "outcome": "safe to sell",
            "by": "host" if unread and sale.agreed_at else "feeds",
            "read_after_request": len(feeds) - len(unread),
            "not_read_after_request": unread,
        },
    }
    return canonical(document)


def _feed(heard: Heard, sale: Sale) -> dict[str, object]:
    return {
        "feed": heard.feed,
        "channel": heard.channel,
        "last_good_read_at": heard.read_at,
        "read_after_request": _is_proof(heard, sale),
        "digest": heard.digest,
        "closed": merge(heard.closed),
        "closed_hours": sorted(set(heard.closed_hours)),
        "allowed_by_host": merge(heard.allowed),
    }


def _is_proof(heard: Heard, sale: Sale) -> bool:
    return heard.read_at is not None and heard.read_at >= sale.requested_at


def canonical(value: object) -> bytes:
    """The value in its one spelling. Raises TypeError for what has none, ValueError for a naive instant."""
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case Span() | Period():
            return [_leaf(value.start), _leaf(value.end)]
    return _leaf(value)


def _leaf(value: object) -> object:
    match value:
        case Enum():
            return _leaf(value.value)
        case None | bool() | int() | str():
            return value
        case datetime():
            if value.tzinfo is None:
                message = "an instant without a zone can't be certified"
                raise ValueError(message)
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        case date() | time():
            return value.isoformat()
    message = f"{type(value).__name__} has no one spelling"
    raise TypeError(message)


def key_bytes(text: str) -> bytes:
    """An Ed25519 key, either half, as it is written into settings: base64 of 32 bytes. Raises ValueError."""
    found = b64decode(text, validate=True)
    if len(found) != KEY_BYTES:
        message = f"a key has {KEY_BYTES} bytes, not {len(found)}"
        raise ValueError(message)
    return found


# The file


def file_of(signed: Signed) -> bytes:
    """What a host keeps: the document, readable, with the key's name and the signature."""
    whole = {
        "format": FORMAT,
        "certificate": signed.document,
        "key": signed.key,
        "signature": b64encode(signed.signature).decode(),
    }
    return json.dumps(whole, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"


def read_file(content: bytes) -> Signed:
    """The certificate in a file. Raises Malformed when any byte isn't as we write it."""
    if len(content) > LARGEST_FILE:
        raise Malformed(problem(gettext_noop("This file is too large to be a certificate.")))
    try:
        whole = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Malformed(problem(gettext_noop("This file isn't a certificate: it is no JSON."))) from error
    if not isinstance(whole, dict) or set(whole) != PARTS or whole["format"] != FORMAT:
        raise Malformed(problem(gettext_noop("This file isn't a certificate of Amplistay.")))
    try:
        signature = b64decode(whole["signature"], validate=True)
        found = Signed(canonical(whole["certificate"]), str(whole["key"]), signature)
        is_as_written = len(signature) == SIGNATURE_BYTES and file_of(found) == content
    except (ValueError, TypeError, RecursionError):
        is_as_written = False
    if not is_as_written:
        words = gettext_noop(
            "This certificate was changed after it was signed: it isn't laid out as we write it."
        )
        raise Malformed(problem(words))
    return found
