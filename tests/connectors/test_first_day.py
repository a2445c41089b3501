"""What the first day with a live account finds out, against a simulated one that may be either way."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from connectors.contract import Account
from connectors.first_day import Finding, FirstDay
from domain.spans import Span
from simulator.escapia_keys import base_urls
from tests.connectors.offices import EVERYTHING, MANAGER, Office, day


def keys(office: Office) -> dict[str, str]:
    return office.credentials(*EVERYTHING)


def found(office: Office, *test: Any) -> dict[str, Finding]:
    findings = FirstDay(Account(keys(office), {}), office.tools()).findings(*test)
    return {finding.probe: finding for finding in findings}


def settled(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: choice for finding in findings.values() for name, choice in finding.settles.items()}


def first_unit(office: Office) -> str:
    """The one that is listed first."""
    return str(min(office.units(), key=lambda one: str(one["code"]))["id"])


@pytest.mark.parametrize(("end", "choice"), [("departure", "departure"), ("last_night", "night")])
def test_the_last_day_of_ranges_is_found_by_comparing_them_with_stays(
    office: Office, end: str, choice: str
) -> None:
    office.options(non_availability_end=end)
    findings = found(office)
    assert dict(findings["last day"].settles) == {"last_day": choice}
    assert settled(findings)["holds"] == "contained"


def test_reading_alone_settles_most_and_changes_nothing(office: Office) -> None:
    before = [one["nights"] for one in office.units()]
    findings = found(office)
    assert settled(findings) == {
        "last_day": "departure",
        "range_start": "exact",
        "holds": "contained",
        "nothing_closed": "believe",
        "unit_numbers": "shared",
        "enet_dates": "us",
    }
    assert "works: block, calendar, changes, listings" in findings["keys"].found
    assert [one["nights"] for one in office.units()] == before
    assert {"CreateReservation", "SaveWorkOrder"} & set(office.asked()) == set()


def test_what_is_closed_two_years_ahead_settles_how_much_may_be_asked_for(office: Office) -> None:
    office.book(first_unit(office), 500, 510)
    assert dict(found(office)["range length"].settles) == {"range_length": "whole"}


def test_holds_that_are_missing_are_noticed(office: Office) -> None:
    first = first_unit(office)
    office.book(first, 400, 403)
    office.book(first, 340, 343, hold="Owner")
    office.fault("half", "GetUnitNonAvailability", count=12)
    assert dict(found(office)["holds"].settles) == {"holds": "asked_too"}


@pytest.mark.parametrize(
    ("end", "choice"), [("departure", {}), ("last_night", {"work_order_end": "last_night"})]
)
def test_nights_that_are_closed_for_a_moment_show_what_is_accepted(
    office: Office, end: str, choice: dict[str, str]
) -> None:
    office.options(work_order_end=end)
    unit = office.free_unit()["id"]
    findings = found(office, unit, Span(day(40), day(43)))
    assert dict(findings["owner_stay"].settles) == {"write": "owner_stay"}
    assert dict(findings["work_order"].settles) == {"write": "work_order"} | choice
    assert office.truth(unit) == frozenset()


def test_a_way_that_isnt_permitted_settles_nothing(office: Office) -> None:
    office.options(writes="reservation")
    findings = found(office, office.free_unit()["id"], Span(day(40), day(43)))
    assert not findings["work order"].settles
    assert "don't allow" in findings["work order"].found


def test_a_probe_that_fails_stops_no_other(office: Office) -> None:
    office.fault("html", "SearchReservationSummaries", count=99)
    findings = found(office)
    assert "can't be understood" in findings["units"].found
    assert dict(findings["numbers"].settles) == {"unit_numbers": "shared"}


# The command.


@pytest.fixture
def ours(office: Office, settings: Settings) -> Office:
    settings.LOOPBACK_FEED_PORTS = frozenset({int(office.address.rpartition(":")[2])})
    settings.MIRROR_BASE_URLS = {"escapia": base_urls(office.address)}
    return office


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("first_live_day", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_tells_what_it_found_and_none_of_the_keys(ours: Office, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(keys(ours)))
    told = json.loads(run(str(file), "--json"))
    assert told["switches"]["last_day"] == "departure"
    assert told["questions"]
    text = run(str(file))
    assert "settles: last_day = departure" in text
    assert not any(
        value in text for name, value in keys(ours).items() if value != MANAGER and "manager" not in name
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ('{"hsapi_id": 1}', "no JSON object"),
        ('{"password": "x"}', "no keys of Escapia: password"),
    ],
)
def test_keys_that_cant_be_read_are_told_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=words):
        run(str(file))
    with pytest.raises(CommandError, match="can't be read"):
        run(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("nights", [("2027-02-04", "2027-02-01"), ("soon", "later")])
def test_nights_that_are_none_are_told_in_a_sentence(tmp_path: Path, nights: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="--close wants"):
        run(str(tmp_path / "keys.json"), "--close", "173738", *nights)


def test_a_quota_that_is_used_up_ends_the_command(ours: Office, tmp_path: Path) -> None:
    ours.options(hsapi_quota=2)
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(keys(ours)))
    with pytest.raises(CommandError, match="Begin again later"):
        run(str(file), "--json")
