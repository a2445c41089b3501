"""Other rules on the same departures: more is never less, and what can't be is nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.diary import Diary, Taken
from domain.house import House
from domain.offers import HourRules, NightRules
from domain.prices import HourPrice, NightPrice, Pricing, Rates
from domain.spans import Span
from domain.whatif import Case, Outcome, Rules, outcome, totals

DAY = date(2026, 12, 4)
AT = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
HOUSE = House(ZoneInfo("Europe/Madrid"), time(15), time(11), 60)
PRICING = Pricing(Rates("EUR", 10_000), NightPrice(), HourPrice(per_hour=1_000))
HOURS = HourRules(timedelta(hours=4), closes_night=False)
gaps = st.integers(min_value=0, max_value=12)


def case(gap: int) -> Case:
    """A departure with so many free nights after it."""
    stays = [
        Span(DAY - timedelta(days=3), DAY),
        Span(DAY + timedelta(days=gap), DAY + timedelta(days=gap + 2)),
    ]
    return Case(DAY, Diary(HOUSE, tuple(Taken(stay) for stay in stays)), AT)


def nights(most: int, least_gap: int = 0) -> Rules:
    return Rules(HOUSE, (NightRules(most, least_gap), PRICING), None)


def count(found: Outcome) -> int:
    return len(found.nights.nights) if found.nights and found.nights.nights else 0


@given(gap=gaps, most=st.integers(min_value=1, max_value=29), least=st.integers(min_value=0, max_value=10))
def test_selling_more_nights_never_offers_fewer(gap: int, most: int, least: int) -> None:
    before, after = (outcome(case(gap), nights(each, least)) for each in (most, most + 1))
    assert count(before) <= count(after) <= gap


@given(gap=gaps, turnaround=st.integers(min_value=0, max_value=1_439))
def test_cleaning_for_longer_never_offers_a_later_check_out(gap: int, turnaround: int) -> None:
    first, second = (
        outcome(case(gap), Rules(replace(HOUSE, turnaround=each), None, (HOURS, PRICING)))
        for each in (turnaround, turnaround + 1)
    )
    ends = [
        found.hours.period.end if found.hours else HOUSE.instant(DAY, HOUSE.check_out)
        for found in (first, second)
    ]
    assert (
        ends[1] <= ends[0] <= HOUSE.instant(DAY, HOUSE.check_in) - timedelta(minutes=turnaround)
        or not first.hours
    )


@given(st.lists(gaps, max_size=8))
def test_the_sums_are_what_the_outcomes_add_up_to(found: list[int]) -> None:
    outcomes = [outcome(case(gap), nights(5)) for gap in found]
    sums = totals(outcomes, "EUR")
    assert sums.nights == sum(min(gap, 5) for gap in found)
    assert sums.nights_price.amount == sums.nights * 10_000
    assert sums.guests == sum(1 for gap in found if gap)
    assert (sums.hours, sums.hours_price.amount) == (timedelta(), 0)


def test_what_is_not_sold_is_not_offered() -> None:
    assert outcome(case(5), Rules(HOUSE, None, None)) == Outcome(None, None)
