"""Double bookings of a property, kept as alerts under the lock under which its nights change."""

from datetime import datetime

from calendars import alerts
from calendars.models import Alert, Block
from domain.conflicts import Conflict, Stake, conflicts
from domain.events import Kind
from domain.spans import Span
from properties.models import Property


def keep(property: Property, now: datetime) -> None:
    """Open an alert for every conflict that is new, and resolve those that are over."""
    blocks = {_name(block): block for block in _staked(property, now)}
    found = conflicts(map(_stake, blocks.values()), property.house.today(now))
    wanted = {}
    for conflict in found:
        first, second = blocks[conflict.first], blocks[conflict.second]
        wanted[_key(conflict, first, second)] = _details(conflict, first, second)
    alerts.keep(property, Alert.Kind.CONFLICT, wanted, now)


def _staked(property: Property, now: datetime) -> list[Block]:
    """The sales and imports that may conflict: they close nights ahead, and none waits to be opened."""
    today = property.house.today(now)
    rows = Block.objects.closing().filter(property=property, missing_since=None, nights__endswith__gt=today)
    wanted = rows.filter(origin__in=[Block.Origin.SALE, Block.Origin.FEED])
    return list(wanted.select_related("feed"))


def _name(block: Block) -> str:
    return str(block.pk)


def _stake(block: Block) -> Stake:
    feed = block.feed
    return Stake(
        name=_name(block),
        source=str(feed.pk) if feed else "",
        kind=Kind(block.kind),
        nights=Span(block.nights.lower, block.nights.upper),
        echoes=feed.echo_spans if feed else (),
        gathers=bool(feed and feed.gathers),
    )


def _key(conflict: Conflict, first: Block, second: Block) -> str:
    """What stays the same while the conflict lasts: who, and its last night; the first moves on day by day."""
    names = sorted(f"feed {block.feed_id}" if block.feed_id else block.reference for block in (first, second))
    return f"conflict {conflict.nights.end} {' '.join(names)}"


def _details(conflict: Conflict, first: Block, second: Block) -> dict[str, str]:
    """Names of the two claims; a sale of our own has none."""
    return {
        "arrival": str(conflict.nights.start),
        "departure": str(conflict.nights.end),
        "first": first.feed.title if first.feed else "",
        "second": second.feed.title if second.feed else "",
    }
