"""A request to join, from the form for everybody to a place of one's own: asked, confirmed by mail, decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from accounts import language, post, teams
from accounts.models import Invitation, Organization, User
from billing import subscriptions
from directory import codes, sentences
from directory.codes import Code
from directory.models import JoinRequest
from domain.roles import Role

SALT = "directory.joining"  # a signature made for anything else confirms nothing
MOST_LETTERS = 3  # to one address, within
A_DAY = timedelta(days=1)


class Forged(Exception):
    """No link that we sent."""


class Expired(Exception):
    """A link of ours that is too old, or whose request is forgotten."""


class Decided(Exception):
    """Somebody has decided about this request already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody filled in."""

    name: str
    email: str
    domain: str


def ask(wish: Wish, code: Code, now: datetime) -> None:
    """Keep the wish, and send a link to confirm it; nothing at all where the code was used already.

    Nobody learns from the page whether an address has asked before. Asked again before it is confirmed, the newer wish
    counts; after that, a letter says that it waits. One address gets a few letters a day, whoever fills in the form.
    """
    with transaction.atomic():
        if not codes.spend(code, accepted=True):
            return
        row, _new = JoinRequest.objects.select_for_update().get_or_create(
            email=wish.email.lower(),
            decided_at=None,
            defaults={"name": wish.name, "domain": wish.domain, "language": _language(), "asked_at": now},
        )
        if now - row.asked_at >= A_DAY:
            row.asked_at, row.letters = now, 0
        if row.letters >= MOST_LETTERS:
            return
        row.letters += 1
        if row.confirmed_at is None:
            row.name, row.domain, row.language = wish.name, wish.domain, _language()
            post.write(row.email, sentences.confirmation(row, link(row)), now)
        else:
            post.write(row.email, sentences.known(row), now)
        row.save(update_fields=["name", "domain", "language", "asked_at", "letters"])


def named_by(signed: str) -> JoinRequest:
    """The request whose confirmation the link carries. Raises Forged and Expired."""
    signer = signing.TimestampSigner(salt=SALT, sep=".")
    try:
        public_id = signer.unsign(signed, max_age=JoinRequest.CONFIRMED_WITHIN)
    except signing.SignatureExpired as error:
        raise Expired from error
    except signing.BadSignature as error:
        raise Forged from error
    row = JoinRequest.objects.filter(public_id=public_id).first()
    if row is None:
        raise Expired
    return row


def confirm(row: JoinRequest, now: datetime) -> bool:
    """Whoever reads the mail wants it: operators are told, once. Whether that was news."""
    with transaction.atomic():
        if not JoinRequest.objects.filter(pk=row.pk, confirmed_at=None).update(confirmed_at=now):
            return False
        for operator in User.objects.filter(is_staff=True, is_active=True).order_by("pk"):
            with language.spoken_to(operator):
                post.write(operator.email, sentences.waiting(row), now)
    return True


def approve(row: JoinRequest, operator: User, name: str, plan: str, now: datetime) -> Organization:
    """Open an organization of that name with that plan, and invite whoever asked to own it. Raises Decided."""
    with transaction.atomic():
        row = _locked(row)
        organization = Organization.objects.create(name=name)
        subscriptions.begin(organization, plan)
        with translation.override(row.language):
            teams.invite(organization, None, row.email, now, role=Role.OWNER, answers=True)
        _decide(row, operator, now, approved=True, organization=organization)
    return organization


def decline(row: JoinRequest, operator: User, word: str, now: datetime) -> None:
    """Say no, with a word. Raises Decided."""
    with transaction.atomic():
        row = _locked(row)
        with translation.override(row.language):
            post.write(row.email, sentences.declined(row, word), now)
        _decide(row, operator, now, approved=False, word=word)


def invite_again(row: JoinRequest, now: datetime) -> bool:
    """Another link to own what an approval opened; whether the old one waited. Raises teams.TooMany."""
    invitation = Invitation.objects.waiting().filter(organization=row.organization, email=row.email).first()
    if invitation is None:
        return False
    with translation.override(row.language):
        return teams.invite_again(invitation, None, now)


def forget(now: datetime) -> int:
    """Delete requests that nobody confirmed, and those that were declined long ago; how many there were."""
    return JoinRequest.objects.forgettable(now).delete()[0]


def _language() -> str:
    return language.of_request()


def link(row: JoinRequest) -> str:
    """The address that confirms the request."""
    signed = signing.TimestampSigner(salt=SALT, sep=".").sign(row.public_id)
    return settings.SITE_URL + reverse("directory:confirm", args=[signed])


def _locked(row: JoinRequest) -> JoinRequest:
    found = JoinRequest.objects.select_for_update(no_key=True).waiting().filter(pk=row.pk).first()
    if found is None:
        raise Decided
    return found


def _decide(row: JoinRequest, operator: User, now: datetime, **columns: object) -> None:
    JoinRequest.objects.filter(pk=row.pk).update(decided_at=now, decided_by=operator, **columns)
