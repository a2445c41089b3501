"""Days, times and what lies between them, in the reader's language.

The one place that puts a date or a time into words. Order, marks and abbreviations are those of CLDR for the
language, by its "skeletons", which name what is shown and not how: `yMMMEd` is "Sun, 6 Dec 2026" or "dim. 6 déc. 2026".
English is read all over the world, so it is that of Britain: day before month, the month in letters, weeks from Monday.
Clocks count to 24 in each language. Portuguese money and weeks are Portugal's; its dates have the month in
letters, as those of the other languages do, where Portugal would have bare figures.

Machines get ISO 8601 and nothing from here.
"""

from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache

from babel import Locale
from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.units import format_unit
from django.utils.timezone import localtime
from django.utils.translation import get_language

from domain.spans import Period, Span

DATES = {"en": "en_GB"}
NUMBERS = {"en": "en_GB", "pt": "pt_PT"}
OUTRIGHT = {
    "LLL": "LLL",
    "LLLLL": "LLLLL",
    "cccc": "cccc",
    "ccc": "ccc",
    "cccccc": "cccccc",
    "full": "full",
}  # no skeletons
KEPT = 8192  # a calendar of a hundred homes names the same days over and over
UNITS = (
    timedelta(weeks=1),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)


def locale() -> str:
    """Babel's name for the language that is active, for dates."""
    return _named(DATES)


def numbers() -> str:
    """The same for amounts of money, lists and the days of a week."""
    return _named(NUMBERS)


def _named(territories: dict[str, str]) -> str:
    language = get_language() or "en"
    return territories.get(language) or language.replace("-", "_")


def first_weekday() -> int:
    """The day that weeks begin with, 0 for Monday."""
    return int(Locale.parse(numbers()).first_week_day)


# Days and moments


def when(value: date | time | None, form: str) -> str:
    """A day, a time or a moment by the skeleton of its day, of its time, or both: `MMMd Hm` is "6 Dec, 14:30".

    Beside skeletons, for the day alone: `full`, `LLL` and `LLLLL` (a month), `cccc`, `ccc` and `cccccc` (a weekday).
    Moments are shown in their own time zone; what is missing is empty.
    """
    if not value:
        return ""
    where = locale()
    parts = []
    for skeleton in form.split():
        if skeleton.startswith("H"):
            at = value.time() if isinstance(value, datetime) else value
            parts.append(_time(at, skeleton, where))
        else:
            on = value.date() if isinstance(value, datetime) else value
            parts.append(_date(on, skeleton, where))
    return parts[0] if len(parts) == 1 else _joined(where).format(*reversed(parts))


@lru_cache(maxsize=KEPT)
def _date(on: date, skeleton: str, where: str) -> str:
    if pattern := OUTRIGHT.get(skeleton):
        return str(format_date(on, pattern, locale=where))
    return str(format_skeleton(skeleton, on, locale=where))


@lru_cache(maxsize=KEPT)
def _time(at: time, skeleton: str, where: str) -> str:
    return str(format_time(at.replace(tzinfo=None), _clock(skeleton, where), locale=where))


@cache
def _clock(skeleton: str, where: str) -> str:
    return str(Locale.parse(where).datetime_skeletons[skeleton].pattern)


@cache
def _joined(where: str) -> str:
    """How a language puts a time, {0}, behind a day, {1}."""
    return str(get_datetime_format("medium", locale=where))


def clock(value: time | datetime) -> str:
    """The time of a day, or of a moment: 14:30."""
    return when(value, "Hm")


def day(value: date | None) -> str:
    """A date, or that of a moment, with its weekday: Sun, 6 Dec 2026."""
    return when(value, "yMMMEd")


def short_day(value: date) -> str:
    """The same without its year: Sun 6 Dec; So., 6. Dez."""
    return when(value, "MMMEd")


def short_moment(value: datetime) -> str:
    """The same with the time of the day: Sun 6 Dec, 14:30."""
    return when(value, "MMMEd Hm")


def moment(value: datetime) -> str:
    """A day and a time: 6 Dec, 14:30."""
    return when(value, "MMMd Hm")


def day_at(on: date, hour: time) -> str:
    """A time on a day: Sun, 6 Dec 2026, 14:30."""
    return when(datetime.combine(on, hour), "yMMMEd Hm")


# From and until


def stay(value: Span) -> str:
    """Arrival to departure: 6-8 Dec 2026."""
    return between(value.start, value.end, "yMMMd")


def short_stay(value: Span) -> str:
    """The same without the year: 6-8 Dec."""
    return between(value.start, value.end, "MMMd")


def local_hours(value: Period) -> str:
    """From one time to the other, on the clock of the active zone: 11:00-14:00."""
    return between(localtime(value.start), localtime(value.end), "Hm")


@lru_cache(maxsize=KEPT)
def _interval(start: date, end: date, skeleton: str, where: str) -> str:
    return str(format_interval(start, end, skeleton, locale=where))


def between(start: date, end: date, skeleton: str) -> str:
    """From one day to another, or from one time of a day to another (`Hm`), what both have in common said once."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        start, end = start.replace(tzinfo=None), end.replace(tzinfo=None)
    return _interval(start, end, skeleton, locale())


# How long, and how long ago


def hours(value: Period) -> str:
    """How long the period is: 2 hours; 1 hour, 30 minutes."""
    whole, minutes = divmod(int((value.end - value.start).total_seconds()) // 60, 60)
    parts = {"duration-hour": whole, "duration-minute": minutes}
    told = [format_unit(count, unit, locale=locale()) for unit, count in parts.items() if count]
    return ", ".join(told)


def lasting(value: timedelta) -> str:
    """In its largest unit that is filled, rounded: 12 seconds, 4 minutes, 3 hours."""
    return str(format_timedelta(value, threshold=1.5, locale=locale()))


def spelt(value: timedelta) -> str:
    """In whole units of its largest and the next smaller one: 2 days, 3 hours; 5 minutes; 0 minutes."""
    minutes = value // UNITS[3]
    found: list[tuple[int, str]] = []
    for number, unit in enumerate(("day", "hour", "minute"), 1):
        count, minutes = divmod(minutes, UNITS[number] // UNITS[3])
        if count or found:
            found.append((count, f"duration-{unit}"))
    told = [each for each in found[:2] if each[0]] or [(0, "duration-minute")]
    return ", ".join(format_unit(count, unit, locale=locale()) for count, unit in told)


def in_hours(count: float) -> str:
    """A number of hours: 3.5 hours."""
    return str(format_unit(count, "duration-hour", locale=locale()))


def whole(value: timedelta) -> str:
    """The same, never more than it is: 89 minutes are 1 hour."""
    return str(format_timedelta(_floor(value), threshold=1, locale=locale()))


def ago(value: timedelta) -> str:
    """The same as how long ago it was: 4 minutes ago; vor 2 Tagen."""
    return str(format_timedelta(-_floor(value), threshold=1, add_direction=True, locale=locale()))


def _floor(value: timedelta) -> timedelta:
    """The value in whole units of the largest that it fills."""
    unit = next((unit for unit in UNITS if value >= unit), UNITS[-1])
    return value - value % unit
