"""The end of an organization: wished, undone, or carried out to the last row and to nobody else's."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import endings, teams
from accounts.models import Organization, User
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.accounts.letters import the_letter
from tests.everything import everything_of
from tests.one_of_each import ids_of
from tests.post import Post
from upsells.models import StayLink


@pytest.fixture
def alices_ids(home: Property) -> dict[str, str]:
    return ids_of(home)


def test_it_takes_the_name_and_tells_what_happens_and_can_be_undone(
    alices: Client, alice: User, home: Property, post: Post
) -> None:
    export = cast.an_export(home)
    cast.an_offer(home)
    guest = reverse("guest:stay", args=[cast.a_stay_link(home).token])
    wrong = alices.post(reverse("end-organization"), {"name": "Something else"})
    assert (wrong.status_code, "Nothing was deleted" in wrong.content.decode()) == (422, True)
    alices.post(reverse("end-organization"), {"name": "gràcia homes"})
    ending = Organization.objects.get()
    assert ending.ends_at
    assert "will be deleted" in alices.get(reverse("home")).content.decode()
    assert "Keep the organization" in the_letter(post, alice.email)
    assert Client().get(cast.path_of(export)).status_code == 200
    assert Client().get(guest).status_code == 200
    assert endings.carry_out(ending.ends_at - timedelta(seconds=1)) == 0
    alices.post(reverse("keep-organization"))
    assert Organization.objects.get().ends_at is None
    assert endings.carry_out(ending.ends_at + timedelta(days=1)) == 0


def test_nobody_but_an_owner_ends_it(client: Client, organization: Organization) -> None:
    client.force_login(cast.a_member(organization, "bob@example.org", Role.MANAGER))
    assert client.post(reverse("end-organization"), {"name": organization.name}).status_code == 403
    assert "Delete the organization" not in client.get(reverse("organization")).content.decode()


@pytest.mark.usefixtures("alices_ids")
def test_after_the_time_of_grace_nothing_of_it_is_left_and_nobody_else_is_touched(
    alice: User, mallory: User, home: Property
) -> None:
    export = cast.an_export(home)
    now = timezone.now()
    teams.invite(home.organization, alice, "bob@example.org", now, role=Role.VIEWER)
    theirs = cast.a_property(mallory.organizations.get(), "Villa Mallory")
    cast.an_import(cast.a_feed(theirs), cast.nights(5))
    kept = everything_of(theirs.organization)
    endings.end(home.organization, now)
    assert endings.carry_out(now + Organization.GRACE) == 1
    connection.check_constraints()
    assert Organization.objects.get() == theirs.organization
    assert everything_of(theirs.organization) == kept
    left = {
        model.__name__: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in {"properties", "calendars", "upsells", "webhooks"}
    }
    mine = {name: len(rows) for name, rows in kept.items() if name in left}
    assert {name: count for name, count in left.items() if count and not mine.get(name)} == {}
    assert Client().get(cast.path_of(export)).status_code == 503  # a channel keeps what it has read
    assert not StayLink.objects.exists()
    assert User.objects.filter(pk=alice.pk).exists()
