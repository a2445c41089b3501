"""The simulated ENET and Gateway: envelopes, letters, errors inside status 200, faults, relay pages and limits."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import requests
from escapia_client import calendar, elements, errors, graphql, letters, soap

from simulator.escapia_enet import ENVELOPE, NAMESPACE
from tests.escapia import Escapia, Unit

FIRST = date(2026, 12, 1)
MANAGERS = "{ myPropertyManagers(first: 10) { nodes { name propertyManagerId } pageInfo { endCursor hasNextPage } } }"
UNITS = """query($pm:Int!,$first:Int,$after:String){
  myPropertyManagersDistributedUnitIds(propertyManagerId:$pm, first:$first, after:$after){
    nodes { unitId } pageInfo { endCursor hasNextPage } } }"""


@pytest.fixture
def unit(escapia: Escapia) -> Unit:
    return escapia.unit()


def batch(escapia: Escapia, **attributes: str) -> requests.Response:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    code = escapia.pmc().property_manager_code
    wanted = f'<CalenadAvails><CalendarAvail PropertyManagerCode="{code}"{given}/></CalenadAvails>'
    return soap(escapia, "UnitCalendarAvailBatch", wanted, service="EVRNContentService.svc")


def test_a_units_calendar_is_one_letter_a_day_as_in_the_documented_example(
    escapia: Escapia, unit: Unit
) -> None:
    escapia.book(unit, date(2026, 12, 4), date(2026, 12, 7))
    escapia.book(unit, date(2026, 12, 10), date(2026, 12, 14))
    answer = calendar(escapia, unit, FIRST, date(2026, 12, 14))
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert letters(answer) == "AAAOUUIAAOUUUI"
    (segments,) = elements(answer, "UnitCalendarAvailSegments")
    assert (segments.get("UnitCode"), segments.get("UnitName")) == (unit.enet_code, unit.name)
    (segment,) = segments
    assert (segment.get("StartDate"), segment.get("EndDate")) == ("2026-12-01", "2026-12-14")
    (root,) = elements(answer, "EVRN_UnitCalendarAvailRS")
    assert (root.get("EchoToken"), root.get("Version"), len(elements(answer, "Success"))) == ("e", "1.0", 1)


def test_a_day_on_which_one_leaves_and_another_comes_is_taken(escapia: Escapia, unit: Unit) -> None:
    escapia.book(unit, date(2026, 12, 4), date(2026, 12, 6))
    escapia.book(unit, date(2026, 12, 6), date(2026, 12, 8))
    assert letters(calendar(escapia, unit, date(2026, 12, 3), date(2026, 12, 9))) == "AOUUUIA"


def test_a_long_calendar_comes_in_segments_without_a_gap(escapia: Escapia, unit: Unit) -> None:
    last = FIRST + timedelta(days=799)
    answer = calendar(escapia, unit, FIRST, last)
    days = [
        (one.get("StartDate", ""), one.get("EndDate", ""))
        for one in elements(answer, "UnitCalendarAvailSegment")
    ]
    assert len(days) == 3
    assert (days[0][0], days[-1][1], len(letters(answer))) == (str(FIRST), str(last), 800)
    for before, after in pairwise(days):
        assert date.fromisoformat(before[1]) + timedelta(days=1) == date.fromisoformat(after[0])


def test_soft_blocks_are_told_only_where_holds_are_asked_for(escapia: Escapia, unit: Unit) -> None:
    escapia.book(unit, date(2026, 12, 2), date(2026, 12, 4), hold="SoftBlock")
    last = date(2026, 12, 5)
    assert letters(calendar(escapia, unit, FIRST, last, shows=True)) == "AOUIA"
    assert letters(calendar(escapia, unit, FIRST, last, shows=False)) == "AAAAA"


def test_units_that_were_distributed_are_listed_and_no_others(escapia: Escapia) -> None:
    answer = soap(escapia, "UnitSearch", "", attributes='MaxResponses="500"')
    told = {one.get("UnitCode") for one in elements(answer, "Unit")}
    assert told == {unit.enet_code for unit in escapia.units() if unit.is_distributed}
    assert elements(answer, "Units")[0].get("moredata") == "false"
    cut = soap(escapia, "UnitSearch", "", attributes='MaxResponses="2"')
    assert (len(elements(cut, "Unit")), elements(cut, "Units")[0].get("moredata")) == (2, "true")


def test_the_batch_is_doubly_nested_and_tells_what_changed_since(escapia: Escapia, unit: Unit) -> None:
    whole = batch(escapia)
    outer, inner = elements(whole, "EVRN_UnitCalendarAvailBatchRS")
    assert list(outer) == [inner]
    assert len(elements(whole, "UnitCalendarAvail")) == sum(one.is_distributed for one in escapia.units())
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    assert elements(batch(escapia, UpdatedAfter=since), "UnitCalendarAvail") == []
    escapia.book(unit, date(2027, 1, 4), date(2027, 1, 6))
    (changed,) = elements(batch(escapia, UpdatedAfter=since), "UnitCalendarAvail")
    assert changed.get("UnitCode") == unit.enet_code
    (alone,) = elements(batch(escapia, UnitCode=unit.enet_code), "UnitCalendarAvail")
    assert alone.get("UnitCode") == unit.enet_code


def test_what_is_wrong_is_told_inside_status_200(escapia: Escapia, unit: Unit) -> None:
    hidden = escapia.unit(distributed=False)
    backwards = calendar(escapia, unit, FIRST, FIRST - timedelta(days=1))
    nonsense = soap(
        escapia,
        "UnitCalendarAvail",
        f'<UnitRef UnitCode="{unit.enet_code}"/><CalendarDateRange Start="soon"/>',
    )
    withdrawn = soap(escapia, "UnitSearch", "", password="wrong")
    for answer in (calendar(escapia, hidden, FIRST, FIRST), backwards, nonsense, withdrawn):
        assert (answer.status_code, len(errors(answer)), elements(answer, "Success")) == (200, 1, [])
    escapia.grant(granted=False)
    assert errors(soap(escapia, "UnitSearch", "")) == ["The partner has no access to this property manager."]


def test_what_cannot_be_understood_is_a_soap_fault(escapia: Escapia) -> None:
    address = f"{escapia.base_urls['enet']}/EVRNService.svc"
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "UnitSearch"}
    entity = f'<!DOCTYPE x [<!ENTITY a "b">]><s:Envelope xmlns:s="{ENVELOPE}"/>'
    for body in ("", "<", f'<s:Envelope xmlns:s="{ENVELOPE}"/>', entity):
        answer = requests.post(address, data=body, headers=headers, timeout=5)
        assert answer.status_code == 500
        assert faults(answer)
    assert soap(escapia, "UnitRes", "").status_code == 500
    assert soap(escapia, "UnitSearch", "", service="EVRNContentService.svc").status_code == 500
    assert NAMESPACE not in soap(escapia, "UnitRes", "").text


def faults(answer: requests.Response) -> list[str]:
    """The words of the SOAP faults in an answer."""
    root = fromstring(answer.content)  # noqa: S314 - our own simulator wrote it
    return [one.findtext("faultstring", "") for one in root.iter(f"{{{ENVELOPE}}}Fault")]


def pages(escapia: Escapia, first: int) -> list[int]:
    """The ids of every unit that the Gateway names."""
    found: list[int] = []
    after = None
    while True:
        told = graphql(escapia, UNITS, pm=escapia.pmc().property_manager_id, first=first, after=after).json()[
            "data"
        ]
        page: dict[str, Any] = told["myPropertyManagersDistributedUnitIds"]
        found += [one["unitId"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_the_gateway_names_managers_and_units_page_by_page(escapia: Escapia) -> None:
    (told,) = graphql(escapia, MANAGERS).json()["data"].values()
    assert told["nodes"] == [{"name": "Tidewater Retreats", "propertyManagerId": 7007}]
    expected = [int(unit.id) for unit in escapia.units() if unit.is_distributed]
    assert pages(escapia, 4) == pages(escapia, 500) == expected


def test_the_gateways_token_lasts_and_says_how_long(escapia: Escapia) -> None:
    key = escapia.pmc().keys["gateway"]
    address = f"{escapia.base_urls['gateway']}/token"
    first, second = (requests.get(address, auth=(key["id"], key["secret"]), timeout=5) for _ in range(2))
    assert first.text == second.text
    assert first.text.startswith("Bearer ")
    assert datetime.fromisoformat(first.headers["max-expires-date"]) > datetime.now(UTC) + timedelta(days=29)
    assert requests.get(address, auth=(key["id"], "wrong"), timeout=5).status_code == 401
    assert graphql(escapia, MANAGERS, token="Bearer unknown").status_code == 401


def test_every_reply_of_the_gateway_tells_what_is_left_until_nothing_is(escapia: Escapia) -> None:
    escapia.options(gateway_quota=2, quota_seconds=600)
    answers = [graphql(escapia, MANAGERS) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert {one.headers["X-RateLimit-Window"] for one in answers} == {"600000"}
    assert "Retry-After" not in answers[-1].headers


def test_the_gateway_tells_its_errors_inside_status_200(escapia: Escapia) -> None:
    for query, variables in (
        ("{ nothing { here } }", {}),
        (UNITS, {"pm": 1}),
        (UNITS, {"pm": 7007, "after": "x"}),
    ):
        answer = graphql(escapia, query, **variables)
        assert (answer.status_code, answer.json()["data"]) == (200, None)
        assert answer.json()["errors"][0]["message"]
    assert graphql(escapia, "").status_code == 200
