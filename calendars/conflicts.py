"""Double bookings of a property, and what comes too near to a sale, kept as alerts under the lock of its nights."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from itertools import combinations

from django.db.models import Exists, Q

from calendars import announcements, suspensions
from calendars.models import Alert, Block, Feed, date_range
from calendars.sentences import kept
from domain.channels import WORDLESS
from domain.conflicts import LONGEST_STAY, Conflict, Stake, conflicts
from domain.diary import Taken
from domain.events import BY_RULE, Kind
from domain.house import House
from domain.spans import NIGHT, Period, Span
from domain.turnovers import Outside, Side, Sold, Tight, side_of, tight
from properties.models import Property

MOST_STAKES = 300  # the nearest; every pair of them is looked at, while the property's lock is held
MOST_CONFLICTS = 20
SETTLED = "settled"  # in an alert's details: when the host said so
COLUMNS = ("kind", "origin", "nights", "period", "side", "reference", "feed_id")
FEED = re.compile(r"\bfeed (\d+)")


def keep(property: Property, now: datetime) -> None:
    """Open an alert for every conflict that is new, let those go on that changed their nights, resolve the rest."""
    today = property.house.today(now)
    blocks, hourly = _staked(property, today), _sold_hours(property, now)
    by_name = {_name(block): block for block in (*blocks, *hourly)}
    alive = Q(cleared_at=None) | Q(details__has_key=SETTLED)
    alerts = Alert.objects.filter(alive, property=property, kind=Alert.Kind.CONFLICT)
    known = list(alerts.only("key", "details", "resolved_at").order_by("-pk"))
    settled = [alert for alert in known if SETTLED in alert.details]
    known = [alert for alert in known if SETTLED not in alert.details]
    room = MOST_CONFLICTS - sum(alert.resolved_at is None for alert in known)
    new: dict[str, Alert] = {}
    back: list[Alert] = []
    longer = _longer_stays(property, blocks)
    for conflict in _found(property.house, blocks, hourly, today):
        if frozenset((conflict.first, conflict.second)) in longer:
            continue
        first, second = by_name[conflict.first], by_name[conflict.second]
        who, details = _who(first, second), _details(conflict, first, second)
        if found := next((alert for alert in settled if _is_settled(alert, who, conflict.nights)), None):
            settled.remove(found)
            continue
        same = next((alert for alert in known if _is_same(alert, who, conflict.nights)), None)
        if same:
            known.remove(same)
        if same and _goes_on(same, details):
            back += [same] if same.resolved_at else []
        elif len(new) < room:
            alert = _about(property, who, details, now)
            new.setdefault(alert.key, alert)
    Alert.objects.bulk_create(new.values(), ignore_conflicts=True)
    announcements.conflicts(property, [*new.values(), *back], now, over=False)
    _unsettle(settled)
    over = _resolve([alert for alert in known if _is_over(alert, blocks, today)], today, now)
    announcements.conflicts(property, over, now, over=True)


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
    announcements.conflicts(alert.property, [row], now, over=True)
    return True


def claims(alert: Alert) -> list[Block]:
    """The claims that the alert is about, as far as they are still there, with their feeds; the first seen first."""
    ours, theirs = Q(reference__in=references(alert)), Q(feed__in=FEED.findall(alert.key.partition(":")[0]))
    rows = Block.objects.filter(property=alert.property, yields=False)
    sold_or_read = rows.filter(origin__in=[Block.Origin.SALE, Block.Origin.FEED]).exclude(kind__in=BY_RULE)
    both = ours | theirs & _beside(alert) if is_turnover(alert) else _sharing(nights(alert)) & (ours | theirs)
    return list(sold_or_read.filter(both).select_related("feed").defer("feed__url").order_by("since", "pk"))


def is_turnover(alert: Alert) -> bool:
    """Whether no night is booked twice, but one guest comes too soon after the other."""
    return "until" in alert.details


def turnover(alert: Alert) -> date:
    """The day on which one guest comes too soon after the other."""
    return nights(alert).start + NIGHT


def references(alert: Alert) -> list[str]:
    """The sales that the alert is about, whether they are still there or not."""
    return FEED.sub("", alert.key.partition(":")[0]).split()


def nights(alert: Alert) -> Span:
    """The nights that both claims want."""
    return Span(*(date.fromisoformat(alert.details[name]) for name in ("arrival", "departure")))


def _sharing(span: Span) -> Q:
    return Q(nights__overlap=date_range(span))


def _beside(alert: Alert) -> Q:
    """An outside claim on the night or the hours on the other side of the turnover."""
    day, house = turnover(alert), alert.property.house
    night = day if alert.details["first"] == "" else day - NIGHT
    around = house.instant(day, time()), house.instant(day + NIGHT, time())
    return _sharing(Span(night, night + NIGHT)) | Q(nights__isempty=True, period__overlap=around)


def _staked(property: Property, today: date) -> list[Block]:
    """The sales and imports that may conflict: they close nights up to today or later, and none waits to be opened."""
    rows = Block.objects.closing().filter(property=property, missing_since=None, nights__endswith__gte=today)
    wanted = rows.filter(origin__in=[Block.Origin.SALE, Block.Origin.FEED]).exclude(kind__in=BY_RULE)
    blocks = list(wanted.only(*COLUMNS).order_by("nights")[:MOST_STAKES])
    return _with_feeds(property, blocks)


def _sold_hours(property: Property, now: datetime) -> list[Block]:
    """The sold hours that close no night, and what takes nothing but hours out of any that were sold."""
    rows = Block.objects.filter(property=property, kind=Kind.HOURS, period__endswith__gt=now - NIGHT)
    sold = list(rows.filter(origin=Block.Origin.SALE).only(*COLUMNS))
    crossing = Q(pk=None)
    for block in sold:
        crossing |= Q(period__overlap=block.period)
    others = rows.filter(crossing, origin=Block.Origin.FEED, yields=False) if sold else Block.objects.none()
    crossed = list(others.only(*COLUMNS).order_by("period")[:MOST_CONFLICTS])
    return [*(block for block in sold if block.nights.isempty), *_with_feeds(property, crossed)]


def _with_feeds(property: Property, blocks: list[Block]) -> list[Block]:
    feeds = Feed.objects.filter(property=property).defer("url").in_bulk() if blocks else {}
    for block in blocks:
        block.feed = feeds.get(block.feed_id)
    return blocks


def _found(
    house: House, blocks: Sequence[Block], hourly: Sequence[Block], today: date
) -> list[Conflict | Tight]:
    """The nights that two claims share; of the other pairs, those that leave no time between a sale and another."""
    shared = conflicts([_stake(block, span) for block in blocks if (span := block.span)], today)
    pairs = {frozenset((conflict.first, conflict.second)) for conflict in shared}
    sold = [_sold(block, house) for block in (*blocks, *hourly) if block.feed is None]
    outside = [each for block in (*blocks, *hourly) if block.feed for each in _outside(block, block.feed)]
    near = tight(sold, outside, house, today) if sold else ()
    return [*shared, *(clash for clash in near if frozenset((clash.first, clash.second)) not in pairs)]


def _longer_stays(property: Property, blocks: Sequence[Block]) -> set[frozenset[str]]:
    """The pairs of a sale and the very stay that the host has lengthened by it in the channel itself."""
    expected = suspensions.expected(property)
    return {
        frozenset((_name(sale), _name(claim)))
        for sale in blocks
        for claim in blocks
        if claim.feed_id and (claim.feed_id, claim.span) in expected.get(sale.reference, ())
    }


def _sold(block: Block, house: House) -> Sold:
    period, sleeps = _period(block), block.kind != Kind.HOURS
    side = Side(block.side) if block.side else None if sleeps else side_of(period, house)
    return Sold(_name(block), period, side, sleeps)


def _outside(block: Block, feed: Feed) -> list[Outside]:
    """The import without the nights that it only reads back from us; what is left of it has no hours."""
    span, name = block.span, _name(block)
    if span and (left := span.minus(feed.echo_spans)) != (span,):
        return [Outside(name, Taken(part)) for part in left]
    return [Outside(name, Taken(span, _period(block) if block.period else None))]


def _period(block: Block) -> Period:
    return Period(block.period.lower, block.period.upper)


def _name(block: Block) -> str:
    return str(block.pk)


def _stake(block: Block, nights: Span) -> Stake:
    """The block as far as it can conflict.

    Where a site doesn't tell guests from closures, a closure may be a guest. It may as well repeat what another site
    has sold, so it conflicts with a stay that it holds only in part.
    """
    feed, kind = block.feed, Kind(block.kind)
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
    if is_turnover(alert) or not shared.start <= today < shared.end:
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


def _resolve(alerts: Iterable[Alert], today: date, now: datetime) -> list[Alert]:
    """End what is no conflict any more; where its nights have passed, nothing went well, and nobody is told so.

    Returns those of which it is told.
    """
    told = []
    for alert in alerts:
        alert.resolved_at = now
        alert.cleared_at = now if nights(alert).end <= today else None
        alert.save(update_fields=["resolved_at", "cleared_at"])
        told += [] if alert.cleared_at else [alert]
    return told


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


def _details(conflict: Conflict | Tight, first: Block, second: Block) -> dict[str, str]:
    """Nights and names of the two claims; a sale of our own has none. Of a turnover without time, the instants, too."""
    about = {
        "arrival": str(conflict.nights.start),
        "departure": str(conflict.nights.end),
        "first": kept(first.feed) if first.feed else "",
        "second": kept(second.feed) if second.feed else "",
    }
    if isinstance(conflict, Tight):
        about |= {"until": conflict.until.isoformat(), "comes": conflict.comes.isoformat()}
    return about
