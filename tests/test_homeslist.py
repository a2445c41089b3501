"""The list of homes tells how each stands: its calendars, its offers, who leaves next, its guests' address."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization, User
from properties.models import Property
from tests import cast
from tests.upsells.pages import text
from upsells.staypages import address

SOON = cast.NOW + timedelta(minutes=5)
MOST_QUERIES = 20


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


def the_list(browser: Client) -> str:
    return text(browser.get(reverse("properties:list")))


def fill(organization: Organization, count: int) -> None:
    """Homes with all that the list tells of."""
    for number in range(count):
        zone = ("Europe/Madrid", "Asia/Tokyo")[number % 2]
        home = cast.a_property(organization, f"Home {number:03}", zone)
        good = cast.a_feed(
            home,
            f"https://www.airbnb.com/calendar/ical/{number}.ics",
            last_good_at=cast.NOW,
            last_read_at=cast.NOW,
            next_poll_at=SOON,
        )
        cast.a_feed(
            home,
            f"https://www.vrbo.com/icalendar/{number}.ics",
            failures=2,
            failing_since=cast.NOW,
            last_read_at=cast.NOW,
            next_poll_at=SOON,
        )
        cast.an_import(good, cast.nights(-2, 3))
        cast.an_offer(home)
        cast.a_stay_link(home)


def test_a_home_whose_calendar_fails_does_not_look_like_a_healthy_one(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home, last_good_at=cast.NOW, last_read_at=cast.NOW, next_poll_at=SOON)
    page = the_list(alices)
    assert "Up to date" in page
    assert "Nobody checks out within two weeks." in page
    assert "Can't be read" not in page
    feed.failures, feed.failing_since = 2, cast.NOW
    feed.save(update_fields=["failures", "failing_since"])
    page = the_list(alices)
    assert "Can't be read" in page
    assert "Up to date" not in page


def test_of_several_calendars_it_counts_how_many_stand_how_the_worst_first(
    alices: Client, organization: Organization
) -> None:
    fill(organization, 1)
    page = the_list(alices)
    assert page.index("1 × Can't be read") < page.index("1 × Up to date")


def test_it_says_what_a_home_lacks(alices: Client, home: Property) -> None:
    page = the_list(alices)
    assert home.name in page
    assert "No calendar connected" in page
    assert "Nothing on sale" in page
    assert "Nobody checks out" not in page, "who knows?"
    assert "Address of the guest page of" not in page


def test_it_says_what_a_home_sells_who_leaves_next_and_where_guests_look(
    alices: Client, home: Property
) -> None:
    feed = cast.a_feed(home, last_good_at=cast.NOW, last_read_at=cast.NOW, next_poll_at=SOON)
    cast.an_import(feed, cast.nights(-2, 3))
    cast.an_import(feed, cast.nights(4, 2))
    cast.an_offer(home)
    cast.an_offer(home, 1_500, kind="late_check_out")
    cast.an_offer(home, 1_500, kind="early_check_in", mode="off")
    link = cast.a_stay_link(home)
    page = the_list(alices)
    assert "2 offers on sale" in page
    assert "11:00" in page.partition("Next check-out: ")[2][:40]
    found = alices.get(reverse("properties:list")).context["lines"][0]
    assert found.leaving.at.date() == cast.nights(-2, 3).end
    assert address(link) in alices.get(reverse("properties:list")).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_homes(
    alices: Client, organization: Organization
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert "Home 000" in the_list(alices)
        return len(queries)

    fill(organization, 1)
    few = asked()
    fill(organization, 7)
    assert asked() == few <= MOST_QUERIES


def test_nothing_of_another_organization_is_told(
    client: Client, organization: Organization, mallory: User
) -> None:
    fill(organization, 1)
    cast.a_property(mallory.organizations.get(), "Villa Mallory")
    client.force_login(mallory)
    page = the_list(client)
    assert "Villa Mallory" in page
    assert "Home 000" not in page
    assert "Can't be read" not in page
