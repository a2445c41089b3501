"""A feed's claims by other times of the house, against a reading of the same calendar by those times."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain import follow, ics, sync
from domain.events import Kind
from domain.house import House
from domain.rehousing import on_the_wall, reckoned_anew
from domain.spans import Period, Span, nights_in
from domain.sync import Claim, Missing

TODAY = date(2027, 3, 20)
NOW = datetime(2027, 3, 20, 12, tzinfo=UTC)
ZONES = (
    "Europe/Madrid",
    "Atlantic/Canary",
    "Pacific/Auckland",
    "America/New_York",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
)
MADRID = House(ZoneInfo("Europe/Madrid"), time(15), time(11), 120)


def calendar(*entries: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{entry}\r\nEND:VEVENT\r\n" for n, entry in enumerate(entries))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode()


def claims(body: bytes, house: House) -> tuple[Claim, ...]:
    reading = ics.read(body, house, follow.window(TODAY), today=TODAY)
    return sync.plan((), reading, now=NOW, today=TODAY, rules=follow.STANDARD).claims


def read(body: bytes, house: House) -> ics.Reading:
    return ics.read(body, house, follow.window(TODAY), today=TODAY)


TIMES = st.integers(0, 47).map(lambda halves: time(halves // 2, halves % 2 * 30))


@st.composite
def houses(draw: st.DrawFn, zones: tuple[str, ...] = ZONES) -> House:
    out, comes = sorted((draw(TIMES), draw(TIMES)))
    return House(ZoneInfo(draw(st.sampled_from(zones))), comes, out)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """A stay by dates, or hours in UTC, in a zone, or on no clock at all."""
    start = datetime(2027, 3, 22) + timedelta(minutes=30 * draw(st.integers(0, 48 * 12)))  # noqa: DTZ001 - written as text
    end = start + timedelta(minutes=30 * draw(st.integers(0, 48 * 4)))
    match draw(st.sampled_from(["date", "utc", "zone", "floating"])):
        case "date":
            return f"DTSTART;VALUE=DATE:{start:%Y%m%d}\r\nDTEND;VALUE=DATE:{end + timedelta(days=1):%Y%m%d}"
        case "utc":
            return f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{end:%Y%m%dT%H%M%SZ}"
        case "zone":
            named = "TZID=Europe/Berlin"
            return f"DTSTART;{named}:{start:%Y%m%dT%H%M%S}\r\nDTEND;{named}:{end:%Y%m%dT%H%M%S}"
        case _:
            return f"DTSTART:{start:%Y%m%dT%H%M%S}\r\nDTEND:{end:%Y%m%dT%H%M%S}"


@given(st.lists(entries(), max_size=4), houses(("Europe/Madrid",)), houses(("Europe/Madrid",)))
def test_other_hours_in_the_same_zone_close_exactly_what_a_new_reading_closes(
    said: list[str], before: House, after: House
) -> None:
    body = calendar(*said)
    anew = reckoned_anew(claims(body, before), before, after, follow.window(TODAY))
    assert anew.nights == read(body, after).nights
    assert {event.period for event in anew.events} == {event.period for event in read(body, after).events}


@given(st.lists(entries(), max_size=4), houses(), houses())
def test_in_another_zone_at_least_what_a_new_reading_closes_is_closed(
    said: list[str], before: House, after: House
) -> None:
    body = calendar(*said)
    anew = reckoned_anew(claims(body, before), before, after, follow.window(TODAY))
    true = read(body, after)
    assert anew.nights >= true.nights
    for event in true.events:
        if event.period:
            (ours,) = (each.period for each in anew.events if each.uid == event.uid)
            assert ours is not None
            assert ours.start <= event.period.start
            assert event.period.end <= ours.end


@given(st.lists(entries(), min_size=1, max_size=4), houses(), houses())
def test_no_night_opens_for_new_times_before_reads_agree(
    said: list[str], before: House, after: House
) -> None:
    known = claims(calendar(*said), before)
    anew = reckoned_anew(known, before, after, follow.window(TODAY))
    plan = sync.plan(known, anew, now=NOW, today=TODAY, rules=follow.STANDARD)
    still = nights_in(claim.nights for claim in plan.claims if claim.nights)
    assert plan.opened == frozenset()
    assert still >= nights_in(claim.nights for claim in known if claim.nights)
    assert still >= read(calendar(*said), after).nights


def test_a_claim_that_waits_to_be_opened_is_not_named_anew() -> None:
    span = Span(date(2027, 4, 1), date(2027, 4, 3))
    waits = Claim("1", Kind.RESERVATION, "", span, None, NOW, Missing(NOW, 1))
    assert reckoned_anew([waits], MADRID, MADRID, follow.window(TODAY)).events == ()


def test_people_keep_the_hours_on_their_clock_on_days_when_it_changes_too() -> None:
    auckland = House(ZoneInfo("Pacific/Auckland"))
    for day in (date(2027, 3, 28), date(2027, 4, 4), date(2027, 10, 31)):
        told = Period(MADRID.instant(day, time(11)), MADRID.instant(day, time(14)))
        moved = on_the_wall(told, MADRID, auckland)
        assert moved == Period(auckland.instant(day, time(11)), auckland.instant(day, time(14)))


@given(st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1)), st.integers(1, 3_000), houses(), houses())  # noqa: DTZ001 - hypothesis wants them naive
def test_what_was_sold_never_becomes_empty(
    start: datetime, minutes: int, before: House, after: House
) -> None:
    begins = start.replace(tzinfo=UTC)
    sold = Period(begins, begins + timedelta(minutes=minutes))
    moved = on_the_wall(sold, before, after)
    assert moved.start < moved.end
