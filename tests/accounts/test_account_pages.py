"""The pages around an account look and speak like every other page of the host."""

import re
from pathlib import Path

import allauth
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from domain.roles import Role
from tests import cast

ALLAUTHS = Path(allauth.__file__).parent / "templates"
NEVER_SHOWN = (
    "base_",  # they only pass on to our layouts
    "base.html",
    "code",  # we send links, no codes
    "phone",
    "email_change.html",
    "password_reset_help_text.html",
    "saved_views.html",
    "signup_by_passkey.html",
    "signup_closed.html",
    "signup_form.html",
    "trust.html",
    "verified_email_required.html",
    "snippets/",
)
SHOWN = [
    str(path.relative_to(ALLAUTHS))
    for folder in ("account", "mfa", "usersessions")
    for path in sorted((ALLAUTHS / folder).rglob("*.*"))
    if (path.suffix == ".html" or path.parent.name == "messages")
    and not any(part in f"{path.parent.name}/{path.name}" for part in NEVER_SHOWN)
]
OF_A_KEY = {"mfa_edit_webauthn", "mfa_remove_webauthn"}
PAGES = [
    "account_email",
    "account_change_password",
    "account_logout",
    "usersessions_list",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_generate_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    *sorted(OF_A_KEY),
]


@pytest.fixture
def alices(alice: User, client: Client) -> Client:
    """Logged in, and asked once more who it is."""
    client.post(reverse("account_login"), {"login": alice.email, "password": cast.PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": cast.PASSWORD})
    return client


def a_passkey(user: User) -> Authenticator:
    return Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone", "credential": {}}
    )


@pytest.mark.parametrize("name", SHOWN)
def test_no_page_and_no_notice_is_allauths_own(name: str) -> None:
    assert Path(get_template(name).origin.name).is_relative_to(settings.BASE_DIR / "templates")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_account_has_the_head_of_every_host_page(
    name: str, alice: User, alices: Client
) -> None:
    page = alices.get(reverse(name, args=[a_passkey(alice).pk] if name in OF_A_KEY else []))
    html = page.content.decode()
    assert page.status_code == 200
    crumbs = html[html.index('class="crumbs"') : html.index('class="page-head"')]
    assert reverse("account") in crumbs
    assert 'aria-current="page"' in crumbs
    assert '<summary class="nav-link" aria-current="true">' in html
    assert html.count("<h1") == 1
    assert re.findall(r'class="nav-link" aria-current="\w+">.*?<span>(.*?)</span>', html, re.DOTALL) == [
        "Account"
    ]
    assert html.index('class="page-head"') < html.index("<h1") < html.index("</h1>") < html.index("measure")
    assert len(re.findall(r'class="btn (?:danger )?primary', html)) <= 1
    assert "placeholder" not in html[html.index("<main") : html.index("</main>")]


def test_each_address_says_how_it_stands_and_offers_only_what_is_possible(
    alice: User, alices: Client
) -> None:
    for address, verified in (("new@example.org", False), ("old@example.org", True)):
        EmailAddress.objects.create(user=alice, email=address, verified=verified, primary=False)
    html = alices.get(reverse("account_email")).content.decode()
    rows = {part.split("</b>")[0]: part for part in html.split('class="long"><b>')[1:]}
    assert "Main" in rows[alice.email]
    assert "<button" not in rows[alice.email].split("</li>")[0]
    assert "Not confirmed" in rows["new@example.org"]
    assert 'name="action_send"' in rows["new@example.org"]
    assert 'name="action_primary"' not in rows["new@example.org"].split("</li>")[0]
    alices.post(reverse("account_email"), {"email": "old@example.org", "action_primary": ""})
    alice.refresh_from_db()
    assert alice.email == "old@example.org"


def test_what_went_wrong_is_said_with_the_way_out(alices: Client) -> None:
    words = {
        "oldpassword": "not-hers",
        "password1": "another-horse-battery",
        "password2": "another-horse-battery",
    }
    html = alices.post(reverse("account_change_password"), words).content.decode()
    assert "Password until now: This isn&#x27;t your password. Enter the one" in html


def test_who_may_let_support_look_finds_the_way_from_their_account(
    client: Client, organization: Organization
) -> None:
    for role, finds in ((Role.OWNER, True), (Role.MANAGER, False)):
        client.force_login(cast.a_member(organization, f"{role}@gracia.example", role))
        page = client.get(reverse("account")).content.decode()
        assert reverse("pages:help") in page
        assert (reverse("support") in page) == finds
