"""How an account is guarded: proven addresses, forgotten passwords, second factors, sessions, asking once more."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from ipaddress import IPv6Address
from pathlib import Path
from secrets import randbits

import allauth
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import post as letterbox
from accounts import sentences, tasks
from accounts.models import Invitation, Letter, Organization, User
from tests import cast
from tests.accounts.letters import the_letter, the_link
from tests.post import Post

ADA = f"ada-{randbits(32):x}@example.org"  # how often a letter goes to an address is counted across runs
FORM = {"email": ADA, "password1": cast.PASSWORD, "organization": "Casas de Ada"}
NEW = "another-horse-battery"
UNUSED = {"login_code", "password_reset_code"}  # we never send codes


def a_browser() -> Client:
    """At an address of its own: how often one may try is counted per address, across runs."""
    return Client(REMOTE_ADDR=str(IPv6Address(randbits(120))))


def log_in(browser: Client, email: str, password: str = cast.PASSWORD) -> HttpResponse:
    return browser.post(reverse("account_login"), {"login": email, "password": password})


def is_in(browser: Client) -> bool:
    return browser.get(reverse("account")).status_code == 200


def let_time_pass(browser: Client, minutes: int) -> None:
    """Since the person has last proven who they are."""
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= minutes * 60
    session.save()


def code_of(secret: str) -> str:
    """What the app on a phone shows now."""
    code: str = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    return code


def test_there_are_words_for_every_letter_that_accounts_may_cause() -> None:
    templates = Path(allauth.__file__).parent / "templates"
    names = {
        f"{folder}/email/{path.name.removesuffix('_subject.txt')}"
        for folder in ("account", "mfa")
        for path in (templates / folder / "email").glob("*_subject.txt")
    }
    unused = {f"account/email/{name}" for name in UNUSED}
    assert names - unused == sentences.CHANGES.keys() | sentences.LETTERS.keys()


def test_a_new_host_is_let_in_at_once_and_proves_the_address_by_a_letter(db: None, post: Post) -> None:
    browser = a_browser()
    assert browser.post(reverse("account_signup"), FORM)["Location"] == reverse("properties:new")
    assert "Confirm your e-mail address" in browser.get(reverse("home")).content.decode()
    waiting = browser.post(
        reverse("team:invite"), {"email": "bob@example.org", "role": "viewer", "where": "all"}
    )
    assert waiting["Location"] == reverse("unverified")
    assert f"We have sent a letter to {ADA}" in browser.get(reverse("unverified")).content.decode()
    assert not Invitation.objects.exists()
    path = the_link(post, ADA)
    assert f"Is {ADA} your address?" in browser.get(path).content.decode()
    assert browser.post(path)["Location"] == reverse("account")
    assert EmailAddress.objects.get(email=ADA).verified
    assert "Confirm your e-mail address" not in browser.get(reverse("home")).content.decode()
    for again in (browser.get(path), browser.post(path), a_browser().get(path)):
        assert again.status_code == 200
        assert "Already confirmed" in again.content.decode()
    assert "This link no longer works" in a_browser().get(f"{path[:-2]}/").content.decode()
    assert browser.get(reverse("unverified"))["Location"] == reverse("account")


def test_only_the_banner_says_what_an_address_must_be_confirmed_for(db: None) -> None:
    browser, zoe = a_browser(), f"zoe-{randbits(32):x}@example.org"  # one letter a minute
    browser.post(reverse("account_signup"), FORM | {"email": zoe})
    home = cast.a_property(Organization.objects.get())
    link = reverse("upsells:guest-page", args=[home.public_id])
    settings_page = reverse("properties:settings", args=[home.public_id])
    for page in (reverse("properties:new"), settings_page, link, reverse("home"), reverse("data")):
        told = browser.get(page).content.decode()
        assert told.count("Until then nobody can be paid, invited") == 1, page
        assert told.count(f"We have sent a letter to {zoe}") == 1, page
        assert "sent to" not in told, "in a second banner"


def test_whoever_was_sent_no_letter_is_offered_one(client: Client, db: None, post: Post) -> None:
    zoe = f"zoe-{randbits(32):x}@example.org"  # one letter a minute
    client.force_login(User.objects.create_superuser(zoe, cast.PASSWORD))
    client.get(reverse("account_email"))
    page = client.get(reverse("unverified")).content.decode()
    assert "We have sent" not in page
    assert f"Have a letter sent to {zoe}" in page
    client.post(reverse("unverified"))
    assert f"We have sent a letter to {zoe}" in client.get(reverse("unverified")).content.decode()
    client.post(the_link(post, zoe))
    assert EmailAddress.objects.get(email=zoe).verified


def test_a_letter_waits_encrypted_and_is_gone_once_it_is_sent(db: None, post: Post) -> None:
    post.trouble("refuse")
    zoe = f"zoe-{randbits(32):x}@example.org"
    a_browser().post(reverse("account_signup"), FORM | {"email": zoe})
    row = Letter.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT l::text FROM accounts_letter l")
        (stored,) = cursor.fetchone()
    assert "confirm-email" in row.text
    assert "confirm-email" not in stored
    tasks.deliver()
    assert post.mails == []
    post.empty()
    letterbox.send_due(timezone.now() + timedelta(minutes=5))
    assert post.to(zoe) == ["Confirm your e-mail address"]
    assert not Letter.objects.exists()


def test_only_the_mailbox_hears_that_an_address_has_an_account(alice: User, post: Post) -> None:
    answer = a_browser().post(reverse("account_signup"), FORM | {"email": "Alice@example.org"})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert User.objects.count() == Organization.objects.count() == 1
    assert "You have an account already" in the_letter(post, "alice@example.org")


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once_and_ends_other_sessions(
    organization: Organization, post: Post
) -> None:
    alice = cast.a_member(organization, f"alice-{randbits(32):x}@example.org")
    elsewhere, browser = a_browser(), a_browser()
    log_in(elsewhere, alice.email)
    known = browser.post(reverse("account_reset_password"), {"email": alice.email})
    unknown = a_browser().post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert "There is no account" in the_letter(post, "nobody@example.org")
    path = the_link(post, alice.email)
    form = browser.get(path)["Location"]
    browser.post(form, {"password1": NEW, "password2": NEW})
    assert "by a link that we had e-mailed" in the_letter(post, alice.email)
    assert not is_in(elsewhere)
    assert log_in(browser, alice.email, NEW)["Location"] == reverse("home")
    assert "This link no longer works" in a_browser().get(path, follow=True).content.decode()


def test_one_address_gets_three_letters_in_ten_minutes_whoever_asks(db: None) -> None:
    email = f"asked-{randbits(64):x}@example.org"
    asked = [a_browser().post(reverse("account_reset_password"), {"email": email}) for _ in range(4)]
    assert Letter.objects.filter(address=email).count() == 3
    assert asked[-1].status_code in {200, 429}


def test_an_app_on_the_phone_guards_the_log_in_and_its_secret_rests_encrypted(
    alice: User, post: Post, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    browser = a_browser()
    log_in(browser, alice.email)
    activate = reverse("mfa_activate_totp")
    assert browser.get(activate)["Location"].startswith(reverse("account_reauthenticate"))
    browser.post(f"{reverse('account_reauthenticate')}?next={activate}", {"password": cast.PASSWORD})
    secret = browser.get(activate).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(activate, {"code": code_of(secret)})
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(kept.data)
    assert "authenticator app" in the_letter(post, alice.email)
    codes = browser.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert len(codes) == 10

    other = a_browser()
    assert log_in(other, alice.email)["Location"] == reverse("mfa_authenticate")
    assert not is_in(other)
    other.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_in(other)
    other.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert is_in(other)
    again = a_browser()
    log_in(again, alice.email)
    again.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert not is_in(again)


def test_somebody_unproven_cannot_lock_the_address_s_owner_out_with_an_app(db: None) -> None:
    browser = a_browser()
    browser.post(reverse("account_signup"), FORM)
    browser.get(reverse("mfa_activate_totp"))
    assert browser.get(reverse("mfa_activate_totp")).status_code == 302
    assert "mfa/totp" not in browser.get(reverse("account")).content.decode()


def test_a_person_sees_where_they_are_logged_in_and_ends_it_elsewhere(alice: User) -> None:
    here, there = a_browser(), a_browser()
    here.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0; rv:133.0) Gecko/20100101 Firefox/133.0"
    log_in(here, alice.email)
    log_in(there, alice.email)
    page = here.get(reverse("usersessions_list"))
    assert page.context["session_count"] == 2
    assert "Firefox · Windows" in page.content.decode()
    assert "Gecko" not in page.content.decode()
    here.post(reverse("usersessions_list"))
    assert is_in(here)
    assert not is_in(there)


def test_what_shows_or_changes_a_secret_asks_once_more_and_then_does_it(alice: User) -> None:
    browser = a_browser()
    log_in(browser, alice.email)
    webhook, _message = cast.a_message(alice.organizations.get())
    rotate = reverse("webhooks:rotate", args=[webhook.public_id])
    let_time_pass(browser, 11)
    asked = browser.post(rotate)
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    before = webhook.secret
    webhook.refresh_from_db()
    assert webhook.secret == before
    wrong = browser.post(asked["Location"], {"password": "not-hers", "next": rotate})
    assert "This isn&#x27;t your password" in wrong.content.decode()
    done = browser.post(asked["Location"], {"password": cast.PASSWORD, "next": rotate})
    assert done["Location"].endswith(reverse("webhooks:log", args=[webhook.public_id]))
    webhook.refresh_from_db()
    assert webhook.secret != before


@pytest.mark.parametrize("name", ["team:list", "payments:account"])
def test_members_and_payouts_are_shown_to_whoever_has_just_proven_who_they_are(
    name: str, alice: User
) -> None:
    browser = a_browser()
    log_in(browser, alice.email)
    assert browser.get(reverse(name)).status_code == 200
    let_time_pass(browser, 11)
    assert browser.get(reverse(name))["Location"] == (
        f"{reverse('account_reauthenticate')}?next={reverse(name).replace('/', '%2F')}"
    )
    part = browser.get(
        reverse(name), headers={"HX-Request": "true", "HX-Current-URL": "https://stay.example/x"}
    )
    assert part["HX-Redirect"].startswith(reverse("account_reauthenticate"))


@pytest.mark.django_db
def test_whoever_has_just_signed_up_is_not_asked_for_the_password_again() -> None:
    browser = a_browser()
    form = {"email": "new@example.org", "password1": cast.PASSWORD, "organization": "Casas"}
    browser.post(reverse("account_signup"), form)
    assert browser.get(reverse("team:list")).status_code == 200
    let_time_pass(browser, 11)
    assert browser.get(reverse("team:list")).status_code == 302


def test_the_persons_own_page_says_the_language_and_leads_to_it_and_to_what_they_are_told(
    alices: Client,
) -> None:
    page = alices.get(reverse("account")).content.decode()
    card = page.partition('aria-labelledby="told"')[2].partition("</section>")[0]
    assert "Language and notifications" in card
    assert "English" in card
    assert card.count(f'href="{reverse("notices:wishes")}"') == 2


@pytest.mark.parametrize("name", ["account_reauthenticate", "account_change_password"])
def test_password_managers_learn_whose_password_is_asked_for(name: str, alice: User) -> None:
    browser = a_browser()
    log_in(browser, alice.email)
    page = browser.get(reverse(name)).content.decode()
    assert f'value="{alice.email}" autocomplete="username" readonly' in page


def test_every_page_of_the_account_opens_in_the_brand_without_a_script_of_its_own(alice: User) -> None:
    browser = a_browser()
    log_in(browser, alice.email)
    browser.post(reverse("account_reauthenticate"), {"password": cast.PASSWORD})
    for name in ("account", "account_email", "account_change_password", "mfa_index", "mfa_activate_totp",
                 "mfa_list_webauthn", "mfa_add_webauthn", "usersessions_list", "new-organization",
                 "organization", "team:list"):  # fmt: skip
        page = browser.get(reverse(name))
        text = page.content.decode()
        assert page.status_code == 200, name
        assert 'class="shell"' in text, name
        assert "<script>" not in text, name
