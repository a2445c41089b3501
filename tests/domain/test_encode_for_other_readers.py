"""What we write is what others read: three readers that were made by others, and any text whatever."""

import random
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.encode import (
    PRODUCT,
    REFRESH,
    Appointment,
    Entry,
    Timed,
    agenda,
    appointment,
    calendar,
    clean,
)
from domain.spans import Period, Span
from tests.domain.other_readers import Reader, Tree, Value, by_icalendar, by_vobject, ical_js

STAMP = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
INJECTION = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:y\r\nATTENDEE:mailto:a@example.com\r\n"
ZONES = [
    "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Casablanca",
    "America/Sao_Paulo", "Asia/Almaty", "Pacific/Apia", "Pacific/Kiritimati",
]  # fmt: skip
# What may be written, by the grammar of RFC 5545 §3.1 and §3.3.11: a text is TSAFE-CHAR, ":", DQUOTE and escapes.
LINES = (
    re.compile(r"(?:NAME|X-WR-CALNAME|UID|SUMMARY):(?:[^\\;,\x00-\x08\x0a-\x1f\x7f]|\\[\\;,n])*"),
    re.compile(r"(?:BEGIN|END):(?:VCALENDAR|VEVENT)"),
    re.compile(r"DTSTAMP:\d{8}T\d{6}Z"),
    re.compile(r"(?:DTSTART|DTEND);VALUE=DATE:\d{8}"),
    re.compile(r"(?:REFRESH-INTERVAL;VALUE=DURATION|X-PUBLISHED-TTL):PT15M"),
    re.compile(r"VERSION:2\.0|CALSCALE:GREGORIAN|STATUS:CONFIRMED|TRANSP:OPAQUE"),
    re.compile(f"PRODID:{PRODUCT}"),
)

around_a_fold = st.builds(
    lambda start, wide, more: "x" * start + wide * more,
    st.integers(40, 80),
    st.sampled_from("é漢🏠"),
    st.integers(1, 60),
)
injections = st.builds(
    lambda start, end: start + INJECTION + end, st.text(max_size=5), st.sampled_from(["", "\\", '"', " "])
)
texts = (
    st.text(st.characters(), max_size=300)  # lone surrogates too
    | st.text(alphabet="\r\n\t ;,:\\\"'nN=^üé漢🏠👩‍👩‍👧\u2028\x85\x00\x0b\ufeff\ud800", max_size=200)
    | around_a_fold
    | injections
)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
spans = st.builds(lambda start, length: Span(start, start + timedelta(length)), days, st.integers(1, 400))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds
    lambda at: at.replace(microsecond=0)
)
entries = st.builds(Entry, texts, spans, texts, instants)


@pytest.fixture(
    scope="module", params=[by_icalendar, by_vobject, ical_js], ids=["icalendar", "vobject", "ical.js"]
)
def read(request: pytest.FixtureRequest) -> Iterator[Reader]:
    if request.param is not ical_js:
        yield request.param
        return
    with ical_js() as reader:
        yield reader


def in_order(properties: dict[str, Value]) -> list[tuple[str, Value]]:
    return sorted(properties.items(), key=str)


def an_event(item: Entry | Timed | Appointment) -> Tree:
    """All there may be in its entry, and nothing else."""
    told: dict[str, Value] = {
        "uid": clean(item.uid),
        "summary": clean(item.summary),
        "dtstamp": item.changed_at,
    }
    told |= {"status": "CONFIRMED", "transp": "OPAQUE"}
    if isinstance(item, Entry):
        told |= {"dtstart": item.nights.start, "dtend": item.nights.end}
    else:
        told |= {"dtstart": item.period.start, "dtend": item.period.end}
    if isinstance(item, Timed) and item.is_tentative:
        told |= {"status": "TENTATIVE"}
    if isinstance(item, Appointment):
        told |= {"location": clean(item.place), "sequence": str(item.sequence), "transp": "TRANSPARENT"}
    return "vevent", in_order(told), []


def tree(name: str, items: Iterable[Entry | Timed], **more: Value) -> Tree:
    """All there may be in the file, and nothing else."""
    head: dict[str, Value] = {"version": "2.0", "prodid": PRODUCT, "calscale": "GREGORIAN"}
    head |= {"name": clean(name), "x-wr-calname": clean(name)}
    head |= {"refresh-interval": REFRESH, "x-published-ttl": REFRESH}
    return "vcalendar", in_order(head | more), sorted(map(an_event, items), key=str)


def sorted_tree(found: Tree) -> Tree:
    return found[0], found[1], sorted(found[2], key=str)


@given(st.lists(entries, min_size=1, max_size=5), texts)
@example([Entry("a", Span(date(2026, 12, 1), date(2026, 12, 2)), "🏠" * 2_000, STAMP)], INJECTION)
def test_every_reader_reads_every_text_and_no_line_that_was_not_meant(
    read: Reader, items: list[Entry], name: str
) -> None:
    assert sorted_tree(read(calendar(items, name=name, placeholder_stamp=STAMP))) == tree(name, items)


@given(st.lists(entries, max_size=4), texts, st.randoms())
def test_the_bytes_are_those_of_the_entries_in_lines_that_can_be_read_one_by_one(
    items: list[Entry], name: str, chance: random.Random
) -> None:
    body = calendar(items, name=name, placeholder_stamp=STAMP)
    chance.shuffle(items)
    assert calendar(iter(items), name=name, placeholder_stamp=STAMP) == body
    assert body.endswith(b"\r\n")
    for line in body.removesuffix(b"\r\n").split(b"\r\n"):
        assert 0 < len(line) <= 75
        assert not {"\r", "\n"} & set(line.decode())  # whole characters, and no bare line end
    for line in body.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n"):
        assert len(line.splitlines()) == 1  # whatever else may be taken for the end of a line
        assert any(one.fullmatch(line) for one in LINES), line


numbers = count()


def by_its_own_zone(content: bytes, zone: str) -> bytes:
    """The file with its zone under a name that nobody has heard of, so that only what is written out counts."""
    return re.sub(rb"(TZID[=:])" + zone.encode(), rb"\g<1>Made/Up%d" % next(numbers), content)


@given(instants, st.integers(1, 300 * 24), st.sampled_from(ZONES), texts, texts)
@example(datetime(2024, 2, 20, 10, tzinfo=UTC), 48, "Asia/Almaty", "", "x")  # the first change there in years
@example(datetime(2026, 3, 28, 10, tzinfo=UTC), 5000, "Europe/Madrid", "", "x")
@example(
    datetime(2026, 10, 24, 1, tzinfo=UTC), 24, "Europe/Madrid", "", "x"
)  # the second of two hours that end at 3
def test_every_reader_finds_the_hours_by_nothing_but_the_zone_that_is_written_out(
    read: Reader, start: datetime, hours: int, zone: str, summary: str, place: str
) -> None:
    start = start.replace(minute=0, second=0)
    period = Period(start, start + timedelta(hours=hours))
    entry = Appointment("a@x", period, ZoneInfo(zone), summary, STAMP, place or "x", 3)
    found = read(by_its_own_zone(appointment(entry), zone))
    assert [one for one in found[2] if one[0] == "vevent"] == [an_event(entry)]
    assert [one[0] for one in found[2]].count("vtimezone") == 1


periods = st.builds(
    lambda start, hours: Period(start, start + timedelta(hours=hours)), instants, st.integers(1, 99)
)


@given(
    st.lists(entries | st.builds(Timed, texts, periods, texts, instants, st.booleans()), max_size=5),
    st.sampled_from(ZONES),
    texts,
)
def test_every_reader_reads_what_people_are_told(
    read: Reader, items: list[Entry | Timed], zone: str, name: str
) -> None:
    content = agenda(items, ZoneInfo(zone), name=name, since=STAMP)
    assert content == agenda(items[::-1], ZoneInfo(zone), name=name, since=STAMP)
    head, properties, components = read(by_its_own_zone(content, zone))
    (_, *events) = sorted(components, key=lambda one: one[0] == "vevent")
    expected = tree(name, items, **{"x-wr-timezone": zone})
    assert (head, properties, sorted(events, key=str)) == expected
