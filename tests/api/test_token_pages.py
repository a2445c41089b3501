"""The host's page of tokens."""

import re

from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditLine, Membership, Organization, User
from api import tokens
from api.models import ApiToken
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.api.callers import Caller

WANTED = {"name": "Channel manager", "scopes": ["calendar:read"], "days": "90"}


def test_a_new_token_is_shown_once_and_works(alices: Client, home: Property) -> None:
    page = alices.post(reverse("tokens:new"), WANTED, follow=True).content.decode()
    (text,) = set(re.findall(r"amp_[a-z0-9]{27}", page))
    assert text not in alices.get(reverse("tokens:list")).content.decode()
    row = ApiToken.objects.get()
    assert (row.digest, row.made_by, row.homes) == (tokens.digest(text), "alice@example.org", None)
    assert 89 <= ((row.expires_at or row.created_at) - row.created_at).days <= 90
    assert Caller(text).get(f"/properties/{home.public_id}/availability/")["busy"] == []
    alices.post(reverse("tokens:revoke", args=[row.public_id]))
    assert Caller(text)("GET", "/token/").status_code == 401


def test_a_member_of_some_homes_opens_no_others(
    client: Client, alice: User, organization: Organization, home: Property
) -> None:
    cast.a_property(organization, "Casa Altra")
    Membership.objects.filter(user=alice).update(role=Role.MANAGER, homes=[home.pk])
    client.force_login(alice)
    client.post(reverse("tokens:new"), WANTED)
    assert ApiToken.objects.get().homes == [home.pk]


def test_what_is_wrong_is_said_and_nothing_is_made(alices: Client) -> None:
    answer = alices.post(reverse("tokens:new"), {"name": "", "days": "7"})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_the_page_of_operations_asks_nobody_elses_server(client: Client) -> None:
    page = client.get(reverse("api-docs"))
    assert page.status_code == 200
    assert set(re.findall(r'(?:src|href)="(https?:)?//', page.content.decode())) == set()
    assert "problem-key_reused" in page.content.decode()
    assert f'href="{reverse("tokens:list")}"' in page.content.decode()


def let_time_pass(browser: Client) -> None:
    """It is eleven minutes since the person has proven who they are."""
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 11 * 60
    session.save()


def test_whoever_hasnt_proven_to_read_their_mail_makes_no_token(alices: Client, alice: User) -> None:
    EmailAddress.objects.filter(user=alice).update(verified=False)
    for answer in (alices.get(reverse("tokens:new")), alices.post(reverse("tokens:new"), WANTED)):
        assert (answer.status_code, answer["Location"]) == (302, reverse("unverified"))
    assert not ApiToken.objects.exists()
    assert alices.get(reverse("tokens:list")).status_code == 200


def test_a_token_is_made_by_whoever_has_just_proven_who_they_are(alices: Client) -> None:
    let_time_pass(alices)
    path = reverse("tokens:new")
    away = [alices.get(path), alices.post(path, WANTED)]
    asked = reverse("account_reauthenticate")
    assert [answer["Location"].partition("?")[0] for answer in away] == [asked, asked]
    assert not ApiToken.objects.exists()
    inside = alices.post(path, WANTED, headers={"HX-Request": "true", "HX-Current-URL": path})
    assert inside["HX-Redirect"].startswith(asked)
    proven = alices.post(away[1]["Location"], {"password": cast.PASSWORD})  # and what was sent goes on
    assert (proven.status_code, proven["Location"]) == (302, reverse("tokens:list"))
    assert ApiToken.objects.get().name == WANTED["name"]


def test_revoking_waits_for_nothing(alices: Client, alice: User, organization: Organization) -> None:
    """Whoever fears that a token has leaked shall not look for a password first."""
    row, text = tokens.make(
        organization, tokens.Wanted("Old", ["calendar:read"]), alice.email, timezone.now()
    )
    EmailAddress.objects.filter(user=alice).update(verified=False)
    let_time_pass(alices)
    alices.post(reverse("tokens:revoke", args=[row.public_id]))
    assert Caller(text)("GET", "/token/").status_code == 401


def test_members_without_the_power_see_no_tokens_and_make_none(
    client: Client, organization: Organization
) -> None:
    for role in (Role.FRONT_DESK, Role.CLEANER, Role.VIEWER):
        client.force_login(cast.a_member(organization, f"{role}@example.org", role))
        assert client.get(reverse("tokens:list")).status_code == 403
        assert client.post(reverse("tokens:new"), WANTED).status_code == 403
    assert not ApiToken.objects.exists()


def test_the_log_says_which_token_and_what_it_may(alices: Client, home: Property) -> None:
    alices.post(reverse("tokens:new"), WANTED)
    line = AuditLine.objects.get()
    assert line.details == {"token": "Channel manager", "scopes": ["calendar:read"], "homes": []}
    assert "amp_" not in str(line.details)
