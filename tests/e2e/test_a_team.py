"""An account and its team, as eyes and fingers meet them: a passkey in a real browser, invitations on a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.e2e.sight import PHONE, flaws

pytestmark = pytest.mark.browser


def log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").first.fill(email)
    page.get_by_label("Password").first.fill(cast.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def confirm(page: Page) -> None:
    """Say once more who one is."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it you?")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_a_passkey_is_added_and_logs_in_without_a_password(page: Page, alice: User) -> None:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    device |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    log_in(page, alice.email)
    page.goto("/accounts/")
    found = [f"account {flaw}" for flaw in flaws(page)]
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    found += [f"passkey {flaw}" for flaw in flaws(page)]
    page.get_by_label("Log in with it alone").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    found += [f"codes {flaw}" for flaw in flaws(page)]
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Log out").last.click()
    page.goto("/accounts/login/")
    found += [f"log-in {flaw}" for flaw in flaws(page)]
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    assert found == []


def test_an_owner_invites_a_cleaner_who_sees_the_turnovers_on_a_phone(
    page: Page, alice: User, home: Property
) -> None:
    log_in(page, alice.email)
    page.goto(reverse("team:list"))
    found = [f"team {flaw}" for flaw in flaws(page)]
    matrix = page.get_by_role("table")
    page.set_viewport_size(PHONE)
    assert matrix.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
    page.get_by_label("E-mail address").fill("bob@example.org")
    page.get_by_label("Cleaner").check()
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_text("bob@example.org is invited")).to_be_visible()
    page.goto(reverse("organization"))
    found += [f"organization {flaw}" for flaw in flaws(page)]
    cast.a_member(home.organization, "carol@example.org", Role.CLEANER, [home.pk])
    page.context.clear_cookies()
    page.set_viewport_size(PHONE)
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").first.fill("carol@example.org")
    page.get_by_label("Password").first.fill(cast.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Turnovers")
    found += [f"turnovers {flaw}" for flaw in flaws(page)]
    assert found == []
