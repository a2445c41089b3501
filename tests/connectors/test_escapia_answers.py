"""Answers of Escapia that the simulated one doesn't give: pages without end, failures inside successes, odd replies."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from connectors import api_words, tokens
from connectors.contract import AuthFailed, BadReply, Cap, ConnectorError, NotPermitted, Rejected
from tests.connectors import plays
from tests.connectors.contract import nights
from tests.connectors.plays import Play

SHARED = {"unit_numbers": "shared"}
MANAGERS, UNITS = "myPropertyManagers", "myPropertyManagersDistributedUnitIds"


@pytest.fixture
def play() -> Iterator[Play]:
    tokens._kept.clear()
    with plays.played("escapia") as playing:
        yield playing


@pytest.fixture
def letters() -> Iterator[Play]:
    with plays.played("escapia_enet") as playing:
        yield playing


def answer(play: Play, ask: str, found: Any, *, has: str = "", status: int = 200) -> None:
    """What is answered from now on."""
    play.recording.whole["exchanges"].insert(
        0, {"ask": ask, "has": [has], "answer": {"json": found, "status": status}}
    )


def nodes(name: str, *found: Any, cursor: str | None = None) -> dict[str, Any]:
    info = {"endCursor": cursor, "hasNextPage": cursor is not None}
    return {"data": {name: {"nodes": list(found), "pageInfo": info}}}


# The Gateway.


def gateway(play: Play, found: Any, has: str = "") -> None:
    answer(play, "POST /gateway/graphql", found, has=has)


def test_units_that_were_handed_to_us_come_page_by_page(play: Play) -> None:
    gateway(play, nodes(UNITS, {"unitId": 173738}, cursor="ONE"), f"{UNITS}(")
    gateway(play, nodes(UNITS, {"unitId": 999}), '"after": "ONE"')
    found = play.connector(switches=SHARED).listings().listings
    assert [(one.id, one.is_handed) for one in found] == [("173738", True)]
    found = play.connector(switches=SHARED).listings("2").listings
    assert [(one.id, one.is_handed) for one in found] == [("173740", False)]


def test_pages_without_end_are_a_bad_reply(play: Play) -> None:
    gateway(play, nodes(UNITS, {"unitId": 1}, cursor="SAME"), f"{UNITS}(")
    with pytest.raises(BadReply):
        play.connector(switches=SHARED).listings()
    assert len([one for one in play.asked if "graphql" in one]) < 5


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"data": None},
        {"data": {MANAGERS: None}},
        {"data": {MANAGERS: {"nodes": None}}},
        {"data": {MANAGERS: {"nodes": [], "pageInfo": {}}}},
        {"data": {MANAGERS: {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}}},
        nodes(MANAGERS, {"name": "x", "propertyManagerId": "x"}),
        {"errors": [None]},
    ],
)
def test_graphs_that_arent_what_was_asked_for(play: Play, found: Any) -> None:
    gateway(play, found)
    with pytest.raises(BadReply):
        play.connector(switches=SHARED).listings()


def test_a_graph_that_says_no_says_it_inside_a_success(play: Play) -> None:
    gateway(play, {"data": None, "errors": [{"message": "Unknown manager GATEWAY-SECRET-1"}]})
    with pytest.raises(Rejected, match=r"^Unknown manager …$"):
        play.connector(switches=SHARED).listings()


def test_a_graph_that_knows_us_no_more_is_asked_once_more_with_a_fresh_token(play: Play) -> None:
    gateway(play, {"errors": [{"message": "?", "extensions": {"code": "UNAUTHENTICATED"}}]})
    with pytest.raises(AuthFailed):
        play.connector(switches=SHARED).listings()
    asked = [one.partition("/gateway")[2] for one in play.asked if "/gateway" in one]
    assert asked == ["/token", "/graphql", "/token", "/graphql"]


def test_a_gateway_that_fails_is_told_by_the_check_and_takes_nothing_else_along(play: Play) -> None:
    gateway(play, {"errors": [{"message": "Down for an hour"}]})
    health = play.connector().check()
    assert dict(health.troubles) == {"gateway": "Down for an hour"}
    assert Cap.CALENDAR in health.works


# HSAPI.


@pytest.mark.parametrize(
    "found",
    [
        {"results": [], "totalCount": 5, "pageSize": 100},
        {"results": [{"nativePMSID": "1"}], "totalCount": 5, "pageSize": 100},
        {"results": [{"nativePMSID": "1"}], "totalCount": 0},
        {"results": None, "totalCount": 0},
        {"totalCount": -1, "results": []},
        {"results": [{"nativePMSID": ""}], "totalCount": 1},
        {"results": [{"name": "x"}], "totalCount": 1},
        {"results": ["x"], "totalCount": 1},
        [],
        None,
    ],
)
def test_pages_that_dont_hold_what_they_say(play: Play, found: Any) -> None:
    answer(play, "POST /hsapi/SearchUnitSummaries", found)
    with pytest.raises(BadReply):
        play.connector().listings()


@pytest.mark.parametrize(
    "found",
    [
        [{"dateRange": {"startDate": "2026-12-27", "endDate": "2026-12-20"}}],
        [{"dateRange": {"startDate": "2026-12-20"}}],
        [{"dateRange": None}],
        [{}],
        [None],
        {"results": []},
        {"$ref": "1"},
    ],
)
def test_ranges_that_are_none(play: Play, found: Any) -> None:
    listing = play.listing
    answer(play, "POST /hsapi/GetUnitNonAvailability", found)
    with pytest.raises(BadReply):
        play.connector().calendar(listing, play.recording.window)


def test_a_range_without_end_closes_the_window_to_its_end(play: Play) -> None:
    listing, window = play.listing, play.recording.window
    for end in ("9999-12-31", "2027-03-01"):
        answer(
            play,
            "POST /hsapi/GetUnitNonAvailability",
            [{"dateRange": {"startDate": "2027-02-27", "endDate": end}}],
        )
        found = nights(play.connector().calendar(listing, window))
        assert {str(night) for night in found} == {"2027-02-27", "2027-02-28"}


def test_a_read_that_fails_inside_a_success_is_no_calendar(play: Play) -> None:
    listing = play.listing
    answer(
        play,
        "POST /hsapi/GetUnitNonAvailability",
        {"failureDiagnosis": {"displayMessage": "Not now.", "internalMessage": ""}},
    )
    with pytest.raises(Rejected, match="Not now"):
        play.connector().calendar(listing, play.recording.window)


def test_a_unit_of_which_nothing_is_closed_has_to_be_known(play: Play) -> None:
    listing = play.listing
    answer(play, "POST /hsapi/GetUnitNonAvailability", [])
    with pytest.raises(Rejected) as caught:
        play.connector().calendar(listing, play.recording.window)
    assert str(caught.value) == api_words.UNKNOWN_UNIT
    answer(play, "GET /hsapi/GetUnitById", {"nativePMSID": "173738"})
    assert play.connector().calendar(listing, play.recording.window).taken == ()


@pytest.mark.parametrize(
    "found",
    [
        {"changes": [{"nativePMSID": "1"}], "endVersion": 64041481},
        {"changes": [], "endVersion": 64041480},
        {"changes": [{}], "endVersion": 64041482},
        {"changes": "x", "endVersion": 64041482},
        {"changes": []},
    ],
)
def test_changes_that_lead_nowhere(play: Play, found: Any) -> None:
    answer(play, "GET /hsapi/GetReservationChanges", found)
    with pytest.raises(BadReply):
        play.connector().changes("64041481")


def test_changed_stays_that_may_not_be_looked_at_have_every_unit_read(play: Play) -> None:
    play.state = "changed"
    answer(play, "GET /hsapi/GetReservationById", {}, status=403)
    assert play.connector().changes("64041481").is_everything


def test_a_manager_without_a_type_for_owners_is_told(play: Play) -> None:
    answer(play, "GET /hsapi/ListReservationTypes", [{"ownerStayType": "None", "nativePMSID": "1"}])
    assert dict(play.connector().check().troubles) == {Cap.BLOCK: api_words.NO_OWNER_TYPE}
    block = play.recording.whole["block"]
    with pytest.raises(NotPermitted):
        play.connector().block(play.listing, plays.span(block["nights"]), block["ref"], "Sold")


@pytest.mark.parametrize(
    "changed",
    [
        {"unitNativePMSID": "1"},
        {"stayDateRange": {"startDate": "2027-02-01", "endDate": "2027-02-03"}},
        {"status": "Cancelled"},
        {"nativePMSID": None},
    ],
)
def test_another_stay_than_was_wished_for_is_no_success(play: Play, changed: dict[str, Any]) -> None:
    block = play.recording.whole["block"]
    exchange = next(one for one in play.recording.whole["exchanges"] if one.get("to") == "blocked")
    made = copy.deepcopy(exchange["answer"]["json"]) | changed
    answer(play, "PUT /hsapi/CreateReservation", made)
    with pytest.raises(BadReply):
        play.connector().block(play.listing, plays.span(block["nights"]), block["ref"], "Sold")


@pytest.mark.parametrize(
    ("changed", "is_ours"),
    [
        ({}, True),
        ({"guests": [], "notes": [{"text": "Sold [amplistay-7f3c]"}]}, True),
        ({"guests": None, "notes": None}, True),
        ({"guests": None, "notes": None, "holdType": "None"}, False),
        ({"guests": [{"lastName": "Baker"}]}, False),
        ({"unitNativePMSID": "1"}, False),
    ],
)
def test_what_is_opened_must_still_be_ours(play: Play, changed: dict[str, Any], is_ours: bool) -> None:
    listing, play.state = play.listing, "blocked"
    exchange = next(
        one for one in play.recording.whole["exchanges"] if one.get("has") == ["id=900010"] and "in" in one
    )
    answer(play, "GET /hsapi/GetReservationById", exchange["answer"]["json"] | changed, has="900010")
    if is_ours:
        play.connector().unblock(listing, "stay:900010")
        assert len(play.written) == 1
    else:
        with pytest.raises(Rejected):
            play.connector().unblock(listing, "stay:900010")
        assert play.written == []


def test_a_stay_whose_guest_isnt_told_is_found_by_its_note(play: Play) -> None:
    block = play.recording.whole["block"]
    listing, play.state = play.listing, "blocked"
    exchanges = play.recording.whole["exchanges"]
    page = next(one for one in exchanges if "SearchReservationSummaries" in one["ask"] and one.get("in"))
    del page["answer"]["json"]["results"][0]["primaryGuest"]
    handle = play.connector().block(listing, plays.span(block["nights"]), block["ref"], "Sold")
    assert (handle, play.written) == ("stay:900010", [])


# ENET.


def units(play: Play, most: str, *, more: str) -> None:
    exchange = copy.deepcopy(play.recording.whole["exchanges"][0])
    exchange["has"] = [f'MaxResponses="{most}"']
    exchange["answer"]["text"] = exchange["answer"]["text"].replace('moredata="false"', f'moredata="{more}"')
    play.recording.whole["exchanges"].insert(0, exchange)


def test_more_units_than_were_asked_for_are_asked_for_at_once(letters: Play) -> None:
    units(letters, "500", more="true")
    assert len(letters.connector().listings().listings) == 2
    assert len(letters.asked) == 2


def test_units_that_are_never_all_there_are_a_bad_reply(letters: Play) -> None:
    units(letters, "500", more="true")
    units(letters, "20000", more="true")
    with pytest.raises(BadReply):
        letters.connector().listings()


def test_letters_of_another_unit_are_a_bad_reply(letters: Play) -> None:
    calendar = letters.recording.whole["exchanges"][1]["answer"]
    calendar["text"] = calendar["text"].replace("7090-173738", "7090-173740")
    with pytest.raises(BadReply):
        letters.connector().calendar("7090-173738", letters.recording.window)


def test_a_fault_with_its_own_status_is_read(letters: Play) -> None:
    for body, kind in (("s:Client", Rejected), ("s:Server", ConnectorError)):
        fault = f"<s:Fault><faultcode>{body}</faultcode><faultstring>No such thing</faultstring></s:Fault>"
        told = {"status": 500, "text": f'<s:E xmlns:s="x">{fault}</s:E>'}
        for one in letters.recording.whole["exchanges"]:
            one["answer"] = told
        with pytest.raises(kind):
            letters.connector().listings()


def test_what_is_sent_in_xml_is_escaped(letters: Play) -> None:
    evil = '7090-1"/><x a="'
    with pytest.raises(Rejected):
        letters.connector().calendar(evil, letters.recording.window)
    assert "&quot;" in letters.bodies[-1] or "'7090-1\"" in letters.bodies[-1]
    assert "<x a=" not in letters.bodies[-1].replace("&lt;x a=", "")
