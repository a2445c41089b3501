"""Which site a pasted link belongs to, and whether it is the wrong page of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels import CHANNELS, looks_like_listing_page, recognise

FEED_LINKS = [
    ("https://www.airbnb.com/calendar/ical/123.ics?s=0", "airbnb"),
    ("https://www.airbnb.co.uk/calendar/ical/123.ics?t=0&locale=en", "airbnb"),
    ("https://www.airbnb.com.au/calendar/ical/123.ics?s=0", "airbnb"),
    ("http://airbnb.localhost:8900/calendar/ical/123.ics", "airbnb"),
    ("https://ical.booking.com/v1/export?t=0", "booking"),
    ("https://ical.booking.com/v1/export/t/0.ics", "booking"),
    ("https://admin.booking.com/hotel/hoteladmin/ical.html?t=0", "booking"),
    ("http://www.vrbo.com/icalendar/0.ics?nonTentative", "vrbo"),
    ("https://www.abritel.fr/icalendar/0.ics", "vrbo"),
    ("https://www.fewo-direkt.de/icalendar/0.ics", "vrbo"),
    ("https://www.homeaway.co.nz/icalendar/0.ics", "vrbo"),
    ("https://www.stayz.com.au/icalendar/0.ics", "vrbo"),
    ("https://www.bookabach.co.nz/icalendar/0.ics", "vrbo"),
    ("https://www.expediapartnercentral.com/ical/0.ics", "expedia"),
    ("webcal://calendar.google.com/calendar/ical/x/public/basic.ics", "google"),
    ("https://ycs.agoda.com/en-us/api/ari/icalendar?key=a%2bb", "agoda"),
    ("https://www.tripadvisor.it/ical/0.ics", "tripadvisor"),
    ("https://ebooking.ctrip.com/ebkovsroom/icalendar/export/0.ics", "tripcom"),
    ("https://api.host.holidu.com/pmc/rest/apartments/1/ical.ics?key=0", "holidu"),
    ("https://my-api.hometogo.com/api/calendar/export/0.ics", "hometogo"),
    ("https://login.smoobu.com/ical/1.ics?s=0", "smoobu"),
    ("https://app.guesty.com/api/public/icalendar-dashboard-api/export/0", "guesty"),
    ("https://platform.hostaway.com/ical/0/listings/1.ics", "hostaway"),
    ("https://api.hospitable.com/v1/properties/reservations.ics?key=1&token=0", "hospitable"),
    ("https://app.ownerrez.com/feeds/ical/0", "ownerrez"),
    ("https://api.beds24.com/ical/0", "beds24"),
    ("https://www.lodgify.com/ical/0.ics", "lodgify"),
    ("https://www.avaibook.com/ical/0.ics", "avaibook"),
    ("https://www.icnea.net/ical/0.ics", "icnea"),
    ("https://www.amenitiz.io/ical/0.ics", "amenitiz"),
    ("https://www.avantio.com/ical/0.ics", "avantio"),
    ("https://example.org/a.ics", "other"),
    ("https://airbnb.example.org/a.ics", "other"),
    ("https://notairbnb.com/a.ics", "other"),
    ("https://example.org/airbnb.com/a.ics", "other"),
    ("airbnb.com/calendar/ical/123.ics", "airbnb"),
    ("", "other"),
    ("https://[", "other"),
]
LISTING_PAGES = [
    "https://www.airbnb.com/rooms/123?check_in=2026-12-01",
    "https://www.airbnb.es/hosting/listings/123",
    "airbnb.com/h/example-house",
    "https://www.booking.com/hotel/it/example.en-gb.html",
    "https://www.vrbo.com/123ha",
    "https://www.vrbo.com/1234567",
    "https://www.abritel.fr/location-vacances/p1234567vb",
    "https://calendar.google.com/calendar/u/0/r/month",
    "https://www.expedia.com/Example-Hotel.h123.Hotel-Information",
    "https://www.agoda.com/example/hotel/rome-it.html",
    "https://www.tripadvisor.com/VacationRentalReview-g1-d2-Example.html",
]


@pytest.mark.parametrize(("url", "key"), FEED_LINKS)
def test_a_link_is_recognised_by_its_host_and_is_not_taken_for_a_listing(url: str, key: str) -> None:
    assert recognise(url) == key
    assert looks_like_listing_page(url) is False


@pytest.mark.parametrize("url", LISTING_PAGES)
def test_a_pasted_listing_or_dashboard_page_is_noticed(url: str) -> None:
    assert looks_like_listing_page(url) is True


@given(st.text())
def test_no_text_makes_recognition_fail(url: str) -> None:
    assert recognise(url) in CHANNELS
    assert looks_like_listing_page(url) in (True, False)


def test_every_channel_has_a_name_and_two_initials() -> None:
    assert all(channel.key == key and len(channel.initials) == 2 for key, channel in CHANNELS.items())
    assert len({channel.initials for channel in CHANNELS.values()}) == len(CHANNELS)
    assert CHANNELS["smoobu"].is_manager
    assert not CHANNELS["airbnb"].is_manager
