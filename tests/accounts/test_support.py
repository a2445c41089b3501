"""Support looks when an owner lets them; operators' own pages show no secret."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import support
from accounts.models import AuditLine, Membership, SupportVisit, User
from amplistay.staff import TABLES, staff
from calendars.models import Feed, Server
from properties.models import Property
from tests import cast
from tests.one_of_each import ids_of
from upsells.models import Purchase, StayLink

SECRET = "https://www.airbnb.com/calendar/ical/1.ics?s=secret"


@pytest.fixture
def oscar(db: None) -> User:
    """An operator with a second factor, and with no organization."""
    oscar = User.objects.create_user(
        "oscar@amplistay.example", cast.PASSWORD, is_staff=True, is_superuser=True
    )
    Authenticator.objects.create(user=oscar, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return oscar


@pytest.fixture
def oscars(oscar: User) -> Client:
    browser = Client()
    browser.force_login(oscar)
    return browser


def a_code(alices: Client) -> str:
    found = re.search(r"<code>([a-z0-9-]{23})</code>", alices.post(reverse("support-give")).content.decode())
    assert found
    return found[1]


def enters(oscars: Client, code: str) -> int:
    return oscars.post(reverse("staff:visit"), {"code": code}).status_code


def test_by_the_owners_code_an_operator_sees_the_pages_and_changes_nothing(
    alices: Client, oscars: Client, oscar: User, home: Property
) -> None:
    assert oscars.get(reverse("properties:list")).status_code == 403
    assert enters(oscars, a_code(alices).upper()) == 302
    page = oscars.get(reverse("properties:list"))
    assert home.name in page.content.decode()
    assert oscars.get(reverse("calendars:connections", args=[home.public_id])).status_code == 403
    span = cast.nights(30, 2)
    body = {"start": str(span.start), "end": str(span.end)}
    assert oscars.post(reverse("calendars:close", args=[home.public_id]), body).status_code == 403
    lines = AuditLine.objects.filter(kind=AuditLine.Kind.SUPPORT)
    assert {(line.who, line.name) for line in lines} == {(oscar.email, "properties:list")}
    assert not Membership.objects.filter(user=oscar).exists()


def test_a_code_is_shown_once_and_kept_as_a_digest_only(alices: Client, home: Property) -> None:
    code = a_code(alices)
    page = alices.get(reverse("support")).content.decode()
    assert code not in page
    assert 'data-label="Until"' in page  # it may still be used
    assert code.replace("-", "") not in str(SupportVisit.objects.values())


def test_the_visit_ends_after_a_day_by_the_owners_word_or_by_a_new_code(
    alices: Client, oscars: Client, home: Property
) -> None:
    code = a_code(alices)
    assert enters(oscars, code) == 302
    alices.post(reverse("support-end"))
    assert oscars.get(reverse("properties:list")).status_code == 403
    old = a_code(alices)
    new = a_code(alices)
    assert enters(oscars, old) == 422
    assert enters(oscars, new) == 302
    SupportVisit.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert oscars.get(reverse("properties:list")).status_code == 403
    assert enters(oscars, new) == 422


def test_a_code_is_one_operators_and_opens_nothing_for_a_host(
    alices: Client, oscars: Client, mallory: User, home: Property
) -> None:
    code = a_code(alices)
    assert enters(oscars, code) == 302
    for somebody in (mallory, User.objects.create_user("olga@amplistay.example", is_staff=True)):
        with pytest.raises(support.NoVisit):
            support.enter(code, somebody, timezone.now())


def test_only_owners_let_support_in(client: Client, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Membership.Role.MANAGER)
    client.force_login(bob)
    assert client.get(reverse("support")).status_code == 403
    assert client.post(reverse("support-give")).status_code == 403


def test_operators_see_every_table_and_no_secret(oscars: Client, home: Property, alice: User) -> None:
    ids_of(home)
    Feed.objects.update(etag="opaque")
    Server.objects.create(name="www.airbnb.com", free_at=timezone.now(), failing=[])
    Purchase.objects.update(guest_name="Marta Puig", guest_email="marta@example.org")
    secrets = {SECRET, alice.password, "Marta Puig", "marta@example.org"}
    secrets |= set(StayLink.objects.values_list("token", flat=True))
    assert oscars.get(reverse("staff:index")).status_code == 200
    assert "Calendars that are overdue" in oscars.get(reverse("staff:stuck")).content.decode()
    for table in TABLES:
        name = f"staff:{table._meta.app_label}_{table._meta.model_name}"
        pages = [reverse(f"{name}_changelist")]
        pages += [reverse(f"{name}_change", args=[row.pk]) for row in table._default_manager.all()[:2]]
        for path in pages:
            answer = oscars.get(path)
            assert answer.status_code == 200, path
            shown = answer.content.decode()
            assert [secret for secret in secrets if secret in shown] == [], path


def test_operators_change_nothing_but_who_is_kept_out(oscars: Client, alice: User) -> None:
    path = reverse("staff:accounts_user_change", args=[alice.pk])
    assert oscars.post(path, {"email": "mallory@example.org", "is_staff": "on"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.is_staff, alice.is_active) == ("alice@example.org", False, False)
    for table, shown in staff._registry.items():
        if table is not User:
            assert not shown.has_change_permission(None)  # type: ignore[arg-type]  # nothing is asked of it
