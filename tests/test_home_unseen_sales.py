"""Home and sales that sites don't know of yet: the figure, the first steps, and what needs the host."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from calendars import receipts, unread
from calendars.models import ExportLink
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text

HOUR = timedelta(hours=1)
READERS = {"airbnb": "Airbnb", "booking": "Booking.com", "vrbo": "Vrbo"}
KNOWN = "All sites know what you sell"


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


def read(link: ExportLink) -> None:
    link.refresh_from_db()
    agent = READERS[link.channel]
    receipts.write([receipts.Pull(link.public_id, link.body_version, agent, cast.NOW - HOUR)])


def figure(browser: Client) -> str:
    return text(browser.get("/")).partition("Links read by the sites")[2]


# The figure


def test_sites_know_what_is_sold_only_once_each_has_read_every_sale(alices: Client, home: Property) -> None:
    airbnb, booking = cast.an_export(home), cast.an_export(home, "booking")
    assert "0 of 2" in figure(alices)
    for link in (airbnb, booking):
        read(link)
    assert KNOWN in figure(alices)
    cast.a_sale(home, cast.nights(4, 2))
    assert "1 sale not seen everywhere yet" in figure(alices)
    read(airbnb)
    cast.a_sale(home, cast.nights(9, 2), reference="another")
    read(airbnb)
    page = text(alices.get("/"))
    assert "2 sales not seen by Booking.com yet" in page
    assert KNOWN not in page
    where = reverse("calendars:connections", args=[home.public_id])
    assert f'<a class="card kpi" href="{where}#link-{booking.public_id}">' in page
    read(booking)
    assert KNOWN in figure(alices)


def test_a_sale_whose_nights_are_over_waits_for_nobody(alices: Client, home: Property) -> None:
    read(cast.an_export(home))
    cast.a_sale(home, cast.nights(1, 1))
    assert KNOWN not in figure(alices)
    with time_machine.travel(cast.NOW + timedelta(days=3), tick=False):
        alices.force_login(home.organization.memberships.get().user)
        assert KNOWN in figure(alices)


def test_a_member_who_may_not_connect_is_told_without_a_link(client: Client, home: Property) -> None:
    read(cast.an_export(home))
    cast.a_sale(home)
    client.force_login(cast.a_member(home.organization, "bob@example.org", Role.VIEWER))
    page = text(client.get("/"))
    assert "1 sale not seen by Airbnb yet" in page
    assert 'a class="card kpi"' not in page


def test_the_link_of_a_mirrored_unit_that_no_site_was_given_is_not_waited_for(
    alices: Client, organization: Organization, home: Property
) -> None:
    cast.a_unit(home, cast.a_connection(organization), last_good_at=cast.NOW)
    read(cast.an_export(home))
    cast.an_export(home, "other")
    cast.a_sale(home)
    assert "1 sale not seen by Airbnb yet" in figure(alices)


# The first steps


def test_the_first_sale_says_which_sites_do_not_know_of_it_and_the_list_stays_until_all_do(
    alices: Client, home: Property
) -> None:
    links = [cast.an_export(home, channel) for channel in READERS]
    cast.a_sale(home)
    a_purchase(cast.a_stay_link(home), "confirmed")
    assert "Made. 3 sites don't know of it yet: paste the links." in text(alices.get("/"))
    for link in links[:2]:
        read(link)
    assert "Made. 1 site doesn't know of it yet: paste its link." in text(alices.get("/"))
    read(links[2])
    assert "First sale" not in text(alices.get("/"))


def test_a_sale_that_is_over_closes_nothing_at_sites_that_never_read_their_links(
    alices: Client, home: Property
) -> None:
    cast.an_export(home)
    a_purchase(cast.a_stay_link(home), "confirmed")
    page = text(alices.get("/"))
    assert "<p>Made.</p>" in page
    assert "Every site closes those nights" not in page


def test_links_of_a_further_home_do_not_bring_the_first_steps_back(
    alices: Client, organization: Organization, home: Property
) -> None:
    read(cast.an_export(home))
    a_purchase(cast.a_stay_link(home), "confirmed")
    further = cast.a_property(organization, "Villa Further")
    cast.an_export(further)
    cast.a_sale(further)
    page = text(alices.get("/"))
    assert "Get ready to sell" not in page
    assert "No site has read your sale of" in page


# What needs the host


def test_sold_nights_that_no_site_has_read_need_the_host_at_once(alices: Client, home: Property) -> None:
    airbnb, _booking = cast.an_export(home), cast.an_export(home, "booking")
    cast.a_sale(home, cast.nights(4, 2))
    needs = text(alices.get("/")).partition("What needs you")[2]
    assert re.search(r"<b>No site has read your sale of 5\W+7 Dec at Casa Gràcia</b>", needs)
    assert f"#link-{airbnb.public_id}" in needs
    cast.a_sale(home, cast.nights(9, 2), reference="another")
    assert "your 2 sales at Casa Gràcia" in text(alices.get("/"))
    assert "your 2 sales at" in text(alices.get(home.get_absolute_url()))
    read(airbnb)
    assert "No site has read" not in text(alices.get("/")), "one site knows, and the other is waited for"


def test_an_alert_about_the_link_takes_the_place_of_the_sales(alices: Client, home: Property) -> None:
    cast.an_export(home)
    cast.a_sale(home)
    assert "No site has read" in text(alices.get("/"))
    unread.watch(cast.NOW + timedelta(days=2), cast.NOW - timedelta(days=30))
    page = text(alices.get("/"))
    assert "Airbnb has never read its Amplistay link" in page
    assert "No site has read" not in page
