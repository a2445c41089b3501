"""Connecting a property-management system by API: its keys, which nothing gives back, its units, and the end."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditLine, Organization
from calendars import budgets, tasks
from calendars.models import Connection, Feed
from properties.models import Property
from tests import cast
from tests.api.callers import Caller
from tests.escapia import Escapia
from tests.mirrored import keys_of

pytestmark = pytest.mark.django_db
HOUSE = {
    "check_in": "16:00",
    "check_out": "10:00",
    "turnaround": 120,
    "currency": "USD",
    "nightly_rate": 15_000,
}
ACCOUNT = {"system": "escapia", "name": "Beach rentals", "time_zone": "America/Chicago"}


@pytest.fixture
def there(escapia: Escapia, settings: Settings) -> Escapia:
    """The simulated Escapia, in place of the real one."""
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    settings.MIRROR_SWITCHES = ["escapia.unit_numbers=shared", "escapia.last_day=departure"]
    return escapia


def a_system(organization: Organization, *names: str, **columns: Any) -> Connection:
    """An account whose keys a worker has checked, with units of these names: 100, 101 …"""
    units = [
        {"id": str(number), "name": name, "code": "", "place": "", "is_active": True, "is_handed": True}
        for number, name in enumerate(names, 100)
    ]
    values: dict[str, Any] = {
        "looked_at": timezone.now(),
        "works": ["listings", "calendar"],
        "units": units,
        **columns,
    }
    return cast.a_connection(organization, **values)


def test_from_keys_to_homes_that_follow_their_units(api: Caller, there: Escapia) -> None:
    gateway = there.pmc().keys["gateway"]
    keys = keys_of(there.pmc()) | {"gateway_id": gateway["id"], "gateway_secret": gateway["secret"]}
    new = api.send("POST", "/systems/", ACCOUNT | {"keys": keys}, 201)
    assert (new["state"], new["looked_at"], new["two_way"]) == ("checking", None, False)
    tasks.look_at_connection(Connection.objects.get().pk)
    path = f"/systems/{new['id']}/"
    row = api.get(path)
    assert (row["state"], row["problem"], row["can_close"]) == ("ready", "", True)
    assert [each["name"] for each in row["keys"]] == ["HSAPI", "Gateway"]
    assert row["requests"]["today"] > 0
    assert api.get("/systems/")["data"] == [row]
    unit, kept_back = there.unit(place=0), there.unit(distributed=False)
    assert kept_back.id in {each["id"] for each in api.get(f"{path}units/?state=withheld")["data"]}
    free = {each["id"]: each for each in api.get(f"{path}units/?state=free")["data"]}
    assert free[unit.id] | {"requests": 0} == {
        "id": unit.id, "name": unit.name, "code": unit.code, "state": "free", "property": None, "feed": None,
        "requests": 0,
    }  # fmt: skip
    wanted = {"units": [{"unit": unit.id, "name": "Casa del Mar", "time_zone": "America/Denver"}], **HOUSE}
    (done,) = api.send("POST", f"{path}units/", wanted)["data"]
    home, feed = Property.objects.get(), Feed.objects.get()
    assert done == {"unit": unit.id, "property": home.public_id, "is_followed": True, "problems": []}
    assert (home.name, home.time_zone, home.nightly_rate) == ("Casa del Mar", "America/Denver", 15_000)
    (followed,) = api.get(f"{path}units/?state=followed")["data"]
    assert (followed["id"], followed["feed"]) == (unit.id, feed.public_id)
    assert api.send("PATCH", path, {"two_way": True})["two_way"]
    told = json.dumps([api.get(path), api.get("/systems/"), api.get(f"{path}units/")]) + str(
        list(AuditLine.objects.values_list("details", flat=True))
    )
    assert [name for name, key in keys.items() if key in told and name.endswith("secret")] == []


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"keys": {}}, 422, "keys"),
        ({"keys": {"hsapi_id": "a", "hsapi_manager": "1"}}, 422, "keys.hsapi_secret"),
        ({"keys": {"enet": "a"}}, 400, "keys.enet"),
        ({"time_zone": "Europe/Atlantis"}, 422, "time_zone"),
        ({"system": "ical"}, 400, "system"),
    ],
)
def test_what_is_wrong_with_an_account_is_named(
    api: Caller, change: dict[str, object], status: int, field: str
) -> None:
    keys = {"enet_id": "a", "enet_password": "b", "enet_manager": "c"}
    refusal = api.send("POST", "/systems/", ACCOUNT | {"keys": keys} | change, status)
    assert [each["field"] for each in refusal["errors"]] == [field]
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("units", "change", "field"),
    [
        ([], {}, "units"),
        ([("nowhere", "Casa")], {}, "units.0.unit"),
        ([("100", "Casa"), ("100", "Cala")], {}, "units.1.unit"),
        ([("100", "Casa"), ("101", "casa ")], {}, "units.1.name"),
        ([("100", " ")], {}, "units.0.name"),
        ([("100", "Casa"), ("101", "Cala", "Europe/Atlantis")], {}, "units.1.time_zone"),
        ([("100", "Casa")], {"check_out": "17:00"}, "check_out"),
        ([("100", "Casa")], {"nightly_rate": None}, "nightly_rate"),
    ],
)
def test_what_is_wrong_with_units_is_named_and_none_becomes_a_home(
    api: Caller,
    organization: Organization,
    units: list[tuple[str, ...]],
    change: dict[str, object],
    field: str,
) -> None:
    path = f"/systems/{a_system(organization, 'Dune', 'Surf').public_id}/units/"
    house = {name: value for name, value in (HOUSE | change).items() if value is not None}
    wanted = {
        "units": [dict(zip(("unit", "name", "time_zone"), each, strict=False)) for each in units],
        **house,
    }
    refusal = api.send("POST", path, wanted, 422)
    assert [each["field"] for each in refusal["errors"]] == [field]
    assert not Property.objects.exists()


def test_units_follow_their_homes_and_cost_requests(
    api: Caller, organization: Organization, home: Property
) -> None:
    row = a_system(organization, "Dune", "Surf")
    for listing in ("100", "old"):
        cast.a_unit(home, row, listing, label=f"Unit {listing}")
    budgets.spend(row, "read", "100", budgets.Share.ASKED, timezone.now())
    path = f"/systems/{row.public_id}/"
    found = {each["id"]: each for each in api.get(f"{path}units/")["data"]}
    assert {key: each["state"] for key, each in found.items()} == {
        "100": "followed", "101": "free", "old": "gone",
    }  # fmt: skip
    assert (found["100"]["property"], found["100"]["requests"]) == (home.public_id, 1)
    assert found["old"]["name"] == "Unit old"
    requests = api.get(path)["requests"]
    assert (requests["today"], requests["this_month"], requests["allowed_today"]) == (1, 1, 3 * 288)


def test_keys_are_checked_again_replaced_and_given_up(
    api: Caller, organization: Organization, home: Property
) -> None:
    row = a_system(organization, state=Connection.State.STOPPED)
    cast.a_unit(home, row)
    path = f"/systems/{row.public_id}/"
    assert api.get(path)["state"] == "stopped"
    assert api.send("PATCH", path, {"two_way": True}, 409)["code"] == "conflict"
    refusal = api.send("PUT", f"{path}keys/", {"keys": {"gateway_id": "a", "gateway_secret": "b"}}, 422)
    assert refusal["errors"][0]["field"] == "keys"
    keys = {"enet_id": "a", "enet_password": "other-key", "enet_manager": "c"}
    answer = api("PUT", f"{path}keys/", {"keys": keys})
    assert (answer.status_code, json.loads(answer.content)["state"]) == (202, "checking")
    assert b"other-key" not in answer.content
    row.refresh_from_db()
    assert (row.credentials["enet_password"], row.state) == ("other-key", Connection.State.READY)
    Connection.objects.update(looked_at=timezone.now() - timedelta(hours=1))
    assert api.send("POST", f"{path}look/", status=202)["state"] == "checking"
    api.send("DELETE", path, status=204)
    assert api.get("/systems/")["data"] == []
    api.send("GET", path, status=404)
    assert not Feed.objects.exists()
    assert Property.objects.exists()
