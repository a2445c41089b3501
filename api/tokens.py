"""The story of tokens: made and shown once, looked up by their digest, noted when used, revoked."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.fields import token as random_token
from accounts.models import Organization
from api.models import ApiToken
from properties.models import Property

PREFIX = "amp_"
SHOWN = 12  # first signs, PREFIX included, by which people tell a token apart
LONGEST = 100  # signs of anything that could be one
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new token shall be: `homes` is None where all are open to it."""

    name: str
    scopes: Collection[str]
    homes: Collection[Property] | None = None
    expires_at: datetime | None = None


def make(organization: Organization, wanted: Wanted, made_by: str, now: datetime) -> tuple[ApiToken, str]:
    """A new token and the text of it, which is nowhere else."""
    text = PREFIX + random_token()
    row = ApiToken.objects.create(
        organization=organization,
        name=wanted.name,
        digest=digest(text),
        start=text[:SHOWN],
        scopes=sorted(wanted.scopes),
        homes=None if wanted.homes is None else sorted(home.pk for home in wanted.homes),
        made_by=made_by,
        created_at=now,
        expires_at=wanted.expires_at,
    )
    return row, text


def digest(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def find(text: str) -> ApiToken | None:
    """The row of this token, whatever its state; None where it is nobody's. Asked before anybody is acting."""
    if not text.startswith(PREFIX) or len(text) > LONGEST or not text.isascii():
        return None
    return ApiToken.objects.select_related("organization").filter(digest=digest(text)).first()


def note_use(token: ApiToken, now: datetime) -> None:
    """Write down that it is used, at most once a minute."""
    if token.last_used_at and now - token.last_used_at < MINUTE:
        return
    before = Q(last_used_at=None) | Q(last_used_at__lte=now - MINUTE)
    ApiToken.objects.filter(before, pk=token.pk).update(last_used_at=now)


def revoke(token: ApiToken, now: datetime) -> bool:
    """Let it open nothing any more; False where it was revoked before."""
    return bool(ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now))
