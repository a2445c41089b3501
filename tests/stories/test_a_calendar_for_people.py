"""The calendar that an owner, a cleaner or a family subscribes to: all that takes the home's time, with the hours."""

from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation
from psycopg.types.range import TimestamptzRange

from calendars import ledger, linking, rehousing, suspensions
from calendars.models import Block, ExportLink, Feed
from calendars.people import Ticks
from domain.events import Kind
from domain.house import House
from domain.spans import NIGHT, Period, Span
from domain.sync import Claim, Plan
from properties.models import Property
from tests import cast
from tests.cast import NOW, nights

VRBO = "https://www.vrbo.com/icalendar/x.ics"
BOOKING = "https://ical.booking.com/v1/export?t=x"
MANAGER = "https://app.lodgify.com/x.ics"
HOUR = timedelta(hours=1)
CANARIES = ("Zebedee", "Zuzanna", "Znote", "Airbnb", "Vrbo", "Booking.com", "Zlabel", "HMZCODE")


def body_of(link: ExportLink) -> bytes:
    return bytes(ExportLink.objects.get(pk=link.pk).body)


def told(link: ExportLink, zone: str = "Europe/Madrid") -> list[tuple[str, str, str]]:
    """What, from when, until when, on the clock of the home; days where no hours are told."""
    seen = icalendar.Calendar.from_ical(body_of(link))
    found = [(str(e["SUMMARY"]), *(_local(at) for at in (e.start, e.end))) for e in seen.walk("VEVENT")]
    return sorted(found, key=lambda one: one[1:])


def _local(at: date) -> str:
    return f"{at:%d %H:%M}" if isinstance(at, datetime) else f"{at:%d}"


def stamps(link: ExportLink) -> dict[str, datetime]:
    return {
        str(e["UID"]): e["DTSTAMP"].dt for e in icalendar.Calendar.from_ical(body_of(link)).walk("VEVENT")
    }


def sell(
    home: Property, *, side: str, guest: str, span: Span | None = None, hours: Period | None = None
) -> None:
    with ledger.changing(home, NOW) as change:
        ledger.hold(change, span, hours=hours, until=NOW + HOUR, reference=f"{guest} {side}", side=side)
        ledger.confirm(change, f"{guest} {side}", guest)


def local(home: Property, day: date, hour: int) -> datetime:
    return home.house.instant(day, time(hour))


@pytest.fixture
def full(home: Property) -> Property:
    """A home with everything that can take its time. Today is the first of December."""
    airbnb = cast.a_feed(home, label="Airbnb Zlabel")
    cast.an_import(airbnb, nights(1, 3), uid="HMZCODE", summary="Zebedee (HMZCODE)")
    cast.an_import(airbnb, nights(6, 1), uid="rule", kind=Kind.PREPARATION)
    vrbo = cast.a_feed(home, VRBO)
    cast.an_import(vrbo, nights(9, 2), kind=Kind.TENTATIVE, summary="Provisoire - Zebedee")
    cast.an_import(vrbo, nights(22, 2), kind=Kind.OWNER, summary="Blocked", uid="own")
    cast.an_import(
        cast.a_feed(home, BOOKING), nights(13, 2), kind=Kind.BLOCK, summary="CLOSED - Not available"
    )
    sell(home, side="leaving", guest="Zuzanna", span=nights(4, 2))
    day = nights(15).start
    sell(home, side="leaving", guest="Zuzanna", hours=Period(local(home, day, 11), local(home, day, 14)))
    with ledger.changing(home, NOW) as change:
        ledger.close(change, nights(18, 2), "Znote")
        ledger.hold(change, nights(26), until=NOW + HOUR, reference="nobody yet")
    return home


def test_without_a_tick_it_tells_the_hours_and_nothing_else(full: Property) -> None:
    link = cast.a_people_link(full)
    assert told(link) == [
        ("Booked", "02 15:00", "05 11:00"),
        ("Booked", "05 11:00", "07 11:00"),  # whoever buys nights doesn't leave in between
        ("Booked", "10 15:00", "12 11:00"),
        ("Booked", "14 15:00", "16 11:00"),
        ("Late check-out until 14:00", "16 11:00", "16 14:00"),
        ("Closed", "19", "21"),
        ("Closed", "23", "25"),
    ]
    assert [word for word in CANARIES if word.encode() in body_of(link)] == []
    assert b"STATUS:TENTATIVE" in body_of(link)


def test_each_tick_tells_its_own_and_channels_are_told_of_no_import_guest_or_note_ever(
    full: Property,
) -> None:
    channel = cast.an_export(full)
    titled, guests, all_of_it = (
        cast.a_people_link(full, titles=titles, guests=guests)
        for titles, guests in ((True, False), (False, True), (True, True))
    )
    assert [words for words, _start, _end in told(titled)] == [
        "Airbnb Zlabel: booking",
        "Amplistay: extra nights",
        "Vrbo: tentative booking",
        "Booking.com: booking or closure",
        "Amplistay: Late check-out until 14:00",
        "Closed: Znote",
        "Vrbo: kept for the owner",
    ]
    assert [words for words, _start, _end in told(guests)] == [
        "Booked (Zebedee (HMZCODE))",
        "Booked (Zuzanna)",
        "Booked (Provisoire - Zebedee)",
        "Booked",
        "Late check-out until 14:00 (Zuzanna)",
        "Closed",
        "Closed",
    ]
    seen = {link: {word for word in CANARIES if word.encode() in body_of(link)} for link in (titled, guests)}
    assert seen[titled] == {"Znote", "Airbnb", "Vrbo", "Booking.com", "Zlabel"}
    assert seen[guests] == {"Zebedee", "Zuzanna", "HMZCODE"}
    assert all(word.encode() in body_of(all_of_it) for word in CANARIES)
    assert [word for word in CANARIES if word.encode() in body_of(channel)] == []
    assert told(channel) == [
        ("Reserved", "05", "07"),
        ("Reserved", "16", "17"),  # nobody could come after the late check-out
        ("Blocked", "19", "21"),
    ]


def test_a_stay_that_a_channel_manager_tells_too_is_shown_once_and_a_double_booking_twice(
    home: Property,
) -> None:
    link = cast.a_people_link(home)
    airbnb, manager = cast.a_feed(home), cast.a_feed(home, MANAGER)
    cast.an_import(airbnb, nights(1, 3))
    house = home.house
    hours = TimestamptzRange(local(home, nights(1).start, 17), local(home, nights(4).start, 10))
    cast.an_import(manager, nights(1, 3), uid="same", period=hours)
    assert told(link) == [("Booked", "02 17:00", "05 10:00")]  # the site's stay, with the manager's hours
    cast.an_import(cast.a_feed(home, VRBO), nights(2, 2), uid="twice")
    assert told(link) == [("Booked", "02 17:00", "05 10:00"), ("Booked", "03 15:00", "05 11:00")]
    assert house == home.house


def test_what_is_ours_and_only_read_back_is_not_there_twice(home: Property) -> None:
    link, feed = cast.a_people_link(home), cast.a_feed(home)
    cast.a_sale(home, nights(3, 2))
    Feed.objects.filter(pk=feed.pk).update(echoes=[[str(nights(3).start), str(nights(5).start)]])
    cast.an_import(feed, nights(3, 2), kind=Kind.BLOCK)
    cast.an_import(feed, nights(8, 1), yields=True, kind=Kind.GAP, uid="let go")
    assert told(link) == [("Booked", "04 11:00", "06 11:00")]


def test_a_sale_that_the_channel_shows_as_a_longer_stay_is_that_stay(home: Property) -> None:
    link, channel, feed = cast.a_people_link(home), cast.an_export(home), cast.a_feed(home)
    cast.an_import(feed, nights(1, 2), uid="stay")
    sale = cast.a_sale(home, nights(3, 2))
    with ledger.changing(home, NOW) as change:
        linking.suspend(change, sale, channel, feed)
    with ledger.changing(home, NOW + HOUR) as change:
        rows = Block.objects.filter(feed=feed)
        claim = rows.get().claim
        longer = Claim(claim.uid, claim.kind, claim.summary, nights(1, 4), None, claim.since)
        fresh = frozenset(nights(3, 2).nights())
        ledger.apply(change, feed, rows, Plan((longer,), fresh, frozenset(), frozenset()))
    assert suspensions.expected(home)
    assert told(link) == [("Booked", "02 15:00", "06 11:00")]
    assert ledger.differences(home) == []


def test_the_bytes_stay_while_nothing_changed_and_a_stay_that_is_over_stays_in(
    client: Client, full: Property
) -> None:
    link = cast.a_people_link(full)
    before, uids = client.get(cast.path_of(link)), stamps(link)
    later = NOW + 3 * NIGHT
    with ledger.changing(full, later) as change:
        feed = Feed.objects.get(channel="airbnb")
        rows = Block.objects.filter(feed=feed)
        claims = tuple(row.claim for row in rows)
        ledger.apply(change, feed, rows, Plan(claims, frozenset(), frozenset(), frozenset()))
        change.touched = True
    with translation.override("de"), ledger.changing(full, later) as change:
        change.touched = True  # a worker that has written to a German guest before
    after = client.get(cast.path_of(link), headers={"If-None-Match": before["ETag"]})
    assert (after.status_code, ledger.differences(full)) == (304, [])
    moved = Block.objects.get(uid="HMZCODE").claim
    with ledger.changing(full, later) as change:
        feed = Feed.objects.get(channel="airbnb")
        longer = Claim(moved.uid, moved.kind, moved.summary, nights(0, 4), None, moved.since)
        rows = Block.objects.filter(feed=feed, uid="HMZCODE")
        ledger.apply(change, feed, rows, Plan((longer,), frozenset(), frozenset(), frozenset()))
    changed = {uid for uid, at in stamps(link).items() if uids[uid] != at}
    assert (stamps(link).keys(), len(changed)) == (uids.keys(), 1)
    assert stamps(link)[changed.pop()] == later.astimezone(UTC)


def test_new_hours_a_new_name_and_other_ticks_are_in_it_at_the_commit(alices: Client, full: Property) -> None:
    link = cast.a_people_link(full)
    house = full.house
    with ledger.changing(full, NOW + HOUR) as change:
        rehousing.rehouse(change, House(house.zone, time(16), time(10), 240))
    assert told(link)[0] == ("Booked", "02 16:00", "05 10:00")
    assert NOW + HOUR in stamps(link).values()
    facts = {"name": "Casa Zocalo", "time_zone": "Europe/Madrid", "check_in": "16:00", "check_out": "10:00"}
    more = {"turnaround": "240", "currency": "EUR", "rate": "120.00", "cleaner_language": "en"}
    assert alices.post(reverse("upsells:facts", args=[full.public_id]), facts | more).status_code == 302
    assert b"X-WR-CALNAME:Casa Zocalo\r\n" in body_of(link)
    with ledger.changing(full, NOW + HOUR) as change:
        linking.tick(change, link, "Cleaners", Ticks(titles=True))
    assert told(link)[0][0] == "Airbnb Zlabel: booking"
    assert ledger.differences(full) == []
    call_command("verify_ledger")
    ExportLink.objects.filter(pk=link.pk).update(shows_titles=False)
    assert ledger.differences(full) == [f"export link {link.public_id} is not what the blocks say"]
