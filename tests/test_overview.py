"""A home at a glance: its nights, who comes and leaves, what its guests see, how its calendars are read, its sales."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization
from calendars.models import Alert, Feed
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text
from upsells.models import StayLink

MOST_QUERIES = 36
TABS = ["Overview", "Calendar", "Connections", "Offers", "Guest page", "Sales", "Settings"]


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def feed(home: Property) -> Feed:
    """The home's calendar, read just now; somebody stays until Friday 4 December."""
    later = cast.NOW + timedelta(minutes=5)
    feed = cast.a_feed(home, last_good_at=cast.NOW, last_read_at=cast.NOW, next_poll_at=later)
    cast.an_import(feed, cast.nights(-2, 5))
    return feed


def look(browser: Client, home: Property) -> str:
    return text(browser.get(reverse("overview", args=[home.public_id])))


def card(page: str, name: str) -> str:
    """The words of one card, without its markup."""
    found = page.partition(f'aria-labelledby="{name}"')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", found).split())


def tiles(page: str) -> list[tuple[str, str]]:
    """State and word of each night of the strip."""
    found = re.findall(r'<li class="tile is-(\w+).*?data-channel="\w*"><span[^>]*>([^<]+)<', page)
    assert len(found) == 30
    return found


def test_each_night_of_the_next_thirty_says_how_it_stands_and_what_it_costs(
    alices: Client, home: Property, feed: Feed
) -> None:
    cast.an_offer(home, most=3)
    cast.a_sale(home, cast.nights(10, 1))
    cast.an_import(feed, cast.nights(20, 2), missing_since=cast.NOW)
    page = look(alices, home)
    states = tiles(page)
    assert states[:4] == [("closed", "closed")] * 3 + [("free", "€99")]
    assert states[4:6] == [("free", "+1"), ("free", "+2")]
    assert (states[10], states[14], states[20]) == (("sale", "sold"), ("free", "free"), ("held", "held"))
    assert (
        re.findall(r'data-short="([^"]+)"', page)[:3] == ["Ab"] * 3
    )  # where a tile has no room for the word
    month = reverse("calendars:month", args=[home.public_id])
    assert f'href="{month}?month=2026-12&night=2026-12-04"' in page
    assert "Fri 4 Dec</time>: free, on sale for €99" in page
    assert "4 Dec Leaves at 11:00 Airbnb 4 Dec is free and on sale for €99.00" in card(page, "turns")


def test_the_strip_is_drawn_anew_as_soon_as_anything_in_it_changes(
    alices: Client, home: Property, feed: Feed
) -> None:
    page = look(alices, home)
    assert tiles(look(alices, home)) == tiles(page)
    offer = cast.an_offer(home)
    assert tiles(look(alices, home))[3] == ("free", "€99")
    offer.price = 12_000
    offer.save()
    assert tiles(look(alices, home))[3] == ("free", "€120")
    cast.a_sale(home, cast.nights(10, 1))
    assert tiles(look(alices, home))[10] == ("sale", "sold")
    feed.channel = "vrbo"
    feed.save()
    assert 'data-short="Vr"' in look(alices, home)
    home.archived_at = cast.NOW
    home.save()
    assert tiles(look(alices, home))[3] == ("free", "free")
    alices.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    assert tiles(look(alices, home))[3] == ("free", "frei")


def test_what_the_next_guest_sees_is_told_with_its_price_and_why_there_is_no_more(
    alices: Client, home: Property, feed: Feed
) -> None:
    assert "One click puts all four on sale" in card(look(alices, home), "offers")
    cast.an_offer(home)
    told = card(look(alices, home), "offers")
    assert "Extra nights €99.00 a night on" in told
    assert "A guest leaving on Fri 4 Dec sees now 1 more night, until Sat, 5 Dec 2026 €99.00" in told
    Feed.objects.update(last_good_at=cast.NOW - timedelta(hours=2), last_read_at=cast.NOW)
    told = card(look(alices, home), "offers")
    assert "Nothing is offered" in told
    assert "more than an hour ago" in told


def test_it_tells_how_each_calendar_is_read_and_what_of_this_home_alone_needs_the_host(
    alices: Client, organization: Organization, home: Property, feed: Feed
) -> None:
    other = cast.a_property(organization, "Other House")
    for where, about in ((home, feed), (other, cast.a_feed(other, "https://www.vrbo.com/icalendar/1.ics"))):
        Alert.objects.create(
            organization=organization, property=where, feed=about, kind="failing", key="f",
            details={"feed": about.title}, opened_at=cast.NOW,
        )  # fmt: skip
    a_purchase(cast.a_stay_link(other), "asked")
    page = look(alices, home)
    assert "Airbnb can't be read" in card(page, "needs")
    assert "Vrbo" not in card(page, "needs")
    assert "asks" not in card(page, "needs")
    assert "Airbnb Up to date" in card(page, "channels")
    assert "It has no link of ours" in card(page, "channels")


def test_a_system_is_not_said_to_lack_a_link_as_it_reads_none(
    alices: Client, organization: Organization, home: Property
) -> None:
    cast.a_unit(home, cast.a_connection(organization))
    shown = card(look(alices, home), "channels")
    assert "Escapia" in shown
    assert "link of ours" not in shown


def test_it_counts_what_this_home_sold_this_month_and_ever(
    alices: Client, organization: Organization, home: Property, feed: Feed
) -> None:
    link = cast.a_stay_link(home)
    assert "stands here" in card(look(alices, home), "sold")
    a_purchase(link, "confirmed", amount=10_000)
    a_purchase(link, "confirmed", amount=5_000, created_at=cast.NOW - timedelta(days=40))
    a_purchase(link, "confirmed", amount=2_500, created_at=cast.NOW - timedelta(days=800))
    a_purchase(cast.a_stay_link(cast.a_property(organization, "Other")), "confirmed", amount=90_000)
    told = card(look(alices, home), "sold")
    assert "This month €100.00 1 sale Since the beginning €175.00 3 sales" in told
    assert "€150.00 from 2 sales." in told


def test_a_home_without_a_calendar_says_what_to_do_first(alices: Client, home: Property) -> None:
    page = look(alices, home)
    assert "Nobody knows yet which nights are free" in page
    assert page.index("Get ready to sell") < page.index("Nobody knows yet")
    assert page.count("btn primary") == 1
    assert f'href="{reverse("pages:channel", args=["booking"])}"' in page
    assert 'class="tile' not in page
    assert "Make the link" in card(page, "link")
    alices.get(reverse("upsells:guest-page", args=[home.public_id]))
    assert StayLink.objects.get().token in look(alices, home)


def test_all_links_to_a_home_lead_there_and_its_tabs_begin_with_it(
    alices: Client, home: Property, feed: Feed
) -> None:
    here = home.get_absolute_url()
    assert here == f"/properties/{home.public_id}/"
    for path in (
        "/",
        reverse("properties:list"),
        reverse("calendars:log", args=[home.public_id, feed.public_id]),
    ):
        assert f'href="{here}"' in text(alices.get(path)), path
    tabs = look(alices, home).partition('class="tabs"')[2].partition("</nav>")[0]
    assert re.findall(r">([^<]+)</a>", tabs) == TABS
    assert f'href="{here}" aria-current="page"' in tabs


def test_the_months_address_from_before_still_leads_to_the_month(alices: Client, home: Property) -> None:
    answer = alices.get(home.get_absolute_url(), {"month": "2026-12", "night": "2026-12-04"})
    month = reverse("calendars:month", args=[home.public_id])
    assert answer["Location"] == f"{month}?month=2026-12&night=2026-12-04"


def test_an_archived_home_shows_its_nights_and_sells_nothing(
    alices: Client, home: Property, feed: Feed
) -> None:
    cast.an_offer(home)
    Property.objects.update(archived_at=cast.NOW)
    page = look(alices, home)
    assert "This home is archived" in page
    assert {word for _state, word in tiles(page)} == {"closed", "free"}
    for words in ("sees now", "Get ready to sell", "being read", "next read"):
        assert words not in page


def test_it_takes_a_fixed_number_of_queries(
    alices: Client, organization: Organization, home: Property, feed: Feed
) -> None:
    for kind in ("extra_nights", "nights_before", "late_check_out", "early_check_in"):
        cast.an_offer(home, 1_500, kind=kind)
    link = cast.a_stay_link(home)

    def queries() -> int:
        alices.get(home.get_absolute_url())
        with CaptureQueriesContext(connection) as asked:
            assert alices.get(home.get_absolute_url()).status_code == 200
        return len(asked)

    fill(home, link, 2)
    few = queries()
    for number in range(3, 6):
        fill(home, link, number)
    assert queries() == few <= MOST_QUERIES


def fill(home: Property, link: StayLink, number: int) -> Any:
    """One more calendar with a stay, a link of ours, and a sale."""
    url = f"https://www.vrbo.com/icalendar/{number}.ics"
    feed = cast.a_feed(home, url, last_good_at=cast.NOW, last_read_at=cast.NOW)
    cast.an_import(feed, cast.nights(5 * number, 2))
    cast.an_export(home, ("booking", "vrbo", "airbnb", "google")[number - 2])
    return a_purchase(link, "confirmed", amount=1_000)


def test_what_needs_the_host_stands_first_also_when_it_is_nothing(
    alices: Client, home: Property, feed: Feed
) -> None:
    page = look(alices, home)
    assert 0 < page.index("What needs you") < page.index("The next 30 nights")
