"""The simulated HSAPI: keys and headers, paging, changes, `$id` and `$ref`, and both ways of closing nights."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from escapia_client import HEADER, Hsapi, between, nights, whole

from simulator.escapia_shapes import numbered
from tests.escapia import Escapia, Unit

FIRST = date(2027, 3, 1)
WEEK = (date(2027, 3, 8), date(2027, 3, 15))


@pytest.fixture
def hsapi(escapia: Escapia) -> Hsapi:
    return Hsapi(escapia)


@pytest.fixture
def unit(escapia: Escapia) -> Unit:
    return escapia.unit()


def test_a_token_is_given_for_the_key_and_says_when_it_ends(hsapi: Hsapi, escapia: Escapia) -> None:
    escapia.options(token_seconds=120)
    told = hsapi.token().json()
    assert told["authorizationHeaderValue"] == f"Bearer {told['encodedId']}"
    left = datetime.fromisoformat(told["expiration"]) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(seconds=120)
    address = f"{escapia.base_urls['hsapi']}/auth/token"
    assert requests.get(address, auth=("simulated-hsapi-1020", "wrong"), timeout=5).status_code == 401
    assert requests.get(address, headers={"Authorization": "Basic %%%"}, timeout=5).status_code == 401


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Authorization", None, 401),
        ("Authorization", "Bearer unknown", 401),
        (f"{HEADER}version", None, 400),
        (f"{HEADER}version", "11", 400),
        (f"{HEADER}endsystem", None, 400),
        (f"{HEADER}pmcid", None, 400),
        (f"{HEADER}pmcid", "2047", 403),
        (f"{HEADER}pmcid", "9999", 403),
    ],
)
def test_each_call_needs_its_headers(hsapi: Hsapi, header: str, value: str | None, status: int) -> None:
    hsapi.headers.pop(header)
    if value:
        hsapi.headers[header] = value
    answer = hsapi.ask("ListReservationTypes", method="GET")
    assert (answer.status_code, bool(answer.json()["Message"])) == (status, True)


def test_tokens_expire_and_a_new_one_works(hsapi: Hsapi, escapia: Escapia) -> None:
    escapia.expire_tokens()
    assert hsapi.ask("ListPmcs", method="GET").status_code == 401
    hsapi.log_in()
    assert hsapi.ask("ListPmcs", method="GET").status_code == 200


def test_a_key_sees_the_manager_who_handed_it_out_until_permission_is_withdrawn(
    hsapi: Hsapi, escapia: Escapia
) -> None:
    del hsapi.headers[f"{HEADER}pmcid"]
    assert [one["pmcid"] for one in hsapi.read("ListPmcs")] == ["1020"]
    escapia.grant(granted=False)
    assert hsapi.read("ListPmcs") == []
    hsapi.headers[f"{HEADER}pmcid"] = "1020"
    assert hsapi.ask("ListReservationTypes", method="GET").status_code == 403


def test_units_come_in_pages_and_each_once(escapia: Escapia) -> None:
    hsapi = Hsapi(escapia, "2047")
    found, number = [], 1
    while True:
        asked = {
            "specification": {"returnUnavailableUnits": True, "returnInactiveUnits": True},
            "pageSize": 70,
            "pageNumber": number,
        }
        page = whole(hsapi.ask("SearchUnitSummaries", asked).json())
        assert page["totalCount"] == 180
        found += page["results"]
        if page["toIndex"] == page["totalCount"]:
            break
        number += 1
    assert number == 3
    assert len({one["nativePMSID"] for one in found}) == 180
    beyond = whole(hsapi.ask("SearchUnitSummaries", {"pageSize": 70, "pageNumber": 9}).json())
    assert (beyond["results"], beyond["fromIndex"]) == ([], 0)
    assert hsapi.ask("SearchUnitSummaries", {"pageSize": 0}).status_code == 400
    one = hsapi.read("GetUnitById", id=found[0]["nativePMSID"])
    assert (one["unitCode"], one["unitName"]) == (found[0]["code"], found[0]["name"])
    assert hsapi.ask("GetUnitById", method="GET", id="173001").status_code == 404


def test_inactive_units_are_left_out_unless_asked_for(hsapi: Hsapi) -> None:
    def count(**specification: bool) -> int:
        told = hsapi.ask("SearchUnitSummaries", {"specification": specification, "pageSize": 1})
        found: int = told.json()["totalCount"]
        return found

    assert (count(), count(returnInactiveUnits=True)) == (23, 24)


def test_an_object_told_twice_is_a_reference_to_the_first() -> None:
    dates = {"startDate": "2027-03-01", "endDate": "2027-03-04"}
    told: Any = [{"name": "a", "stayDateRange": dates}, {"name": "b", "stayDateRange": dict(dates)}]
    answered = numbered(told)
    assert answered == [
        {"$id": "1", "name": "a", "stayDateRange": {"$id": "2", **dates}},
        {"$id": "3", "name": "b", "stayDateRange": {"$ref": "2"}},
    ]
    assert whole(answered) == told


def test_reservations_are_found_by_dates_units_and_holds(hsapi: Hsapi, escapia: Escapia, unit: Unit) -> None:
    guest = escapia.book(unit, *WEEK)
    owner = escapia.book(unit, WEEK[1], WEEK[1] + timedelta(days=3), hold="Owner")

    def found(method: str, first: date, last: date, *holds: str) -> list[str]:
        dates = {
            "dateRange": {"startDate": str(first), "endDate": str(last)},
            "dateRangeSearchMethod": method,
        }
        asked = {
            "specification": {
                "stayDateRangeSearchSpecification": dates,
                "unitNativePMSIDs": [unit.id],
                "holdTypes": holds,
            },
            "pageSize": 10,
        }
        told = whole(hsapi.ask("SearchReservationSummaries", asked).json())
        return [one["nativePMSID"] for one in told["results"]]

    assert found("Overlap", WEEK[0], WEEK[1], "None", "Owner") == [guest, owner]
    assert found("Overlap", WEEK[0], WEEK[1]) == [guest]
    assert found("StartDate", WEEK[1], WEEK[1], "None", "Owner") == [owner]
    assert found("EndDate", WEEK[1], WEEK[1], "None", "Owner") == [guest]
    assert found("Overlap", WEEK[1] + timedelta(days=3), date(2027, 4, 1), "None", "Owner") == []


def test_changes_are_collapsed_come_some_at_a_time_and_go_on_from_their_end(
    hsapi: Hsapi, escapia: Escapia, unit: Unit
) -> None:
    escapia.options(changes_at_once=2)
    start = _end(hsapi)
    moved = escapia.book(unit, *WEEK)
    escapia.move(unit, moved, WEEK[0], WEEK[1] - timedelta(days=1))
    gone = escapia.book(unit, date(2027, 4, 1), date(2027, 4, 3))
    made = escapia.book(unit, date(2027, 5, 1), date(2027, 5, 3))
    escapia.cancel(unit, gone)
    first = hsapi.read("GetReservationChanges", startVersion=start)
    assert [(one["nativePMSID"], one["changeType"]) for one in first["changes"]] == [
        (moved, "Update"),
        (made, "Create"),
    ]
    second = hsapi.read("GetReservationChanges", startVersion=first["endVersion"])
    assert [(one["nativePMSID"], one["changeType"]) for one in second["changes"]] == [(gone, "Delete")]
    last = hsapi.read("GetReservationChanges", startVersion=second["endVersion"])
    assert (last["changes"], last["endVersion"]) == ([], second["endVersion"])
    assert hsapi.read("GetReservationById", id=gone)["status"] == "Cancelled"
    escapia.options(cancelled="gone")
    assert hsapi.ask("GetReservationById", method="GET", id=gone).status_code == 404


def _end(hsapi: Hsapi) -> int:
    """The version of the last change."""
    version = 0
    while True:
        told = hsapi.read("GetReservationChanges", startVersion=version)
        if not told["changes"]:
            return version
        version = told["endVersion"]


def test_a_reservation_takes_nights_and_its_cancellation_gives_them_back(
    hsapi: Hsapi, escapia: Escapia, unit: Unit
) -> None:
    made = whole(hsapi.create(unit, WEEK, partnerID="amplistay").json())
    assert (made["holdType"], made["status"], between(made["stayDateRange"])) == ("Owner", "Confirmed", WEEK)
    again = whole(hsapi.create(unit, WEEK).json())
    assert again["failureDiagnosis"]["displayMessage"] == "The unit is not available for these dates."
    assert escapia.nights(unit) == [WEEK]
    kept = hsapi.read("GetReservationById", id=made["nativePMSID"])
    assert (kept["notes"][0]["text"], kept["partnerID"]) == ("ref 7f3c", "amplistay")
    later = {"stayDateRange": {"startDate": str(WEEK[0]), "endDate": "2027-03-16"}}
    hsapi.ask("UpdateReservation", later, "PUT", id=made["nativePMSID"])
    assert escapia.nights(unit) == [(WEEK[0], date(2027, 3, 16))]
    cancelled = hsapi.ask("CancelReservation", {"reason": "over"}, id=made["nativePMSID"])
    assert cancelled.json()["status"] == "Cancelled"
    assert escapia.nights(unit) == []
    for stay in (made["nativePMSID"], "unknown"):
        told = hsapi.ask("CancelReservation", {}, id=stay)
        assert (told.status_code, "failureDiagnosis" in told.json()) == (200, True)


def test_a_booking_rule_is_answered_with_412_until_it_is_agreed_to_or_ignored(
    hsapi: Hsapi, escapia: Escapia
) -> None:
    idle = (escapia.unit(place=place) for place in range(4))
    unit = next(one for one in idle if escapia.state(one)["min_nights"] > 1)
    night = (FIRST, FIRST + timedelta(days=1))
    assert hsapi.create(unit, night, ignores_rules=False).status_code == 412
    assert escapia.nights(unit) == []
    assert hsapi.create(unit, night, ignores_rules=False, agreedToWarning=True).status_code == 200
    escapia.fault("warning")
    assert hsapi.create(unit, WEEK).status_code == 412
    assert hsapi.create(unit, WEEK, agreedToWarning=True).status_code == 200


def test_a_work_order_takes_nights_and_gives_them_back(hsapi: Hsapi, escapia: Escapia, unit: Unit) -> None:
    made = whole(hsapi.order(unit, WEEK).json())
    assert nights(hsapi.ranges(unit, *WEEK)) == nights([WEEK])
    assert hsapi.stays(unit) == []
    assert hsapi.order(unit, WEEK).status_code == 400
    found = whole(hsapi.ask("SearchWorkOrders", {"nativeUnitID": unit.id, "keywords": ["7F3C"]}).json())
    assert [one["nativePMSID"] for one in found["results"]] == [made["nativePMSID"]]
    released = {"nativePMSID": made["nativePMSID"], "unit": {"nativePMSID": unit.id}, "active": False}
    assert whole(hsapi.ask("SaveWorkOrder", released, "PUT").json())["active"] is False
    assert hsapi.ranges(unit, *WEEK) == []
    kept = hsapi.read("GetWorkOrder", nativeWorkOrderId=made["nativePMSID"])
    assert kept["workOrderNumber"] == made["workOrderNumber"]


@pytest.mark.parametrize(
    ("writes", "reservation", "order"),
    [("both", 200, 200), ("reservation", 200, 403), ("work_order", 403, 200), ("none", 403, 403)],
)
def test_the_manager_permits_one_way_of_closing_nights_or_the_other(
    hsapi: Hsapi, escapia: Escapia, writes: str, reservation: int, order: int
) -> None:
    escapia.options(writes=writes)
    assert hsapi.create(escapia.unit(), WEEK).status_code == reservation
    assert hsapi.order(escapia.unit(place=1), WEEK).status_code == order


@pytest.mark.parametrize(
    ("operation", "body", "method"),
    [
        ("GetUnitNonAvailability", {"nativePMSUnitID": "173004"}, "POST"),
        ("GetUnitNonAvailability", {"dateRange": "soon", "nativePMSUnitID": "173004"}, "POST"),
        ("GetUnitNonAvailability", [], "POST"),
        ("GetUnitsById", {}, "POST"),
        ("SearchReservationSummaries", {"specification": {"holdTypes": ["Nobody"]}}, "POST"),
        ("CreateReservation", {}, "PUT"),
        ("SaveWorkOrder", {"description": "no unit"}, "PUT"),
        ("SaveWorkOrder", {"nativePMSID": "unknown"}, "PUT"),
    ],
)
def test_a_malformed_body_is_a_bad_request(hsapi: Hsapi, operation: str, body: object, method: str) -> None:
    assert hsapi.ask(operation, body, method).status_code == 400
