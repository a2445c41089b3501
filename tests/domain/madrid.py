"""One home in Madrid around one day, for tests by example: check-out at 11, check-in at 15, two hours to clean."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.diary import Diary, Taken
from domain.house import House
from domain.offers import Desk, Found, HourRules, NightRules
from domain.spans import NIGHT, Period, Span
from tests.domain.tariffs import PRICING

MADRID = House(ZoneInfo("Europe/Madrid"), time(15), time(11), turnaround=120)
DAY = date(2026, 12, 6)
HOUR = timedelta(hours=1)
NIGHTS = NightRules(7)
HOURS = HourRules(8 * HOUR)
STAY = Taken(Span(DAY - 3 * NIGHT, DAY))


def at(hour: int, minute: int = 0, day: date = DAY, house: House = MADRID) -> datetime:
    return house.instant(day, time(hour, minute))


def desk(
    *taken: Taken, now: datetime | None = None, house: House = MADRID, today: date = DAY - NIGHT
) -> Desk:
    return Desk(Diary(house, taken), PRICING, now or house.instant(today, time(9)))


def next_stay(begins: date = DAY, comes: datetime | None = None) -> Taken:
    nights = Span(begins, begins + 3 * NIGHT)
    return Taken(nights, Period(comes, at(11, day=nights.end)) if comes else None)


def lengths(found: Found) -> list[int]:
    return [len(quote.nights) for quote in found.quotes if quote.nights]


def ends(found: Found, house: House = MADRID) -> list[time]:
    return [quote.period.end.astimezone(house.zone).time() for quote in found.quotes]


def starts(found: Found, house: House = MADRID) -> list[time]:
    return [quote.period.start.astimezone(house.zone).time() for quote in found.quotes]


def lost(found: Found) -> list[date | None]:
    return [quote.nights.start if quote.nights else None for quote in found.quotes]
