"""Is my loop closed? Seen with sites that read us, that we read, that do both, and that have got the wrong link."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar as ICalendar
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from calendars import exports, ledger, linking, loopcard, loops, receipts, tasks
from calendars.loops import Party
from calendars.models import Alert, ExportLink, Feed, LoopCheck
from calendars.people import Ticks
from domain.board import Board
from domain.loops import Sight, Verdict
from domain.spans import NIGHT, Span
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.mirrored import Mirror
from upsells import boards, shelves
from upsells.shelves import Side, Stay

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = cast.NOW


def press(home: Property, now: datetime = NOW) -> LoopCheck:
    with ledger.changing(home, now) as change:
        return loops.start(change)


def stop(check: LoopCheck, now: datetime) -> None:
    with ledger.changing(check.property, now) as change:
        loops.end(change, check)
    check.refresh_from_db()


def look(now: datetime) -> dict[str, Party]:
    """What the only check has found by now, by channel."""
    check = LoopCheck.objects.select_related("property").get()
    return {party.source.key: party for party in loops.follow(check, now)}


def verdicts(found: dict[str, Party]) -> dict[str, Verdict]:
    return {channel: party.sight.verdict for channel, party in found.items()}


def bodies(home: Property) -> dict[str, bytes]:
    rows = ExportLink.objects.filter(property=home).order_by("pk")
    return {link.title: bytes(link.body) for link in rows}


def pulled(link: ExportLink, now: datetime, agent: str = "Airbnb") -> None:
    """A reader gets the link as it now stands."""
    link.refresh_from_db()
    receipts.write([receipts.Pull(link.public_id, link.body_version, agent, now)])


def was_read(feed: Feed, now: datetime) -> None:
    Feed.objects.filter(pk=feed.pk).update(last_read_at=now, last_good_at=now)


# With the simulated sites


@pytest.fixture
def sites(
    home: Property, listing: Callable[..., Listing], live_server: LiveServer, settings: Settings
) -> dict[str, Listing]:
    """Five sites of one home; who has pasted what tells the test below."""
    settings.SITE_URL = live_server.url
    home.check_out = time(0)  # so that last night is over at any time of the day
    home.save()
    found = {
        "airbnb": listing("airbnb", import_interval=0, reexports_imports=True),
        "booking": listing("booking", import_interval=0),
        "vrbo": listing("vrbo", import_interval=0),
        "lodgify": listing("manager", import_interval=0),
        "google": listing("google", import_interval=0),
    }
    for channel in ("airbnb", "vrbo", "lodgify"):
        read(cast.a_feed(home, found[channel].export_url), timezone.now())
    links = {channel: cast.an_export(home, channel) for channel in found}
    for rows in (ExportLink.objects, Feed.objects):
        rows.update(created_at=timezone.now())  # the cast lives in December
    for reader, link in {"airbnb": "airbnb", "booking": "booking", "vrbo": "lodgify"}.items():
        found[reader].imports(exports.address(links[link]))
    return found


@pytest.mark.django_db(transaction=True)
def test_each_site_is_told_apart_by_who_reads_whom(home: Property, sites: dict[str, Listing]) -> None:
    before = bodies(home)
    check = press(home, timezone.now())
    feeds = list(Feed.objects.filter(property=home))
    assert set(verdicts(look(timezone.now())).values()) == {Verdict.WAITING}
    for site in sites.values():
        site.read_imports()
    receipts.flush()
    assert set(loops.sweep(timezone.now())) == {Feed.objects.get(channel="airbnb").pk}
    for feed in feeds:
        read(feed, timezone.now())

    found = look(timezone.now())
    assert verdicts(found) == {
        "airbnb": Verdict.BOTH,
        "booking": Verdict.IMPORTS_US,  # nobody has connected its calendar
        "vrbo": Verdict.EXPORTS_TO_US,
        "lodgify": Verdict.WAITING,
        "google": Verdict.WAITING,  # nobody has pasted its link
    }
    assert {channel for channel, party in found.items() if party.sight.passes_on} == {"airbnb"}
    assert found["vrbo"].first_read == "Lodgify"
    assert found["lodgify"].sight.strangers == ("Vrbo",)
    assert bodies(home) != before

    found = look(check.until)
    ended = verdicts(found)
    assert (ended["lodgify"], ended["google"]) == (Verdict.EXPORTS_TO_US, Verdict.NEITHER)
    assert (ended["airbnb"], found["airbnb"].sight.passes_on) == (Verdict.BOTH, True)
    assert bodies(home) == before


# What came back is nobody's stay


def drawn(home: Property, browser: Client, night: date) -> tuple[int, int, str]:
    """The bars of the board, the events that people read, and what the month says of the night."""
    rows = boards.Rows(home.organization, [home], Board(night, 7), timezone.now())
    link = ExportLink.objects.get(kind=ExportLink.Kind.PEOPLE)
    events = ICalendar.from_ical(bytes(link.body)).walk("VEVENT")
    month = reverse("calendars:month", args=[home.public_id])
    said = browser.get(month, {"month": f"{night:%Y-%m}", "night": str(night)}).context["reasons"]
    return sum(len(row.bars) for row in rows), len(events), " ".join(f"{one.kind}{one.echo}" for one in said)


@pytest.mark.django_db(transaction=True)
def test_a_mark_that_comes_back_makes_no_stay_of_nobody(
    home: Property,
    alices: Client,
    listing: Callable[..., Listing],
    live_server: LiveServer,
    settings: Settings,
) -> None:
    settings.SITE_URL = live_server.url
    home.check_out = time(0)
    home.save()
    site, other = (listing("booking_legacy", import_interval=0) for _number in range(2))
    feed = cast.a_feed(home, site.export_url)
    read(feed)
    site.imports(exports.address(cast.an_export(home, "booking")))
    cast.a_people_link(home, titles=True, guests=True)
    check = press(home, timezone.now())
    said = "This is Amplistay's test mark, read back by Booking.com. Nobody stays there."
    nothing = *drawn(home, alices, check.night)[:2], said
    site.read_imports()
    read(feed)
    assert feed.echo_spans == (Span(check.night, check.night + NIGHT),)
    assert drawn(home, alices, check.night) == nothing
    assert not Alert.objects.filter(kind=Alert.Kind.CONFLICT).exists()
    stop(check, timezone.now())
    read(feed)
    assert drawn(home, alices, check.night) == nothing

    other.book(check.night, check.night + NIGHT, kind="block")  # which passes it on only after the end
    late = cast.a_feed(home, other.export_url, label="Late")
    read(late)
    assert drawn(home, alices, check.night)[:2] == nothing[:2]
    with_guest = listing("booking_legacy", import_interval=0)
    with_guest.book(check.night, check.night + 2 * NIGHT)  # a longer stay is somebody's
    read(cast.a_feed(home, with_guest.export_url, label="Guest"))
    assert drawn(home, alices, check.night)[:2] == (nothing[0] + 1, nothing[1] + 1)


# What it must never touch


@pytest.mark.django_db
def test_the_mark_is_in_every_sites_link_and_in_no_persons_and_leaves_no_trace(home: Property) -> None:
    feed = cast.a_feed(home, last_good_at=NOW)
    cast.an_import(feed, cast.nights(0, 3))
    cast.an_offer(home, most=3)
    cast.a_sale(home, cast.nights(3, 2))
    for channel in ("airbnb", "vrbo"):
        cast.an_export(home, channel)
    with ledger.changing(home, NOW) as change:
        linking.new_people_link(change, "Cleaners", Ticks())

    def everything() -> tuple[object, ...]:
        feed.refresh_from_db()
        alerts = list(Alert.objects.values_list("key", "resolved_at"))
        stay = Stay(cast.nights(5, 1).start, Side.LEAVING)
        return cast.busy(home), shelves.shelf(home, stay, NOW), alerts, feed.echoes, exports.told(home, feed)

    before, told = everything(), bodies(home)
    check = press(home)
    during = bodies(home)
    assert everything() == before
    assert ledger.differences(home) == []
    assert [title for title in told if during[title] != told[title]] == ["Airbnb", "Vrbo"]
    for title in ("Airbnb", "Vrbo"):
        events = ICalendar.from_ical(during[title]).walk("VEVENT")
        (mark,) = [event for event in events if event["UID"].startswith("check-")]
        assert (mark["DTSTART"].dt, mark["DTEND"].dt) == (check.night, check.night + NIGHT)
        assert mark["DTEND"].dt <= home.house.today(NOW)
    stop(check, NOW + HOUR)
    assert (everything(), bodies(home)) == (before, told)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hour", "closed", "night"),
    [
        (12, (), -1),
        (9, (), -2),  # the guests of last night are still there: check-out is at eleven, which is ten here
        (12, (-1,), -2),
        (12, (-1, -2), -3),
        (12, (-1, -2, -3), -1),  # none is free
    ],
)
def test_its_night_is_over_and_one_that_nothing_closes_where_there_is_one(
    home: Property, hour: int, closed: tuple[int, ...], night: int
) -> None:
    now = datetime(2026, 12, 1, hour, tzinfo=UTC)
    feed = cast.a_feed(home, last_good_at=now)
    for start in closed:
        cast.an_import(feed, cast.nights(start), now=now - 10 * NIGHT, uid=f"stay{start}")
    check = press(home, now)
    assert check.night == cast.TODAY + night * NIGHT
    assert home.house.night(check.night).end <= now
    assert ("anyway" in check.heard.get(feed.public_id, {})) is (len(closed) == 3)


@pytest.mark.django_db
def test_an_echo_cannot_make_it_look_as_if_somebody_left_before_a_sale(home: Property) -> None:
    cast.a_sale(home, Span(cast.TODAY, cast.TODAY + 2 * NIGHT))
    assert press(home, NOW + 3 * HOUR).night == cast.TODAY - 2 * NIGHT


# How it goes on and ends


@pytest.mark.django_db
def test_it_ends_by_itself_once_every_site_is_known_and_its_calendar_was_looked_at_again(
    home: Property,
) -> None:
    link, feed = cast.an_export(home), cast.a_feed(home, last_good_at=NOW)
    check = press(home)
    was_read(feed, NOW + MINUTE)
    assert loops.sweep(NOW + MINUTE) == []
    pulled(link, NOW + 5 * MINUTE)
    assert loops.sweep(NOW + 6 * MINUTE) == [feed.pk]
    was_read(feed, NOW + 7 * MINUTE)
    assert loops.sweep(NOW + 8 * MINUTE) == []
    check.refresh_from_db()
    assert (check.ended_at, verdicts(look(NOW + HOUR))) == (NOW + 8 * MINUTE, {"airbnb": Verdict.BOTH})


@pytest.mark.django_db
def test_a_night_that_was_closed_there_before_is_no_echo(home: Property) -> None:
    link, feed = cast.an_export(home), cast.a_feed(home, last_good_at=NOW)
    for start in (-1, -2, -3):
        cast.an_import(feed, cast.nights(start), now=NOW - 10 * NIGHT, uid=f"stay{start}")
    press(home, NOW + 3 * HOUR)
    was_read(feed, NOW + 4 * HOUR)
    pulled(link, NOW + 4 * HOUR)
    assert not look(NOW + 4 * HOUR)["airbnb"].sight.passes_on


@pytest.mark.django_db
def test_pressed_again_it_goes_on_and_after_its_end_a_new_one_begins(home: Property) -> None:
    link = cast.an_export(home)
    check = press(home)
    assert press(home, NOW + MINUTE) == check
    pulled(link, NOW + 2 * MINUTE)
    stop(check, NOW + HOUR)
    again = press(home, NOW + 2 * HOUR)
    assert again != check
    (party,) = loops.parties(again, NOW + 3 * HOUR)
    assert party.sight.read_at is None  # what was read before counts for the check before


@pytest.mark.django_db
def test_what_comes_after_the_end_changes_nothing_of_what_was_found(home: Property) -> None:
    link, feed = cast.an_export(home), cast.a_feed(home, last_good_at=NOW)
    stop(press(home), NOW + HOUR)
    pulled(link, NOW + 2 * HOUR)
    was_read(feed, NOW + 2 * HOUR)
    sight = look(NOW + 3 * HOUR)["airbnb"].sight
    assert (sight.read_at, sight.verdict) == (None, Verdict.UNKNOWN)


@pytest.mark.django_db
def test_a_result_stays_as_it_was_when_the_test_ended(home: Property) -> None:
    link, other = cast.an_export(home), cast.an_export(home, "vrbo")
    feed = cast.a_feed(home, last_good_at=NOW)
    alone = cast.a_feed(home, "https://ical.booking.com/v1/export?t=x", paused_at=NOW)
    check = press(home)
    was_read(feed, NOW + MINUTE)
    for agent in ("Airbnb", "Vrbo"):
        pulled(link, NOW + 5 * MINUTE, agent)
    stop(check, NOW + HOUR)

    def result() -> list[tuple[str, str, Sight, str]]:
        check.refresh_from_db()
        found = loops.follow(check, NOW + 2 * HOUR)
        return [(party.channel, party.title, party.sight, party.first_read) for party in found]

    before, lines = result(), loopcard.shown(home, NOW + 2 * HOUR)["lines"]
    assert [(channel, sight.verdict, first) for channel, _title, sight, first in before] == [
        ("airbnb", Verdict.BOTH, ""),
        ("vrbo", Verdict.NEITHER, "Airbnb"),
        ("booking", Verdict.NEITHER, ""),
    ]
    ExportLink.objects.filter(pk=link.pk).update(revoked_at=NOW + 2 * HOUR)
    Feed.objects.filter(pk=feed.pk).update(paused_at=NOW, label="Renamed")
    ExportLink.objects.filter(pk=other.pk).update(label="Renamed")
    Feed.objects.filter(pk=alone.pk).delete()
    assert result() == before
    now = loopcard.shown(home, NOW + 3 * HOUR)["lines"]
    assert [(line.title, line.word, line.said) for line in now] == [
        (line.title, line.word, line.said) for line in lines
    ]


@pytest.mark.django_db
def test_a_person_who_looks_at_the_link_is_no_site_that_reads_it(home: Property) -> None:
    link = cast.an_export(home)
    press(home)
    pulled(link, NOW + MINUTE, receipts.BROWSER)
    assert look(NOW + HOUR)["airbnb"].sight.read_at is None


@pytest.mark.django_db
def test_several_calendars_of_one_site_are_matched_by_their_labels(home: Property) -> None:
    address = "https://www.airbnb.com/calendar/ical/{}.ics?s=secret"
    upper, lower, plain = (
        cast.a_feed(home, address.format(number), label=label)
        for number, label in enumerate(("Upper", "Lower", "Garden"))
    )
    only = cast.an_export(home)
    check = press(home)
    assert [party.feeds for party in loops.parties(check, NOW)] == [(upper, lower, plain)]
    with ledger.changing(home, NOW) as change:
        second = linking.new_link(change, "airbnb", "Lower")
    found = {party.link: party.feeds for party in loops.parties(check, NOW)}
    assert found == {only: (upper, plain), second: (lower,)}


@pytest.mark.django_db
def test_a_system_that_we_read_through_its_api_takes_no_part(mirror: Mirror) -> None:
    cast.an_export(mirror.home, "booking")
    press(mirror.home)
    assert set(look(NOW)) == {"booking"}
    mirror.feed.refresh_from_db()
    assert mirror.feed.next_poll_at > mirror.now, "it is read when its turn comes"


def test_the_sweep_of_the_workers_ends_it(home: Property) -> None:
    cast.an_export(home)
    ExportLink.objects.update(created_at=timezone.now() - 9 * HOUR)
    check = press(home, timezone.now() - 5 * HOUR)
    assert check.until < timezone.now()  # as much as Airbnb takes when it is slow
    tasks.watch()
    check.refresh_from_db()
    assert check.ended_at is not None
