"""Escapia's three interfaces, read from the simulated one over real sockets."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import api_words
from connectors.contract import (
    AuthFailed,
    BadReply,
    Cap,
    Changes,
    ConnectorError,
    NotPermitted,
    RateLimited,
    Rejected,
    Temporary,
)
from connectors.escapia import Escapia
from domain.spans import Span
from simulator.escapia_keys import EVERY_MANAGER, key_of
from tests.connectors.contract import nights
from tests.connectors.offices import EVERYTHING, MANAGER, WINDOW, Office, day

EXACT = {"last_day": "departure"}


def every_listing(connector: Escapia) -> list[str]:
    found, cursor = [], None
    while True:
        page = connector.listings(cursor)
        found += [one.id for one in page.listings]
        cursor = page.cursor
        if cursor is None:
            return found


# Units.


def test_hundreds_of_units_come_page_by_page(office: Office) -> None:
    found = every_listing(office.connect(manager="2047"))
    assert sorted(found) == sorted(unit["id"] for unit in office.units("2047"))
    assert office.asked(operation="SearchUnitSummaries") == ["SearchUnitSummaries"] * 2


def test_a_short_page_is_no_last_page(office: Office) -> None:
    connector = office.connect()
    office.fault("truncated", "SearchUnitSummaries")
    with pytest.raises(ConnectorError):
        connector.listings()


def test_enet_shows_the_units_that_were_handed_over(office: Office) -> None:
    found = office.connect("enet").listings()
    handed = {unit["enet_code"] for unit in office.units() if unit["distributed"] and unit["active"]}
    assert {one.id for one in found.listings} == handed
    assert all(one.is_handed for one in found.listings)


def test_keys_that_several_managers_admitted_show_the_units_of_one(office: Office) -> None:
    everybodys = key_of("enet", EVERY_MANAGER)
    ours = office.connect("enet", keys={"enet_id": everybodys.id, "enet_password": everybodys.secret})
    assert {one.id for one in ours.listings().listings} == {
        one.id for one in office.connect("enet").listings().listings
    }


@pytest.mark.parametrize(
    ("numbers", "is_told"), [({}, False), ({"unit_numbers": "shared"}, True)], ids=["unrelated", "shared"]
)
def test_the_gateway_says_which_units_are_ours_where_the_numbers_are_the_same(
    office: Office, numbers: dict[str, str], is_told: bool
) -> None:
    found = {
        one.id: one.is_handed for one in office.connect(*EVERYTHING, switches=numbers).listings().listings
    }
    handed = {unit["id"]: unit["distributed"] and unit["active"] for unit in office.units()}
    assert found == (handed if is_told else dict.fromkeys(handed))


# Calendars.


@pytest.mark.parametrize("group", ["hsapi", "enet"])
def test_both_interfaces_tell_the_nights_that_are_taken(office: Office, group: str) -> None:
    connector = office.connect(group, switches=EXACT)
    for unit in office.units()[:8]:
        if unit["distributed"] and unit["active"]:
            listing = unit["id"] if group == "hsapi" else unit["enet_code"]
            assert nights(connector.calendar(listing, WINDOW)) == office.truth(unit["id"])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12)), max_size=12),
    st.integers(0, 90),
    st.integers(1, 40),
    st.sampled_from(["departure", "last_night"]),
)
def test_no_reading_is_freer_than_the_truth(
    office: Office, stays: list[tuple[int, int]], first: int, length: int, end: str
) -> None:
    """Whatever an end date means, whatever the window: by ranges and by letters, next to each other or apart."""
    office.options(non_availability_end=end)
    unit, arrival, booked = office.free_unit("3311"), 0, []
    for gap, stay in stays:
        booked.append(office.book(unit["id"], arrival + gap, arrival + gap + stay))
        arrival += gap + stay
    window = Span(day(first), day(first + length))
    truth = office.truth(unit["id"], window)
    switch = {"last_day": "night" if end == "last_night" else "departure"}
    ranges, careful = (office.connect(manager="3311", switches=chosen) for chosen in (switch, {}))
    letters = office.connect("enet", manager="3311")
    assert nights(ranges.calendar(unit["id"], window)) == truth
    assert nights(careful.calendar(unit["id"], window)) >= truth
    assert nights(letters.calendar(unit["enet_code"], window)) == truth
    for stay_id in booked:
        office.control("DELETE", f"/escapia/units/{unit['id']}/stays/{stay_id}")


def test_one_request_reads_two_years(office: Office) -> None:
    unit = next(one["id"] for one in office.units() if one["stays"])
    office.connect().check()
    office.control("DELETE", "/escapia/requests")
    office.connect(has_blocks=False).calendar(unit, Span(day(0), day(730)))
    assert office.asked() == ["GetUnitNonAvailability"]


@pytest.mark.parametrize("fault", ["empty_days", "short_days", "truncated", "malformed", "html"])
def test_letters_that_are_missing_free_no_night(office: Office, fault: str) -> None:
    unit = next(one for one in office.units() if one["stays"] and one["distributed"])
    office.fault(fault, "UnitCalendarAvail")
    with pytest.raises((BadReply, Temporary)):
        office.connect("enet").calendar(unit["enet_code"], WINDOW)


def test_a_unit_of_another_manager_is_not_read(office: Office) -> None:
    other = office.units("2047")[0]
    for group, listing in (("hsapi", other["id"]), ("enet", other["enet_code"])):
        with pytest.raises(ConnectorError):
            office.connect(group).calendar(listing, WINDOW)


# Keys and tokens.


def test_a_token_serves_many_requests_of_many_connectors(office: Office) -> None:
    unit = office.free_unit()["id"]
    office.control("POST", "/escapia/tokens/expire")
    for _ in range(4):
        office.connect().calendar(unit, WINDOW)
    assert office.asked(operation="auth/token") == ["auth/token"]


def test_a_token_that_ran_out_is_replaced_once(office: Office) -> None:
    unit = office.free_unit()["id"]
    connector = office.connect()
    connector.calendar(unit, WINDOW)
    office.control("POST", "/escapia/tokens/expire")
    office.control("DELETE", "/escapia/requests")
    connector.calendar(unit, WINDOW)
    assert office.asked()[:3] == ["GetUnitNonAvailability", "auth/token", "GetUnitNonAvailability"]


def test_keys_that_are_refused_with_a_fresh_token_are_wrong(office: Office) -> None:
    unit = office.free_unit()["id"]
    office.connect().calendar(unit, WINDOW)
    office.control("DELETE", "/escapia/requests")
    office.fault("unauthorised", "GetUnitNonAvailability", count=2)
    with pytest.raises(AuthFailed):
        office.connect().calendar(unit, WINDOW)
    assert office.asked() == ["GetUnitNonAvailability", "auth/token", "GetUnitNonAvailability"]


@pytest.mark.parametrize("group", EVERYTHING)
def test_wrong_keys_of_one_interface_are_told_of_that_one(office: Office, group: str) -> None:
    secret = "enet_password" if group == "enet" else f"{group}_secret"
    health = office.connect(*EVERYTHING, keys={secret: "wrong"}).check()
    assert dict(health.troubles) == {group: api_words.WRONG_KEYS}
    assert Cap.CALENDAR in health.works
    assert (Cap.BLOCK in health.works) == (group != "hsapi")


def test_half_of_a_group_is_told_and_not_asked(office: Office) -> None:
    health = office.connect("hsapi", keys={"enet_id": "somebody"}).check()
    assert dict(health.troubles) == {"enet": api_words.MISSING_KEYS}
    assert office.asked(api="enet") == []


def test_without_any_key_nothing_works_and_nothing_is_asked(office: Office) -> None:
    connector = office.connect(keys={"hsapi_id": "", "hsapi_secret": "", "hsapi_manager": ""})
    health = connector.check()
    assert (health.works, dict(health.troubles)) == (frozenset(), {"hsapi": api_words.MISSING_KEYS})
    with pytest.raises(NotPermitted):
        connector.listings()
    assert office.asked() == []


def test_a_manager_who_gave_no_access_is_told_apart_from_wrong_keys(office: Office) -> None:
    office.control("PATCH", f"/escapia/managers/{MANAGER}", granted=False)
    assert dict(office.connect().check().troubles) == {"hsapi": api_words.NO_ACCESS_YET}


@pytest.mark.parametrize("manager", ["10 20", "1020\r\nX: y", "é", "x" * 99])
def test_a_managers_number_that_cant_be_one_is_not_sent(office: Office, manager: str) -> None:
    with pytest.raises(AuthFailed):
        office.connect(keys={"hsapi_manager": manager}).listings()


# Quotas.


@pytest.mark.parametrize(("tells", "wait"), [(True, True), (False, False)])
def test_a_used_up_quota_says_how_long_to_wait(office: Office, tells: bool, wait: bool) -> None:
    unit = office.free_unit()["id"]
    office.options(hsapi_quota=1, quota_seconds=60, quota_tells_when=tells)
    connector = office.connect(has_blocks=False, switches={"nothing_closed": "believe"})
    connector.calendar(unit, WINDOW)
    with pytest.raises(RateLimited) as caught:
        connector.calendar(unit, WINDOW)
    assert (caught.value.wait is not None) == wait
    assert caught.value.wait is None or timedelta(0) < caught.value.wait <= timedelta(seconds=61)


def test_the_gateway_is_left_alone_when_it_says_that_nothing_is_left(office: Office) -> None:
    office.options(gateway_quota=1, quota_seconds=3600)
    connector = office.connect("hsapi", "gateway", switches={"unit_numbers": "shared"})
    with pytest.raises(RateLimited) as caught:
        connector.listings()
    assert office.asked(api="gateway").count("myPropertyManagersDistributedUnitIds") == 0
    assert caught.value.wait
    assert timedelta(0) < caught.value.wait <= timedelta(hours=1)


# Changes.


def caught_up(connector: Escapia) -> str:
    changes = connector.changes(None)
    while changes.more:
        changes = connector.changes(changes.cursor)
    return changes.cursor


def since(connector: Escapia, cursor: str) -> Changes:
    changes = connector.changes(cursor)
    assert changes.more == bool(changes.listings or changes.is_everything)
    return changes


def test_a_booking_a_move_and_a_cancellation_name_their_unit(office: Office) -> None:
    connector, unit = office.connect(), office.free_unit()["id"]
    cursor = caught_up(connector)
    assert since(connector, cursor).listings == frozenset()
    stay = office.book(unit, 10, 12)
    changes = since(connector, cursor)
    assert changes.listings == {unit}
    path = f"/escapia/units/{unit}/stays/{stay}"
    office.control("PATCH", path, arrival=str(day(11)), departure=str(day(14)))
    changes = since(connector, changes.cursor)
    assert changes.listings == {unit}
    office.control("DELETE", path)
    assert since(connector, changes.cursor).listings == {unit}


def test_a_deleted_stay_that_nobody_knows_any_more_has_every_unit_read(office: Office) -> None:
    connector, unit = office.connect(), office.free_unit()["id"]
    office.options(cancelled="gone")
    stay = office.book(unit, 10, 12)
    cursor = caught_up(connector)
    office.control("DELETE", f"/escapia/units/{unit}/stays/{stay}")
    assert since(connector, cursor).is_everything


def test_many_changes_have_every_unit_read_instead_of_each_stay(office: Office) -> None:
    connector, unit = office.connect(), office.free_unit()["id"]
    cursor = caught_up(connector)
    for start in range(0, 60, 2):
        office.book(unit, start, start + 1)
    office.control("DELETE", "/escapia/requests")
    assert since(connector, cursor).is_everything
    assert office.asked() == ["GetReservationChanges"]


def test_catching_up_takes_as_many_calls_as_there_are_pieces(office: Office) -> None:
    office.options(changes_at_once=20)
    connector = office.connect()
    cursor = caught_up(connector)
    assert len(office.asked(operation="GetReservationChanges")) > 3
    assert office.asked(operation="GetReservationById") == []
    assert not since(connector, cursor).more


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "past:", "past:x", "enet:x"])
def test_a_cursor_that_is_none_is_refused(office: Office, cursor: str) -> None:
    with pytest.raises(Rejected):
        office.connect().changes(cursor)
    with pytest.raises(Rejected):
        office.connect("enet").changes("enet:" + cursor)


def test_enets_batch_names_the_units_that_changed(office: Office) -> None:
    connector, unit = office.connect("enet", switches={"enet_clock": "utc"}), office.free_unit()
    cursor = caught_up(connector)
    office.book(unit["id"], 10, 12)
    assert unit["enet_code"] in connector.changes(cursor).listings
