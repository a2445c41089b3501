"""What a host opens or removes by hand, and how each comes back: as it was, under the lock of the nights.

The blocks that leave the ledger go along with the deed, so that the ledger only ever holds what is claimed now.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.deeds import CHANGED, Change, TooLate, What, put_back
from accounts.models import Deed
from calendars import ledger, polling
from calendars.models import Alert, Block, ExportLink, Feed, date_range
from domain.spans import Period
from properties.models import Property


def remove_feed(feed: Feed, now: datetime) -> What:
    """Remove a calendar; nobody is told that its troubles are over.

    One that could never be read was the wrong address: the link that was opened for its site goes with it.
    """
    home = feed.property
    with ledger.changing(home, now) as change:
        blocks = ledger.remove_feed(change, feed)
        alerts = Alert.objects.open().filter(property=home, feed=feed)
        troubles = list(alerts.values_list("pk", flat=True))
        alerts.update(resolved_at=now, cleared_at=now)
        idle = list(_opened_for_nothing(feed))
        ExportLink.objects.filter(pk__in=[link.pk for link in idle]).update(revoked_at=now)
    quiet = {"resolved_at": now, "cleared_at": now}
    over = Change("calendars.alert", troubles, dict.fromkeys(quiet), quiet)
    removed = Change.of(feed, {"removed_at": None}, {"removed_at": now})
    revoked = [Change.of(link, {"revoked_at": None}, {"revoked_at": now}) for link in idle]
    return What([removed, *revoked, *([over] if troubles else [])], blocks, {"home": home.pk})


def _opened_for_nothing(feed: Feed) -> Iterable[ExportLink]:
    """The link that was opened together with a calendar that was never read, while no other needs it nor reads it."""
    others = Feed.objects.filter(property=feed.property, channel=feed.channel).exclude(pk=feed.pk)
    if feed.last_good_at or others.exists():
        return ()
    links = ExportLink.objects.filter(
        property=feed.property, channel=feed.channel, created_at=feed.created_at
    )
    return links.live().of_channels().filter(readerships=None)


def bring_feed_back(deed: Deed, now: datetime) -> None:
    """A removed calendar closes again what it closed, and is read at once.

    Nights that were sold meanwhile keep nothing of it out: who has booked there must be seen, as a double booking.
    """
    what = What.unpacked(deed.what)
    with ledger.changing(_home(what), now) as change:
        put_back(deed)
        Feed.objects.filter(pk__in=what.changes[0].rows).update(next_poll_at=now)
        change.touched = True


def closed(block: Block) -> What:
    """What it takes to open again nights that the host has just closed."""
    return What(facts={"home": block.property_id, "block": block.pk})


def open_closed(deed: Deed, now: datetime) -> None:
    """Open again nights that the host had closed, if they didn't meanwhile."""
    what = What.unpacked(deed.what)
    with ledger.changing(_home(what), now) as change:
        ledger.reopen(change, Block(pk=what.facts["block"]))


def reopen(block: Block, now: datetime) -> What:
    """Open nights that the host has closed; what else closes them stays."""
    with ledger.changing(block.property, now) as change:
        gone = list(Block.objects.filter(pk=block.pk, origin=Block.Origin.HOST))
        ledger.reopen(change, block)
        return _nights(block.property, gone)


def free_held(feed: Feed, now: datetime) -> tuple[int, What]:
    """Open the nights of a calendar that wait to be confirmed: the host knows better; how many those were."""
    with ledger.changing(feed.property, now) as change:
        missing = list(Block.objects.filter(feed=feed).exclude(missing_since=None))
        count = polling.free_held(change, feed)
        return count, _nights(feed.property, missing, feed=feed.pk, nights=count)


def _nights(home: Property, gone: list[Block], **facts: int) -> What:
    return What(rows=gone, facts={"home": home.pk, "beside": sorted(_ours(home, gone)), **facts})


def bring_nights_back(deed: Deed, now: datetime) -> None:
    """Close again nights that the host had opened. Raises TooLate where any was sold or is being paid for since."""
    what = What.unpacked(deed.what)
    blocks = [block for block in what.rows if isinstance(block, Block)]
    home = _home(what)
    with ledger.changing(home, now) as change:
        if _ours(home, blocks) - set(what.facts["beside"]):
            words = _(
                "Some of these nights were sold meanwhile, or a guest is paying for them now, so they stay open to "
                "that guest. Nothing was undone."
            )
            raise TooLate(words)
        is_first = not Block.objects.filter(pk__in=[block.pk for block in blocks]).exists()
        if is_first and (feed := what.facts.get("feed")):
            _count_again(deed, feed, what.facts["nights"])
        put_back(deed)
        change.touched = True


def _count_again(deed: Deed, feed: int, nights: int) -> None:
    """The feed holds back these nights again. Raises TooLate when it was removed."""
    counts = {"held_nights": F("held_nights") + nights, "closed_nights": F("closed_nights") + nights}
    if not Feed.objects.filter(pk=feed).update(**counts):
        raise TooLate(CHANGED % {"name": deed.name})


def _ours(home: Property, blocks: Iterable[Block]) -> set[int]:
    """The holds and sales of the home that take a night of the blocks, or an hour of such a stay."""
    touching = Q(pk=None)
    for block in blocks:
        if span := block.span:
            stay: Period = home.house.stay(span)
            touching |= Q(nights__overlap=date_range(span)) | Q(period__overlap=(stay.start, stay.end))
    return set(Block.objects.ours().filter(touching, property=home).values_list("pk", flat=True))


def bring_link_back(deed: Deed, now: datetime) -> None:
    """A revoked link answers again, with what is true by now."""
    what = What.unpacked(deed.what)
    link = ExportLink.objects.select_related("property").get(pk=what.changes[0].rows[0])
    with ledger.changing(link.property, now) as change:
        put_back(deed)
        change.touched = True


def _home(what: What) -> Property:
    return Property.objects.get(pk=what.facts["home"])
