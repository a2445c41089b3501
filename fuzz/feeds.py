"""What has to hold for every body that a feed may answer with: `python -m fuzz.feeds FILE …` checks some again."""

import sys
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.events import CONTROL, LONGEST_SUMMARY, LONGEST_UID, Event, Kind
from domain.house import House
from domain.ics import MOST_PROBLEMS, Reading, State, Window, content_digest, read
from domain.prescan import MOST_EVENTS, TOO_BIG, unfolded
from domain.recurrence import MOST_PER_FEED
from domain.switches import PLAIN, Switches

TODAY = date(2026, 11, 21)
WINDOW = Window(date(2026, 10, 22), date(2027, 6, 1))
INSIDE = Window(date(2026, 12, 20), date(2027, 5, 10))
INCLUSIVE = Switches(ends_inclusive=True)
FREEING = ("STATUS", "TRANSP", "EXDATE", "EXRULE", "RECURRENCE-ID")
BEGIN = b"BEGIN:VEVENT"
STAMPS = (b"\nDTSTAMP:1", b"\nDTSTAMP;X=2:20261121\r\n T101500Z")
LATE_EVENING = b"DTSTART:20270301T235900\nEND:VEVENT\nEND:VCALENDAR"  # in a night wherever it is read


class Broken(AssertionError):
    """A rule of the reader that doesn't hold for some body; the message says which."""


def require(holds: bool, rule: str) -> None:
    """Raise Broken unless the rule holds."""
    if not holds:
        raise Broken(rule)


@dataclass(frozen=True, slots=True)
class Reader:
    """A feed of a property, as far as reading depends on it."""

    house: House
    channel: str

    def __call__(self, body: bytes, *, window: Window = WINDOW, switches: Switches = PLAIN) -> Reading:
        return read(body, self.house, window, channel=self.channel, today=TODAY, switches=switches)


READERS = (
    Reader(House(ZoneInfo("Europe/Madrid")), ""),
    Reader(House(ZoneInfo("Pacific/Kiritimati"), check_in=time(12), check_out=time(12)), "airbnb"),
    Reader(House(ZoneInfo("America/Santiago"), check_in=time(23, 59), check_out=time(0)), "booking"),
)


def check_one(body: bytes) -> None:
    """Raise Broken when reading breaks one of its rules on this body; whatever else it raises is a finding too."""
    reading = READERS[len(body) % len(READERS)]
    found = reading(body)
    is_sound(found)
    stamps_do_not_matter(body, reading)
    if found.state is not State.REFUSED:
        nothing_new_frees(body, found, reading)
        nothing_left_out_frees(body, found, reading)
        no_view_is_freer(body, found, reading)
        no_damage_frees(body, found, reading)


def is_sound(found: Reading) -> None:
    """A reading says what its state promises, and all of its events lie in the window."""
    if found.state is State.REFUSED:
        require(not found.events and not found.nights, "what is refused says nothing")
    require(found.frees == (found.state is State.OK), "only a whole reading frees")
    require(found.frees or bool(found.problems), "what is doubtful is told")
    require(not (found.frees and found.unreadable), "an unreadable entry is a doubt")
    require(all(map(str, found.problems)), "a problem is a sentence")
    require(len(found.problems) <= 2 * (MOST_PROBLEMS + 1), "the problems are few")
    require(len(found.events) <= MOST_EVENTS + MOST_PER_FEED, "the events are bounded")
    require(len(set(found.events)) == len(found.events), "no event is there twice")
    require(all(WINDOW.start <= night < WINDOW.end for night in found.nights), "nights lie in the window")
    for event in found.events:
        is_sound_event(event)


def is_sound_event(event: Event) -> None:
    """An event is of one kind: dates or times, with what it closes."""
    start, end = event.start, event.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        require(start.utcoffset() is not None and end.utcoffset() is not None, "times are aware")
        require(start.timestamp() <= end.timestamp(), "a time doesn't end before it begins")
        require(event.period is not None, "times take a period")
    else:
        require(
            not isinstance(start, datetime) and not isinstance(end, datetime), "dates aren't mixed with times"
        )
        require(start < end and event.period is None, "dates hold a night and no period")
    require(bool(event.nights or event.period), "an event closes something")
    require((event.kind is Kind.HOURS) == (event.nights is None), "hours are what closes no night")
    require(0 < len(event.uid) <= LONGEST_UID, "a UID fits its column")
    require(len(event.summary) <= LONGEST_SUMMARY, "a summary fits its column")
    require(not CONTROL.search(event.uid + event.summary), "text holds no control characters")


def nothing_new_frees(body: bytes, before: Reading, reading: Reader) -> None:
    """One more well-formed event closes its night and frees none."""
    # No UID of the body can be this one, and an event within one day is no stay that “Check-in” could belong to.
    uid = blake2b(body, digest_size=8).hexdigest().encode()
    after = reading(b"%b\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:%b\n%b\n" % (body, uid, LATE_EVENING))
    if after.state is State.REFUSED:
        require(after.problems[0].template == TOO_BIG, "one more event spoils nothing")
        return
    require(before.nights <= after.nights, "one more event frees nothing")
    require(date(2027, 3, 1) in after.nights, "one more event closes its night")


def nothing_left_out_frees(body: bytes, before: Reading, reading: Reader) -> None:
    """Without what may take time back (cancelled, transparent, exceptions) no night is freer."""
    if has_marks(body):
        return
    lines = [line for line in unfolded(body) if not line.strip().upper().startswith(FREEING)]
    after = reading("\n".join(lines).encode())
    if after.frees:
        require(before.nights <= after.nights, "an exception closes nothing")


def no_view_is_freer(body: bytes, found: Reading, reading: Reader) -> None:
    """A smaller window shows the same nights, and an end that is the last night closes more."""
    smaller = reading(body, window=INSIDE)
    seen = {night for night in found.nights if INSIDE.start <= night < INSIDE.end}
    require(seen <= smaller.nights, "a smaller window is not freer")
    if has_marks(body):
        return
    if found.frees:
        require(seen == smaller.nights, "a smaller window shows the same nights")
    inclusive = reading(body, switches=INCLUSIVE)
    if inclusive.frees:
        require(found.nights <= inclusive.nights, "an end that is the last night closes more")


def no_damage_frees(body: bytes, before: Reading, reading: Reader) -> None:
    """A body that breaks off, an event that doesn't end and one without a date are noticed."""
    unreadable = reading(
        b"%b\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\nEND:VCALENDAR\n" % body
    )
    require(not unreadable.frees, "an event without a date frees nothing")
    if not before.frees:
        return
    lines = unfolded(body)
    words = [":".join(part.strip() for part in line.partition(":")[::2]).upper() for line in lines]
    last = len(words) - 1 - words[::-1].index("END:VCALENDAR")
    broken = reading("\n".join(lines[:last]).encode())
    require(broken.state is State.REFUSED, "a calendar that breaks off is refused")
    if "END:VEVENT" in words:
        del lines[words.index("END:VEVENT")]
        require(not reading("\n".join(lines).encode()).frees, "an event without its end frees nothing")


def has_marks(body: bytes) -> bool:
    """Whether “Check-in” and “Check-out” entries may be in it, which a whole stay beside them takes away."""
    return any("check" in line.casefold().replace("\\", "") for line in unfolded(body))


def stamps_do_not_matter(body: bytes, reading: Reader) -> None:
    """The moment of a fetch changes neither the digest nor what is read."""
    one, other = (body.replace(BEGIN, BEGIN + stamp) for stamp in STAMPS)
    require(content_digest(one) == content_digest(other), "the digest ignores the moment of the fetch")
    require(reading(one) == reading(other), "the moment of the fetch changes nothing")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        check_one(Path(name).read_bytes())
        sys.stdout.write(f"No rule is broken by {name}\n")
