"""Calendars as they are found in the wild, each named by what is odd about it, with what they close.

The property is in Madrid (check-in 15:00, check-out 11:00), today is 21 November 2026, and the window ends with
19 November 2028. `nights` lists month and day of each closed night, or counts them.
"""

from typing import NamedTuple

from domain.ics import State

OK, DEGRADED, REFUSED = State.OK, State.DEGRADED, State.REFUSED
DAY = "DTSTART;VALUE=DATE:20261201"
NEXT = "DTEND;VALUE=DATE:20261202"
TIMED = ("DTSTART:20261201T160000", "DTEND:20261203T100000")


class Odd(NamedTuple):
    """A calendar file and what has to come of it."""

    body: bytes
    nights: str | int
    state: State = OK


def calendar(*lines: str, before: tuple[str, ...] = ()) -> bytes:
    """A calendar of one event with these lines; `before` goes in front of it."""
    text = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        *before,
        "BEGIN:VEVENT",
        *lines,
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(text).encode()


def busy(*lines: str) -> bytes:
    """A calendar of one VFREEBUSY with these lines."""
    text = ["BEGIN:VCALENDAR", "BEGIN:VFREEBUSY", "UID:a", *lines, "END:VFREEBUSY", "END:VCALENDAR", ""]
    return "\r\n".join(text).encode()


def zone(name: str, *rules: str, start: str = "19700101T000000", offset: str = "+0900") -> tuple[str, ...]:
    """A VTIMEZONE with one offset all year; `rules` go into its only part."""
    return (
        "BEGIN:VTIMEZONE", f"TZID:{name}", "BEGIN:STANDARD", f"DTSTART:{start}", *rules,
        f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", "TZNAME:X", "END:STANDARD", "END:VTIMEZONE",
    )  # fmt: skip


AND = ("END:VEVENT", "BEGIN:VEVENT")

# Malformed, but seen to be sent by channels, calendars and property managers.
FROM_CHANNELS = {
    "a parameter on PRODID and three backslashes in it": Odd(
        calendar(DAY, before=(
            "PRODID;X-RICAL-TZSOURCE=TZINFO:-//Airbnb Inc//Hosting Calendar 0.8.8//EN",
            "PRODID:-//admin.booking.com\\\\\\, b.v.//NONSGML v1.0//EN",
        )), "12-01",
    ),
    "a byte order mark": Odd(b"\xef\xbb\xbf" + calendar(DAY), "12-01"),
    "line feeds only": Odd(calendar(DAY).replace(b"\r\n", b"\n"), "12-01"),
    "carriage returns only": Odd(calendar(DAY).replace(b"\r\n", b"\r"), "12-01"),
    "lower-case names": Odd(calendar(DAY).lower(), "12-01"),
    "blank lines": Odd(b"\r\n\r\n" + calendar(DAY).replace(b"\r\n", b"\r\n\r\n"), "12-01"),
    "neither DTSTAMP nor UID": Odd(calendar(DAY, NEXT), "12-01"),
    "an end on the day of the start": Odd(calendar(DAY, "DTEND;VALUE=DATE:20261201"), "12-01"),
    "a date without an end": Odd(calendar(DAY), "12-01"),
    "a time without an end": Odd(calendar("DTSTART:20261201T180000"), "12-01"),
    "a duration instead of an end": Odd(calendar(DAY, "DURATION:P4D"), "12-01 12-02 12-03 12-04"),
    "a duration in weeks": Odd(calendar(DAY, "DURATION:P1W"), 7),
    "a duration in hours after a date": Odd(calendar(DAY, "DURATION:PT36H"), "12-01 12-02"),
    "a duration without its T": Odd(calendar(DAY, "DURATION:P1D1H"), "12-01 12-02"),
    "an end and a duration beside it": Odd(calendar(DAY, NEXT, "DURATION:P9D"), "12-01"),
    "an end before the start": Odd(
        calendar("DTSTART;VALUE=DATE:20261204", "DTEND;VALUE=DATE:20261202"), "12-02 12-03", DEGRADED
    ),
    "an end before the start, both long ago": Odd(
        calendar("DTSTART;VALUE=DATE:20200601", "DTEND;VALUE=DATE:20200227"), ""
    ),
    "a time as the end of a date": Odd(calendar(DAY, "DTEND:20261203T110000"), "12-01 12-02"),
    "the last second of a day as the end of a date": Odd(
        calendar(DAY, "DTEND:20261202T235959"), "12-01 12-02"
    ),
    "midnight of the same day as the end of a date": Odd(calendar(DAY, "DTEND:20261201T000000"), "12-01"),
    "a date as the end of a time": Odd(
        calendar("DTSTART:20261201T160000", "DTEND;VALUE=DATE:20261203"), "12-01 12-02"
    ),
    "the same date as the end of a time": Odd(
        calendar("DTSTART:20261201T120000", "DTEND;VALUE=DATE:20261201"), "12-01"
    ),
    "dates followed by times": Odd(
        calendar("DTSTART;VALUE=DATE:20261201T000000", "DTEND;VALUE=DATE:20261203T000000"), "12-01 12-02"
    ),
    "an impossible start": Odd(calendar("DTSTART;VALUE=DATE:20261345", NEXT), "", DEGRADED),
    "an impossible start beside a good event": Odd(
        calendar("DTSTART;VALUE=DATE:20261345", *AND, DAY), "12-01", DEGRADED
    ),
    "an impossible end": Odd(calendar(DAY, "DTEND;VALUE=DATE:20261345"), "12-01", DEGRADED),
    "a duration in words": Odd(calendar(DAY, "DURATION:a while"), "12-01", DEGRADED),
    "no start": Odd(calendar("UID:a", NEXT), "", DEGRADED),
    "two starts and two ends": Odd(
        calendar("DTSTART;VALUE=DATE:20261203", "DTSTART;VALUE=DATE:20261202",
                 "DTEND;VALUE=DATE:20261205", "DTEND;VALUE=DATE:20261204"),
        "12-02 12-03 12-04", DEGRADED,
    ),
    "a Windows zone without its definition, quoted or not": Odd(
        calendar("DTSTART;TZID=Romance Standard Time:20261201T160000",
                 'DTEND;TZID="Romance Standard Time":20261203T100000'), "12-01 12-02",
    ),
    "an unknown zone": Odd(
        calendar("DTSTART;TZID=Custom/Zone:20261201T233000", "DTEND;TZID=Custom/Zone:20261203T100000"),
        "12-01 12-02",
    ),
    "a line that lost the space of its fold": Odd(
        calendar(DAY, "DESCRIPTION:a long", "tails/HMEXAMPLE0"), "12-01"
    ),
    "a bad refresh interval": Odd(
        calendar(DAY, before=("REFRESH-INTERVAL:VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:15", "nonsense")), "12-01"
    ),
    "a log-in page": Odd(b"<!DOCTYPE html><html><title>Log in</title></html>", "", REFUSED),
    "a log-in page with a calendar in it": Odd(b"\n <html>" + calendar(DAY), "", REFUSED),
    "an empty body": Odd(b" \r\n", "", REFUSED),
    "a calendar that breaks off": Odd(calendar(DAY)[:-16], "", REFUSED),
    "a calendar that breaks off in its second part": Odd(
        calendar(DAY) + calendar("DTSTART;VALUE=DATE:20261205")[:-16], "", REFUSED
    ),
    "two calendars in one file": Odd(
        calendar(DAY) + calendar("DTSTART;VALUE=DATE:20261205"), "12-01 12-05"
    ),
    "text that is not UTF-8": Odd(calendar(DAY, "SUMMARY:m%ller").replace(b"%", b"\xfc"), "12-01"),
    "a fold inside a character": Odd(calendar(DAY, "UID:m%ller").replace(b"%", b"\xc3\r\n \xbc"), "12-01"),
    "every day for ever": Odd(calendar(DAY, "RRULE:FREQ=DAILY"), 720),
    "ten days of every fourteen": Odd(
        calendar("DTSTART;VALUE=DATE:20261102", "DURATION:P10D", "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=12"), 120
    ),
    "every second since 2000": Odd(
        calendar("DTSTART:20000101T000000Z", "DTEND:20000101T000001Z", "RRULE:FREQ=SECONDLY"), "", DEGRADED
    ),
    "a stay of seventy years": Odd(
        calendar("DTSTART;VALUE=DATE:20200101", "DTEND;VALUE=DATE:20900101"), 760
    ),
    "a stay of ten thousand years": Odd(
        calendar("DTSTART;VALUE=DATE:00010101", "DTEND;VALUE=DATE:99991231"), 760
    ),
    "one UID for two stays": Odd(
        calendar("UID:a", DAY, *AND, "UID:a", "DTSTART;VALUE=DATE:20261210"), "12-01 12-10"
    ),
    "an alarm that repeats two thousand million times": Odd(
        calendar(DAY, "BEGIN:VALARM", "TRIGGER:-PT1M", "DURATION:P9D", "REPEAT:2147483648", "END:VALARM"), "12-01"
    ),
    "tasks and journals": Odd(
        calendar(DAY, before=("BEGIN:VTODO", "DTSTART:20261205T000000Z", "END:VTODO",
                              "BEGIN:VJOURNAL", "DTSTART;VALUE=DATE:20261206", "END:VJOURNAL")), "12-01",
    ),
    "no events at all": Odd(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", ""),
    "a date line without its colon": Odd(calendar(DAY, "DTEND;VALUE=DATE 20261204"), "12-01", DEGRADED),
    "an event that never ends": Odd(calendar(DAY).replace(b"END:VEVENT\r\n", b""), "12-01", DEGRADED),
    "a warning in front of the calendar": Odd(b"PHP Notice: undefined\n" + calendar(DAY), "12-01", DEGRADED),
    "a remark behind the calendar": Odd(calendar(DAY) + b"<!-- cached -->\n", "12-01"),
}  # fmt: skip

# What other programs' issue trackers tell of calendars that were lost because of one line.
FROM_ISSUES = {
    "a time as the start of a rule until a date": Odd(
        calendar("DTSTART:20261201T160000", "DTEND:20261202T100000", "RRULE:FREQ=DAILY;UNTIL=20261202"),
        "12-01 12-02",
    ),
    "a date as the start of a rule until a time": Odd(
        calendar(DAY, "RRULE:FREQ=DAILY;UNTIL=20261202T225959Z"), "12-01 12-02"
    ),
    "a local time as the end of a rule in UTC": Odd(
        calendar("DTSTART:20261201T150000Z", "DURATION:PT18H", "RRULE:FREQ=DAILY;UNTIL=20261202T150000"),
        "12-01 12-02",
    ),
    "a rule whose end is left empty": Odd(calendar(DAY, "RRULE:FREQ=WEEKLY;UNTIL="), 103),
    "lines of iCloud without a colon": Odd(
        calendar(DAY, "X-APPLE-STRUCTURED-LOCATION;VALUE=URI", "Street 1", ";X=2", '"', "ATTACH;FILENAME"), "12-01"
    ),
    "a zone with colons and without quotes": Odd(
        calendar("DTSTART;TZID=tzone://Microsoft/Custom:20261201T160000",
                 "DTEND;TZID=tzone://Microsoft/Custom:20261203T100000"), "12-01 12-02",
    ),
    "a zone with colons in quotes": Odd(
        calendar('DTSTART;TZID="(UTC+01:00) Paris":20261201T160000', "DURATION:PT18H"), "12-01"
    ),
    "a zone with a colon and an accent, defined": Odd(
        calendar("DTSTART;TZID=(UTC+09:00) Brasília:20261202T010000",
                 "DTEND;TZID=(UTC+09:00) Brasília:20261202T030000", before=zone("(UTC+09:00) Brasília")), "12-01",
    ),
    "a zone that Office calls customized": Odd(
        calendar("DTSTART;TZID=Customized Time Zone:20261201T160000", "DURATION:PT18H"), "12-01"
    ),
    "a zone of Outlook with its value type": Odd(
        calendar("DTEND;TZID=W. Europe Standard Time;VALUE=DATE-TIME:20261203T100000",
                 "DTSTART;TZID=W. Europe Standard Time;VALUE=DATE-TIME:20261201T160000"), "12-01 12-02",
    ),
    "a zone and UTC at once": Odd(
        calendar("DTSTART;TZID=Asia/Tokyo:20261201T150000Z", "DTEND;TZID=Asia/Tokyo:20261202T090000Z"), "12-01"
    ),
    "an IANA zone without its definition": Odd(
        calendar("DTSTART;TZID=America/New_York:20261201T100000", "DURATION:PT18H"), "12-01"
    ),
    "a globally unique zone name": Odd(
        calendar("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20261201T160000", "DURATION:PT18H"),
        "12-01",
    ),
    "a zone name that is a path": Odd(
        calendar("DTSTART;TZID=../../etc/passwd:20261201T160000", "DURATION:PT18H"), "12-01"
    ),
    "a zone name that is empty": Odd(calendar("DTSTART;TZID=:20261201T160000", "DURATION:PT18H"), "12-01"),
    "a zone whose definition begins in UTC": Odd(
        calendar("DTSTART;TZID=Ours:20261201T160000", "DTEND;TZID=Ours:20261203T100000",
                 before=zone("Ours", start="19700101T000000Z", offset="+0100")), "12-01 12-02",
    ),
    "a zone that repeats by the second": Odd(
        calendar("DTSTART;TZID=Ours:20261201T160000", "DURATION:PT18H", before=zone("Ours", "RRULE:FREQ=SECONDLY")),
        "12-01",
    ),
    "a zone that repeats on a day that never comes": Odd(
        calendar("DTSTART;TZID=Ours:20261201T160000", "DURATION:PT18H",
                 before=zone("Ours", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", offset="+0100")), "12-01",
    ),
    "a zone that is cut off": Odd(
        calendar("DTSTART;TZID=Ours:20261201T160000", "DURATION:PT18H", before=zone("Ours")[:4]), "12-01", DEGRADED
    ),
    "a class nobody knows": Odd(calendar(DAY, "CLASS:", "CLASS:TOP:SECRET", "PRIORITY:high"), "12-01"),
    "an X-Link line": Odd(calendar(DAY, "X-Link;VALUE=URI:https://example.test/?a=1:2", "X-Link"), "12-01"),
    "a conference line with a bare address": Odd(calendar(DAY, "CONFERENCE:https://example.test/room"), "12-01"),
    "an organizer without an address": Odd(calendar(DAY, "ORGANIZER:", "ATTENDEE;CN=:nobody"), "12-01"),
    "an attachment that is not base64": Odd(calendar(DAY, "ATTACH;ENCODING=BASE64;VALUE=BINARY:%%%"), "12-01"),
    "spaces around every sign": Odd(
        calendar("DTSTART ; VALUE = DATE : 20261201 ", " DTEND;VALUE=DATE:20261202".lstrip()), "12-01"
    ),
    "a wrong value type": Odd(calendar("DTSTART;VALUE=TEXT:20261201", "DTEND;VALUE=BOGUS:20261203"), "12-01 12-02"),
    "a value type in quotes": Odd(calendar('DTSTART;VALUE="DATE":20261201T000000', "DURATION:P1D"), "12-01"),
    "a colon inside a quoted parameter": Odd(calendar('DTSTART;X-A="a:b;c";VALUE=DATE:20261201'), "12-01"),
    "a quote that is never closed": Odd(calendar('DTSTART;X-A="a;VALUE=DATE:20261201'), "12-01"),
    "extra periods, one with an end and one with a duration": Odd(
        calendar(*TIMED, "RDATE;VALUE=PERIOD:20261210T150000Z/20261212T090000Z,20261220T150000Z/PT10H"),
        "12-01 12-02 12-10 12-11 12-20",
    ),
    "a moved day named by a time in a series of dates": Odd(
        calendar("UID:a", DAY, "RRULE:FREQ=DAILY;COUNT=2", *AND, "UID:a",
                 "RECURRENCE-ID:20261202T000000", "DTSTART;VALUE=DATE:20261210"), "12-01 12-10",
    ),
    "a moved time named by a date in a series of times": Odd(
        calendar("UID:a", "DTSTART:20261201T160000", "DURATION:PT18H", "RRULE:FREQ=DAILY;COUNT=2", *AND, "UID:a",
                 "RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART:20261210T160000", "DURATION:PT18H"), "12-01 12-10",
    ),
    "a moved day that repeats itself": Odd(
        calendar("UID:a", DAY, "RRULE:FREQ=DAILY;COUNT=2", *AND, "UID:a", "RECURRENCE-ID;VALUE=DATE:20261202",
                 "DTSTART;VALUE=DATE:20261210", "RRULE:FREQ=DAILY;COUNT=2"), "12-01 12-10 12-11",
    ),
    "a moved time that was never in its series": Odd(
        calendar("UID:a", "DTSTART:20261201T160000", "DURATION:PT18H", "RRULE:FREQ=DAILY;COUNT=2", *AND, "UID:a",
                 "RECURRENCE-ID:20261225T160000", "DTSTART:20261210T160000", "DURATION:PT18H"), "12-01 12-02 12-10",
    ),
    "an exception date with a time in a series of dates": Odd(
        calendar(DAY, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261202T000000"), "12-01 12-03"
    ),
    "an exception date without a time in a series of times": Odd(
        calendar("DTSTART:20261201T160000", "DURATION:PT18H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261202"),
        "12-01 12-03",
    ),
    "a cancelled event": Odd(calendar("STATUS:CANCELLED", DAY), ""),
    "a cancelled event in lower case": Odd(calendar("status:cancelled", DAY), ""),
    "a cancelled day of a series": Odd(
        calendar("UID:a", DAY, "RRULE:FREQ=DAILY;COUNT=2", *AND, "UID:a", "STATUS:CANCELLED",
                 "RECURRENCE-ID;VALUE=DATE:20261202", "DTSTART;VALUE=DATE:20261202"), "12-01",
    ),
    "an event that is cancelled and confirmed at once": Odd(
        calendar("STATUS:CANCELLED", "STATUS:CONFIRMED", DAY), "12-01"
    ),
    "a transparent event": Odd(calendar("TRANSP:TRANSPARENT", DAY), ""),
    "an event of no length": Odd(calendar("DTSTART:20261201T180000", "DTEND:20261201T180000"), "12-01"),
    "neither PRODID nor VERSION": Odd(calendar(DAY).replace(b"VERSION:2.0\r\n", b"").replace(b"\r", b""), "12-01"),
    "junk behind a date": Odd(calendar("DTSTART;VALUE=DATE:20261201;", "DTEND;VALUE=DATE:20261202 (noon)"), "12-01"),
    "junk behind a time": Odd(calendar("DTSTART:20261201T150000Z\t", "DTEND:20261202T090000Z_"), "12-01"),
    "a date with hyphens and a time without colons": Odd(
        calendar("DTSTART;TZID=Europe/Berlin:2026-12-01T160000", "DTEND;TZID=Europe/Berlin:2026-12-02T100000"), "12-01"
    ),
    "a date with hyphens and an offset": Odd(
        calendar("DTSTART:2026-12-01T16:00:00+01:00", "DTEND:2026-12-02T10:00:00+01:00"), "12-01"
    ),
    "seconds with decimals": Odd(calendar("DTSTART:20261201T150000.000Z", "DTEND:20261202T090000.5Z"), "12-01"),
    "a time without seconds": Odd(calendar("DTSTART:20261201T1600", "DTEND:20261202T1000"), "12-01"),
    "a leap second": Odd(calendar("DTSTART:20261201T225960Z", "DTEND:20261202T090000Z"), "12-01"),
    "a day that ends at 24 o'clock": Odd(calendar("DTSTART:20261201T160000", "DTEND:20261201T240000"), "12-01"),
    "a UID with a slash": Odd(calendar("UID:something/valid", DAY), "12-01"),
    "a yearly rule that never happens": Odd(
        calendar(DAY, "RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=2;BYMONTHDAY=31"), "12-01"
    ),
    "a daily rule that never happens": Odd(calendar(DAY, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "12-01"),
    "a monthly rule whose second of one never comes": Odd(
        calendar(DAY, "RRULE:FREQ=MONTHLY;BYDAY=1TH;BYSETPOS=2"), "12-01"
    ),
    "a yearly rule older than 28 years": Odd(
        calendar("DTSTART;VALUE=DATE:19711201", "RRULE:FREQ=YEARLY"), "12-01 12-01"
    ),
    "a leap day on a Tuesday, once in 28 years": Odd(
        calendar("DTSTART;VALUE=DATE:20000229", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU"), "02-29"
    ),
    "a leap day each year": Odd(calendar("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY"), "02-29"),
}  # fmt: skip

# Calendars of busy times, as servers for meetings send them.
BUSY_TIMES = {
    "a busy time with an end and one with a duration": Odd(
        busy("FREEBUSY;FBTYPE=BUSY:20261201T150000Z/20261203T090000Z,20261205T150000Z/PT18H"), "12-01 12-02 12-05"
    ),
    "a busy time of no type": Odd(busy("FREEBUSY:20261201T150000Z/PT18H"), "12-01"),
    "a busy time of a type nobody knows": Odd(busy("FREEBUSY;FBTYPE=X-AWAY:20261201T150000Z/PT18H"), "12-01"),
    "a busy time that is unavailable or tentative": Odd(
        busy("FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261201T150000Z/PT18H",
             "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261205T150000Z/PT18H"), "12-01 12-05",
    ),
    "a time that is said to be free": Odd(busy("FREEBUSY;FBTYPE=FREE:20261201T150000Z/PT18H"), ""),
    "a time that is said to be free and busy": Odd(
        busy("FREEBUSY;FBTYPE=FREE;FBTYPE=BUSY:20261201T150000Z/PT18H"), "12-01"
    ),
    "the range that a question about busy times is for": Odd(
        busy("DTSTART:20261201T000000Z", "DTEND:20261231T000000Z"), ""
    ),
    "busy times beside events": Odd(
        busy("FREEBUSY:20261201T150000Z/PT18H") + calendar("DTSTART;VALUE=DATE:20261205"), "12-01 12-05"
    ),
    "a busy time by day": Odd(busy("FREEBUSY:20261201T113000Z/PT2H"), ""),
    "a busy time of whole days": Odd(busy("FREEBUSY:20261201/20261203"), "12-01 12-02"),
    "a busy time without an end": Odd(busy("FREEBUSY:20261201T150000Z"), "12-01", DEGRADED),
    "a busy time with an end that means nothing": Odd(busy("FREEBUSY:20261201T150000Z/soon"), "12-01", DEGRADED),
    "a busy time that ends before it begins": Odd(
        busy("FREEBUSY:20261203T090000Z/20261201T150000Z"), "12-01 12-02", DEGRADED
    ),
    "a busy time that means nothing beside a good one": Odd(
        busy("FREEBUSY:soon/PT1H,20261201T150000Z/PT18H"), "12-01", DEGRADED
    ),
    "an empty list of busy times": Odd(busy("FREEBUSY:"), "", DEGRADED),
    "a line of busy times without its colon": Odd(busy("FREEBUSY 20261201T150000Z/PT18H"), "", DEGRADED),
    "busy times outside of a calendar": Odd(
        calendar(DAY) + busy("FREEBUSY:20261205T150000Z/PT18H").split(b"\r\n", 1)[1].replace(b"END:VCALENDAR\r\n", b""),
        "12-01 12-05", DEGRADED,
    ),
    "open times instead of closed ones": Odd(
        calendar(DAY, before=("BEGIN:VAVAILABILITY", "BUSYTYPE:BUSY", "BEGIN:AVAILABLE",
                              "DTSTART:20261205T000000Z", "END:AVAILABLE", "END:VAVAILABILITY")), "12-01", DEGRADED,
    ),
}  # fmt: skip

ODD_FEEDS = FROM_CHANNELS | FROM_ISSUES | BUSY_TIMES
