"""Every stay that the calendars name gets a link of its own, which follows it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization
from calendars import ledger
from calendars.models import Block, Calendar, Feed
from domain.events import Kind
from domain.spans import Span
from domain.stays import Changes, Stay
from properties.models import Property
from tests import cast
from upsells import stays, tasks
from upsells.models import StayLink, StayRegister

IN_USE = {"revoked_at": None, "gone_at": None}


def links(home: Property) -> list[tuple[Span | None, str]]:
    """The links of stays that open and lead somewhere, as plain pairs."""
    rows = StayLink.objects.filter(property=home, **IN_USE).of_stays().order_by("nights")
    return [(row.booked, row.channel) for row in rows]


def rewrite(feed: Feed, *spans: Span) -> None:
    """The feed says something else from now on."""
    with ledger.changing(feed.property, timezone.now()) as change:
        Block.objects.filter(feed=feed).delete()
        change.touched = True
    for span in spans:
        cast.an_import(feed, span)


@pytest.fixture
def airbnb(home: Property) -> Feed:
    return cast.a_feed(home)


def test_a_link_is_made_for_each_reservation_under_way_or_to_come_and_for_nothing_else(
    home: Property, airbnb: Feed
) -> None:
    cast.an_import(airbnb, cast.nights(-9, 3))
    cast.an_import(airbnb, cast.nights(-2, 5))
    cast.an_import(airbnb, cast.nights(5, 2))
    for number, kind in enumerate(set(Kind) - {Kind.RESERVATION, Kind.HOURS}):
        cast.an_import(airbnb, cast.nights(20 + 2 * number), kind=kind)
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, cast.nights(60, 2))
        nights = cast.nights(70, 2)
        ledger.hold(change, nights, until=cast.NOW + timedelta(hours=1), reference="sale", side="leaving")
        ledger.confirm(change, "sale")
    assert stays.register(cast.NOW) == 1
    assert links(home) == [(cast.nights(-2, 5), "airbnb"), (cast.nights(5, 2), "airbnb")]
    assert len(set(StayLink.objects.values_list("token", flat=True))) == 2


def test_what_a_feed_only_reads_back_from_our_export_is_no_stay(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    cast.an_import(airbnb, cast.nights(10, 4))
    Feed.objects.filter(pk=airbnb.pk).update(
        echoes=[[str(cast.nights(5).start), str(cast.nights(7).start)],
                [str(cast.nights(12).start), str(cast.nights(14).start)]]
    )  # fmt: skip
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(10, 2), "airbnb")]


def test_a_channel_manager_names_the_nights_and_the_site_itself_its_name(home: Property) -> None:
    manager = cast.a_feed(home, "https://www.smoobu.com/ical/1.ics")
    cast.an_import(manager, cast.nights(5, 2))
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(5, 2), "")]
    token = StayLink.objects.get().token
    cast.an_import(cast.a_feed(home), cast.nights(5, 2))
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(5, 2), "airbnb")]
    assert StayLink.objects.get().token == token


def test_a_changed_stay_takes_its_link_along(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    cast.an_import(airbnb, cast.nights(9, 3))
    stays.register(cast.NOW)
    tokens = [row.token for row in StayLink.objects.order_by("nights")]
    rewrite(airbnb, cast.nights(5, 4), cast.nights(10, 3))
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(5, 4), "airbnb"), (cast.nights(10, 3), "airbnb")]
    assert [row.token for row in StayLink.objects.order_by("nights")] == tokens


def test_one_link_may_take_the_nights_that_another_gives_up(home: Property, airbnb: Feed) -> None:
    first = cast.a_stay_link(home, cast.nights(5, 3), channel="airbnb")
    second = cast.a_stay_link(home, cast.nights(6, 4), channel="airbnb")
    found = Changes(moved={first.pk: (cast.nights(6, 4), "airbnb"), second.pk: (cast.nights(8, 3), "airbnb")})
    assert stays._apply(home, found, cast.NOW)
    assert dict(links(home)) == {cast.nights(6, 4): "airbnb", cast.nights(8, 3): "airbnb"}


def test_a_stay_that_vanishes_leaves_its_link_and_one_that_comes_back_finds_it(
    home: Property, airbnb: Feed
) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    rewrite(airbnb)
    stays.register(cast.NOW)
    assert (StayLink.objects.get().gone_at, links(home)) == (cast.NOW, [])
    rewrite(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    assert StayLink.objects.get().gone_at is None


def test_a_stay_whose_removal_waits_to_be_confirmed_keeps_its_link(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    rewrite(airbnb)
    cast.an_import(airbnb, cast.nights(5, 2), missing_since=cast.NOW, missing_reads=1)
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(5, 2), "airbnb")]


def test_on_the_day_they_leave_a_guest_whose_feed_has_forgotten_them_keeps_the_link(
    home: Property, airbnb: Feed
) -> None:
    cast.an_import(airbnb, cast.nights(-3, 3))
    stays.register(cast.NOW)
    rewrite(airbnb)
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(-3, 3), "airbnb")]


def test_today_is_the_home_s_own(home: Property) -> None:
    """At 9:00 UTC on the 1st it is still 30 November in Honolulu and has long been the 1st in Auckland."""
    for zone, expected in (("Pacific/Honolulu", 1), ("Pacific/Auckland", 0)):
        there = cast.a_property(home.organization, zone, zone)
        cast.an_import(
            cast.a_feed(there, f"https://www.airbnb.com/calendar/ical/{zone}.ics"), cast.nights(-3, 2)
        )
        stays.register(cast.NOW)
        assert len(links(there)) == expected


def test_what_the_host_made_by_hand_is_the_stay_s_link_and_stays_when_no_calendar_names_it(
    home: Property, airbnb: Feed
) -> None:
    stays.add(home, cast.nights(5, 2), "booking", "Marta", cast.NOW)
    stays.add(home, cast.nights(8, 2), "", "", cast.NOW)
    cast.an_import(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    assert links(home) == [(cast.nights(5, 2), "booking"), (cast.nights(8, 2), "")]


def test_a_stay_whose_link_the_host_stopped_gets_no_other_by_itself(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    stays.stop(StayLink.objects.get(), cast.NOW)
    rewrite(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    assert links(home) == []
    fresh = stays.renew(StayLink.objects.get(), cast.NOW)
    assert [row.token for row in StayLink.objects.filter(**IN_USE)] == [fresh.token]
    with pytest.raises(stays.Exists):
        stays.renew(StayLink.objects.exclude(pk=fresh.pk).get(), cast.NOW)
    assert StayLink.objects.get(**IN_USE) == fresh


def test_a_renewed_link_is_the_same_stay_at_another_address(home: Property) -> None:
    old = stays.add(home, cast.nights(5, 2), "booking", "Marta", cast.NOW)
    new = StayLink.objects.get(pk=stays.renew(old, cast.NOW).pk)
    old.refresh_from_db()
    assert (new.booked, new.channel, new.guest, new.by_hand) == (cast.nights(5, 2), "booking", "Marta", True)
    assert new.token != old.token
    assert old.revoked_at == cast.NOW


# What a sweep costs, and what it leaves alone


def test_a_calendar_that_has_not_changed_is_not_looked_at_again(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    assert [stays.register(cast.NOW) for _ in range(2)] == [1, 0]
    cast.an_import(airbnb, cast.nights(9, 2))
    assert [stays.register(cast.NOW) for _ in range(2)] == [1, 0]


def test_an_archived_home_waits_until_it_is_back(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    Property.objects.update(archived_at=cast.NOW)
    assert stays.register(cast.NOW) == 0
    Property.objects.update(archived_at=None)
    assert stays.register(cast.NOW) == 1


def test_the_queries_of_a_sweep_do_not_grow_with_the_homes_or_the_stays(organization: Organization) -> None:
    def asked(homes: int) -> int:
        for number in range(homes):
            there = cast.a_property(organization, f"Home {number} of {homes}")
            feed = cast.a_feed(there, f"https://www.airbnb.com/calendar/ical/{homes}-{number}.ics")
            for night in range(5, 5 + 2 * homes, 2):
                cast.an_import(feed, cast.nights(night))
        with CaptureQueriesContext(connection) as found:
            assert stays.register(cast.NOW) == homes
        return sum("SAVEPOINT" not in query["sql"] for query in found.captured_queries)

    few, many = asked(1), asked(6)
    assert many - few <= 5, "one more insert per changed home, and nothing else"


def test_the_task_goes_on_until_nothing_is_left(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        there = cast.a_property(organization, f"Home {number}")
        cast.an_import(
            cast.a_feed(there, f"https://www.airbnb.com/calendar/ical/{number}.ics"), cast.nights(5)
        )
    monkeypatch.setattr(stays.register, "__defaults__", (1,))
    tasks.register_stays()
    assert StayLink.objects.count() == 3


def test_each_turn_takes_so_many_homes_and_no_more(organization: Organization) -> None:
    homes = [cast.a_property(organization, name) for name in "abc"]
    for number, there in enumerate(homes):
        cast.an_import(
            cast.a_feed(there, f"https://www.airbnb.com/calendar/ical/{number}.ics"), cast.nights(5)
        )
    assert [stays.register(cast.NOW, most=2) for _ in range(3)] == [2, 1, 0]
    assert [len(links(there)) for there in homes] == [1, 1, 1]


def test_a_link_belongs_to_the_organization_of_its_home(
    home: Property, airbnb: Feed, mallory: object
) -> None:
    theirs = cast.a_property(cast.an_organization("Others"), "Their home")
    cast.an_import(cast.a_feed(theirs, "https://www.airbnb.com/calendar/ical/2.ics"), cast.nights(5, 2))
    cast.an_import(airbnb, cast.nights(5, 2))
    stays.register(cast.NOW)
    for there in (home, theirs):
        assert StayLink.objects.of(there.organization).get().property_id == there.pk
        assert StayRegister.objects.get(organization=there.organization).property_id == there.pk


def test_whoever_loses_a_race_leaves_the_home_for_the_next_turn(home: Property, airbnb: Feed) -> None:
    cast.an_import(airbnb, cast.nights(5, 2))
    stays.add(home, cast.nights(5, 2), "", "", cast.NOW)
    new = Changes(new=(Stay(cast.nights(5, 2), ("airbnb",), ending=False),))
    assert not stays._apply(home, new, cast.NOW)
    assert stays.register(cast.NOW) == 1
    assert StayRegister.objects.get().version == Calendar.objects.get().version


# What the schema refuses


def test_a_stay_has_one_live_link_however_many_ended(home: Property) -> None:
    for columns in ({"gone_at": cast.NOW}, {"revoked_at": cast.NOW}, {}, {"gone_at": cast.NOW}):
        cast.a_stay_link(home, cast.nights(5, 2), **columns)
    with pytest.raises(IntegrityError, match="one_live_link_per_stay"), transaction.atomic():
        cast.a_stay_link(home, cast.nights(5, 2), channel="vrbo")


def test_a_home_has_one_live_link_for_everybody_beside_those_of_stays(home: Property) -> None:
    cast.a_stay_link(home, cast.nights(5, 2))
    cast.a_stay_link(home)
    with pytest.raises(IntegrityError, match="one_live_link_per_property_and_site"), transaction.atomic():
        cast.a_stay_link(home)


@pytest.mark.parametrize("columns", [{"guest": "Marta"}, {"gone_at": cast.NOW}, {"by_hand": True}])
def test_only_the_link_of_a_stay_is_somebody_s(home: Property, columns: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="only_a_stay_is_somebodys"), transaction.atomic():
        cast.a_stay_link(home, **columns)
