"""The links a property is read by: opened, and told more or less, under the lock of its nights."""

from datetime import datetime

import structlog

from calendars import exports, ledger, suspensions
from calendars.ledger import Changing
from calendars.models import Block, ExportLink, Feed, Suspension
from properties.models import Property

log = structlog.get_logger()

AT_ONCE = 100  # properties that one sweep looks after


def new_link(change: Changing, channel: str, label: str = "") -> ExportLink:
    """Open a link for one channel; its first body is written under the same lock as every later one."""
    link = ExportLink(
        organization_id=change.property.organization_id,
        property=change.property,
        channel=channel,
        label=label,
        created_at=change.now,
    )
    exports.write(link, exports.Bodies(change.property).of(link), change.now, change.calendar.version)
    link.save()
    return link


def ensure_link(property: Property, channel: str, now: datetime) -> None:
    """A channel that we read needs a link to read us by; it is opened unless there is one."""
    links = ExportLink.objects.filter(property=property, channel=channel).live()
    if not links.exists():
        with ledger.changing(property, now) as change:
            new_link(change, channel)


def suspend(change: Changing, block: Block, link: ExportLink, feed: Feed) -> Suspension:
    """Leave a sale out of one channel's link for a day, or for as long as the channel's feed shows the longer stay.

    Pressed again, the day begins anew. Nothing opens for anybody else. Raises Lapsed when the sale or the feed is gone.
    """
    sales = Block.objects.filter(pk=block.pk, origin=Block.Origin.SALE)
    if not (sales.exists() and Feed.objects.filter(pk=feed.pk).exists()):
        raise ledger.Lapsed
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
    """Tell the channel of the sale again; unless its feed shows the longer stay, which needs no telling."""
    Suspension.objects.filter(pk=suspension.pk).update(until=change.now, said_at=None)
    change.touched = True


def say_done(change: Changing, suspension: Suspension) -> None:
    """The host says that the stay is longer in the channel now: whatever its feed closes there may be it."""
    Suspension.objects.filter(pk=suspension.pk).update(said_at=change.now)
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
