"""Signing up, logging in and out, through the pages."""

from collections.abc import Callable
from ipaddress import IPv6Address
from secrets import randbits

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Membership, Organization, User
from tests import cast

FORM = {"email": "Ada@Example.org", "password1": cast.PASSWORD, "organization": "Casas de Ada"}
Answer = HttpResponse


@pytest.fixture
def client(db: None) -> Client:
    """A browser at an address of its own: how often one may try is counted per address, across runs."""
    return Client(REMOTE_ADDR=str(IPv6Address(randbits(120))))


@pytest.fixture
def sign_up(client: Client) -> Callable[..., Answer]:
    return lambda **changes: client.post(reverse("account_signup"), {**FORM, **changes})


def log_in(client: Client, email: str, password: str = cast.PASSWORD, **extra: str) -> Answer:
    return client.post(reverse("account_login"), {"login": email, "password": password, **extra})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def error_at(answer: Answer, field: str) -> str:
    """The text beside the field, as the page shows it."""
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in page
    return " ".join(answer.context["form"].errors[field])


def test_a_sign_up_makes_a_user_an_organization_and_its_owner(
    client: Client, sign_up: Callable[..., Answer]
) -> None:
    answer = sign_up()
    assert (answer.status_code, answer["Location"]) == (302, reverse("properties:new"))
    user = User.objects.get()
    membership = Membership.objects.get()
    assert (user.email, membership.user, membership.role) == ("ada@example.org", user, "owner")
    assert membership.organization.name == "Casas de Ada"
    assert is_in(client)
    assert client.get(reverse("home")).status_code == 200


def test_the_password_is_stored_as_a_salted_hash(sign_up: Callable[..., Answer], settings: Settings) -> None:
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]  # as on a real site
    sign_up()
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM accounts_user")
        (stored,) = cursor.fetchone()
    assert cast.PASSWORD not in stored
    assert stored.count("$") >= 3


def test_a_sign_up_that_breaks_halfway_leaves_nothing(sign_up: Callable[..., Answer], client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_organization ADD CHECK (name <> 'Refused')")
    client.raise_request_exception = False
    assert sign_up(organization="Refused").status_code == 500
    assert not User.objects.exists()
    assert not Organization.objects.exists()
    assert not is_in(client)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password1", "short1x"),
        ("password1", "password1234"),
        ("password1", "202612061530"),
        ("password1", "ada@example.org"),
        ("password1", ""),
        ("email", "not an address"),
        ("email", ""),
        ("organization", ""),
        ("organization", "x" * 121),
        ("organization", "a\x00b"),
    ],
)
def test_a_bad_field_gets_a_sentence_beside_it_and_makes_nothing(
    sign_up: Callable[..., Answer], field: str, value: str
) -> None:
    answer = sign_up(**{field: value})
    assert error_at(answer, field)
    assert not User.objects.exists()
    assert not Organization.objects.exists()


def test_what_was_typed_is_still_there_after_an_error_but_the_password(
    sign_up: Callable[..., Answer],
) -> None:
    page = sign_up(password1="short1x").content.decode()
    assert "Ada@Example.org" in page or "ada@example.org" in page
    assert "Casas de Ada" in page
    assert "short1x" not in page


@pytest.mark.parametrize("again", ["ada@example.org", "ADA@EXAMPLE.ORG"])
def test_an_address_signs_up_once_whatever_its_case(
    sign_up: Callable[..., Answer], client: Client, again: str
) -> None:
    sign_up()
    client.logout()
    answer = sign_up(email=again, organization="Second")
    assert answer["Location"] == reverse(
        "account_email_verification_sent"
    )  # whether it has an account isn't said
    assert list(Organization.objects.values_list("name", flat=True)) == ["Casas de Ada"]
    assert User.objects.count() == 1


@pytest.mark.parametrize("typed", ["alice@example.org", "Alice@Example.org"])
def test_a_member_logs_in_by_e_mail(client: Client, alice: User, typed: str) -> None:
    answer = log_in(client, typed)
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    assert is_in(client)


@pytest.mark.usefixtures("alice")
def test_a_wrong_password_and_an_unknown_address_get_the_same_sentence(client: Client) -> None:
    wrong = log_in(client, "alice@example.org", "not-her-password")
    unknown = log_in(client, "nobody@example.org", "not-her-password")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    sentence = wrong.context["form"].non_field_errors()
    assert sentence
    assert sentence == unknown.context["form"].non_field_errors()
    assert not is_in(client)
    page = wrong.content.decode()
    assert str(sentence[0]) in page.replace("&#x27;", "'")
    assert "alice@example.org" in page
    assert "not-her-password" not in page


@pytest.mark.usefixtures("alice")
def test_a_log_in_without_password_points_at_the_field(client: Client) -> None:
    assert error_at(log_in(client, "alice@example.org", ""), "password")


def test_a_user_who_was_switched_off_does_not_come_in(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    log_in(client, "alice@example.org")
    assert not is_in(client)


def test_logging_out_is_asked_on_get_and_done_on_post(alices: Client) -> None:
    page = alices.get(reverse("account_logout"))
    assert page.status_code == 200
    assert is_in(alices)
    answer = alices.post(reverse("account_logout"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    assert not is_in(alices)


def test_whoever_logs_in_gets_on_to_the_page_that_was_asked_for(client: Client, alice: User) -> None:
    asked = reverse("properties:new")
    away = client.get(asked)
    assert away["Location"] == f"{reverse('account_login')}?next={asked}"
    assert log_in(client, "alice@example.org", next=asked)["Location"] == asked


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_a_log_in_never_leads_to_another_site(client: Client, target: str) -> None:
    assert log_in(client, "alice@example.org", next=target)["Location"] == reverse("home")


@pytest.mark.usefixtures("alice")
def test_forms_from_other_sites_are_refused(client: Client) -> None:
    careful = Client(enforce_csrf_checks=True)
    assert log_in(careful, "alice@example.org").status_code == 403
    assert not is_in(careful)


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client: Client, alice: User) -> None:
    cookie = log_in(client, alice.email).cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_user_without_an_organization_is_refused(client: Client, db: None) -> None:
    User.objects.create_user("nobody@example.org", cast.PASSWORD)
    log_in(client, "nobody@example.org")
    answer = client.get(reverse("home"))
    assert answer.status_code == 403
    assert b"You belong to no organization" in answer.content


def test_many_wrong_passwords_for_one_account_are_stopped(client: Client, organization: Organization) -> None:
    email = f"tried-{randbits(64):x}@example.org"
    cast.a_member(organization, email)
    for _ in range(6):
        log_in(client, email, "not-the-password")
    assert not log_in(client, email).headers.get("Location")
    assert not is_in(client)
