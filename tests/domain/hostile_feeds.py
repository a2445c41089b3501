"""Calendars made to hang or to fill whoever reads them: small files of endless work, and big files of little.

`night` says whether the night of 1 December 2026, with which the repeated entries begin, has to be closed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from domain.ics import State
from domain.prescan import LONGEST_LINE, MOST_BYTES, MOST_EVENTS, MOST_LINES

OK, DEGRADED, REFUSED = State.OK, State.DEGRADED, State.REFUSED
TIMED = ("DTSTART:20261201T160000Z", "DTEND:20261202T100000Z")
LONG_AGO = "DTSTART;VALUE=DATE:19700101"
EVERY_MONTHDAY = ",".join(map(str, range(1, 32)))
NEVER = "BYMONTH=2;BYMONTHDAY=30"


class Hostile(NamedTuple):
    """A calendar file, how far its reading may be trusted, and whether it closes its first night."""

    body: bytes
    state: State
    night: bool = True


def calendar(inside: bytes) -> bytes:
    return b"BEGIN:VCALENDAR\n" + inside + b"END:VCALENDAR\n"


def event(*lines: str) -> bytes:
    return "\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""]).encode()


def of_rule(rule: str, *lines: str) -> bytes:
    return calendar(event(*TIMED, f"RRULE:{rule}", *lines))


def many(count: int, *lines: str) -> bytes:
    """That many entries, each with the lines and a UID of its own."""
    return calendar(b"".join(event(*lines, f"UID:{number}") for number in range(count)))


def zones(count: int, *lines: str) -> bytes:
    """That many zones of the same lines, and an entry in each."""
    text: list[str] = []
    for number in range(count):
        text += ["BEGIN:VTIMEZONE", f"TZID:Z{number}", *lines, "END:VTIMEZONE"]
    entries = b"".join(event(f"DTSTART;TZID=Z{number}:20261201T230000") for number in range(count))
    return calendar("\n".join([*text, ""]).encode() + entries)


def part(*lines: str) -> list[str]:
    return ["BEGIN:STANDARD", *lines, "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100", "END:STANDARD"]


def filled(head: str, piece: str, length: int) -> str:
    return head + piece * ((length - len(head)) // len(piece))


def parts(lines: Iterable[str], count: int) -> list[str]:
    return [line for _ in range(count) for line in part(*lines)]


FEW_BYTES = {
    "every second without end": Hostile(of_rule("FREQ=SECONDLY"), DEGRADED),
    "every minute without end": Hostile(of_rule("FREQ=MINUTELY"), DEGRADED),
    "every minute but for every minute": Hostile(of_rule("FREQ=MINUTELY", "EXRULE:FREQ=MINUTELY"), DEGRADED),
    "every day but for every day": Hostile(of_rule("FREQ=DAILY", "EXRULE:FREQ=DAILY"), DEGRADED),
    "an interval of nothing": Hostile(of_rule("FREQ=DAILY;INTERVAL=0"), DEGRADED),
    "a stay of thirty years every hour": Hostile(
        calendar(event(TIMED[0], "DTEND:20561202T100000Z", "RRULE:FREQ=HOURLY")), DEGRADED
    ),
    "a stay of thirty years every day": Hostile(
        calendar(event(TIMED[0], "DTEND:20561202T100000Z", "RRULE:FREQ=DAILY")), DEGRADED
    ),
    "every second of a day that never comes": Hostile(of_rule(f"FREQ=SECONDLY;{NEVER}"), DEGRADED),
    "a day that never comes": Hostile(of_rule(f"FREQ=DAILY;{NEVER}"), OK),
    "five times a day that never comes": Hostile(of_rule(f"FREQ=DAILY;{NEVER};COUNT=5"), OK),
    "a place in the month that never comes": Hostile(of_rule("FREQ=MONTHLY;BYDAY=1TH;BYSETPOS=2"), OK),
    "every day since the year 1": Hostile(
        calendar(event("DTSTART;VALUE=DATE:00010101", "RRULE:FREQ=DAILY")), OK
    ),
    "every day since 1900": Hostile(calendar(event("DTSTART;VALUE=DATE:19000101", "RRULE:FREQ=DAILY")), OK),
    "a thousand million days": Hostile(of_rule("FREQ=DAILY;COUNT=1000000000"), OK),
    "a count of four thousand digits": Hostile(of_rule(f"FREQ=DAILY;COUNT={'9' * 4000}"), OK),
    "an interval of four thousand digits": Hostile(of_rule(f"FREQ=DAILY;INTERVAL={'9' * 4000}"), OK),
    "until the year 9999": Hostile(of_rule("FREQ=DAILY;UNTIL=99991231T235959Z"), OK),
    "a cross product of months and days": Hostile(
        of_rule(f"FREQ=YEARLY;COUNT=1;BYMONTH={EVERY_MONTHDAY[:26]};BYMONTHDAY={EVERY_MONTHDAY};BYDAY=MO,TU,WE"), OK
    ),
    "every second of every minute of every hour": Hostile(
        of_rule("FREQ=YEARLY;BYHOUR=0,1,2,3;BYMINUTE=0,1,2,3;BYSECOND=0,1,2,3"), DEGRADED
    ),
    "a rule of ten thousand days": Hostile(of_rule("FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["1"] * 10_000)), DEGRADED),
    "an end in the year 9999": Hostile(calendar(event(TIMED[0], "DTEND;VALUE=DATE:99991231")), OK),
    "a duration of a million million million weeks": Hostile(
        calendar(event(TIMED[0], "DURATION:P999999999999999999W")), OK
    ),
    "no start": Hostile(calendar(event("RRULE:FREQ=DAILY", "DTEND:20261202T100000Z")), DEGRADED, night=False),
    "an alarm that repeats for ever": Hostile(
        calendar(event(*TIMED, "BEGIN:VALARM", "TRIGGER:-PT1S", "DURATION:PT1S", "REPEAT:2147483648", "END:VALARM")), OK
    ),
    "a zone whose name is a path": Hostile(
        calendar(event("DTSTART;TZID=../../etc/passwd:20261201T160000", "DURATION:PT18H")), OK
    ),
    "a zone of every second": Hostile(zones(1, *part("DTSTART:19700101T000000", "RRULE:FREQ=SECONDLY")), OK),
    "a zone whose interval is nothing": Hostile(
        zones(1, *part("DTSTART:19700101T000000", "RRULE:FREQ=YEARLY;INTERVAL=0")), OK
    ),
    "a zone that changes on a day that never comes": Hostile(
        zones(1, *part("DTSTART:00010101T000000", f"RRULE:FREQ=YEARLY;{NEVER}")), OK
    ),
}  # fmt: skip

MANY_ENTRIES = {
    "two thousand daily entries": Hostile(many(2_000, *TIMED, "RRULE:FREQ=DAILY"), DEGRADED),
    "an entry behind two thousand days that never come": Hostile(
        many(2_000, LONG_AGO, f"RRULE:FREQ=DAILY;{NEVER};COUNT=5").removesuffix(b"END:VCALENDAR\n")
        + event(*TIMED, "RRULE:FREQ=DAILY") + b"END:VCALENDAR\n", DEGRADED,
    ),
    "thousands of moved days of one series": Hostile(
        calendar(event(*TIMED, "UID:a", "RRULE:FREQ=DAILY")
                 + event(*TIMED, "UID:a", "RECURRENCE-ID:20261203T160000Z") * (MOST_EVENTS - 1)), DEGRADED,
    ),
    "twenty thousand moved days": Hostile(
        calendar(event("UID:a", "RECURRENCE-ID:20261203T160000Z") * 20_000), REFUSED, night=False
    ),
    "forty thousand exception dates": Hostile(
        of_rule("FREQ=DAILY", *["EXDATE:20261203T160000Z"] * 40_000), DEGRADED
    ),
    "a hundred thousand exception dates": Hostile(
        of_rule("FREQ=DAILY", *["EXDATE:20261203"] * MOST_LINES), REFUSED, night=False
    ),
    "a hundred thousand extra dates": Hostile(
        of_rule("FREQ=DAILY;COUNT=1", *[filled("RDATE:20261201T160000Z", ",20270101T160000Z", 60_000)] * 30), DEGRADED
    ),
    "five thousand unknown zones": Hostile(
        calendar(b"".join(event(f"DTSTART;TZID=Z{number}/../../etc/passwd:20261201T160000")
                          for number in range(MOST_EVENTS))), OK,
    ),
    "five thousand stays without end": Hostile(
        many(MOST_EVENTS, "DTSTART;VALUE=DATE:00010101", "DTEND;VALUE=DATE:99991231"), OK
    ),
    "twenty thousand plain entries": Hostile(many(20_000, LONG_AGO), REFUSED, night=False),
    "five thousand and one busy times": Hostile(
        calendar(b"BEGIN:VFREEBUSY\nFREEBUSY:" + b",".join([b"20261201T160000Z/PT1H"] * MOST_EVENTS)[:60_000]
                 + b"\nFREEBUSY:" + b"," * MOST_EVENTS + b"\nEND:VFREEBUSY\n"), REFUSED, night=False,
    ),
    "twenty zones that change a hundred times in each year": Hostile(
        zones(20, *parts(["DTSTART:16010101T000000", "RRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR"], 100)), OK
    ),
    "ten zones of every year since the year 1": Hostile(
        zones(10, *parts(["DTSTART:00010101T000000", "RRULE:FREQ=YEARLY;BYMONTH=1"], 100)), OK
    ),
    "sixty zones": Hostile(zones(60, "X:1"), REFUSED, night=False),
}  # fmt: skip

MANY_BYTES = {
    "three megabytes": Hostile(calendar(b"X-A:1\n" * (MOST_BYTES // 4)), REFUSED, night=False),
    "two hundred thousand lines that mean nothing": Hostile(
        calendar(b"X-A:1\n" * 200_000), REFUSED, night=False
    ),
    "a million blank lines": Hostile(calendar(b"\r\n" * 1_000_000), REFUSED, night=False),
    "a million folds": Hostile(calendar(b"X-A:1\n" + b"\n " * 1_000_000), OK, night=False),
    "half a million folds in one character": Hostile(
        calendar(b"X-A:1" + b"\n " * 500_000 + b"\n" + event(*TIMED)), OK
    ),
    "a line of eight megabytes": Hostile(
        calendar(b"X-A:" + b"a" * 8 * 1024 * 1024 + b"\n"), REFUSED, night=False
    ),
    "a line a little too long": Hostile(calendar(b"X-A:" + b"a" * LONGEST_LINE + b"\n"), REFUSED, night=False),
    "fifty thousand entries in each other": Hostile(calendar(b"BEGIN:VEVENT\n" * 50_000), REFUSED, night=False),
    "fifty thousand alarms in each other": Hostile(
        calendar(b"BEGIN:VEVENT\n" + b"BEGIN:VALARM\n" * 50_000), REFUSED, night=False
    ),
    "quotes that are never closed": Hostile(
        calendar(event(*TIMED, *[filled("DTSTART;X=", '"a":', 60_000) + '"'] * 30)), DEGRADED
    ),
    "parameters of sixty thousand spaces": Hostile(
        calendar(event(*[filled("DTSTART;VALUE=DATE", " ;VALUE=DATE ", 60_000) + "x:20261201"] * 30)), DEGRADED
    ),
    "zone names of sixty thousand colons": Hostile(
        calendar(event(*[filled("DTSTART;TZID=", "TZID=:", 60_000) + ":20261201T160000"] * 30)), DEGRADED
    ),
    "a title of sixty thousand backslashes": Hostile(
        calendar(b"".join(event(*TIMED, filled("SUMMARY:", "\\", 60_000), f"UID:{number}") for number in range(30))), OK
    ),
    "UIDs of sixty thousand backslashes": Hostile(
        calendar(b"".join(event(*TIMED, filled("UID:", "\\", 60_000)) for _ in range(30))), OK
    ),
    "a date of sixty thousand digits": Hostile(
        calendar(event(*TIMED) + event(filled("DTSTART:", "1", 60_000)) * 30), DEGRADED
    ),
    "a duration of sixty thousand digits": Hostile(
        calendar(event(TIMED[0], filled("DURATION:P", "1", 60_000)) * 30), DEGRADED
    ),
    "sixty thousand parts of a rule": Hostile(of_rule(filled("FREQ=DAILY", ";", 60_000)), OK),
}  # fmt: skip

HOSTILE_FEEDS = FEW_BYTES | MANY_ENTRIES | MANY_BYTES
