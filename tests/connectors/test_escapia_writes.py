"""Closing nights in the simulated Escapia, and each switch under both of what it may be."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors import api_words
from connectors.contract import (
    BadReply,
    Cap,
    ConnectorError,
    NotPermitted,
    Rejected,
    Temporary,
)
from connectors.escapia import SWITCHES
from domain.spans import NIGHT, Span
from tests.connectors import plays
from tests.connectors.contract import nights
from tests.connectors.offices import WINDOW, Office, day, days

STYLES = ["owner_stay", "work_order"]
CREATES = {"owner_stay": "CreateReservation", "work_order": "SaveWorkOrder"}
THREE = Span(day(20), day(23))


@pytest.fixture
def unit(office: Office) -> str:
    return str(office.free_unit()["id"])


@pytest.mark.parametrize("style", STYLES)
def test_nights_are_closed_told_apart_and_opened(office: Office, unit: str, style: str) -> None:
    connector = office.connect(switches={"write": style, "last_day": "departure"})
    handle = connector.block(unit, THREE, "7f3c", "Sold elsewhere")
    assert office.truth(unit) == days(20, 21, 22)
    (found,) = connector.calendar(unit, WINDOW).taken
    assert (found.nights, found.ours) == (THREE, "7f3c")
    connector.unblock(unit, handle)
    assert office.truth(unit) == frozenset()


@pytest.mark.parametrize("style", STYLES)
def test_a_lost_reply_closes_nothing_twice(office: Office, unit: str, style: str) -> None:
    connector = office.connect(switches={"write": style})
    office.fault("drop_reply", CREATES[style])
    with pytest.raises(Temporary):
        connector.block(unit, THREE, "7f3c", "Sold")
    assert connector.block(unit, THREE, "7f3c", "Sold")
    assert office.asked(operation=CREATES[style]) == [CREATES[style]]
    assert len(office.unit(unit)["stays"]) + len(office.unit(unit)["orders"]) == 1


@pytest.mark.parametrize("style", STYLES)
def test_a_reference_holds_the_nights_that_it_was_given_for(office: Office, unit: str, style: str) -> None:
    connector = office.connect(switches={"write": style})
    connector.block(unit, THREE, "7f3c", "Sold")
    with pytest.raises(Rejected, match="other nights"):
        connector.block(unit, Span(day(21), day(22)), "7f3c", "Sold")


@pytest.mark.parametrize("style", STYLES)
def test_several_blocks_keep_apart(office: Office, unit: str, style: str) -> None:
    connector = office.connect(switches={"write": style, "last_day": "departure"})
    handles = [connector.block(unit, Span(day(n), day(n + 2)), f"ref-{n}", "Sold") for n in (20, 22, 30)]
    connector.unblock(unit, handles[1])
    assert office.truth(unit) == days(20, 21, 30, 31)
    assert [each.ours for each in connector.calendar(unit, WINDOW).taken] == ["ref-20", "ref-30"]


@pytest.mark.parametrize("style", STYLES)
def test_what_isnt_permitted_is_told_as_that(office: Office, unit: str, style: str) -> None:
    office.options(writes="none")
    connector = office.connect(switches={"write": style})
    with pytest.raises(NotPermitted):
        connector.block(unit, THREE, "7f3c", "Sold")
    assert office.truth(unit) == frozenset()


def test_work_orders_that_may_not_be_seen_are_told_by_the_check(office: Office) -> None:
    office.options(writes="reservation")
    health = office.connect(switches={"write": "work_order"}).check()
    assert dict(health.troubles) == {Cap.BLOCK: api_words.NOT_ALLOWED}
    assert office.connect().check().works >= {Cap.BLOCK}


@pytest.mark.parametrize("style", STYLES)
def test_nights_that_a_guest_has_are_refused(office: Office, unit: str, style: str) -> None:
    office.book(unit, 21, 25)
    with pytest.raises(Rejected):
        office.connect(switches={"write": style}).block(unit, THREE, "7f3c", "Sold")
    assert office.truth(unit) == days(21, 22, 23, 24)


def test_a_failure_inside_a_success_speaks_for_itself(office: Office, unit: str) -> None:
    office.fault("refused", "CreateReservation")
    with pytest.raises(Rejected, match="told to refuse"):
        office.connect().block(unit, THREE, "7f3c", "Sold")


def test_a_rule_that_wants_to_be_agreed_to_is_a_refusal(office: Office, unit: str) -> None:
    office.fault("warning", "CreateReservation")
    with pytest.raises(Rejected) as caught:
        office.connect().block(unit, THREE, "7f3c", "Sold")
    assert caught.value.detail == "hsapi.CreateReservation: HTTP 412"
    assert office.truth(unit) == frozenset()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("told", ["told", "gone"])
def test_what_the_manager_opened_already_is_open(office: Office, unit: str, style: str, told: str) -> None:
    office.options(cancelled=told)
    connector = office.connect(switches={"write": style})
    handle = connector.block(unit, THREE, "7f3c", "Sold")
    kind, _, number = handle.partition(":")
    office.control("DELETE", f"/escapia/units/{unit}/{'stays' if kind == 'stay' else 'orders'}/{number}")
    connector.unblock(unit, handle)
    connector.unblock(unit, handle)


def test_what_was_closed_one_way_is_opened_that_way(office: Office, unit: str) -> None:
    handle = office.connect(switches={"write": "work_order"}).block(unit, THREE, "7f3c", "Sold")
    office.connect(switches={"write": "owner_stay"}).unblock(unit, handle)
    assert office.truth(unit) == frozenset()


def test_a_guests_stay_is_never_cancelled(office: Office, unit: str) -> None:
    stay = office.book(unit, 20, 23, guest="Baker")
    with pytest.raises(Rejected) as caught:
        office.connect().unblock(unit, f"stay:{stay}")
    assert str(caught.value) == api_words.NOT_OURS
    assert office.truth(unit) == days(20, 21, 22)


def test_a_block_of_another_unit_isnt_opened(office: Office, unit: str) -> None:
    other = next(one["id"] for one in office.units() if one["id"] != unit)
    handle = office.connect().block(unit, THREE, "7f3c", "Sold")
    with pytest.raises(Rejected):
        office.connect().unblock(other, handle)
    assert office.truth(unit) == days(20, 21, 22)


def test_a_guest_who_goes_by_our_mark_is_a_guest(office: Office, unit: str) -> None:
    office.book(unit, 20, 23, guest="amplistay-7f3c")
    found = office.connect().calendar(unit, WINDOW).taken
    assert [each.ours for each in found] == [""]


@pytest.mark.parametrize("fault", ["malformed", "truncated", "html", "server_error"])
def test_a_search_that_fails_closes_nothing_anew(office: Office, unit: str, fault: str) -> None:
    office.fault(fault, "SearchReservationSummaries")
    with pytest.raises(ConnectorError):
        office.connect().block(unit, THREE, "7f3c", "Sold")
    assert office.truth(unit) == frozenset()


# The switches. The first choice is the one in use until somebody has found out.


def test_each_switch_is_turned_somewhere_below() -> None:
    turned = {
        *("last_day", "range_start", "range_length", "holds", "nothing_closed", "write", "work_order_end"),
        *("enet_holds", "enet_dates", "enet_clock"),  # below
        "unit_numbers",  # in test_escapia.py
    }
    assert {switch.name for switch in SWITCHES} == turned


@pytest.mark.parametrize(
    ("choice", "really", "read"),
    [
        ("night", "departure", (20, 21, 22, 23)),
        ("night", "last_night", (20, 21, 22)),
        ("departure", "departure", (20, 21, 22)),
    ],
)
def test_the_last_day_of_a_range(
    office: Office, unit: str, choice: str, really: str, read: tuple[int, ...]
) -> None:
    office.options(non_availability_end=really)
    office.book(unit, 20, 23)
    calendar = office.connect(switches={"last_day": choice}).calendar(unit, WINDOW)
    assert nights(calendar) == days(*read)


def test_a_range_of_no_night_closes_one(office: Office, unit: str) -> None:
    office.options(non_availability_end="last_night")
    office.book(unit, 20, 21)
    assert nights(office.connect(switches={"last_day": "departure"}).calendar(unit, WINDOW)) == days(20)


@pytest.mark.parametrize(("choice", "start"), [("earlier", "2026-08-21"), ("exact", "2026-11-20")])
def test_the_start_of_the_range_that_is_asked_for(choice: str, start: str) -> None:
    with plays.played("escapia") as play:
        listing = play.listing
        play.bodies.clear()
        calendar = play.connector(switches={"range_start": choice}).calendar(listing, play.recording.window)
        assert nights(calendar) == play.recording.taken
        asked = next(json.loads(body) for body in play.bodies if "nativePMSUnitID" in body)
        assert asked["dateRange"] == {"startDate": start, "endDate": str(play.recording.window.end + NIGHT)}


@pytest.mark.parametrize(("choice", "requests"), [("whole", 1), ("yearly", 2)])
def test_the_length_of_the_range_that_is_asked_for(
    office: Office, unit: str, choice: str, requests: int
) -> None:
    office.book(unit, 363, 368)
    connector = office.connect(switches={"range_length": choice, "last_day": "departure"}, has_blocks=False)
    assert nights(connector.calendar(unit, Span(day(0), day(730)))) == days(*range(363, 368))
    assert len(office.asked(operation="GetUnitNonAvailability")) == requests


@pytest.mark.parametrize(("choice", "read"), [("contained", ()), ("asked_too", (20, 21, 22))])
def test_holds_that_ranges_dont_contain(
    office: Office, unit: str, choice: str, read: tuple[int, ...]
) -> None:
    office.book(unit, 20, 23, hold="Owner")
    office.fault("no_nights", "GetUnitNonAvailability")
    connector = office.connect(switches={"holds": choice}, has_blocks=False)
    assert nights(connector.calendar(unit, WINDOW)) == days(*read)


@pytest.mark.parametrize(("choice", "asked"), [("ask_unit", ["GetUnitById"]), ("believe", [])])
def test_a_unit_that_is_told_to_be_free_altogether(
    office: Office, unit: str, choice: str, asked: list[str]
) -> None:
    connector = office.connect(switches={"nothing_closed": choice}, has_blocks=False)
    assert connector.calendar(unit, WINDOW).taken == ()
    assert office.asked(operation="GetUnitById") == asked


@pytest.mark.parametrize(("choice", "really"), [("departure", "departure"), ("last_night", "last_night")])
def test_the_end_of_a_work_order(office: Office, unit: str, choice: str, really: str) -> None:
    office.options(work_order_end=really)
    connector = office.connect(switches={"write": "work_order", "work_order_end": choice})
    connector.block(unit, THREE, "7f3c", "Sold")
    assert office.truth(unit) == days(20, 21, 22)


def test_the_end_of_a_work_order_closes_a_night_too_many_until_it_is_known(office: Office, unit: str) -> None:
    office.options(work_order_end="last_night")
    connector = office.connect(switches={"write": "work_order"})
    connector.block(unit, THREE, "7f3c", "Sold")
    assert office.truth(unit) == days(20, 21, 22, 23)
    assert connector.block(unit, THREE, "7f3c", "Sold")


@pytest.mark.parametrize(("choice", "read"), [("shown", (20, 21, 22)), ("hidden", ())])
def test_soft_holds_in_letters(office: Office, choice: str, read: tuple[int, ...]) -> None:
    unit = office.free_unit()
    office.book(unit["id"], 20, 23, hold="SoftBlock")
    connector = office.connect("enet", switches={"enet_holds": choice})
    assert nights(connector.calendar(unit["enet_code"], WINDOW)) == days(*read)


@pytest.mark.parametrize("choice", ["us", "iso"])
def test_the_dates_of_a_question_about_letters(office: Office, choice: str) -> None:
    unit = office.free_unit()
    office.book(unit["id"], 20, 23)
    connector = office.connect("enet", switches={"enet_dates": choice})
    assert nights(connector.calendar(unit["enet_code"], WINDOW)) == days(20, 21, 22)


@pytest.mark.parametrize(("choice", "is_told"), [("half_day_back", True), ("utc", False)])
def test_the_clock_by_which_letters_changed(office: Office, choice: str, is_told: bool) -> None:
    """Where nobody knows in which zone the question is read, half a day is told again."""
    unit = office.free_unit()
    office.book(unit["id"], 20, 23)
    later = datetime.now(UTC) + timedelta(hours=1)
    changes = office.connect("enet", switches={"enet_clock": choice}).changes(f"enet:{later.isoformat()}")
    assert (unit["enet_code"] in changes.listings) == is_told
    assert changes.cursor < f"enet:{later.isoformat()}"


def test_a_switch_that_says_something_else_has_its_default(office: Office, unit: str) -> None:
    office.book(unit, 20, 23)
    assert nights(office.connect(switches={"last_day": "?"}).calendar(unit, WINDOW)) == days(20, 21, 22, 23)


def test_a_reply_about_another_stay_is_no_success(office: Office, unit: str) -> None:
    office.fault("malformed", "CreateReservation")
    with pytest.raises(BadReply):
        office.connect().block(unit, THREE, "7f3c", "Sold")
    assert office.connect().block(unit, THREE, "7f3c", "Sold")
    assert len(office.unit(unit)["stays"]) == 1
