"""Each way in which the simulated Escapia misbehaves, its quotas, and the requests that it counts."""

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pytest
import requests
from escapia_client import Hsapi, calendar, elements, errors, graphql, letters, soap, whole

from simulator.escapia_traffic import FAULTS
from tests.escapia import Escapia, Unit

FIRST, LAST = date(2027, 3, 1), date(2027, 3, 31)
WEEK = (date(2027, 3, 8), date(2027, 3, 15))
LATER = (date(2027, 3, 20), date(2027, 3, 22))


@pytest.fixture
def hsapi(escapia: Escapia) -> Hsapi:
    return Hsapi(escapia)


@pytest.fixture
def unit(escapia: Escapia) -> Unit:
    """A unit with two stays."""
    unit = escapia.unit()
    escapia.book(unit, *WEEK)
    escapia.book(unit, *LATER)
    return unit


def test_every_fault_is_tried_here() -> None:
    source = Path(__file__).read_text()
    assert [kind for kind in FAULTS if f'"{kind}"' not in source] == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("too_many", 429),
        ("server_error", 500),
        ("unavailable", 503),
        ("unauthorised", 401),
        ("forbidden", 403),
    ],
)
def test_a_refusal_lasts_as_often_as_it_was_told(
    hsapi: Hsapi, escapia: Escapia, kind: str, status: int
) -> None:
    escapia.fault(kind, count=2)
    answers = [hsapi.ask("ListReservationTypes", method="GET") for _ in range(3)]
    assert [one.status_code for one in answers] == [status, status, 200]
    assert "Retry-After" not in answers[0].headers


def test_a_fault_can_be_meant_for_an_operation_a_key_or_a_unit(
    hsapi: Hsapi, escapia: Escapia, unit: Unit
) -> None:
    other = escapia.unit(place=1)
    escapia.fault("server_error", on="GetUnitNonAvailability", unit=unit.id)
    assert hsapi.ranges(other, FIRST, LAST) == []
    asked = {"dateRange": {"startDate": "2027-03-01", "endDate": "2027-03-31"}, "nativePMSUnitID": unit.id}
    assert hsapi.ask("GetUnitNonAvailability", asked).status_code == 500
    assert letters(calendar(escapia, unit, FIRST, LAST))
    escapia.mended()
    escapia.fault("server_error", key="simulated-enet-1020")
    assert hsapi.ranges(unit, FIRST, LAST) == [WEEK, LATER]
    assert calendar(escapia, unit, FIRST, LAST).status_code == 500


def test_a_refusal_can_say_when_to_come_back(hsapi: Hsapi, escapia: Escapia) -> None:
    for kind in ("too_many", "unavailable"):
        escapia.fault(kind, retry_after=77, count=1)
        assert hsapi.ask("ListPmcs", method="GET").headers["Retry-After"] == "77"


@pytest.mark.parametrize("tells", [True, False])
def test_a_key_that_asks_too_often_is_refused_and_others_are_not(escapia: Escapia, tells: bool) -> None:
    one, other = Hsapi(escapia), Hsapi(escapia, "2047")
    escapia.options(hsapi_quota=2, enet_quota=1, quota_seconds=600, quota_tells_when=tells)
    answers = [one.ask("ListReservationTypes", method="GET") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert (0 < int(answers[2].headers.get("Retry-After", 0)) <= 600) == tells
    assert other.ask("ListReservationTypes", method="GET").status_code == 200
    assert [soap(escapia, "UnitSearch", "").status_code for _ in range(2)] == [200, 429]
    escapia.forget_requests()
    assert one.ask("ListReservationTypes", method="GET").status_code == 200


def test_an_answer_can_be_late_or_never_come(hsapi: Hsapi, escapia: Escapia) -> None:
    escapia.fault("slow", seconds=1, count=1)
    began = time.monotonic()
    assert hsapi.ask("ListPmcs", method="GET").status_code == 200
    assert time.monotonic() - began >= 1
    escapia.fault("hang", count=1)
    with pytest.raises(requests.ReadTimeout):
        hsapi.ask("ListPmcs", method="GET", timeout=0.5)
    assert hsapi.ask("ListPmcs", method="GET").status_code == 200


def test_a_page_for_people_comes_with_status_200(hsapi: Hsapi, escapia: Escapia) -> None:
    escapia.fault("html")
    for answer in (hsapi.token(), hsapi.ask("ListPmcs", method="GET"), soap(escapia, "UnitSearch", "")):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("kind", ["malformed", "truncated"])
def test_an_answer_can_be_neither_json_nor_xml(hsapi: Hsapi, escapia: Escapia, unit: Unit, kind: str) -> None:
    escapia.fault(kind)
    with pytest.raises(json.JSONDecodeError):
        json.loads(hsapi.ask("ListPmcs", method="GET").text)
    with pytest.raises(ParseError):
        elements(calendar(escapia, unit, FIRST, LAST), "Success")


def test_a_lost_reply_leaves_the_write_done_and_a_lost_request_does_not(
    hsapi: Hsapi, escapia: Escapia
) -> None:
    unit = escapia.unit()
    writes: list[Callable[[], object]] = [lambda: hsapi.create(unit, WEEK), lambda: hsapi.order(unit, LATER)]
    for place, write in enumerate(writes):
        escapia.fault("drop_request", count=1)
        with pytest.raises(requests.ConnectionError):
            write()
        assert len(escapia.nights(unit)) == place
        escapia.fault("drop_reply", count=1)
        with pytest.raises(requests.ConnectionError):
            write()
        assert len(escapia.nights(unit)) == place + 1
    assert [one["status"] for one in escapia.requests_of(unit)] == [0, 0, 0, 0]


def test_nights_can_be_missing_from_what_is_told(hsapi: Hsapi, escapia: Escapia, unit: Unit) -> None:
    for kind, ranges, told in (("half", [LATER], "OU"), ("no_nights", [], "")):
        escapia.fault(kind, count=2)
        assert hsapi.ranges(unit, FIRST, LAST) == ranges
        assert letters(calendar(escapia, unit, FIRST, LAST)).replace("A", "").replace("I", "") == told
    assert hsapi.ranges(unit, FIRST, LAST) == [WEEK, LATER]


def test_letters_can_be_missing_from_what_is_told(escapia: Escapia, unit: Unit) -> None:
    for kind, count in (("empty_days", 0), ("short_days", 30)):
        escapia.fault(kind, count=1)
        answer = calendar(escapia, unit, FIRST, LAST)
        assert (len(letters(answer)), len(elements(answer, "Success"))) == (count, 1)


def test_lists_of_units_can_be_empty(hsapi: Hsapi, escapia: Escapia) -> None:
    escapia.fault("no_units")
    assert whole(hsapi.ask("SearchUnitSummaries", {"pageSize": 10}).json())["totalCount"] == 0
    assert elements(soap(escapia, "UnitSearch", ""), "Unit") == []
    field = "myPropertyManagersDistributedUnitIds(propertyManagerId: 7007) { nodes { unitId } }"
    (told,) = graphql(escapia, f"{{ {field} }}").json()["data"].values()
    assert told["nodes"] == []


def test_a_reason_comes_inside_status_200(hsapi: Hsapi, escapia: Escapia) -> None:
    unit = escapia.unit()
    escapia.fault("refused")
    assert hsapi.create(unit, WEEK).json()["failureDiagnosis"]["displayMessage"]
    assert errors(soap(escapia, "UnitSearch", "")) == ["The simulator was told to refuse this."]
    assert graphql(escapia, "{ myPropertyManagers { nodes { name } } }").json()["errors"]
    assert escapia.nights(unit) == []
    escapia.mended()
    for kind in ("unauthorised", "forbidden"):
        escapia.fault(kind, count=1)
        refused = soap(escapia, "UnitSearch", "")
        assert (refused.status_code, len(errors(refused))) == (200, 1)
    escapia.fault("soap_fault", count=1)
    assert soap(escapia, "UnitSearch", "").status_code == 500
    escapia.fault("warning", count=1)
    assert hsapi.create(unit, WEEK).status_code == 412


def test_each_request_is_counted_with_its_key_unit_instant_and_status(
    hsapi: Hsapi, escapia: Escapia, unit: Unit
) -> None:
    escapia.forget_requests()
    began = datetime.now(UTC)
    hsapi.ranges(unit, FIRST, LAST)
    calendar(escapia, unit, FIRST, LAST)
    hsapi.stays(unit)
    hsapi.ranges(escapia.unit(place=1), FIRST, LAST)
    escapia.fault("unavailable", count=1)
    made = hsapi.create(unit, WEEK)
    counted = escapia.requests_of(unit)
    assert [(one["operation"], one["status"]) for one in counted] == [
        ("GetUnitNonAvailability", 200),
        ("UnitCalendarAvail", 200),
        ("SearchReservationSummaries", 200),
        ("CreateReservation", made.status_code),
    ]
    assert made.status_code == 503
    assert {one["key"] for one in counted} == {"simulated-hsapi-1020", "simulated-enet-1020"}
    instants = [datetime.fromisoformat(one["at"]) for one in counted]
    assert sorted(instants) == instants
    assert instants[0] >= began
    assert len(escapia.requests_of(unit, since=counted[2]["at"])) == 2
    assert len(escapia.requests(api="hsapi")) == 4
    assert len(escapia.requests(operation="GetUnitNonAvailability")) == 2


def test_a_fault_that_does_not_exist_is_refused_with_a_sentence(escapia: Escapia) -> None:
    for path, values in (("/fault", {"kind": "explode"}), ("/options", {"writes": "sometimes"})):
        answer = requests.post(f"{escapia.address}/api/escapia{path}", json=values, timeout=5)
        assert (answer.status_code, bool(answer.json()["error"])) == (422, True)
    assert requests.get(f"{escapia.address}/api/escapia/units/none", timeout=5).status_code == 404
    assert requests.get(f"{escapia.address}/api/escapia/managers/none", timeout=5).status_code == 404
