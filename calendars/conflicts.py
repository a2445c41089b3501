"""Double bookings of a property, kept as alerts under the lock under which its nights change."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import combinations

from django.db.models import Exists, Q

from calendars.models import Alert, Block, Feed
from domain.conflicts import Conflict, Stake, conflicts
from domain.events import Kind
from domain.spans import Span
from properties.models import Property

BY_RULE = (Kind.PREPARATION, Kind.GAP, Kind.ADVANCE_NOTICE, Kind.BOOKING_WINDOW)  # closed, and nobody comes
MOST_STAKES = 300  # the nearest; every pair of them is looked at, while the property's lock is held
MOST_CONFLICTS = 20
WORDLESS = frozenset({"booking"})  # sites that write the same words for a guest and a closure
LONGEST_STAY = 30  # nights; what is longer is a closure, where the words don't tell
SETTLED = "settled"  # in an alert's details: when the host said so
FEED = re.compile(r"\bfeed (\d+)")


def keep(property: Property, now: datetime) -> None:
    """Open an alert for every conflict that is new, let those go on that changed their nights, resolve the rest."""
    today = property.house.today(now)
    blocks = {_name(block): block for block in _staked(property, today)}
    alive = Q(cleared_at=None) | Q(details__has_key=SETTLED)
    alerts = Alert.objects.filter(alive, property=property, kind=Alert.Kind.CONFLICT)
    known = list(alerts.only("key", "details", "resolved_at").order_by("-pk"))
    settled = [alert for alert in known if SETTLED in alert.details]
    known = [alert for alert in known if SETTLED not in alert.details]
    room = MOST_CONFLICTS - sum(alert.resolved_at is None for alert in known)
    new: dict[str, Alert] = {}
    for conflict in conflicts(map(_stake, blocks.values()), today):
        first, second = blocks[conflict.first], blocks[conflict.second]
        who, details = _who(first, second), _details(conflict, first, second)
        if found := next((alert for alert in settled if _is_settled(alert, who, conflict.nights)), None):
            settled.remove(found)
            continue
        same = next((alert for alert in known if _is_same(alert, who, conflict.nights)), None)
        if same:
            known.remove(same)
        if not (same and _goes_on(same, details)) and len(new) < room:
            alert = _about(property, who, details, now)
            new.setdefault(alert.key, alert)
    Alert.objects.bulk_create(new.values(), ignore_conflicts=True)
    _unsettle(settled)
    _resolve([alert for alert in known if _is_over(alert, list(blocks.values()), today)], today, now)


def settle(alert: Alert, now: datetime) -> bool:
    """The host has dealt with it elsewhere: it is over until other nights are shared; False when it was over before.

    To be called under the lock of the property.
    """
    row = Alert.objects.open().filter(pk=alert.pk).first()
    if row is None:
        return False
    row.details[SETTLED] = now.isoformat()
    row.resolved_at = row.cleared_at = now
    row.save(update_fields=["details", "resolved_at", "cleared_at"])
    return True


def claims(alert: Alert) -> list[Block]:
    """The claims that the alert is about, as far as they are still there, with their feeds; the first seen first."""
    who = alert.key.partition(":")[0]
    of_both = Q(feed__in=FEED.findall(who)) | Q(reference__in=references(alert))
    rows = Block.objects.closing().overlapping(nights(alert)).filter(of_both, property=alert.property)
    sold_or_read = rows.filter(origin__in=[Block.Origin.SALE, Block.Origin.FEED]).exclude(kind__in=BY_RULE)
    return list(sold_or_read.select_related("feed").defer("feed__url").order_by("since", "pk"))


def references(alert: Alert) -> list[str]:
    """The sales that the alert is about, whether they are still there or not."""
    return FEED.sub("", alert.key.partition(":")[0]).split()


def nights(alert: Alert) -> Span:
    """The nights that both claims want."""
    return Span(*(date.fromisoformat(alert.details[name]) for name in ("arrival", "departure")))


def _staked(property: Property, today: date) -> list[Block]:
    """The sales and imports that may conflict: they close nights ahead, and none waits to be opened."""
    rows = Block.objects.closing().filter(property=property, missing_since=None, nights__endswith__gt=today)
    wanted = rows.filter(origin__in=[Block.Origin.SALE, Block.Origin.FEED]).exclude(kind__in=BY_RULE)
    blocks = list(wanted.only("kind", "nights", "reference", "feed_id").order_by("nights")[:MOST_STAKES])
    feeds = Feed.objects.filter(property=property).defer("url").in_bulk()
    for block in blocks:
        block.feed = feeds.get(block.feed_id)
    return blocks


def _name(block: Block) -> str:
    return str(block.pk)


def _stake(block: Block) -> Stake:
    """The block as far as it can conflict.

    Where a site doesn't tell guests from closures, a closure may be a guest. It may as well repeat what another site
    has sold, so it conflicts with a stay that it holds only in part.
    """
    feed, kind = block.feed, Kind(block.kind)
    nights = Span(block.nights.lower, block.nights.upper)
    may_repeat = bool(feed and feed.gathers)
    if feed and feed.channel in WORDLESS and kind is Kind.BLOCK and len(nights) <= LONGEST_STAY:
        kind, may_repeat = Kind.RESERVATION, True
    return Stake(
        name=_name(block),
        source=str(feed.pk) if feed else "",
        kind=kind,
        nights=nights,
        echoes=feed.echo_spans if feed else (),
        gathers=may_repeat,
    )


def _is_same(alert: Alert, who: str, shared: Span) -> bool:
    """Whether the alert is about this conflict. Stays are cut off at today by some sites, and change their nights."""
    return alert.key.startswith(f"{who}:") and nights(alert).overlaps(shared)


def _is_settled(alert: Alert, who: str, shared: Span) -> bool:
    """Whether it is the conflict that the host has settled; its nights may have become fewer, as days pass."""
    return alert.key.startswith(f"{who}:") and shared.clip(nights(alert)) == shared


def _unsettle(alerts: Iterable[Alert]) -> None:
    """Forget that these were settled, for they are no conflicts any more: the next one is news."""
    for alert in alerts:
        del alert.details[SETTLED]
        alert.save(update_fields=["details"])


def _is_over(alert: Alert, blocks: Sequence[Block], today: date) -> bool:
    """Whether an open alert, of which no conflict is found any more, has come to its end.

    Once both guests are there, nobody can tell from the nights ahead who came in between, so it goes on until one of
    them is gone. What lies beyond the nearest claims wasn't looked at.
    """
    shared = nights(alert)
    if alert.resolved_at is not None or (
        len(blocks) == MOST_STAKES and shared.start >= blocks[-1].nights.lower
    ):
        return False
    if not shared.start <= today < shared.end:
        return True
    ahead = Span(today, shared.end)
    there = [block for block in blocks if (span := block.span) and span.overlaps(ahead)]
    return not any(alert.key.startswith(f"{_who(one, other)}:") for one, other in combinations(there, 2))


def _goes_on(alert: Alert, details: dict[str, str]) -> bool:
    """Let the alert be true still, or again; not when somebody was told meanwhile that it is over."""
    if alert.resolved_at is None and alert.details == details:
        return True
    open_already = Alert.objects.open().filter(property=alert.property_id, key=alert.key).exclude(pk=alert.pk)
    rows = Alert.objects.filter(~Exists(open_already), pk=alert.pk, cleared_at=None)
    return bool(rows.update(resolved_at=None, details=details))


def _resolve(alerts: Iterable[Alert], today: date, now: datetime) -> None:
    """End what is no conflict any more; where its nights have passed, nothing went well, and nobody is told so."""
    for alert in alerts:
        alert.resolved_at = now
        alert.cleared_at = now if nights(alert).end <= today else None
        alert.save(update_fields=["resolved_at", "cleared_at"])


def _who(first: Block, second: Block) -> str:
    return " ".join(
        sorted(f"feed {block.feed_id}" if block.feed_id else block.reference for block in (first, second))
    )


def _about(property: Property, who: str, details: dict[str, str], now: datetime) -> Alert:
    return Alert(
        organization_id=property.organization_id,
        property=property,
        kind=Alert.Kind.CONFLICT,
        key=f"{who}: {details['arrival']} {details['departure']} {now:%Y%m%dT%H%M%S%f}",
        details=details,
        opened_at=now,
    )


def _details(conflict: Conflict, first: Block, second: Block) -> dict[str, str]:
    """Nights and names of the two claims; a sale of our own has none."""
    return {
        "arrival": str(conflict.nights.start),
        "departure": str(conflict.nights.end),
        "first": first.feed.title if first.feed else "",
        "second": second.feed.title if second.feed else "",
    }
