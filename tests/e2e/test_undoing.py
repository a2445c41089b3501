"""A host takes a removal back in the browser: by the notice, after a reload, by keys, and by the toast."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from calendars.models import Block, Feed
from properties.models import Property
from tests import cast
from tests.e2e.sight import PHONE, flaws

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TARGET_PX = 24  # hosts sit at a desk; WCAG 2.5.8 asks for no more


@pytest.fixture
def host(screen: BrowserContext, page: Page, alices: Client, live_server: LiveServer) -> Page:
    """Alice's browser, logged in."""
    session = alices.cookies[settings.SESSION_COOKIE_NAME].value
    screen.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def test_a_removed_calendar_and_a_paused_one_are_back_with_one_press(host: Page, home: Property) -> None:
    feed = cast.a_feed(home, last_read_at=timezone.now(), last_good_at=timezone.now(), closed_nights=4)
    cast.an_import(feed, cast.nights(20, 4))
    host.goto(f"/properties/{home.public_id}/connections/")
    host.get_by_label(re.compile("More for Airbnb")).click()
    host.get_by_text("Remove…").click()
    host.get_by_role("button", name="Remove Airbnb").click()
    notice = host.get_by_role("status").filter(has_text="Airbnb is removed")
    expect(notice).to_contain_text("You can undo this for 10 minutes more.")
    assert not Block.objects.exists()
    host.reload()
    expect(notice).to_be_visible()
    for size in (PHONE, {"width": 1440, "height": 900}):
        host.set_viewport_size(size)
        assert flaws(host, TARGET_PX) == []

    notice.get_by_role("button", name="Undo").press("Enter")
    expect(host.get_by_text("Undone. Airbnb is as it was before.")).to_be_visible()
    expect(host.locator(f"#feed-{feed.public_id}")).to_be_visible()
    assert Block.objects.get().span == cast.nights(20, 4)

    host.get_by_label(re.compile("More for Airbnb")).click()
    host.get_by_role("button", name="Pause").click()
    toast = host.locator("#toasts .toast", has_text="Airbnb is paused.")
    toast.get_by_role("button", name="Undo").click()
    expect(host.get_by_text("Undone. Airbnb is as it was before.")).to_be_visible()
    assert Feed.objects.get().paused_at is None
