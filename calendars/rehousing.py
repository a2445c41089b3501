"""A property's times change: everything that was reckoned with the old ones is true by the new ones in one commit.

What a site closes is reckoned anew from what we know of it, never as freer than before, and read again at once. What
guests were sold stays as they were told: the same hours on the clock of the home.
"""

from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from django.db import IntegrityError
from psycopg.types.range import TimestamptzRange

from calendars import exports, ledger, polling
from calendars.ledger import Changing
from calendars.models import Block, Feed
from domain import follow, sync
from domain.house import House
from domain.rehousing import on_the_wall, reckoned_anew
from domain.spans import Period

UNREAD = {
    **dict.fromkeys(("etag", "last_modified", "digest", "read_for"), ""),
    **dict.fromkeys(("last_good_at", "lease_until", "lease_token")),
}  # of a feed whose content must be read again before anything is sold on it; whoever is reading it loses the lease


class Entangled(Exception):
    """Two sales would be in the home at once by these times; nothing was written."""


def rehouse(change: Changing, house: House) -> None:
    """Give the property these times, and let all that hangs on them follow. Raises Entangled."""
    home, before = change.property, change.property.house
    if house == before:
        return
    home.house = house
    home.save(update_fields=["time_zone", "check_in", "check_out", "turnaround"])
    change.touched = True
    _keep_sold(change, before)
    if (house.zone, house.check_in, house.check_out) != (before.zone, before.check_in, before.check_out):
        _reckon_feeds_anew(change, before)


def moved(period: Period, before: House, after: House) -> TimestamptzRange:
    """The same hours on the clock of the home."""
    found = on_the_wall(period, before, after)
    return TimestamptzRange(found.start, found.end, "[)")


def _keep_sold(change: Changing, before: House) -> None:
    """Holds and sales keep their hours on the home's clock, and are new to channels where they take other nights.

    They are written anew together, since each may take the instants that another one gives up.
    """
    house, new = change.property.house, []
    for block in Block.objects.ours().filter(property=change.property):
        was, taken = block.period, exports.taken(block, before)
        if house.zone != before.zone:
            block.period = moved(Period(was.lower, was.upper), before, house)
        is_told_anew = exports.taken(block, house) != taken
        if is_told_anew:
            block.changed_at, block.version = change.now, change.next_version()
        if is_told_anew or block.period != was:
            new.append(block)
    Block.objects.filter(pk__in=[block.pk for block in new]).delete()
    try:
        Block.objects.bulk_create(new)
    except IntegrityError as error:
        raise Entangled from error


def _reckon_feeds_anew(change: Changing, before: House) -> None:
    """What each feed last said, by the new times; each is due, and takes nothing for unchanged."""
    home = change.property
    feeds = Feed.objects.filter(property=home).defer("url").in_bulk()
    rows = Block.objects.filter(property=home, origin=Block.Origin.FEED).order_by("feed_id", "pk")
    for feed, found in groupby(rows, key=attrgetter("feed_id")):
        blocks = list(found)
        if any(block.period for block in blocks):
            _reckon_anew(change, feeds[feed], blocks, before)
    # People are told the hours of those without any by the home's times.
    Block.objects.filter(property=home, origin=Block.Origin.FEED, period=None).update(changed_at=change.now)
    Feed.objects.filter(property=home).update(**UNREAD, next_poll_at=change.now)


def _reckon_anew(change: Changing, feed: Feed, blocks: list[Block], before: House) -> None:
    """One feed's blocks: what closes more closes now, what would open waits for reads as any removal does."""
    now, house = change.now, change.property.house
    today = house.today(now)
    known = [block.claim for block in blocks]
    reading = reckoned_anew(known, before, house, follow.window(today))
    yielding = feed.switches.yielding
    plan = sync.plan(known, reading, now=now, today=today, rules=polling.rules(), yielding=yielding)
    ledger.apply(
        change, feed, blocks, replace(plan, closed=frozenset(), opened=frozenset())
    )  # no site said so
    ahead = sum(night >= today for night in reading.nights)
    Feed.objects.filter(pk=feed.pk).update(
        closed_nights=ahead + len(plan.held), held_nights=len(plan.held), confirm_at=plan.confirm_at
    )
