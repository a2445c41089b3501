"""The links a property is read by: opened, and told more or less, under the lock of its nights."""

from collections.abc import Collection
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.deeds import Change, What
from calendars import exports, ledger, suspensions
from calendars.forms import NewFeed
from calendars.ledger import Changing
from calendars.models import Block, ExportLink, Feed, Suspension
from calendars.people import Ticks
from connectors import links
from domain.channels import recognise
from domain.switches import Switches
from properties.models import Property

log = structlog.get_logger()

AT_ONCE = 100  # properties that one sweep looks after


class Connected(Exception):
    """The property reads this link already; nothing was written."""


def new_link(change: Changing, channel: str, label: str = "") -> ExportLink:
    """Open a link for one channel; its first body is written under the same lock as every later one."""
    return _opened(change, ExportLink(channel=channel, label=label))


def new_people_link(change: Changing, label: str, ticks: Ticks) -> ExportLink:
    """Open a link for people, which tells of everything with times, and beyond them what is ticked."""
    link = ExportLink(kind=ExportLink.Kind.PEOPLE, label=label)
    return _opened(change, _ticked(link, ticks))


def tick(change: Changing, link: ExportLink, label: str, ticks: Ticks) -> None:
    """Let a link for people tell this from now on, and be called so."""
    link.label = label
    _ticked(link, ticks).save(update_fields=["label", "shows_titles", "shows_guests"])
    change.touched = True


def _ticked(link: ExportLink, ticks: Ticks) -> ExportLink:
    link.shows_titles, link.shows_guests = ticks.titles, ticks.guests
    return link


def _opened(change: Changing, link: ExportLink, bodies: exports.Bodies | None = None) -> ExportLink:
    link.organization_id = change.property.organization_id
    link.property = change.property
    link.created_at = change.now
    bodies = bodies or exports.Bodies(change.property)
    exports.write(link, bodies.of(link), change.now, change.calendar.version)
    link.save()
    return link


def ensure_link(property: Property, channel: str, now: datetime, label: str = "") -> None:
    """A channel needs a link to read us by; it is opened unless there is one. Raises Crowded."""
    there = _opened_for(property).filter(channel=channel)
    if there.exists():
        return
    with ledger.changing(property, now) as change:
        if not there.exists():  # another process may have opened it while we waited
            new_link(change, channel, label)


def _opened_for(property: Property) -> QuerySet[ExportLink]:
    return ExportLink.objects.filter(property=property).of_channels().live()


def connect(property: Property, new: Collection[NewFeed], now: datetime) -> list[int]:
    """Read these links from now on; the ids of the feeds, without those that the property has already.

    A channel that we read needs a link to read us by: it is opened unless there is one. Raises Crowded.
    """
    with ledger.changing(property, now) as change:
        opened = set(_opened_for(property).values_list("channel", flat=True))
        feeds = [_feed(change, link) for link in new]
        Feed.objects.bulk_create(feeds, ignore_conflicts=True)  # pasted twice within a moment
        added = Feed.objects.filter(public_id__in=[feed.public_id for feed in feeds])
        ids = list(added.order_by("pk").values_list("pk", flat=True))
        bodies = exports.Bodies(property)
        for channel in dict.fromkeys(link.channel for link in new):
            if channel not in opened:
                _opened(change, ExportLink(channel=channel), bodies)
    return ids


def _feed(change: Changing, new: NewFeed) -> Feed:
    return Feed(
        organization_id=change.property.organization_id,
        property=change.property,
        channel=new.channel,
        label=new.label,
        url=new.url,
        url_digest=links.digest(new.url),
        host=links.host_of(new.url),
        created_at=change.now,
        next_poll_at=change.now,
    )


def replace(feed: Feed, url: str, now: datetime) -> What:
    """Read the feed from another link from now on; what that changed. Raises Connected."""
    before = _fresh(Feed.objects.values_list("url", flat=True).get(pk=feed.pk), now)
    try:
        with transaction.atomic():
            Feed.objects.filter(pk=feed.pk).update(**_fresh(url, now))
    except IntegrityError as error:
        raise Connected from error
    ensure_link(feed.property, recognise(url), now)
    return What([Change.of(feed, before, {"url_digest": links.digest(url)})])


def _fresh(url: str, now: datetime) -> dict[str, object]:
    """The columns of a feed whose link is new: due now, nothing remembered of the old one but its nights.

    Whoever is reading the old link loses the lease.
    """
    blank = dict.fromkeys(("etag", "last_modified", "digest", "read_for"), "")
    none = dict.fromkeys(
        ("failing_since", "problem", "quarantined_at", "lease_until", "lease_token", "quiet_line")
    )
    place = {
        "url": url,
        "url_digest": links.digest(url),
        "host": links.host_of(url),
        "channel": recognise(url),
    }
    return {**blank, **none, **place, "failures": 0, "attempts": 0, "next_poll_at": now}


def treat(feed: Feed, label: str, switches: Switches, now: datetime) -> bool:
    """Call the feed so, and read it so from now on; whether it must be read again."""
    if label != feed.label:
        with ledger.changing(feed.property, now) as change:  # people's calendars may tell it
            Feed.objects.filter(pk=feed.pk).update(label=label)
            change.touched = True
    if switches == feed.switches:
        return False
    with ledger.changing(feed.property, now) as change:
        ledger.treat(change, feed, switches)
    return True


def suspend(change: Changing, block: Block, link: ExportLink, feed: Feed) -> Suspension:
    """Leave a sale out of one channel's link for a day, or for as long as the channel's feed shows the longer stay.

    Pressed again, it only lasts a day from now. Nothing opens for anybody else. Raises Lapsed when the sale or the
    feed is gone.
    """
    sales = Block.objects.filter(pk=block.pk, origin=Block.Origin.SALE)
    if not (sales.exists() and Feed.objects.filter(pk=feed.pk).exists()):
        raise ledger.Lapsed
    under_way = Suspension.objects.left_out().filter(block=block, link=link, feed=feed).first()
    if under_way:
        under_way.until = change.now + suspensions.LASTS
        under_way.save(update_fields=["until"])
        return under_way
    fresh = {
        "since": change.now,
        "until": change.now + suspensions.LASTS,
        "since_version": change.next_version(),
        "feed": feed,
        **dict.fromkeys(("said_at", "shown_at", "back_at", "back_version")),
    }
    made = {"organization_id": change.property.organization_id, "property": change.property}
    suspension, _is_new = Suspension.objects.update_or_create(
        block=block, link=link, defaults=fresh, create_defaults=fresh | made
    )
    change.touched = True
    return suspension


def take_back(change: Changing, suspension: Suspension) -> None:
    """Tell the channel of the sale again. Raises Lapsed when it is told already, or its feed shows the longer stay."""
    _move(change, suspension, until=change.now, said_at=None)


def say_done(change: Changing, suspension: Suspension) -> None:
    """The host says that the stay is longer in the channel now; what that proves is for `suspensions.claims` to say.

    Raises Lapsed when the nights are in the link again, or its feed shows the longer stay.
    """
    _move(change, suspension, said_at=change.now)


def _move(change: Changing, suspension: Suspension, **columns: datetime | None) -> None:
    if not Suspension.objects.left_out().filter(pk=suspension.pk, shown_at=None).update(**columns):
        raise ledger.Lapsed
    change.touched = True


def end_suspensions(now: datetime) -> int:
    """Let come back what no site has shown in time; how many properties that concerned."""
    due = Suspension.objects.due(now).order_by("property").values_list("property", flat=True).distinct()
    homes = Property.objects.filter(pk__in=due[:AT_ONCE])
    for home in homes:
        try:
            with ledger.changing(home, now) as change:
                change.touched = True
        except ledger.Crowded:
            log.info("suspension ends later", property=home.public_id)
    return len(homes)
