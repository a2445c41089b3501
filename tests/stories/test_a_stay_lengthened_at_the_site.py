"""The host alters the stay at the booking site itself, which our sale must not prevent nor open to anybody else."""

from datetime import timedelta

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from calendars import exports, ledger, linking, readership, receipts, suspensions
from calendars.models import Alert, Block, ExportLink, Feed, Suspension
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.upsells.pages import a_purchase, text
from upsells.models import Purchase, StayLink

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


class Site:
    """The simulated Airbnb with the guest's stay of three nights, and our link pasted into it."""

    def __init__(self, place: Listing, home: Property, airbnb: ExportLink) -> None:
        self.place, self.home = place, home
        self.arrival, self.departure = cast.stay_of(home, 0, 3)
        self.feed = Feed.objects.get(property=home)
        place.imports(exports.address(airbnb))
        self.looks()

    def looks(self) -> None:
        """It reads our link; the receipt is written."""
        self.place.read_imports()
        receipts.flush()

    def alter(self, nights: int, guest: str = "Marta Puig") -> int:
        """The status of its answer to the host who wants the stay to last so many nights."""
        bookings = self.place.state()["bookings"]
        (stay,) = (each for each in bookings if each["guest"] == guest)
        path = f"/api/listings/{self.place.id}/bookings/{stay['id']}"
        days = {"arrival": str(self.arrival), "departure": str(self.arrival + nights * DAY)}
        return self.place.simulator.call("PATCH", path, **days).status_code

    def is_read(self) -> None:
        """We read its calendar."""
        read(self.feed, timezone.now())


@pytest.fixture
def site(home: Property, place: Listing, live_server: LiveServer, settings: Settings) -> Site:
    settings.SITE_URL = live_server.url
    cast.an_export(home, "booking")
    sold = Span(*cast.stay_of(home, 3, 5))
    with ledger.changing(home, timezone.now()) as change:
        until = timezone.now() + timedelta(minutes=10)
        ledger.hold(change, sold, until=until, reference="sold", side="leaving")
        ledger.confirm(change, "sold")
    site = Site(place, home, cast.an_export(home))
    ExportLink.objects.update(created_at=timezone.now() - DAY)
    return site


@pytest.fixture
def sold(site: Site, link: StayLink) -> Purchase:
    nights = Block.objects.get(reference="sold").nights
    return a_purchase(link, "confirmed", public_id="sold", nights=nights, decided_at=timezone.now())


def post(browser: Client, sold: Purchase, name: str) -> str:
    """The page that the host comes to."""
    airbnb = ExportLink.objects.get(channel="airbnb").public_id
    path = reverse(f"upsells:{name}", args=[sold.property.public_id, "sold", airbnb])
    return text(browser.post(path, follow=True))


def is_read_by_booking(link: ExportLink) -> None:
    link.refresh_from_db()
    reader = "Booking.com iCal importer"
    receipts.write([receipts.Pull(link.public_id, link.body_version, reader, timezone.now())])


def tells(channel: str) -> bool:
    """Whether the channel's link tells of the sale."""
    return b"SUMMARY:Reserved" in bytes(ExportLink.objects.get(channel=channel).body)


def conflicts() -> int:
    return Alert.objects.open().filter(kind=Alert.Kind.CONFLICT).count()


def test_a_sale_makes_way_in_one_link_until_the_site_shows_the_longer_stay_itself(
    site: Site, sold: Purchase, alices: Client
) -> None:
    assert site.alter(5) == requests.codes.conflict  # it reads the nights as closed by us

    assert "still has these nights closed" in post(alices, sold, "lengthen")
    assert (tells("airbnb"), tells("booking")) == (False, True)
    assert site.alter(5) == requests.codes.conflict  # until it looks
    site.looks()
    page = text(alices.get(reverse("upsells:purchase", args=[site.home.public_id, "sold"])))
    assert "Alter the guest's reservation there now" in page
    assert site.alter(5) == requests.codes.ok

    site.is_read()
    assert Suspension.objects.get().shown_at is not None
    assert (tells("airbnb"), tells("booking"), conflicts()) == (False, True, 0)
    page = text(alices.get(reverse("upsells:purchase", args=[site.home.public_id, "sold"])))
    assert "shows the longer stay" in page
    assert cast.busy(site.home) == [(site.arrival, site.arrival + 5 * DAY)]

    assert site.alter(3) == requests.codes.ok  # and back again: nobody waits for more reads to agree
    site.is_read()
    assert (tells("airbnb"), tells("booking")) == (True, True)
    assert Suspension.objects.get().shown_at is None


def test_what_the_site_has_not_shown_within_a_day_is_closed_there_again_and_counts_as_unseen(
    site: Site, sold: Purchase, alices: Client
) -> None:
    airbnb = ExportLink.objects.get(channel="airbnb")
    sale = Block.objects.get(reference="sold")
    assert receipts.seen(sale)[airbnb] is not None
    post(alices, sold, "lengthen")
    assert airbnb not in receipts.seen(sale)
    assert linking.end_suspensions(timezone.now() + suspensions.LASTS - DAY / 100) == 0
    assert linking.end_suspensions(timezone.now() + suspensions.LASTS) == 1
    assert tells("airbnb")
    assert receipts.seen(sale)[airbnb] is None
    back = Suspension.objects.get().back_at
    (told,) = (each for each in readership.exposures(sale, timezone.now()) if each.link == airbnb)
    assert (told.since, told.is_late) == (back, False)  # the site has the whole time once more
    site.looks()
    assert receipts.seen(sale)[airbnb] is not None
    assert ledger.differences(site.home) == []


def test_a_stranger_who_books_the_opened_nights_is_a_double_booking_and_no_longer_stay(
    site: Site, sold: Purchase, alices: Client
) -> None:
    post(alices, sold, "lengthen")
    site.looks()
    site.place.book(*cast.stay_of(site.home, 3, 5), guest="Emily Clark")
    site.is_read()
    assert (Suspension.objects.get().shown_at, conflicts()) == (None, 1)
    post(alices, sold, "stop-lengthening")
    assert tells("airbnb")


def test_what_the_site_only_reads_back_from_us_is_no_longer_stay(
    site: Site, sold: Purchase, alices: Client
) -> None:
    """It joins what touches, as some do, and hasn't looked since the sale was left out."""
    Feed.objects.update(channel="booking")  # whose words don't tell a guest from a closure
    ExportLink.objects.filter(channel="booking").update(revoked_at=timezone.now())
    ExportLink.objects.filter(channel="airbnb").update(channel="booking")
    whole = Span(site.arrival, site.arrival + 5 * DAY)
    sale, link = Block.objects.get(reference="sold"), ExportLink.objects.get(revoked_at=None)
    is_read_by_booking(link)
    with ledger.changing(site.home, timezone.now()) as change:
        linking.suspend(change, sale, link, site.feed)
    cast.an_import(site.feed, whole, now=timezone.now(), uid="joined")
    assert Suspension.objects.get().shown_at is None
    is_read_by_booking(link)
    Block.objects.filter(uid="joined").delete()
    cast.an_import(site.feed, whole, now=timezone.now(), uid="lengthened")
    assert Suspension.objects.get().shown_at is not None


def test_the_hosts_word_counts_where_the_sites_words_tell_no_guests_apart(
    site: Site, sold: Purchase, alices: Client
) -> None:
    """And nowhere else: a site that names its guests shows one stay, and a second one is somebody else's."""
    post(alices, sold, "lengthen")
    site.looks()
    cast.an_import(site.feed, Span(*cast.stay_of(site.home, 3, 5)), now=timezone.now(), uid="second part")
    assert (Suspension.objects.get().shown_at, conflicts()) == (None, 1)
    post(alices, sold, "lengthened")
    assert (Suspension.objects.get().shown_at, conflicts()) == (None, 1)
    page = text(alices.get(reverse("upsells:purchase", args=[site.home.public_id, "sold"])))
    assert "Another booking wants these nights" in page
    assert "The stay is longer at" not in page

    Feed.objects.update(channel="booking")
    ExportLink.objects.filter(channel="booking").update(channel="vrbo")
    ExportLink.objects.filter(channel="airbnb").update(channel="booking")
    with ledger.changing(site.home, timezone.now()) as change:
        change.touched = True
    assert (Suspension.objects.get().shown_at is not None, conflicts()) == (True, 0)


def test_pressed_in_two_tabs_it_begins_once_and_stale_buttons_say_so(
    site: Site, sold: Purchase, alices: Client
) -> None:
    post(alices, sold, "lengthen")
    begun = Suspension.objects.get()
    post(alices, sold, "lengthen")
    again = Suspension.objects.get()
    assert (again.since_version, again.since) == (begun.since_version, begun.since)
    assert again.until > begun.until
    site.looks()
    assert "Alter the guest's reservation there now" in post(alices, sold, "lengthen")
    assert site.alter(5) == requests.codes.ok
    site.is_read()
    for stale in ("stop-lengthening", "lengthened"):
        assert "it isn't as you saw it any more" in post(alices, sold, stale)
    assert Suspension.objects.get().shown_at is not None
    assert not tells("airbnb")


def test_a_calendar_that_is_removed_meanwhile_lets_the_sale_come_back_unseen(
    site: Site, sold: Purchase, alices: Client
) -> None:
    airbnb, sale = ExportLink.objects.get(channel="airbnb"), Block.objects.get(reference="sold")
    post(alices, sold, "lengthen")
    site.looks()
    with ledger.changing(site.home, timezone.now()) as change:
        ledger.remove_feed(change, site.feed)
    assert tells("airbnb")
    assert receipts.seen(sale)[airbnb] is None
    site.looks()
    assert receipts.seen(sale)[airbnb] is not None


def test_the_site_of_the_stay_comes_first_and_the_others_are_folded_away(
    site: Site, sold: Purchase, alices: Client
) -> None:
    cast.a_feed(site.home, "https://ical.booking.com/1.ics")  # it tells of no stay, or only repeats Airbnb's
    path = reverse("upsells:purchase", args=[site.home.public_id, "sold"])
    card = text(alices.get(path)).partition('id="lengthen"')[2].partition("</section>")[0]
    shown, _summary, folded = card.partition("The guest booked at another site…")
    assert ("at Airbnb" in shown, "at Booking.com" in shown, "at Booking.com" in folded) == (
        True,
        False,
        True,
    )
    Block.objects.filter(origin="feed").delete()
    card = text(alices.get(path)).partition('id="lengthen"')[2].partition("</section>")[0]
    shown, _summary, folded = card.partition("Choose where the guest booked…")
    assert "Let me change it" not in shown
    assert "at Airbnb" in folded


def test_hours_and_sales_that_are_over_or_cancelled_offer_no_way(
    site: Site, sold: Purchase, alices: Client
) -> None:
    path = reverse("upsells:purchase", args=[site.home.public_id, "sold"])
    assert "Let me change it at Airbnb" in text(alices.get(path))
    with ledger.changing(site.home, timezone.now()) as change:
        ledger.release(change, "sold")
    assert "Let me change it at Airbnb" not in text(alices.get(path))
    assert "it isn't as you saw it any more" in post(alices, sold, "lengthen")
    assert not Suspension.objects.exists()
