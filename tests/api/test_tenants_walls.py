"""Promise P7 at the API: every operation, read from the description, tried by whoever it isn't for."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditLine, Organization, User
from api.models import ApiToken, KeptAnswer
from api.scopes import Scope
from properties.models import Property
from tests import cast
from tests.api.callers import ALL, Caller, a_token
from tests.api.operations import OPERATIONS, Told
from tests.everything import everything_of

OURS_TO_NOTE = {ApiToken, KeptAnswer, AuditLine}  # change with each request
QUERY = {"getOffers": "?departure=2027-03-01"}


def named(told: Told, ids: dict[str, str]) -> Any:
    """The example, about the home in question."""
    return (
        told.body | {"property": ids["property_id"]} if told.body and "property" in told.body else told.body
    )


def tried(api: Caller, told: Told, ids: dict[str, str]) -> Any:
    return api(told.method, told.at(ids) + QUERY.get(told.name, ""), named(told, ids))


def test_without_a_token_nothing_is_told_and_a_session_doesnt_count(
    alices: Client, home: Property, ids: dict[str, str]
) -> None:
    before = everything_of(home.organization, but=OURS_TO_NOTE)
    for told in OPERATIONS:
        for header in ({}, {"Authorization": "Bearer amp_nobody"}, {"Authorization": "Basic YTpi"}):
            path = f"/api/v1{told.at(ids)}"
            answer = alices.generic(
                told.method, path, json.dumps(told.body), "application/json", headers=header
            )
            assert answer.status_code == 401, told.name
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert json.loads(answer.content)["code"] == "unauthenticated"
    assert everything_of(home.organization, but=OURS_TO_NOTE) == before


def test_another_organizations_row_does_not_exist(
    mallorys_api: Caller, mallory: User, home: Property, ids: dict[str, str]
) -> None:
    before = everything_of(home.organization, but=OURS_TO_NOTE)
    for told in OPERATIONS:
        if told.ids:
            answer = tried(mallorys_api, told, ids)
            assert (answer.status_code, told.name) == (404, told.name)
            assert json.loads(answer.content)["code"] == "not_found"
        elif told.body and "property" in told.body:
            assert tried(mallorys_api, told, ids).status_code == 422
    assert everything_of(home.organization, but=OURS_TO_NOTE) == before


def test_lists_hold_only_the_organizations_own(
    mallorys_api: Caller, home: Property, ids: dict[str, str]
) -> None:
    secrets = {*ids.values()} - {"extra_nights", ids["mail_id"]} | {
        home.name,
        "Marta",
        home.organization.name,
    }
    for told in OPERATIONS:
        if told.method == "GET" and not told.ids:
            text = tried(mallorys_api, told, ids).content.decode()
            assert [each for each in secrets if each in text] == [], told.name


def test_the_same_operations_open_for_the_organizations_own_token(api: Caller, ids: dict[str, str]) -> None:
    """Without this, a mistake in the ids would make every 404 above look right."""
    last = [told for told in OPERATIONS if told.method == "DELETE" or "archive" in told.name]
    for told in [each for each in OPERATIONS if each not in last] + last:
        answer = tried(api, told, ids)
        assert answer.status_code in {told.success, 409, 422}, (told.name, answer.content)
        if told.method == "GET":
            assert answer.status_code == 200, (told.name, answer.content)
        if told.name == "renewStayLink":
            ids["link_id"] = json.loads(answer.content)["id"]


def test_a_token_does_what_its_scopes_say_and_nothing_else(
    organization: Organization, home: Property, ids: dict[str, str]
) -> None:
    before = everything_of(organization, but=OURS_TO_NOTE)
    for told in OPERATIONS:
        if told.scope is None:
            continue
        enough = {told.scope.value, told.scope.value.replace(":read", ":write")}
        api = Caller(a_token(organization, tuple({*ALL} - enough)))
        answer = tried(api, told, ids)
        assert (answer.status_code, told.name) == (403, told.name)
        assert told.scope.value in json.loads(answer.content)["detail"]
    assert everything_of(organization, but=OURS_TO_NOTE) == before


def test_whoever_may_write_may_read(organization: Organization, ids: dict[str, str]) -> None:
    for told in OPERATIONS:
        if told.scope and told.scope.value.endswith(":read"):
            api = Caller(a_token(organization, (told.scope.value.replace(":read", ":write"),)))
            assert tried(api, told, ids).status_code == 200, told.name


def test_a_token_for_some_homes_sees_no_other(
    organization: Organization, home: Property, ids: dict[str, str]
) -> None:
    other = cast.a_property(organization, "Casa Altra")
    api = Caller(a_token(organization, homes=[other]))
    before = everything_of(organization, but=OURS_TO_NOTE)
    for told in OPERATIONS:
        status = tried(api, told, ids).status_code
        if told.whole:
            assert (status, told.name) == (403, told.name)
        elif told.ids:
            assert (status, told.name) == (404, told.name)
    assert {"createWebhook", "changeOrganization", "eraseGuest"} <= {
        each.name for each in OPERATIONS if each.whole
    }
    assert everything_of(organization, but=OURS_TO_NOTE) == before
    assert [each["id"] for each in api.get("/properties/")["data"]] == [other.public_id]
    for path in ("/blocks/", "/purchases/", "/alerts/"):
        assert api.get(path)["data"] == []
    assert api.get("/token/")["homes"] == [other.public_id]


@pytest.mark.parametrize("scope", Scope.values)
def test_every_scope_is_asked_for_by_something(scope: str) -> None:
    assert [told.name for told in OPERATIONS if told.scope == scope] != []
