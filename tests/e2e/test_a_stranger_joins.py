"""From a request to join to an organization of one's own, by eye, with and without scripts; and a vendor's page."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Organization, User
from directory.models import JoinRequest
from properties.models import Property
from tests import cast
from tests.accounts.letters import the_letter
from tests.directory.strangers import the_code
from tests.e2e.sight import flaws
from tests.post import Post

pytestmark = pytest.mark.browser
ADA = "ada@example.org"
LEAST_PX = 24  # WCAG 2.5.8, of boxes to tick: their labels are larger


@pytest.fixture(autouse=True)
def unhurried(settings: Settings) -> None:
    """A browser is quicker than a person."""
    settings.FORM_LEAST_SECONDS = 0
    cache.clear()


@pytest.fixture
def oscar(db: None) -> User:
    oscar = User.objects.create_user(
        "oscar@amplistay.example", cast.PASSWORD, is_staff=True, is_superuser=True
    )
    Authenticator.objects.create(user=oscar, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return oscar


def button_of(letter: str) -> str:
    """The path that the letter's button leads to."""
    found = re.search(r": https?://[^/]+(/\S+)\s", letter)
    assert found
    return found[1]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_stranger_asks_and_is_let_in(
    chromium: Browser, live_server: LiveServer, oscar: User, post: Post, settings: Settings, *, scripts: bool
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=scripts, locale="en-GB")
    page = context.new_page()
    page.goto("/escapia-to-ical/")
    page.get_by_role("link", name="Request to join").click()
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("Your e-mail address").fill(ADA)
    page.get_by_label("Your domain").fill("ada.example")
    page.get_by_label("Access code").fill("1")
    page.get_by_label("I agree to the terms of use").check()
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("alert")).to_contain_text("That isn't the code")
    page.get_by_label("Access code").fill(the_code(page.content()))
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(button_of(the_letter(post, ADA)))
    page.get_by_role("button", name="Confirm the request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your request is confirmed")
    decides(chromium, live_server, oscar, settings)
    page.goto(button_of(the_letter(post, ADA)))
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Create account and join").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Escapia")
    assert Membership.objects.get(user__email=ADA).organization.name == "Ada's Homes"
    context.close()


def decides(chromium: Browser, live_server: LiveServer, oscar: User, settings: Settings) -> None:
    """An operator lets them in, on the operator's pages."""
    context = chromium.new_context(base_url=live_server.url, locale="en-GB")
    sign_in(context.new_page(), oscar, settings, live_server)
    page = context.pages[0]
    page.goto("/staff/")
    page.get_by_role("link", name="Requests to join").first.click()
    page.get_by_role("link", name="Decide").click()
    page.get_by_label("Name of the organization").fill("Ada's Homes")
    page.get_by_role("button", name="Open the organization and invite them").click()
    expect(page.get_by_text("is open, and ada@example.org is invited")).to_be_visible()
    assert JoinRequest.objects.get().organization == Organization.objects.get(name="Ada's Homes")
    context.close()


def sign_in(page: Page, user: User, settings: Settings, live_server: LiveServer) -> None:
    browser = Client()
    browser.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": browser.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright's own name for these three


def test_the_pages_have_no_flaw_and_a_vendor_is_found_and_written_to(
    page: Page, home: Property, alice: User, post: Post, settings: Settings, live_server: LiveServer
) -> None:
    cast.an_export(home)
    sign_in(page, alice, settings, live_server)
    page.goto(reverse("vendor-page"))
    found = [f"own {flaw}" for flaw in flaws(page, LEAST_PX)]
    page.get_by_label("Show our page to everybody").check()
    page.get_by_label("Town").fill("Girona")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("group", name=home.name).get_by_label("which sites read its calendar").check()
    page.get_by_role("button", name="Save the homes").click()
    expect(page.get_by_text("Everybody can see your page")).to_be_visible()
    page.goto("/vendors/?q=girona")
    found += [f"vendors {flaw}" for flaw in flaws(page, LEAST_PX)]
    page.get_by_role("link", name="Gràcia Homes").click()
    expect(page.get_by_text("Read by Airbnb.")).to_be_visible()
    found += [f"vendor {flaw}" for flaw in flaws(page, LEAST_PX)]
    page.get_by_label("Your name").fill("Marta Puig")
    page.get_by_label("Your e-mail address").fill("marta@example.com")
    page.get_by_label("Your message").fill("May we list your homes?")
    page.get_by_label("Access code").fill(the_code(page.content()))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your message is on its way")
    assert "May we list your homes?" in the_letter(post, alice.email)
    for path in ("/escapia-to-ical/", "/join/", "/join/sent/"):
        page.goto(path)
        found += [f"{path} {flaw}" for flaw in flaws(page, LEAST_PX)]
    assert found == []
