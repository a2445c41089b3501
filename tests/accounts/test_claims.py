"""One address, claimed twice: nobody learns from a page who has an account, and nothing is half done."""

import re
from ipaddress import IPv6Address
from secrets import randbits

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Membership, User
from accounts.signups import SignupForm
from tests import cast
from tests.accounts.letters import the_link
from tests.post import Post

pytestmark = pytest.mark.django_db


def an_address(name: str) -> str:
    """One of the test's own: how often a letter goes to an address is counted across runs."""
    return f"{name}-{randbits(32):x}@example.org"


def a_browser() -> Client:
    return Client(REMOTE_ADDR=str(IPv6Address(randbits(120))))


def form(email: str) -> dict[str, str]:
    return {"email": email, "password1": cast.PASSWORD, "organization": "Casas de Ada"}


def seen(answer: HttpResponse, email: str) -> tuple[object, ...]:
    """What a stranger can tell of an answer, without what they typed and what is random in every one."""
    body = re.sub(r'(csrfmiddlewaretoken" value=|nonce=|X-CSRFToken": )"[^"]+"', "", answer.content.decode())
    body = body.replace(email, "")
    return answer.status_code, answer.get("Location"), sorted(answer.cookies), body


def prove(browser: Client) -> None:
    """The person has said once more who they are."""
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["reauthenticated"] = True
    session.save()


@pytest.fixture
def letters_first(settings: Settings) -> None:
    """As where a mail server is."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.mark.usefixtures("letters_first")
def test_every_page_is_the_same_whether_the_address_is_taken_or_free(alice: User) -> None:
    both = [(a_browser(), email) for email in (alice.email, an_address("ada"))]
    answers = [browser.post(reverse("account_signup"), form(email)) for browser, email in both]
    assert seen(answers[0], both[0][1]) == seen(answers[1], both[1][1])
    assert answers[0]["Location"] == reverse("account_email_verification_sent")
    pages = ("account_email_verification_sent", "account_login", "account_signup", "home", "account")
    for name in pages:
        taken, free = (seen(browser.get(reverse(name)), email) for browser, email in both)
        assert taken == free, name


@pytest.mark.usefixtures("letters_first")
def test_a_new_host_comes_in_by_the_link_in_the_letter(post: Post) -> None:
    browser, email = a_browser(), an_address("ada")
    browser.post(reverse("account_signup"), form(email))
    assert browser.get(reverse("properties:list")).status_code == 302
    assert browser.post(the_link(post, email))["Location"] == reverse("properties:new")
    assert browser.get(reverse("properties:list")).status_code == 200
    assert Membership.objects.get().user.email == email


@pytest.mark.usefixtures("letters_first")
def test_whoever_has_the_link_alone_must_still_log_in(post: Post) -> None:
    email = an_address("ada")
    a_browser().post(reverse("account_signup"), form(email))
    elsewhere = a_browser()
    elsewhere.post(the_link(post, email))
    assert elsewhere.get(reverse("properties:list")).status_code == 302
    log_in = {"login": email, "password": cast.PASSWORD}
    assert elsewhere.post(reverse("account_login"), log_in)["Location"] == reverse("home")


def test_of_two_who_sign_up_at_the_same_moment_one_has_the_address(rf: RequestFactory) -> None:
    email = an_address("ada")
    late = SignupForm(form(email))
    assert late.is_valid()
    User.objects.create_user(email, cast.PASSWORD)
    request = rf.post("/")
    request.session = a_browser().session
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # as Django's middleware does
    with request_context(request):
        user, answer = late.try_save(request)
    assert user is None
    assert answer
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert User.objects.filter(email=email).count() == 1


def test_an_address_that_somebody_has_meanwhile_cant_become_ones_own(alices: Client, alice: User) -> None:
    email = an_address("both")
    EmailAddress.objects.create(user=alice, email=email, verified=True)
    User.objects.create_user(email, cast.PASSWORD)
    prove(alices)
    answer = alices.post(reverse("account_email"), {"email": email, "action_primary": ""}, follow=True)
    assert "somebody else has this address" in answer.content.decode()
    alice.refresh_from_db()
    assert EmailAddress.objects.get(user=alice, primary=True).email == alice.email != email


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("account_login", {"login": "alice@example.org", "password": "not-hers"}),
        ("account_signup", {"email": "x"}),
        ("account_reset_password", {"email": "x"}),
    ],
)
def test_a_refused_form_answers_422(name: str, wrong: dict[str, str]) -> None:
    assert a_browser().post(reverse(name), wrong).status_code == 422


def test_a_refused_form_of_ones_account_answers_422(alices: Client) -> None:
    prove(alices)
    for name in ("account_change_password", "account_email", "mfa_activate_totp"):
        assert alices.post(reverse(name), {"email": "x", "action_add": ""}).status_code == 422, name
