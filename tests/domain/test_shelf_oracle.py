"""What is offered, held against an oracle that tries everything: nothing too much, nothing missing."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

from hypothesis import assume, event, given
from hypothesis import strategies as st

from domain.diary import Diary, Taken
from domain.house import House
from domain.offers import (
    Desk,
    Found,
    HourRules,
    Kind,
    NightRules,
    Quote,
    early_check_in,
    late_check_out,
    nights_after,
    nights_before,
)
from domain.prices import Pricing
from domain.spans import NIGHT, Period, Span
from tests.domain.diaries import DAYS, MIDNIGHT, QUARTER, Oracle, World, bought, houses, nights_of, worlds
from tests.domain.tariffs import PRICING, PRICINGS


def found(world: World) -> tuple[Found, Found, Found, Found]:
    """All four kinds for a guest who leaves on the day and for one who comes on it."""
    day, desk = world.day, world.desk
    return (
        nights_after(day, world.nights, desk),
        nights_before(day, world.nights, desk),
        late_check_out(day, world.hours, desk),
        early_check_in(day, world.hours, desk),
    )


def quotes(world: World) -> list[Quote]:
    return [quote for each in found(world) for quote in each.quotes]


def lost(quote: Quote) -> date | None:
    return quote.nights.start if quote.nights else None


def with_claim(world: World, claim: Taken) -> World:
    diary = replace(world.desk.diary, taken=(*world.desk.diary.taken, claim))
    return replace(world, desk=replace(world.desk, diary=diary))


@given(worlds())
def test_exactly_the_lengths_that_an_oracle_finds_are_offered_as_nights(world: World) -> None:
    oracle, (after, before, _, _) = Oracle(world), found(world)
    assert [quote.nights for quote in after.quotes] == oracle.after()
    assert [quote.nights for quote in before.quotes] == oracle.before()


@given(worlds())
def test_exactly_the_slots_that_an_oracle_finds_are_offered_as_hours(world: World) -> None:
    oracle, (_, _, late, early) = Oracle(world), found(world)
    assert [(quote.period.end, lost(quote)) for quote in late.quotes] == oracle.late()
    assert [(quote.period.start, lost(quote)) for quote in early.quotes] == oracle.early()


@given(worlds())
def test_no_quote_holds_a_closed_night_or_hour_or_begins_in_the_past(world: World) -> None:
    diary, now = world.desk.diary, world.desk.now
    nights = nights_of(*(claim.nights for claim in diary.taken))
    for quote in quotes(world):
        assert not nights_of(quote.nights) & nights
        assert not any(quote.period.overlaps(claim.period) for claim in diary.taken if claim.period)
        dated = (claim.nights for claim in diary.taken if claim.nights and not claim.period)
        assert not any(quote.period.overlaps(world.desk.house.night(n)) for n in nights_of(*dated))
        assert quote.period.start >= now


@given(worlds(), PRICINGS)
def test_a_longer_quote_never_costs_less_than_a_shorter_one_for_the_same_stay(
    world: World, pricing: Pricing
) -> None:
    pricing = replace(pricing, discounts=replace(pricing.discounts, gap=0))
    for each in found(replace(world, desk=replace(world.desk, pricing=pricing))):
        totals = [quote.price.total for quote in each.quotes]
        assert totals == sorted(totals)


@given(worlds())
def test_what_is_missing_has_a_reason(world: World) -> None:
    for each in found(world):
        assert each.stops
        counts = [stop.count for stop in each.stops]
        assert counts == sorted(counts)
        assert counts[-1] == 0 or counts[-1] == len(each.quotes) + len(each.stops)


@given(worlds(), st.data())
def test_every_quote_can_be_bought_and_the_rest_still_agrees_with_it(
    world: World, data: st.DataObject
) -> None:
    offered = quotes(world)
    assume(offered)
    quote = data.draw(st.sampled_from(offered))
    event(quote.kind)
    after = with_claim(world, bought(quote))
    for other in quotes(after):
        assert not other.period.overlaps(quote.period)
        assert not nights_of(other.nights) & nights_of(quote.nights)
    assert quote.key not in [other.key for other in quotes(after)]


@given(worlds(), st.data())
def test_one_claim_more_never_opens_what_was_closed(world: World, data: st.DataObject) -> None:
    """Where the rules of orphans and of lost nights don't say otherwise: a neighbour may fill what was too short."""
    taken = world.desk.diary.taken
    assume(taken)
    nights, hours = replace(world.nights, least_gap=0), replace(world.hours, closes_night=True)
    world = replace(world, nights=nights, hours=hours)
    dropped = data.draw(st.sampled_from(taken))
    fewer = replace(world.desk.diary, taken=tuple(claim for claim in taken if claim is not dropped))
    freer = quotes(replace(world, desk=replace(world.desk, diary=fewer)))
    assert {quote.key for quote in quotes(world)} <= {quote.key for quote in freer}


@dataclass(slots=True)
class Gap:
    """Two guests with some free nights, or only the pause, between them."""

    desk: Desk
    nights: NightRules
    hours: HourRules
    departure: date
    arrival: date

    def offered(self, guest: str) -> tuple[Quote, ...]:
        if guest == "leaving":
            after = nights_after(self.departure, self.nights, self.desk)
            return after.quotes + late_check_out(self.departure, self.hours, self.desk).quotes
        before = nights_before(self.arrival, self.nights, self.desk)
        return before.quotes + early_check_in(self.arrival, self.hours, self.desk).quotes

    def sell(self, quote: Quote) -> None:
        diary = replace(self.desk.diary, taken=(*self.desk.diary.taken, bought(quote)))
        self.desk = replace(self.desk, diary=diary)
        if quote.kind is Kind.EXTRA_NIGHTS:
            self.departure = quote.nights.end if quote.nights else self.departure
        if quote.kind is Kind.NIGHTS_BEFORE:
            self.arrival = quote.nights.start if quote.nights else self.arrival


@st.composite
def gaps(draw: st.DrawFn) -> Gap:
    house, leaves = draw(houses()), draw(st.sampled_from(DAYS))
    comes = leaves + draw(st.sampled_from([0, 1, 1, 2, 3, 4])) * NIGHT
    timed = draw(st.booleans())
    stays = [Span(leaves - 3 * NIGHT, leaves), Span(comes, comes + 3 * NIGHT)]
    taken = tuple(Taken(nights, house.stay(nights) if timed else None) for nights in stays)
    desk = Desk(Diary(house, taken), PRICING, house.instant(leaves - 2 * NIGHT, MIDNIGHT))
    step = draw(st.integers(1, 8)) * QUARTER
    hours = HourRules(draw(st.integers(1, 12)) * step, step)
    return Gap(desk, NightRules(5, draw(st.integers(0, 2))), hours, leaves, comes)


@given(gaps(), st.data())
def test_two_guests_who_buy_from_one_gap_in_turn_never_get_the_same_time(
    gap: Gap, data: st.DataObject
) -> None:
    sold: list[tuple[str, Quote]] = []
    for guest in data.draw(st.permutations(["leaving", "coming", "leaving", "coming"])):
        offered = gap.offered(guest)
        if offered:
            quote = data.draw(st.sampled_from(offered))
            gap.sell(quote)
            sold.append((guest, quote))
    event(f"{len(sold)} sold to {len({guest for guest, _ in sold})}")
    for (one, first), (other, second) in combinations(sold, 2):
        assert not first.period.overlaps(second.period)
        assert not nights_of(first.nights) & nights_of(second.nights)
        if one != other:
            assert_cleaned_between(first.period, second.period, gap.desk.house)


def assert_cleaned_between(one: Period, other: Period, house: House) -> None:
    """The turnaround, or what the house's own times leave of it."""
    earlier, later = sorted([one, other])
    day = later.start.astimezone(house.zone).date()
    usual = house.instant(day, house.check_in) - house.instant(day, house.check_out)
    assert later.start - earlier.end >= min(timedelta(minutes=house.turnaround), usual)
