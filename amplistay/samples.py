"""Samples for the style guide: what guests and hosts see of offers, reckoned by the real rules, in every state."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from psycopg.types.range import TimestamptzRange

from accounts.deeds import Shown
from accounts.models import Organization
from calendars.models import Feed, date_range
from domain.diary import Diary, Taken
from domain.offers import Kind, Mode
from domain.spans import NIGHT, Span
from domain.stops import Stop, Why
from properties.models import Property
from upsells import sentences, shelves
from upsells.models import Offer, Purchase, StayLink
from upsells.ownpage import Group
from upsells.previews import Note, Option, Tried
from upsells.shelves import Choice, Nothing, Shelf, Side, Stay
from upsells.whatif import Seen

NOW = datetime(2026, 12, 5, 9, tzinfo=UTC)
LEAVES, NEXT = date(2026, 12, 6), date(2026, 12, 10)
SAMPLE = "sample"
OWN = ("off", "stale", "over", "far", "no_stay", "taken")  # that read otherwise where the stay is known
STATES = ("held", "checking", "asked", "confirmed")


def deeds() -> list[Shown]:
    """What a host has just done, and a moment before."""
    removed = "Vrbo is removed, and the nights only it closed are open."
    return [
        Shown(SAMPLE, removed, minutes=10, is_here=True, home="Casa Gràcia"),
        Shown(SAMPLE, "Airbnb is paused. What it closed stays closed.", 1, is_here=False, home="Lake House"),
    ]


def offers(now: datetime) -> dict[str, Any]:
    """All that the style guide shows of offers and purchases; `now` is the clock of the countdowns."""
    home = Property(
        organization=Organization(), name="Casa Gràcia", time_zone="Europe/Madrid", check_in=time(15),
        check_out=time(11), turnaround=60, currency="EUR", nightly_rate=12_000, taxes=[["City tax", 0, 275, True]],
        public_id=SAMPLE,
    )  # fmt: skip
    nights = Offer(
        property=home, kind=Kind.EXTRA_NIGHTS, currency="EUR", mode="instant", price=8_900, steps=[[3, 10]]
    )
    hours = Offer(
        property=home,
        kind=Kind.LATE_CHECK_OUT,
        currency="EUR",
        mode="approval",
        priced_by="per_hour",
        price=1_500,
    )
    found = [(offer, _quotes(home, offer)) for offer in (nights, hours)]
    groups = [
        Group(Kind(offer.kind), choices, offer.mode == Mode.APPROVAL, collection, LEAVES)
        for (offer, choices), collection in zip(found, ("property", "channel"), strict=True)
    ]
    stay = Stay(LEAVES, Side.LEAVING, 2)
    read = Feed(channel="vrbo", last_good_at=NOW - timedelta(minutes=40))
    return {
        "property": home, "link": StayLink(token=SAMPLE), "leaving": True, "stay": stay, "groups": groups,
        "last": groups[0].choices[-1].quote, "soon": now + timedelta(minutes=10), "ended": now,
        "owns": [_purchase(home, state) for state in STATES],
        "reasons": [_purchase(home, "declined", reason=reason) for reason in Purchase.Reason],
        "nothings": [(why.value, Shelf(stay, stops=_opens())) for why in Nothing if why not in {"off", "stale"}],
        "own_nothings": [(why.value, Shelf(stay)) for why in Nothing if why.value in OWN],
        "tried": [_tried(home, offer, choices) for offer, choices in found],
        "notes": [Note(sentences.feeds([read], Mode.APPROVAL, home.house.zone), "#tries")],
        "persons": 2, "after": True, "trial": _trial(groups),
    }  # fmt: skip


def _quotes(home: Property, offer: Offer) -> list[Choice]:
    """What the offer has for a guest who leaves four days before the next one comes."""
    diary = Diary(home.house, (Taken(Span(LEAVES - 4 * NIGHT, LEAVES)), Taken(Span(NEXT, NEXT + 3 * NIGHT))))
    found = shelves.quotes(home, offer, Stay(LEAVES, Side.LEAVING, 2), diary, NOW, cleaned=0)
    return [Choice(quote, Mode(offer.mode)) for quote in found.quotes]


def _purchase(home: Property, state: str, **columns: Any) -> Purchase:
    nights = Span(LEAVES, LEAVES + 2 * NIGHT)
    period = home.house.stay(nights)
    return Purchase(
        property=home, state=state, kind=Kind.EXTRA_NIGHTS, day=LEAVES, nights=date_range(nights), amount=17_800,
        currency="EUR", period=TimestamptzRange(period.start, period.end, "[)"), held_until=NOW, **columns,
    )  # fmt: skip


def _opens() -> tuple[tuple[Kind, Stop], ...]:
    return ((Kind.EXTRA_NIGHTS, Stop(Why.NOT_YET, at=NOW)),)


def _tried(home: Property, offer: Offer, choices: list[Choice]) -> Tried:
    """The offer as a preview shows it; hours as if a cleaning forbade all of them."""
    if not offer.is_nightly:
        stop = Stop(Why.HOURS, at=NOW + timedelta(hours=1))
        return Tried(offer, (), (sentences.stopped(Kind(offer.kind), stop, home.house, some=False),))
    stop = Stop(Why.TAKEN, NEXT, count=5)
    options = tuple(
        Option(f"Until day {number}", choice.quote.price) for number, choice in enumerate(choices, 1)
    )
    return Tried(offer, options, (sentences.stopped(Kind(offer.kind), stop, home.house, some=True),))


def _trial(groups: list[Group]) -> dict[str, Any]:
    """A what-if with one departure that gains, and one that has nothing either way."""
    night, more = (groups[0].choices[number].quote for number in (0, 2))
    late = groups[1].choices[0].quote
    seen, gains = Seen(night.price.total, night.nights), Seen(more.price.total, more.nights)
    hours = Seen(late.price.total, None, "12:00")
    sums = {
        "guests": 1,
        "nights": 1,
        "nights_price": night.price.total,
        "hours": "1 h",
        "hours_price": late.price.total,
    }
    return {
        "rows": [
            {"day": LEAVES, "now": [seen, hours], "then": [gains, hours]},
            {"day": NEXT + 3 * NIGHT, "now": [Seen(), Seen()], "then": [Seen(), Seen()]},
        ],
        "now": sums,
        "then": sums | {"nights": 3, "nights_price": more.price.total},
    }
