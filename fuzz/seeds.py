"""What fuzzing begins with: the calendars of the tests, and the words that calendars are made of."""

from pathlib import Path

from tests.domain import odd_feeds

FEEDS = Path(odd_feeds.__file__).parent / "feeds"

# Lines that an entry may hold, good and bad.
LINES = (
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "BEGIN:VFREEBUSY", "END:VFREEBUSY",
    "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:Ours", "BEGIN:STANDARD",
    "END:STANDARD", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0900", "UID:a", f"UID:{'x' * 260}", "SUMMARY:x",
    "SUMMARY:Airbnb (Not available)", "STATUS:CANCELLED", "STATUS:TENTATIVE", "TRANSP:TRANSPARENT",
    "DTSTART:20261201T160000Z", "DTSTART;VALUE=DATE:20261201", "DTSTART;VALUE=DATE:20261110",
    "DTSTART;TZID=Ours:20261201T160000", "DTSTART;TZID=tzone://Microsoft/Custom:20261201T160000",
    "DTSTART;TZID=America/Santiago:20270905T000000", "DTSTART;TZID=;:20261201", "DTSTART:20261201T160000+9999",
    "DTSTART:00010101", "DTEND;VALUE=DATE:20261203", "DTEND:20261203T110000", "DTEND:99991231T235959Z",
    "DTEND:00010101T000000Z", "DURATION:-P9D", "DURATION:P9W", "DURATION:PT18H", "RRULE:", "RRULE:FREQ=DAILY",
    "RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z",
    "RRULE:FREQ=YEARLY;BYDAY=5MO",
    "RRULE:FREQ=MONTHLY;INTERVAL=99999", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1,31;BYSETPOS=-1", "EXDATE:x",
    "EXDATE;VALUE=DATE:20261202", "EXRULE:FREQ=DAILY", "RDATE:20261201", "RDATE:1",
    "RDATE;VALUE=PERIOD:20261201T160000Z/P2D", "RECURRENCE-ID:20261202T160000Z",
    "RECURRENCE-ID;VALUE=DATE;RANGE=THISANDFUTURE:20261202", "FREEBUSY;FBTYPE=FREE:20261201T160000Z/P2D",
    "FREEBUSY:20261201T160000Z/20261203T100000Z,x/", " folded", ":", "\N{NO-BREAK SPACE}",
)  # fmt: skip


def seeds() -> dict[str, bytes]:
    """The bodies to begin with, by name."""
    feeds = {path.name: path.read_bytes() for path in sorted(FEEDS.glob("*.ics"))}
    return feeds | {name: odd.body for name, odd in odd_feeds.ODD_FEEDS.items()}


def write(folder: Path) -> None:
    """Writes each seed into a file of its own; those of an earlier run stay."""
    for number, body in enumerate(seeds().values()):
        (folder / f"seed-{number:03}").write_bytes(body)


def dictionary() -> str:
    """The words that a mutation may put in, as libFuzzer reads them."""
    names = {line.partition(":")[0] for line in LINES} | {line.partition(":")[2] for line in LINES}
    words = {f"\n{line}\n" for line in LINES} | (names - {""})
    return "".join(f'"{escaped(word)}"\n' for word in sorted(words))


def escaped(word: str) -> str:
    """The word with all but letters and digits as hexadecimal bytes."""
    return "".join(chr(byte) if bytes([byte]).isalnum() else f"\\x{byte:02x}" for byte in word.encode())
