"""Idempotency keys: a request that names a key is done once, and answered alike for a day.

The key is claimed in a row of its own before anything is done; whoever comes second finds the row. Only what went
well is kept: after a refusal nothing has happened, so the same key may try again.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from api.models import ApiToken, KeptAnswer, KeptAnswerQuerySet
from api.problems import Problem

KEY = re.compile(r"[!-~]{1,255}")
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
PATIENCE_S = 2
AT_ONCE = 5_000


def digest(token: ApiToken, *parts: bytes) -> str:
    """What tells one request from another: who sends it, how, where to, and with which body."""
    found = hashlib.sha256(token.public_id.encode())
    for part in parts:
        found.update(len(part).to_bytes(8) + part)
    return found.hexdigest()


def begin(token: ApiToken, key: str, digest: str, now: datetime) -> KeptAnswer:
    """The row of the key: with a status where the request was answered before, else claimed for this one.

    Raises Problem where the key can't be one, was used for another request, or is being worked on.
    """
    if not KEY.fullmatch(key):
        words = _("An Idempotency-Key has 1 to 255 signs, ASCII without spaces. A random UUID is a good one.")
        raise Problem("malformed", words, [{"field": HEADER, "message": words}])
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(
                organization=token.organization, key=key, digest=digest, created_at=now
            )
    except IntegrityError:
        return _known(token, key, digest, now)


def _known(token: ApiToken, key: str, digest: str, now: datetime) -> KeptAnswer:
    row = KeptAnswer.objects.of(token.organization).filter(key=key).first()
    if row is None:  # let go between the two looks
        raise _busy()
    if row.created_at <= now - KeptAnswer.KEPT_FOR:
        return _taken_over(row, digest, now)
    if row.digest != digest:
        words = _("Send another key with another request; a key belongs to one body, address and token.")
        raise Problem("key_reused", words, [{"field": HEADER, "message": words}])
    if row.status is None:
        if row.created_at > now - KeptAnswer.WORKED_ON:
            raise _busy()
        return _taken_over(row, digest, now)
    return row


def _taken_over(row: KeptAnswer, digest: str, now: datetime) -> KeptAnswer:
    """The row for this request, whose first one is forgotten or was lost on the way."""
    same = KeptAnswer.objects.filter(pk=row.pk, created_at=row.created_at)
    if not same.update(created_at=now, digest=digest, status=None, headers={}, body=None):
        raise _busy()
    row.created_at, row.digest, row.status = now, digest, None
    return row


def _busy() -> Problem:
    words = _("The first request with this key is still being worked on. Send it again in a moment.")
    return Problem("conflict", words, retry_after=PATIENCE_S)


def keep(row: KeptAnswer, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Answer the key's request like this from now on."""
    _claimed(row).update(status=status, headers=dict(headers), body=body)


def let_go(row: KeptAnswer) -> None:
    """Nothing was done: the key is free again."""
    _claimed(row).delete()


def _claimed(row: KeptAnswer) -> KeptAnswerQuerySet:
    return KeptAnswer.objects.filter(pk=row.pk, created_at=row.created_at, status=None)


def forget(now: datetime) -> int:
    """Drop answers that are older than a day; how many those were."""
    old = KeptAnswer.objects.older_than(now - KeptAnswer.KEPT_FOR).values_list("pk", flat=True)
    return KeptAnswer.objects.filter(pk__in=list(old[:AT_ONCE])).delete()[0]
