"""Repetition rules (RFC 5545 §3.3.10) by day, walked only as far as asked.

Libraries look for the next date of a rule that has none until the year 9999; this walk ends where the window
ends, and counts the days it looks at.
"""

import re
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

MOST_EFFORT = 300_000  # days looked at, over all rules of a feed
MOST_VALUES = 62
LONGEST_NUMBER = 5
MONTHS = 12
FEBRUARY = 2
DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
WEEK = 7
YEAR = 365
WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
ORDINAL_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
SIGNED = re.compile(r"[+-]?\d{1,3}")
NUMBER = re.compile(r"\d+")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
HIGHEST = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYSETPOS": 366}
CLOCK = {"BYHOUR": "hour", "BYMINUTE": "minute", "BYSECOND": "second"}
KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *HIGHEST, *CLOCK}


class CannotExpand(ValueError):
    """A rule that is broken, repeats within a day, or would take too long."""


@dataclass(slots=True)
class Effort:
    """How many more days the rules of one feed may look at."""

    left: int = MOST_EFFORT

    def spend(self, days: int) -> None:
        """Raise CannotExpand once they looked at too many."""
        self.left -= days
        if self.left < 0:
            raise CannotExpand


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and its first wall time; `until` is the raw text, for the caller knows the zones."""

    start: datetime
    frequency: str
    interval: int
    count: int | None
    until: str
    week_start: int
    weekdays: tuple[tuple[int, int], ...] = ()  # (which in the month or year, 0 for each; weekday)
    lists: dict[str, frozenset[int]] = field(default_factory=dict)

    def days(self, low: date, high: date, effort: Effort) -> Iterator[date]:
        """The days in ``[low, high]`` that the rule names, in order."""
        counted = 0
        effort.spend(1)
        for period in self._periods(low, high):
            effort.spend(len(period))
            for day in self._chosen([day for day in period if self._matches(day)]):
                if day < self.start.date():
                    continue
                counted += 1
                if day > high or (self.count is not None and counted > self.count):
                    return
                if day >= low:
                    yield day

    def _periods(self, low: date, high: date) -> Iterator[list[date]]:
        """Each day, week, month or year the rule looks at; from `low` on when nothing has to be counted."""
        index, first = 0, self._period(0)
        if self.count is None and first[0] < low:
            index = max(self._distance(first[0], low) // self.interval - 1, 0)
        while (period := self._period(index * self.interval))[0] <= high:
            yield period
            index += 1

    def _distance(self, first: date, day: date) -> int:
        if self.frequency in ("DAILY", "WEEKLY"):
            return (day - first).days // (1 if self.frequency == "DAILY" else WEEK)
        years = day.year - first.year
        return years if self.frequency == "YEARLY" else years * MONTHS + day.month - first.month

    def _period(self, offset: int) -> list[date]:
        start = self.start.date()
        if self.frequency == "DAILY":
            return [start + timedelta(offset)]
        if self.frequency == "WEEKLY":
            monday = start - timedelta((start.weekday() - self.week_start) % WEEK) + timedelta(WEEK * offset)
            return [monday + timedelta(day) for day in range(WEEK)]
        if self.frequency == "MONTHLY":
            year, month = divmod(start.year * MONTHS + start.month - 1 + offset, MONTHS)
            return _month(date(year, month + 1, 1))
        first = date(start.year + offset, 1, 1)
        if months := self.lists.get("BYMONTH"):
            return [day for month in sorted(months) for day in _month(first.replace(month=month))]
        return _run(first, _days_in_year(first))

    def _chosen(self, days: list[date]) -> list[date]:
        places = self.lists.get("BYSETPOS")
        if not places:
            return days
        return [day for at, day in enumerate(days, 1) if at in places or at - len(days) - 1 in places]

    def _matches(self, day: date) -> bool:
        lists = self.lists
        if "BYMONTH" in lists and day.month not in lists["BYMONTH"]:
            return False
        if "BYMONTHDAY" in lists:
            length = _days_in_month(day)
            if not lists["BYMONTHDAY"] & {day.day, day.day - length - 1}:
                return False
        if "BYYEARDAY" in lists:
            place, length = _place_in_year(day)
            if not lists["BYYEARDAY"] & {place, place - length - 1}:
                return False
        return not self.weekdays or self._is_named(day)

    def _is_named(self, day: date) -> bool:
        weekday = day.weekday()
        places = [which for which, named in self.weekdays if named == weekday]
        return any(not which or which in self._ordinals(day) for which in places)

    def _ordinals(self, day: date) -> tuple[int, int]:
        """Which of its weekday the day is in its month or year, counted from either end."""
        if self.frequency == "YEARLY" and "BYMONTH" not in self.lists:
            place, length = _place_in_year(day)
        else:
            place, length = day.day, _days_in_month(day)
        return (place - 1) // WEEK + 1, -((length - place) // WEEK + 1)


def _month(first: date) -> list[date]:
    return _run(first, _days_in_month(first))


def _run(first: date, length: int) -> list[date]:
    number = first.toordinal()
    return list(map(date.fromordinal, range(number, number + length)))


def _days_in_month(day: date) -> int:
    return DAYS_IN_MONTH[day.month - 1] + (day.month == FEBRUARY and isleap(day.year))


def _days_in_year(day: date) -> int:
    return YEAR + isleap(day.year)


def _place_in_year(day: date) -> tuple[int, int]:
    return (day - date(day.year, 1, 1)).days + 1, _days_in_year(day)


def parse(text: str, start: datetime) -> Rule:
    """The rule of an entry that first happens at wall time `start`. Raises CannotExpand."""
    pairs = [part.partition("=") for part in text.upper().replace(" ", "").split(";") if part]
    parts = {name: value for name, _, value in pairs}
    if len(parts) != len(pairs) or not parts.keys() <= KNOWN or parts.get("FREQ") not in FREQUENCIES:
        raise CannotExpand
    interval, count = _number(parts.get("INTERVAL", "1")), _number(parts.get("COUNT", "99999999"))
    if interval == 0 or count == 0 or parts.get("WKST", "MO") not in WEEKDAYS:
        raise CannotExpand
    for name in parts.keys() & CLOCK.keys():
        if _number(parts[name]) != getattr(start, CLOCK[name]):
            raise CannotExpand
    lists = {name: _signed(parts[name], most) for name, most in HIGHEST.items() if name in parts}
    weekdays = _weekdays(parts)
    if not weekdays and not lists.keys() & {"BYMONTHDAY", "BYYEARDAY"}:
        lists |= _same_day(parts["FREQ"], start, lists)
        weekdays = ((0, start.weekday()),) if parts["FREQ"] == "WEEKLY" else ()
    return Rule(
        start=start,
        frequency=parts["FREQ"],
        interval=10**LONGEST_NUMBER if interval is None else interval,
        count=count,
        until=parts.get("UNTIL", ""),
        week_start=WEEKDAYS[parts.get("WKST", "MO")],
        weekdays=weekdays,
        lists=lists,
    )


def _same_day(frequency: str, start: datetime, lists: dict[str, frozenset[int]]) -> dict[str, frozenset[int]]:
    """What a monthly or yearly rule that names no day takes from its first date."""
    found = {}
    if frequency in ("MONTHLY", "YEARLY"):
        found["BYMONTHDAY"] = frozenset({start.day})
    if frequency == "YEARLY" and "BYMONTH" not in lists:
        found["BYMONTH"] = frozenset({start.month})
    return found


def _weekdays(parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
    if "BYDAY" not in parts:
        return ()
    found = [ORDINAL_WEEKDAY.fullmatch(value) for value in parts["BYDAY"].split(",")]
    days = tuple((int(each[1] or 0), WEEKDAYS[each[2]]) for each in found if each)
    has_ordinals = any(which for which, _ in days)
    if len(days) < len(found) or len(days) > MOST_VALUES:
        raise CannotExpand
    if has_ordinals and parts["FREQ"] in ("DAILY", "WEEKLY"):
        raise CannotExpand
    return days


def _signed(text: str, most: int) -> frozenset[int]:
    values = text.split(",")
    if len(values) > MOST_VALUES or not all(map(SIGNED.fullmatch, values)):
        raise CannotExpand
    numbers = frozenset(map(int, values))
    least = -most if most != MONTHS else 1
    if any(not least <= number <= most or number == 0 for number in numbers):
        raise CannotExpand
    return numbers


def _number(text: str) -> int | None:
    """The number; None for one too large to matter."""
    if not NUMBER.fullmatch(text):
        raise CannotExpand
    return int(text) if len(text) <= LONGEST_NUMBER else None
