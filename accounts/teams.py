"""Who belongs to an organization: invited, joined, given another role, handed the whole, gone.

Each step locks the organization first, so that an organization always has an owner who can log in.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import post, sentences
from accounts.fields import token as new_token
from accounts.models import Invitation, Membership, Organization, User
from domain.roles import Role

type Homes = frozenset[int] | None  # primary keys; None: every home

MOST_WAITING = 50  # invitations of one organization
MOST_AN_HOUR = 30  # letters to people who have nothing to do with us yet
HOUR = timedelta(hours=1)


class LastOwner(Exception):
    """Nobody else of the organization is its owner."""


class AlreadyIn(Exception):
    """Whoever has this address is a member."""


class AlreadyInvited(Exception):
    """An invitation to this address waits."""


class TooMany(Exception):
    """So many invitations wait, or were sent within the hour."""


class NotOpen(Exception):
    """The invitation lets this person in no more: it is used, withdrawn, expired, ending, or other (for another)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def found(organization: Organization, user: User) -> Membership:
    """A new organization's first member."""
    return Membership.objects.create(organization=organization, user=user, role=Role.OWNER)


# Invitations


def invite(
    organization: Organization,
    by: User | None,
    email: str,
    now: datetime,
    *,
    role: Role,
    homes: Homes = None,
    answers: bool = False,
) -> Invitation:
    """Keep a place for whoever reads the mail to that address, and write to it; `answers`: they had asked to join.

    Raises AlreadyIn, AlreadyInvited and TooMany.
    """
    email = email.lower()
    with _locked(organization.pk):
        rows = Invitation.objects.of(organization)
        if Membership.objects.filter(organization=organization, user__email=email).exists():
            raise AlreadyIn
        if rows.waiting().filter(email=email).exists():
            raise AlreadyInvited
        if rows.waiting().count() >= MOST_WAITING:
            raise TooMany
        _slow_down(organization, now)
        token = new_token()
        row = Invitation.objects.create(
            organization=organization,
            email=email,
            role=role,
            homes=_kept(role, homes),
            digest=digest(token),
            invited_by=by,
            created_at=now,
            expires_at=now + Invitation.LASTS,
            answers=answers,
        )
        _write(row, token, now)
    return row


def invite_again(row: Invitation, by: User | None, now: datetime) -> bool:
    """Another letter with another link, for seven days more; the old link is void. Whether the invitation waited.

    Raises TooMany.
    """
    with _locked(row.organization_id):
        _slow_down(row.organization, now)
        token = new_token()
        waits = Invitation.objects.waiting().filter(pk=row.pk)
        values = {"digest": digest(token), "invited_by": by, "created_at": now, "expires_at": now + row.LASTS}
        if not waits.update(**values):
            return False
        row.refresh_from_db()
        _write(row, token, now)
    return True


def withdraw(row: Invitation, now: datetime) -> bool:
    """Its link lets nobody in any more; whether it waited."""
    with _locked(row.organization_id):
        return bool(Invitation.objects.waiting().filter(pk=row.pk).update(withdrawn_at=now))


def invitation_of(token: str) -> Invitation | None:
    """The invitation that the link opens."""
    rows = Invitation.objects.select_related("organization", "invited_by")
    return rows.filter(digest=digest(token)).first()


def accept(row: Invitation, user: User, now: datetime) -> Membership:
    """The place in the organization, taken. Their address is proven by that: the link went nowhere else.

    Raises NotOpen, and AlreadyIn for a member; then the invitation is used up, too.
    """
    with _locked(row.organization_id) as organization:
        row = Invitation.objects.select_for_update(no_key=True).get(pk=row.pk)
        if (standing := row.standing(now)) != "open":
            raise NotOpen(standing)
        if organization.ends_at:
            raise NotOpen("ending")
        if not is_for(row, user):
            raise NotOpen("other")
        Invitation.objects.filter(pk=row.pk).update(accepted_at=now)
        _prove(user, row.email)
        member, is_new = Membership.objects.get_or_create(
            organization=organization, user=user, defaults={"role": row.role, "homes": row.homes}
        )
    if not is_new:
        raise AlreadyIn
    return member


def join(row: Invitation, password: str, now: datetime) -> Membership:
    """The same for somebody new, whose account this makes.

    Raises NotOpen, and IntegrityError when somebody opened an account with the address this very moment.
    """
    with transaction.atomic():
        user = User.objects.create_user(row.email, password)
        return accept(row, user, now)


def is_for(row: Invitation, user: User) -> bool:
    """Whether the user is whom the invitation was sent to, under one of their proven addresses at least."""
    proven = EmailAddress.objects.filter(user=user, email=row.email, verified=True)
    return user.email == row.email or proven.exists()


def digest(token: str) -> str:
    """What is kept of a link: it can be found by it, and not made from it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _write(row: Invitation, token: str, now: datetime) -> None:
    url = settings.SITE_URL + reverse("invitation", args=[token])
    post.write(row.email, sentences.invitation(row, url), now)


def _slow_down(organization: Organization, now: datetime) -> None:
    """Raises TooMany."""
    if Invitation.objects.of(organization).filter(created_at__gt=now - HOUR).count() >= MOST_AN_HOUR:
        raise TooMany


def _prove(user: User, email: str) -> None:
    """The user reads the mail to this address, unless it is proven to be somebody else's."""
    if EmailAddress.objects.filter(email=email, verified=True).exists():
        return
    row, _new = EmailAddress.objects.get_or_create(
        user=user, email=email, defaults={"primary": user.email == email}
    )
    EmailAddress.objects.filter(pk=row.pk).update(verified=True)


# Members


def change(member: Membership, role: Role, homes: Homes) -> None:
    """Another role, or other homes. Raises LastOwner."""
    with _locked(member.organization_id):
        if role != Role.OWNER:
            _keep_an_owner(member)
        Membership.objects.filter(pk=member.pk).update(role=role, homes=_kept(role, homes))


def remove(member: Membership) -> None:
    """They belong to the organization no more, by their own wish or an owner's. Raises LastOwner."""
    with _locked(member.organization_id):
        _keep_an_owner(member)
        Membership.objects.filter(pk=member.pk).delete()


def hand_over(owner: Membership, heir: Membership) -> bool:
    """Make another member the owner and oneself a manager; whether both still belonged to it."""
    with _locked(owner.organization_id):
        rows = Membership.objects.filter(organization=owner.organization_id, user__is_active=True)
        if owner.pk == heir.pk or rows.filter(pk__in=[owner.pk, heir.pk]).count() < 2:  # noqa: PLR2004 - both
            return False
        rows.filter(pk=heir.pk).update(role=Role.OWNER, homes=None)
        rows.filter(pk=owner.pk).update(role=Role.MANAGER)
    return True


def _keep_an_owner(member: Membership) -> None:
    """Raises LastOwner where none would be left without this member."""
    owners = Membership.objects.filter(organization=member.organization_id, role=Role.OWNER)
    owners = owners.filter(user__is_active=True)
    if owners.filter(pk=member.pk).exists() and not owners.exclude(pk=member.pk).exists():
        raise LastOwner


def _kept(role: Role, homes: Homes) -> list[int] | None:
    """Owners have every home."""
    return None if homes is None or role == Role.OWNER else sorted(homes)


@contextmanager
def _locked(organization_id: int) -> Iterator[Organization]:
    with transaction.atomic():
        yield Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
