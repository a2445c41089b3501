"""Sales that are left out of one channel's link, while the host lengthens the guest's stay in that channel.

A channel that has read our sale has closed its nights, and so refuses the host who wants to add them to the stay
there. Left out of that one link, they open in that one channel; its own feed then shows the longer stay.
"""

from datetime import datetime, timedelta

from calendars.models import Block, ExportLink, ExportRead, Feed, Suspension, date_range
from calendars.receipts import counting
from domain.channels import WORDED
from domain.events import Kind
from domain.extending import closes, shows
from domain.spans import Span
from properties.models import Property

LASTS = timedelta(hours=24)
MOVES = ("since_version", "until", "shown_at", "back_at", "back_version")


def feed_of(link: ExportLink) -> Feed | None:
    """The channel's own calendar, that would show the longer stay; of several the one with the link's label."""
    feeds = Feed.objects.reading().filter(property=link.property_id, channel=link.channel).defer("url")
    found = sorted(feeds, key=lambda feed: (feed.label != link.label, feed.pk))
    return found[0] if found else None


def claims(suspension: Suspension) -> list[Block]:
    """What the channel's feed says of the nights, as far as it is the longer stay and nothing else.

    The host's word counts where a site's own words don't tell guests apart: there, whatever closes all the nights.
    """
    sale, feed = suspension.block, suspension.feed
    bought, joins = sale.span, sale.joins
    if feed is None or bought is None or joins is None:
        return []
    rows = Block.objects.filter(feed=feed, missing_since=None, nights__overlap=date_range(bought))
    found = list(rows.only("nights", "kind", "since", "feed_id"))
    spans = [span for row in found if (span := row.span)]
    if suspension.said_at and feed.channel not in WORDED and closes(spans, bought):
        return found
    return [
        row
        for row in found
        if (span := row.span) and shows(span, bought, joins) and not _may_repeat_us(suspension, feed, row)
    ]


def _may_repeat_us(suspension: Suspension, feed: Feed, row: Block) -> bool:
    """Whether the site may close the nights only because it has read them here, and hasn't read that they are gone."""
    if feed.channel in WORDED and row.kind == Kind.RESERVATION:
        return False
    if row.since < suspension.since:
        return True
    reads = counting(ExportRead.objects.filter(link=suspension.link_id))
    without_it = reads.filter(body_version__gte=suspension.since_version, at__lte=row.since)
    return reads.exists() and not without_it.exists()


def expected(property: Property) -> dict[str, set[tuple[int | None, Span]]]:
    """For each sale that was ever suspended, by reference: the feed and nights of what is its longer stay there."""
    rows = Suspension.objects.filter(property=property).select_related("block", "feed").defer("feed__url")
    found: dict[str, set[tuple[int | None, Span]]] = {}
    for suspension in rows:
        spans = {(row.feed_id, span) for row in claims(suspension) if (span := row.span)}
        found.setdefault(suspension.block.reference, set()).update(spans)
    return found


def follow(property: Property, now: datetime, version: int) -> None:
    """Leave out of links what is suspended, and let come back what the site hasn't shown in time or shows no more.

    To be called under the lock of the property; `version` is the calendar's once this is committed.
    """
    rows = Suspension.objects.filter(property=property).select_related("block", "feed").defer("feed__url")
    for suspension in rows:
        _follow(suspension, now, version)


def _follow(suspension: Suspension, now: datetime, version: int) -> None:
    before = [getattr(suspension, name) for name in MOVES]
    if claims(suspension):
        if suspension.shown_at is None:
            suspension.shown_at = now
            _forget_echo(suspension)
    elif suspension.shown_at or suspension.feed is None:
        suspension.shown_at, suspension.until = None, min(suspension.until, now)
    is_there = suspension.feed is not None and suspension.feed.removed_at is None
    is_left_out = is_there and (suspension.shown_at is not None or now < suspension.until)
    if is_left_out and suspension.back_version is not None:
        suspension.back_at, suspension.back_version = None, None
        suspension.since_version = version
    elif not is_left_out and suspension.back_version is None:
        suspension.back_at, suspension.back_version = now, version
    if before != [getattr(suspension, name) for name in MOVES]:
        suspension.save(update_fields=MOVES)


def _forget_echo(suspension: Suspension) -> None:
    """The nights are a stay of the site's own from now on, and no longer what it has read here."""
    feed, bought = suspension.feed, suspension.block.span
    if feed is None:
        return
    left = [part for span in feed.echo_spans for part in (span.minus([bought]) if bought else (span,))]
    if left != list(feed.echo_spans):
        feed.echoes = [[str(span.start), str(span.end)] for span in left]
        feed.save(update_fields=["echoes"])
