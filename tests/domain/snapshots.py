"""What a feed answers, read after read: whole calendars in the shapes that the big channels send, invented throughout.

Stays are pairs of days after `TODAY`, arrival and departure.
"""

from datetime import UTC, date, datetime, timedelta

TODAY = date(2026, 12, 1)
MORNING = datetime(2026, 12, 1, 8, tzinfo=UTC)

type Stay = tuple[int, int]


def day(after: int) -> date:
    """The day so many days after today."""
    return TODAY + timedelta(days=after)


def nights(*stays: Stay) -> list[str]:
    """The nights of the stays as the commands print them."""
    return sorted({day(night).isoformat() for start, end in stays for night in range(start, end)})


def entry(stay: Stay, summary: str, uid: str, stamp: datetime) -> list[str]:
    """The lines of one all-day entry."""
    start, end = map(day, stay)
    return [
        "BEGIN:VEVENT",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{start:%Y%m%d}",
        f"DTEND;VALUE=DATE:{end:%Y%m%d}",
        f"SUMMARY:{summary}",
        f"UID:{uid}",
        "END:VEVENT",
    ]


def calendar(*lines: str) -> bytes:
    """A calendar with these lines in it."""
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Invented//EN", *lines, "END:VCALENDAR", ""]
    return "\r\n".join(text).encode()


def closings(*stays: Stay, at: datetime = MORNING) -> bytes:
    """As Booking.com: every entry "closed", a UID that follows from the first day, stamped with the fetch."""
    return calendar(
        *(
            line
            for stay in stays
            for line in entry(stay, "CLOSED - Not available", f"{stay[0]:032x}@booking.example", at)
        )
    )


def reservations(*stays: Stay, blocks: tuple[Stay, ...] = (), at: datetime = MORNING) -> bytes:
    """As Airbnb: reservations and unexplained blocks, told apart by UID and summary."""
    found = [
        entry(stay, "Reserved", f"1418fb94e984-{stay[0]:016x}{stay[1]:016x}@airbnb.com", at) for stay in stays
    ]
    found += [
        entry(block, "Airbnb (Not available)", f"7f662ec65913-{block[0]:016x}{block[1]:016x}@airbnb.com", at)
        for block in blocks
    ]
    return calendar(*(line for lines in found for line in lines))
