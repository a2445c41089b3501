"""The certificate of a sale: what each feed said, when, by which rules it was decided; signed with Ed25519 (RFC 8032).

The first of CERTIFICATE_KEYS signs, each is 32 random bytes in base64. A key's name is the beginning of the SHA-256 of
its public half, so a file says which key to take. A key that was replaced verifies on by its public half alone
(CERTIFICATE_RETIRED).
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import Q

from calendars.models import Block, Calendar, Feed, date_range
from domain.certificate import (
    KEY_BYTES,
    Heard,
    Malformed,
    Sale,
    Signed,
    file_of,
    key_bytes,
    read_file,
    text,
)
from domain.problems import Problem, gettext_noop, problem
from domain.spans import Period, Span
from upsells.models import Certificate, Offer, Purchase

AROUND = timedelta(days=31)  # what a feed closed so near to the sale is told
NAME_LENGTH = 16  # hex digits
NOT_RULES = frozenset({"id", "organization_id", "property_id"})


class Doubtful(Exception):
    """The certificate isn't what we signed; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and its name; `private` where we may sign with it."""

    public: bytes
    private: Ed25519PrivateKey | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """How files call it."""
        return hashlib.sha256(self.public).hexdigest()[:NAME_LENGTH]


# Writing


def certify(purchase: Purchase, now: datetime) -> None:
    """Write the certificate of a sale, within the transaction that decides it; a second one is never written."""
    if Certificate.objects.filter(purchase=purchase).exists():
        return
    body = text(_sale(purchase, now), _heard(purchase), _rules(purchase), _version(purchase))
    signed = sign(body)
    Certificate.objects.create(
        organization_id=purchase.organization_id,
        purchase=purchase,
        body=body.decode(),
        signature=b64encode(signed.signature).decode(),
        key_id=signed.key,
        created_at=now,
    )


def _sale(purchase: Purchase, now: datetime) -> Sale:
    return Sale(
        purchase=purchase.public_id,
        property=purchase.property.public_id,
        kind=purchase.kind,
        day=purchase.day,
        nights=purchase.span,
        period=purchase.takes,
        persons=purchase.persons,
        amount=purchase.amount,
        currency=purchase.currency,
        lines=tuple(tuple(line) for line in purchase.lines),
        requested_at=purchase.requested_at or purchase.created_at,
        agreed_at=purchase.agreed_at,
        decided_at=now,
    )


def _heard(purchase: Purchase) -> list[Heard]:
    """What each feed of the property says, as far as it is near the sale."""
    first, last = purchase.takes.start - AROUND, purchase.takes.end + AROUND
    near = Q(nights__overlap=date_range(Span(first.date(), last.date()))) | Q(period__overlap=(first, last))
    rows = Block.objects.filter(near, property=purchase.property_id, origin=Block.Origin.FEED)
    said: dict[int | None, list[Block]] = {}
    for row in rows.only("feed_id", "nights", "period", "yields"):
        said.setdefault(row.feed_id, []).append(row)
    feeds = Feed.objects.filter(property=purchase.property_id).defer("url")
    return [_said(feed, said.get(feed.pk, [])) for feed in feeds]


def _said(feed: Feed, rows: list[Block]) -> Heard:
    hours = (row.period for row in rows if row.span is None and row.period)
    return Heard(
        feed=feed.public_id,
        channel=feed.channel,
        read_at=feed.last_good_at,
        digest=feed.digest,
        closed=tuple(row.span for row in rows if row.span and not row.yields),
        closed_hours=tuple(Period(each.lower, each.upper) for each in hours),
        allowed=tuple(row.span for row in rows if row.span and row.yields),
    )


def _rules(purchase: Purchase) -> dict[str, object]:
    """The house and the offer as they were."""
    home = purchase.property
    offer = Offer.objects.filter(property=home, kind=purchase.kind).first()
    columns = [column.attname for column in Offer._meta.concrete_fields if column.attname not in NOT_RULES]
    return {
        "time_zone": home.time_zone,
        "check_in": home.check_in,
        "check_out": home.check_out,
        "turnaround_minutes": home.turnaround,
        "offer": {name: getattr(offer, name) for name in columns} if offer else None,
    }


def _version(purchase: Purchase) -> int:
    """Of the calendar that it was decided on."""
    rows = Calendar.objects.filter(property=purchase.property_id)
    return rows.values_list("version", flat=True).first() or 0


# Keys, signing, verifying


def signing_key() -> Key:
    """The key that signs now. Raises ValueError when it isn't 32 bytes in base64."""
    return _key(settings.CERTIFICATE_KEYS[0]) if settings.CERTIFICATE_KEYS else _derived()


def known_keys() -> dict[str, Key]:
    """Every key whose signature we stand by, by name. Raises ValueError for a setting that is no key."""
    own = [_key(seed) for seed in settings.CERTIFICATE_KEYS] or [_derived()]
    retired = [Key(key_bytes(public)) for public in settings.CERTIFICATE_RETIRED]
    return {key.name: key for key in (*own, *retired)}


def _key(seed: str) -> Key:
    return _from_seed(key_bytes(seed))


def _derived() -> Key:
    """The key of a development machine, which differs wherever SECRET_KEY does."""
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"amplistay certificates")
    return _from_seed(kdf.derive(settings.SECRET_KEY.encode()))


def _from_seed(seed: bytes) -> Key:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return Key(private.public_key().public_bytes_raw(), private)


def sign(body: bytes) -> Signed:
    """The text with our signature."""
    key = signing_key()
    if key.private is None:
        message = "a public key can't sign"
        raise ValueError(message)
    return Signed(body, key.name, key.private.sign(body))


def download(certificate: Certificate) -> bytes:
    """The file that a host keeps."""
    return file_of(Signed(certificate.body.encode(), certificate.key_id, b64decode(certificate.signature)))


def verify(content: bytes, keys: Mapping[str, Key]) -> Signed:
    """The certificate in a file, once its signature is proven. Raises Doubtful with a sentence."""
    try:
        signed = read_file(content)
    except Malformed as error:
        raise Doubtful(error.problem) from error
    key = keys.get(signed.key)
    if key is None:
        words = gettext_noop("This certificate is signed with a key that we don't know: %(key)s.")
        raise Doubtful(problem(words, key=signed.key))
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signed.signature, signed.text)
    except InvalidSignature as error:
        words = gettext_noop("This certificate is forged or was changed: the signature doesn't fit its text.")
        raise Doubtful(problem(words)) from error
    return signed


def public_key(text: str) -> Key:
    """The public key that somebody wrote down in base64. Raises ValueError."""
    return Key(key_bytes(text))
