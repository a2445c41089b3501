"""The story of stay links: each stay that a feed names gets one, which follows it; a host makes more by hand.

`register` works off the calendars that have changed since their stays were looked at last, so it finds its work in
the database alone and may run twice.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from accounts.deeds import Change, What, put_back
from accounts.models import Deed
from calendars.models import Block, Calendar, Feed, date_range
from domain.events import Kind
from domain.spans import NIGHT, Span
from domain.stays import Changes, Named, changes
from properties.models import Property
from upsells.models import StayLink, StayRegister

BATCH = 100  # properties in one transaction


class Exists(Exception):
    """There is a live link for these nights."""


def register(now: datetime, most: int = BATCH) -> int:
    """Bring the stay links of so many changed calendars up to date; how many calendars those were."""
    behind = _behind(most)
    if not behind:
        return 0
    with transaction.atomic():
        rows = _locked(behind)
        homes = {row.property_id: row.property for row in rows}
        links = _links(homes, now)
        named = _named(homes, now)
        done = []
        for row in rows:
            today = row.property.house.today(now)
            found = changes(named[row.pk], [link.as_link(_booked(link)) for link in links[row.pk]], today)
            if _apply(row.property, found, now):
                row.version = row.current  # type: ignore[attr-defined]  # annotated by `_locked`
                done.append(row)
        StayRegister.objects.bulk_update(done, ["version"])
    return len(done)


def add(home: Property, nights: Span, channel: str, guest: str, now: datetime) -> StayLink:
    """A link for a stay, by the host's own hand. Raises Exists when the stay has one."""
    try:
        with transaction.atomic():
            return StayLink.objects.create(
                organization_id=home.organization_id,
                property=home,
                channel=channel,
                nights=date_range(nights),
                guest=guest,
                by_hand=True,
                created_at=now,
            )
    except IntegrityError as error:
        raise Exists from error


def stop(link: StayLink, now: datetime) -> What | None:
    """The link opens no more; what was bought through it stays. The stay gets no other by itself.

    None where it had been stopped before.
    """
    if not StayLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=now):
        return None
    return What([Change.of(link, {"revoked_at": None}, {"revoked_at": now})])


def renew(link: StayLink, now: datetime) -> StayLink:
    """Another address for the same stay; the old one stops at once. Raises Exists when it has got another meanwhile."""
    try:
        with transaction.atomic():
            stop(link, now)
            return StayLink.objects.create(
                organization_id=link.organization_id,
                property_id=link.property_id,
                channel=link.channel,
                nights=link.nights,
                guest=link.guest,
                by_hand=link.by_hand,
                gone_at=link.gone_at,
                created_at=now,
            )
    except IntegrityError as error:
        raise Exists from error


def renewed(old: StayLink, new: StayLink, now: datetime) -> What:
    """What it takes to let the old address open again, as far as it did, and the new one no more."""
    changes = [Change.of(new, {"revoked_at": now}, {"revoked_at": None})]
    if old.revoked_at is None:
        changes.append(Change.of(old, {"revoked_at": None}, {"revoked_at": now}))
    return What(changes)


def bring_back(deed: Deed, now: datetime) -> None:  # noqa: ARG001 - what every way back is given
    """A stopped or replaced link opens again; what the calendars said of its stay meanwhile is looked at anew."""
    with transaction.atomic():
        put_back(deed)
        homes = StayLink.objects.filter(pk__in=What.unpacked(deed.what).changes[0].rows).values("property")
        StayRegister.objects.filter(property__in=homes).update(version=None)


def _behind(most: int) -> list[int]:
    """The properties in use whose calendar has changed since, each with a register."""
    rows = Calendar.objects.filter(property__archived_at=None).annotate(
        looked=F("property__stayregister__version"), has_register=F("property__stayregister")
    )
    rows = rows.filter(Q(looked=None) | ~Q(looked=F("version")))
    found = list(rows.values_list("property_id", "organization_id", "has_register")[:most])
    StayRegister.objects.bulk_create(
        (StayRegister(organization_id=owner, property_id=home) for home, owner, has in found if has is None),
        ignore_conflicts=True,
    )
    return [home for home, _, _ in found]


def _locked(homes: list[int]) -> list[StayRegister]:
    """The registers of these properties, but for those that another worker has, with their calendar's version."""
    rows = StayRegister.objects.filter(property__in=homes).select_related("property")
    rows = rows.annotate(current=F("property__calendar__version"))
    return list(rows.select_for_update(skip_locked=True, of=("self",)))


def _links(homes: Mapping[int, Property], now: datetime) -> defaultdict[int, list[StayLink]]:
    """The properties' stay links, stopped ones as well, of stays that may not be over."""
    found: defaultdict[int, list[StayLink]] = defaultdict(list)
    rows = StayLink.objects.of_stays().filter(property__in=homes).from_day(_yesterday(now))
    for link in rows:
        found[link.property_id].append(link)
    return found


def _named(homes: Mapping[int, Property], now: datetime) -> defaultdict[int, list[Named]]:
    """What the properties' feeds call reservations, but for what they only read back from our own export."""
    found: defaultdict[int, list[Named]] = defaultdict(list)
    rows = Block.objects.filter(
        property__in=homes,
        origin=Block.Origin.FEED,
        kind=Kind.RESERVATION,
        nights__endswith__gte=_yesterday(now),
    )
    feeds = Feed.objects.filter(property__in=homes).only("channel", "echoes").in_bulk()
    for row in rows.only("property_id", "feed_id", "nights", "missing_since").order_by("since", "pk"):
        feed, span = feeds.get(row.feed_id), row.span
        if feed and span and len(left := span.minus(feed.echo_spans)) == 1:
            channel = "" if feed.gathers else feed.channel
            found[row.property_id].append(Named(left[0], channel, row.missing_since is not None))
    return found


def _apply(home: Property, found: Changes, now: datetime) -> bool:
    """Write it down; False when somebody has made a link meanwhile, so that it must be looked at again."""
    if not (found.new or found.moved or found.gone or found.back):
        return True
    mine = StayLink.objects.filter(property=home, revoked_at=None)
    try:
        with transaction.atomic():
            mine.filter(pk__in=found.gone).update(gone_at=now)
            mine.filter(pk__in=found.moved).update(gone_at=now)  # aside: one may take another's nights
            for pk, (nights, channel) in found.moved.items():
                mine.filter(pk=pk).update(nights=date_range(nights), channel=channel, gone_at=None)
            mine.filter(pk__in=found.back).update(gone_at=None)
            StayLink.objects.bulk_create(
                StayLink(
                    organization_id=home.organization_id,
                    property=home,
                    channel=stay.channel,
                    nights=date_range(stay.nights),
                    created_at=now,
                )
                for stay in found.new
            )
    except IntegrityError:
        return False
    return True


def _booked(link: StayLink) -> Span:
    return Span(link.nights.lower, link.nights.upper)


def _yesterday(now: datetime) -> date:
    """A day that is today somewhere, or over everywhere."""
    return now.date() - NIGHT
