"""How long the rules take to quote for one stay: no database, no clock, a diary of many claims."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from bench.percentiles import slowest
from domain import offers
from domain.diary import Diary, Taken
from domain.house import House
from domain.offers import Desk, HourRules, NightRules
from domain.prices import HourPrice, Pricing, Rates
from domain.spans import Span

CLAIMS = 200
DAYS_BETWEEN, NIGHTS = 7, 3
STAY = CLAIMS // 2
TIMES, QUICK_TIMES = 500, 20
HOUSE = House(ZoneInfo("UTC"), clock(15), clock(11), 240)
FIRST_DAY = date(2026, 1, 1)
NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
PRICING = Pricing(Rates("EUR", 12_000), hours=HourPrice(per_hour=1_500))
NIGHT_RULES, HOUR_RULES = NightRules(most=7), HourRules(most=timedelta(hours=4))


def figures(*, quick: bool) -> dict[str, Any]:
    """Milliseconds of processor time for everything that is offered on both sides of one stay, diary included."""
    times = sorted(quotes_ms() for _ in range(QUICK_TIMES if quick else TIMES))
    return {
        "quote_ms": round(median(times), 3),
        "quote_p99_ms": round(slowest(times, 0.99), 3),
        "quote": f"all four kinds for one stay, a diary of {CLAIMS} claims included; processor time",
    }


def quotes_ms() -> float:
    """One look at the shelf from both sides of one stay; raises ValueError when it is empty."""
    stay = nights(STAY)
    began = time.process_time()
    diary = Diary(HOUSE, tuple(Taken(nights(number)) for number in range(CLAIMS)))
    desk = Desk(diary, PRICING, NOW)
    found = (
        offers.nights_after(stay.end, NIGHT_RULES, desk),
        offers.late_check_out(stay.end, HOUR_RULES, desk),
        offers.nights_before(stay.start, NIGHT_RULES, desk),
        offers.early_check_in(stay.start, HOUR_RULES, desk),
    )
    took = (time.process_time() - began) * 1000
    if not all(one.quotes for one in found):
        message = "nothing is on sale"
        raise ValueError(message)
    return took


def nights(number: int) -> Span:
    """The nights of one of the claims."""
    arrival = FIRST_DAY + timedelta(days=number * DAYS_BETWEEN)
    return Span(arrival, arrival + timedelta(days=NIGHTS))
