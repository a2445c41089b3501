"""What organizations show everybody: found and read by strangers, who may write to them; nothing without consent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, Count, Q, When
from django.db.models.functions import Lower
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext

from accounts import post
from accounts.models import Organization
from calendars.models import ExportLink, Feed
from directory import codes, sentences
from directory.codes import Code
from directory.forms import VendorForm
from directory.models import Rule, ShownHome, Vendor, VendorQuerySet
from domain.channels import OTHER, Channel
from domain.roles import Role
from domain.search import words
from upsells.limits import Limit, tally

SEARCHED = ("name", "words", "town", "region")
LETTERS = Limit("vendor-letters", 20, timedelta(days=1))  # to one vendor, whoever writes them


@dataclass(frozen=True, slots=True)
class Home:
    """A home on a vendor's page, with what is shown of its export; None is not shown."""

    name: str
    sites: Sequence[str] | None
    interval: timedelta | None
    has_content: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a stranger wrote to a vendor."""

    name: str
    email: str
    text: str


# For everybody


def found(text: str) -> VendorQuerySet:
    """The vendors that answer every word, accents or not, by name; all of them where nothing is asked."""
    rows = Vendor.objects.shown()
    for word in words(text):
        rows = rows.filter(
            reduce(or_, (Q(**{f"{column}__unaccent__icontains": word}) for column in SEARCHED))
        )
    return rows.order_by(Lower("name"), "pk")


def counted(vendors: Iterable[Vendor]) -> list[tuple[Vendor, int]]:
    """Each vendor with the number of homes that its page names."""
    listed = list(vendors)
    rows = ShownHome.objects.filter(
        organization__in=[each.organization_id for each in listed], property__archived_at=None
    )
    counts = dict(rows.order_by().values_list("organization").annotate(Count("pk")))
    return [(each, counts.get(each.organization_id, 0)) for each in listed]


def one(slug: str) -> Vendor | None:
    """The vendor with that address, if it wants to be found."""
    return Vendor.objects.shown().filter(slug=slug).select_related("organization").first()


def homes(vendor: Vendor) -> list[Home]:
    """The homes that it names, with the rules that it shows, by name. No link, no key and nothing of other homes."""
    rows = ShownHome.objects.filter(organization=vendor.organization_id, property__archived_at=None)
    shown = list(rows.select_related("property").order_by(Lower("property__name"), "pk"))
    keys = [row.property_id for row in shown]
    sites, mirrored = _sites(keys), _mirrored(keys)
    return [
        Home(
            row.property.name,
            sites.get(row.property_id, []) if Rule.SITES in row.rules else None,
            mirrored.get(row.property_id, settings.POLL_INTERVAL) if Rule.PACE in row.rules else None,
            Rule.CONTENT in row.rules,
        )
        for row in shown
    ]


def _sites(home_ids: Sequence[int]) -> dict[int, list[str]]:
    """What reads a live link of each home: known sites by name, others in a word; never the host's own label."""
    links = (
        ExportLink.objects.filter(property__in=home_ids).live().of_channels().only("property_id", "channel")
    )
    sites: dict[int, set[Channel]] = {}
    for link in links:
        sites.setdefault(link.property_id, set()).add(link.source)
    return {home: _named(channels) for home, channels in sites.items()}


def _named(channels: set[Channel]) -> list[str]:
    known = sorted(channel.name for channel in channels - {OTHER})
    if OTHER not in channels:
        return known
    return [*known, gettext("other booking sites")] if known else [gettext("booking sites")]


def _mirrored(home_ids: Sequence[int]) -> dict[int, timedelta]:
    """How often a unit of another system is asked for when somebody reads its home's link, where a home follows one."""
    feeds = Feed.objects.mirrored().filter(property__in=home_ids).select_related("connection")
    return {feed.property_id: feed.connection.least_interval for feed in feeds if feed.connection}


def write_to(vendor: Vendor, question: Question, code: Code, now: datetime) -> bool:
    """Send the vendor what a stranger wrote, once for a code; whether the vendor takes more letters today."""
    seconds = int(LETTERS.window.total_seconds())
    if tally(f"limit:{LETTERS.kind}:{vendor.pk}:{int(now.timestamp()) // seconds}", seconds) > LETTERS.most:
        return False
    with transaction.atomic():
        if codes.spend(code, accepted=True):
            with translation.override(vendor.language):
                said = sentences.question(vendor, question.name, question.email, question.text)
                post.write(_recipient(vendor), said, now, reply_to=question.email)
    return True


def _recipient(vendor: Vendor) -> str:
    """The address that it chose; an owner's, once that is no proven address of a member any more."""
    proven = addresses(vendor.organization)
    return vendor.email if vendor.email in proven or not proven else proven[0]


# For its owner


def addresses(organization: Organization) -> list[str]:
    """The proven addresses of members, the owners' first: a page for everybody must not write to anybody else."""
    rows = EmailAddress.objects.filter(user__memberships__organization=organization, verified=True)
    is_owner = Q(user__memberships__organization=organization, user__memberships__role=Role.OWNER)
    rows = rows.filter(user__is_active=True).order_by(Case(When(is_owner, then=0), default=1), "email")
    return list(dict.fromkeys(rows.values_list("email", flat=True)))


def own(organization: Organization, email: str) -> Vendor:
    """The organization's row, or a new one with what is known, unsaved; `email` is where its messages would go."""
    found = Vendor.objects.of(organization).first()
    if found:
        return found
    name = organization.name[:80]
    return Vendor(organization=organization, name=name, slug=slugify(name)[:60], email=email)


def keep(form: VendorForm, spoken: str, now: datetime) -> bool:
    """Whether it was saved: an address that another organization has is seen by PostgreSQL alone.

    `spoken` is the language of letters to it.
    """
    form.instance.language, form.instance.changed_at = spoken, now
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error("slug", form.fields["slug"].error_messages["unique"])
        return False
    return True


def withdraw(organization: Organization, now: datetime) -> bool:
    """Nobody finds it any more, from this moment; whether anybody could."""
    rows = Vendor.objects.of(organization).filter(is_shown=True)
    return bool(rows.update(is_shown=False, changed_at=now))


def choose(organization: Organization, rules: Mapping[int, Sequence[str]]) -> None:
    """Show these rules of these homes, by primary key, and leave all others as they are."""
    with transaction.atomic():
        rows = ShownHome.objects.of(organization)
        rows.filter(property__in=[home for home, shown in rules.items() if not shown]).delete()
        ShownHome.objects.bulk_create(
            [
                ShownHome(organization=organization, property_id=home, rules=list(shown))
                for home, shown in rules.items()
                if shown
            ],
            update_conflicts=True,
            unique_fields=["property"],
            update_fields=["rules"],
        )
