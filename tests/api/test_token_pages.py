"""The host's page of tokens."""

import re

from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization, User
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
