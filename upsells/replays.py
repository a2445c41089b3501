"""The departures, or arrivals, that rules can be tried on: those to come, and the past year's as the feeds told."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from calendars import ledger
from calendars.models import Block, Feed, Snapshot, date_range
from domain import follow, ics
from domain.diary import Diary, Taken
from domain.house import House
from domain.ics import State
from domain.spans import NIGHT, Span
from domain.whatif import Case
from properties.models import Property
from upsells.shelves import AROUND, Side

AHEAD, BACK = timedelta(days=60), timedelta(days=365)
LOOKS_BEFORE = timedelta(hours=48)  # when a guest about to leave or to come is told of the offers
MOST_BODIES = 250  # calendars that are read anew for one page; more would take it over a second


@dataclass(frozen=True, slots=True)
class Past:
    """The days of the past year; `since` is when the history begins, None without one.

    `weekly` when so much was said that only what stood at the beginning of each week is looked at.
    """

    cases: tuple[Case, ...] = ()
    since: datetime | None = None
    weekly: bool = False


def ahead(home: Property, side: Side, now: datetime) -> tuple[Case, ...]:
    """Each departure, or arrival, of the next 60 days in the calendar as it is, seen two days before it, or now."""
    house, today = home.house, home.house.today(now)
    diary = ledger.diary(home, Span(today - AROUND, today + AHEAD + AROUND))
    days = _days(home, side, today, today + AHEAD)
    return tuple(Case(day, diary, max(now, _look(house, day, side))) for day in days)


def past(home: Property, side: Side, now: datetime) -> Past:
    """Each departure, or arrival, of the past year, in what the feeds said two days before it; no sales of ours."""
    house, today = home.house, home.house.today(now)
    feeds = {feed.pk: feed for feed in Feed.objects.filter(property=home).defer("url")}
    told: dict[int, list[tuple[datetime, int]]] = {pk: [] for pk in feeds}
    rows = Snapshot.objects.filter(feed__in=feeds, at__gt=now - BACK - LOOKS_BEFORE).order_by("at", "pk")
    for pk, feed, at in rows.values_list("pk", "feed_id", "at"):
        told[feed].append((at, pk))
    begins = [said[0][0] for said in told.values() if said]
    if not begins:
        return Past()
    days = _days(home, side, today - BACK, today)
    looks = {day: look for day in days if (look := _look(house, day, side)) >= min(begins)}
    weekly = len(_needed(looks.values(), told)) > MOST_BODIES
    if weekly:
        looks = {day: max(_monday(house, look), min(begins)) for day, look in looks.items()}
    claims = _claims(home, feeds, sorted(_needed(looks.values(), told))[-MOST_BODIES:])
    own = _own(home)
    cases = [
        Case(
            day,
            Diary(house, (*_near(day, look, told, claims), *_closed_by(own, look))),
            _look(house, day, side),
        )
        for day, look in looks.items()
        if any(pk in claims for pk in _said(look, told))
    ]
    return Past(tuple(cases), min(begins), weekly)


def _days(home: Property, side: Side, start: date, end: date) -> list[date]:
    """The days in the half-open run on which somebody leaves, or comes, as the calendar knows it."""
    nights = Span(start - NIGHT, end + NIGHT)
    rows = Block.objects.of_guests().filter(property=home, yields=False, nights__overlap=date_range(nights))
    rows = rows.exclude(origin__in=Block.EXCLUSIVE)
    stays = rows.values_list("nights", flat=True)
    found = {stay.upper if side is Side.LEAVING else stay.lower for stay in stays}
    return sorted(day for day in found if start <= day < end)


def _look(house: House, day: date, side: Side) -> datetime:
    return house.instant(day, house.check_out if side is Side.LEAVING else house.check_in) - LOOKS_BEFORE


def _monday(house: House, look: datetime) -> datetime:
    day = house.today(look)
    return house.instant(day - timedelta(days=day.weekday()), time())


def _said(look: datetime, told: Mapping[int, Sequence[tuple[datetime, int]]]) -> list[int]:
    """The last snapshot of each feed at the instant."""
    found = []
    for said in told.values():
        number = bisect_right(said, look, key=lambda each: each[0])
        if number:
            found.append(said[number - 1][1])
    return found


def _needed(looks: Iterable[datetime], told: Mapping[int, Sequence[tuple[datetime, int]]]) -> set[int]:
    return {pk for look in looks for pk in _said(look, told)}


def _claims(home: Property, feeds: Mapping[int, Feed], pks: Sequence[int]) -> dict[int, tuple[Taken, ...]]:
    """What each snapshot takes of the home's time; those that can't be read any more are left out."""
    found = {}
    for row in Snapshot.objects.filter(pk__in=pks):
        feed, today = feeds[row.feed_id], home.house.today(row.at)
        reading = ics.read(
            bytes(row.body), home.house, follow.window(today),
            channel=feed.channel, today=today, switches=feed.switches,
        )  # fmt: skip
        if reading.state is not State.REFUSED:
            yielding = feed.switches.yielding
            events = (event for event in reading.events if event.kind not in yielding)
            found[row.pk] = tuple(Taken(event.nights, event.period) for event in events)
    return found


def _near(
    day: date,
    look: datetime,
    told: Mapping[int, Sequence[tuple[datetime, int]]],
    claims: Mapping[int, tuple[Taken, ...]],
) -> list[Taken]:
    """What the feeds said at the instant of the time around the day."""
    window = Span(day - AROUND, day + AROUND)
    said = [claim for pk in _said(look, told) for claim in claims.get(pk, ())]
    return [claim for claim in said if claim.nights is None or claim.nights.overlaps(window)]


def _own(home: Property) -> list[tuple[datetime, Taken]]:
    rows = Block.objects.filter(property=home, origin=Block.Origin.HOST).only("since", "nights")
    return [(row.since, Taken(row.span)) for row in rows]


def _closed_by(own: Iterable[tuple[datetime, Taken]], look: datetime) -> list[Taken]:
    """What the host had closed by hand at the instant."""
    return [claim for since, claim in own if since <= look]
