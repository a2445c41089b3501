"""What each odd calendar closes: never less than it may say, and what can't be understood is told."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.house import House
from domain.ics import State, Window, read
from tests.domain.odd_feeds import ODD_FEEDS

TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
HOUSE = House(ZoneInfo("Europe/Madrid"))


@pytest.mark.parametrize("case", ODD_FEEDS)
def test_an_odd_calendar_closes_what_it_may_say_and_no_less(case: str) -> None:
    body, nights, state = ODD_FEEDS[case]
    found = read(body, HOUSE, WINDOW, today=TODAY)
    closed = [f"{night:%m-%d}" for night in sorted(found.nights)]
    assert (len(closed) if isinstance(nights, int) else " ".join(closed)) == nights
    assert found.state is state
    assert (state is State.OK) or found.problems
