"""Support's way into an organization: by a code that an owner gives, for a day, to look and touch nothing.

Each page that support opens is a line of the audit log.
"""

import secrets
from datetime import datetime
from hashlib import sha256

from django.http import HttpRequest
from django.utils import timezone

from accounts.fields import ALPHABET
from accounts.models import Membership, Organization, SupportVisit, User

VISIT = "support_visit"  # the session's name for the visit that an operator is on
CODE_LENGTH = 20  # of 30 letters each: about 2 ** 98
GROUP = 5


class NoVisit(Exception):
    """The code opens nothing: mistyped, used by somebody else, ended or too old."""


def give(organization: Organization, owner: User, now: datetime) -> str:
    """A code for support, as it is read out: shown once. The codes given before end."""
    end(organization, now)
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    SupportVisit.objects.create(
        organization=organization,
        digest=_digest(letters),
        given_by=owner.email,
        given_at=now,
        expires_at=now + SupportVisit.LASTS,
    )
    return "-".join(letters[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP))


def end(organization: Organization, now: datetime) -> int:
    """Let support in no more. Gives how many codes or visits that ended."""
    return SupportVisit.objects.of(organization).open(now).update(ended_at=now)


def enter(code: str, operator: User, now: datetime) -> SupportVisit:
    """Begin, or go on with, the visit that the code opens. Raises NoVisit."""
    visits = SupportVisit.objects.open(now).filter(digest=_digest(code)).select_related("organization")
    visits.filter(operator=None).update(operator=operator, opened_at=now)
    visit = visits.filter(operator=operator).first()
    if visit is None or not operator.is_staff:
        raise NoVisit
    return visit


def membership(request: HttpRequest) -> Membership | None:
    """What an operator on a visit may do: see, as a viewer; None for whoever is on none."""
    visit_id, user = request.session.get(VISIT), request.user
    if visit_id is None or not isinstance(user, User) or not user.is_staff:
        return None
    visits = SupportVisit.objects.open(timezone.now()).select_related("organization")
    visit = visits.filter(pk=visit_id, operator=user).first()
    if visit is None:
        return None
    found = Membership(organization=visit.organization, user=user, role=Membership.Role.VIEWER)
    found.is_support = found.has_verified_address = True
    return found


def _digest(code: str) -> str:
    letters = "".join(letter for letter in code.lower() if letter in ALPHABET)
    return sha256(letters.encode()).hexdigest()
