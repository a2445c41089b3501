"""Access codes: what keeps robots out of the forms for strangers, without any third party, a picture or a script.

A person reads four numbers in words and writes them in figures, which every screen reader can speak. The form carries
a signed token that names the code, its purpose and its time; the numbers follow from it and our key, so nothing is
kept before somebody answers. A code works once, within two hours, and a wrong answer ends it.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from directory.models import SpentCode

SALT = "directory.codes"
LASTS = timedelta(hours=2)
LENGTH = 4
NUMBERS = (_("one"), _("two"), _("three"), _("four"), _("five"), _("six"), _("seven"), _("eight"), _("nine"))


class Verdict(StrEnum):
    """What an answer is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    QUICK = "quick"  # no person fills in a form so fast
    VOID = "void"  # forged, expired, answered before, or made for another form


@dataclass(frozen=True, slots=True)
class Code:
    """One code: for which form it was made, under which name, and when (seconds since 1970)."""

    purpose: str
    name: str
    made_at: int

    @property
    def token(self) -> str:
        """What the form carries."""
        return signing.dumps([self.purpose, self.name, self.made_at], salt=SALT)

    @property
    def figures(self) -> str:
        """The right answer."""
        digest = salted_hmac(SALT, self.name, algorithm="sha256").digest()
        return "".join(str(1 + byte % len(NUMBERS)) for byte in digest[:LENGTH])

    @property
    def words(self) -> str:
        """The code as it is shown."""
        return ", ".join(str(NUMBERS[int(figure) - 1]) for figure in self.figures)


def make(purpose: str, now: datetime) -> Code:
    """A new code for a form."""
    return Code(purpose, secrets.token_hex(16), int(now.timestamp()))


def read(token: str) -> Code | None:
    """The code that a form brought back; None for a token that isn't ours."""
    try:
        purpose, name, made_at = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Code(purpose, name, made_at)


def judge(code: Code, purpose: str, answer: str, now: datetime) -> Verdict:
    """What the answer is worth. Once accepted, it is right again: whoever pressed twice meant one thing."""
    if code.purpose != purpose or not _is_young(code, now):
        return Verdict.VOID
    if SpentCode.objects.filter(name=code.name, accepted=False).exists():
        return Verdict.VOID
    if now.timestamp() - code.made_at < settings.FORM_LEAST_SECONDS:
        return Verdict.QUICK
    return Verdict.RIGHT if _figures(answer) == code.figures else Verdict.WRONG


def spend(code: Code, *, accepted: bool) -> bool:
    """Let the code count no more; whether it still did. Inside the transaction of what it was accepted for."""
    until = datetime.fromtimestamp(code.made_at, tz=UTC) + LASTS
    values = {"until": until, "accepted": accepted}
    return SpentCode.objects.get_or_create(name=code.name, defaults=values)[1]


def forget(now: datetime) -> int:
    """Delete codes that have expired anyway; how many there were."""
    return SpentCode.objects.filter(until__lt=now).delete()[0]


def _is_young(code: Code, now: datetime) -> bool:
    return 0 <= now.timestamp() - code.made_at + 1 <= LASTS.total_seconds()


def _figures(answer: str) -> str:
    """The figures of an answer, however they are written: "7 2-9 4", or in the figures of another script."""
    return "".join(str(unicodedata.digit(sign)) for sign in answer if sign.isdecimal())
