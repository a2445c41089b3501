"""How the API speaks: problems, limits, pages, conditions, and who may come in."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditLine, Organization
from api import tokens
from api.models import ApiToken
from calendars import ledger
from properties.models import Property
from tests import cast
from tests.api.callers import Caller, a_token

HOME = {
    "name": "Casa Nova",
    "time_zone": "Europe/Madrid",
    "check_in": "15:00",
    "check_out": "11:00",
    "turnaround": 120,
    "currency": "EUR",
    "nightly_rate": 12000,
}


def fields(answer: Any) -> dict[str, str]:
    return {each["field"]: each["message"] for each in json.loads(answer.content)["errors"]}


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"nightly_rate": "12000"}, 400, "nightly_rate"),
        ({"nightly_rate": 0}, 400, "nightly_rate"),
        ({"nightly_rate": True}, 400, "nightly_rate"),
        ({"check_in": "3pm"}, 400, "check_in"),
        ({"check_out": "16:00"}, 422, "check_out"),
        ({"time_zone": "Europe/Atlantis"}, 422, "time_zone"),
        ({"currency": "XYZ"}, 422, "currency"),
        ({"nightly_rate": 10**40}, 422, "nightly_rate"),
        ({"name": " "}, 422, "name"),
        ({"name": "a\x00b"}, 422, "name"),
        ({"nightly_rates": 1}, 400, "nightly_rates"),
        ({"organization": "x"}, 400, "organization"),
    ],
)
def test_what_is_wrong_is_named(api: Caller, change: dict[str, Any], status: int, field: str) -> None:
    answer = api("POST", "/properties/", HOME | change)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert fields(answer)[field]
    assert Property.objects.count() == 0


def test_what_is_wrong_in_a_row_is_named_by_its_place(api: Caller, home: Property) -> None:
    season = {"arrival": "2027-08-01", "departure": "2027-07-01", "nightly_rate": 1}
    wrong = {"weekdays": {}, "seasons": [season | {"departure": "2027-09-01"}, season]}
    path = f"/properties/{home.public_id}/rates/"
    assert "seasons.1.departure" in fields(api("PUT", path, wrong))
    assert "seasons.0.nights" in fields(
        api("PUT", path, {"weekdays": {}, "seasons": [season | {"nights": 1}]})
    )


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 400, "malformed"),
        (b"\xff{}", {}, 400, "malformed"),
        (b'{"name": NaN}', {}, 400, "malformed"),
        (b'{"name": "\\ud800"}', {}, 400, "malformed"),
        (b'{"name": "a", "name": "b"}', {}, 400, "malformed"),
        (b"[" * 20_000, {}, 400, "malformed"),
        (b"[]", {}, 400, "malformed"),
        (b"9" * 5_000, {}, 400, "malformed"),
        (b"name=Casa", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "media_type"),
        (b"<name/>", {"Content-Type": "text/xml"}, 415, "media_type"),
        (b" " * 65_537, {}, 413, "too_large"),
        (b"{}", {"Accept": "text/html"}, 406, "not_acceptable"),
    ],
)
def test_what_cant_be_read_is_refused(
    api: Caller, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = api("POST", "/properties/", content, **headers)
    problem = json.loads(answer.content)
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"]
    assert answer["Content-Type"] == "application/problem+json"


def test_other_addresses_and_methods_are_problems_too(api: Caller) -> None:
    assert json.loads(api("GET", "/nothing/").content)["code"] == "not_found"
    assert json.loads(api("GET", "/properties").content)["code"] == "not_found"
    assert json.loads(api("GET", "/properties/a'b/").content)["code"] == "not_found"
    answer = api("DELETE", "/properties/")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")


def test_what_no_id_can_be_never_reaches_the_database(api: Caller, home: Property) -> None:
    nights = {"arrival": "2027-01-01", "departure": "2027-01-02"}
    assert "property" in fields(api("POST", "/blocks/", nights | {"property": "a\x00"}))
    for path in (
        "/blocks/?property=%00",
        "/alerts/?property=a%20b",
        "/purchases/?property=%00",
        "/purchases/?q=%00",
    ):
        assert api("GET", path).status_code in {400, 422}, path
    assert api("GET", "/purchases/?q=%0A").status_code == 200


def test_a_list_takes_no_parameter_that_it_doesnt_know(api: Caller) -> None:
    assert "archive" in fields(api("GET", "/properties/?archive=true"))


def test_a_fault_of_ours_is_a_problem_without_a_word_of_the_inside(
    api: Caller, home: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, status in (
        (RuntimeError("secret"), 500),
        (OperationalError("secret"), 503),
        (ledger.Crowded(), 503),
    ):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(ledger, "taken", fail)
        answer = api("GET", f"/properties/{home.public_id}/availability/")
        assert (answer.status_code, b"secret" in answer.content) == (status, False)
        assert ("Retry-After" in answer.headers) == (status == 503)


def test_whoever_asks_too_often_waits(api: Caller, settings: Settings, organization: Organization) -> None:
    settings.API_REQUESTS_A_MINUTE = 2
    seen = [api("GET", "/token/") for _ in range(3)]
    if {answer["RateLimit-Reset"] for answer in seen[:2]} == {"60", "1"}:  # the minute ended between them
        seen = [api("GET", "/token/") for _ in range(3)]
    assert [answer.status_code for answer in seen] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in seen] == ["1", "0", "0"]
    assert 0 < int(seen[2]["Retry-After"]) <= 60
    assert seen[0]["RateLimit-Limit"] == "2"
    assert Caller(a_token(organization))("GET", "/token/").status_code == 200


def test_without_redis_nobody_waits(api: Caller, settings: Settings) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    cache.close()
    settings.API_REQUESTS_A_MINUTE = 1
    assert [api("GET", "/token/").status_code for _ in range(3)] == [200] * 3


def test_pages_end_and_shift_nothing(api: Caller, organization: Organization) -> None:
    names = [cast.a_property(organization, f"Casa {number}").public_id for number in range(5)]
    first = api.get("/properties/?limit=2")
    Property.objects.filter(public_id=names[0]).delete()
    cast.a_property(organization, "Casa 5")
    rest = api.get(f"/properties/?limit=100&cursor={first['next']}")
    assert [each["id"] for each in first["data"] + rest["data"]][:5] == names
    assert len(rest["data"]) == 4
    assert rest["next"] is None
    wrong = api("GET", f"/alerts/?cursor={first['next']}")
    assert (wrong.status_code, [*fields(wrong)]) == (422, ["cursor"])


def test_a_change_can_be_made_for_one_state_alone(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/"
    seen = api("GET", path)["ETag"]
    changed = api("PATCH", path, {"name": "Casa Nova"}, If_Match=seen)
    assert changed.status_code == 200
    assert json.loads(api("PATCH", path, {"name": "Casa Vella"}, If_Match=seen).content)["code"] == "changed"
    assert api("PATCH", path, {"name": "Casa Vella"}, If_Match=changed["ETag"]).status_code == 200
    assert Property.objects.get().name == "Casa Vella"


# Tokens


def test_a_token_is_kept_as_a_digest_and_noted_when_used(api: Caller) -> None:
    row = ApiToken.objects.get()
    assert (row.digest, row.start) == (tokens.digest(api.token), api.token[:12])
    assert api.token not in str(ApiToken.objects.values().get())
    api.get("/token/")
    first = ApiToken.objects.get().last_used_at
    api.get("/token/")
    assert ApiToken.objects.get().last_used_at == first is not None


def test_a_token_that_has_expired_or_was_revoked_opens_nothing(
    api: Caller, organization: Organization
) -> None:
    now = timezone.now()
    over = Caller(a_token(organization, expires_at=now - timedelta(seconds=1)))
    assert "expired" in json.loads(over("GET", "/token/").content)["detail"]
    assert tokens.revoke(ApiToken.objects.get(digest=tokens.digest(api.token)), now)
    assert "revoked" in json.loads(api("GET", "/token/").content)["detail"]


def test_each_change_is_a_line_of_the_audit_log(api: Caller, home: Property) -> None:
    api.get("/properties/")
    api.send("POST", f"/properties/{home.public_id}/archive/")
    api.send("PATCH", f"/properties/{home.public_id}/", {"check_in": "09:00"}, 422)
    deed = AuditLine.objects.get()
    assert (deed.kind, deed.who, deed.name) == (AuditLine.Kind.TOKEN, "PMS", "api:archive")
    assert deed.details == {"operation": "archiveProperty"}
