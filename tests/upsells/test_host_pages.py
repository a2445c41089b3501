"""The host's pages beside the offers: the guest page with its message, requests, and sales."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Alert, Feed
from properties.models import Property
from tests import cast
from tests.upsells.hosts import post
from tests.upsells.pages import DEPARTURE, a_purchase, text
from upsells.models import Offer, Purchase, StayLink

# The guest page


def test_the_guest_page_has_one_address_until_it_is_renewed(alices: Client, home: Property) -> None:
    page = reverse("upsells:guest-page", args=[home.public_id])
    first = alices.get(page).context["address"]
    assert alices.get(page).context["address"] == first
    alices.post(reverse("upsells:renew-link", args=[home.public_id]))
    second = alices.get(page).context["address"]
    assert second != first
    assert StayLink.objects.live().count() == 1


def test_before_the_link_is_handed_out_the_page_says_what_keeps_guests_from_buying(
    alices: Client, home: Property
) -> None:
    page = reverse("upsells:guest-page", args=[home.public_id])
    assert "No calendar is connected" in text(alices.get(page))
    link = "https://www.airbnb.com/calendar/ical/1.ics?s=secret"
    cast.a_feed(home, link, last_read_at=timezone.now(), last_good_at=timezone.now())
    assert "Nothing is on sale yet" in text(alices.get(page))
    cast.an_offer(home)
    assert 'class="banner' not in text(alices.get(page))


def test_guests_of_a_site_have_an_address_of_their_own_and_pay_the_way_of_that_site(
    alices: Client, home: Property, offer: Offer
) -> None:
    Offer.objects.update(collection={"airbnb": "channel", "": "property"})
    page = reverse("upsells:guest-page", args=[home.public_id])
    every, airbnbs = alices.get(page), alices.get(page, {"channel": "airbnb"})
    assert every.context["address"] != airbnbs.context["address"]
    assert "You pay at the property." in text(every)
    assert "I charge it through your booking site." in text(airbnbs)
    assert "channel=airbnb" in airbnbs.context["qr_url"]
    guests = Client().get(airbnbs.context["address"], {"departure": str(DEPARTURE), "persons": "2"})
    assert "through Airbnb" in text(guests)
    assert "through Airbnb" not in text(Client().get(every.context["address"], {"departure": str(DEPARTURE)}))

    alices.post(reverse("upsells:renew-link", args=[home.public_id]), {"channel": "airbnb"})
    assert alices.get(page).context["address"] == every.context["address"]
    assert alices.get(page, {"channel": "airbnb"}).context["address"] != airbnbs.context["address"]
    assert alices.get(page, {"channel": "<script>"}).context["address"] == every.context["address"]


def test_only_guests_of_sites_that_the_home_is_let_at_have_an_address_of_their_own(
    alices: Client, home: Property
) -> None:
    page = reverse("upsells:guest-page", args=[home.public_id])

    def sites() -> list[str]:
        return [site.key for site in alices.get(page).context["sites"]]

    assert sites() == ["airbnb", "booking", "vrbo"], "before any is connected"
    cast.a_feed(home)
    assert sites() == ["airbnb"]
    assert "such as Booking.com, aren't listed. Add such a stay yourself" in text(alices.get(page))
    cast.a_feed(home, "https://calendar.google.com/calendar/ical/a/basic.ics")
    assert sites() == ["airbnb", "booking", "vrbo"], "it may repeat what any of them sells"


def test_the_qr_code_scales_on_a_white_ground(alices: Client, home: Property) -> None:
    answer = alices.get(reverse("upsells:qr", args=[home.public_id]))
    assert answer["Content-Type"] == "image/svg+xml"
    svg = answer.content.decode()
    assert "viewBox" in svg
    assert 'fill="#fff"' in svg


@pytest.mark.parametrize(
    ("collection", "words"),
    [
        ({}, ("You pay at the property.", "Pay at the property.")),
        ({"": "channel"}, ("I charge it through your booking site.", "Pay through your booking site.")),
        ({"": "card"}, ("You pay by card, and only for what is confirmed.", "Pay by card.")),
    ],
)
def test_the_message_and_the_sheet_say_how_guests_pay(
    alices: Client, home: Property, offer: Offer, collection: dict[str, str], words: tuple[str, ...]
) -> None:
    Offer.objects.update(collection=collection)
    page = text(alices.get(reverse("upsells:guest-page", args=[home.public_id])))
    assert [word for word in words if word not in page] == []


def test_the_message_says_nothing_of_paying_where_it_depends_on_what_is_bought(
    alices: Client, home: Property, offer: Offer
) -> None:
    cast.an_offer(home, 1_500, kind="late_check_out", collection={"": "channel"})
    page = text(alices.get(reverse("upsells:guest-page", args=[home.public_id])))
    assert [words for words in ("You pay", "I charge", "Pay at", "Pay through") if words in page] == []


# Requests and sales


def sales_page(home: Property) -> str:
    return reverse("upsells:sales", args=[home.public_id])


@pytest.fixture
def asked(home: Property, link: StayLink) -> Purchase:
    """A guest asks for two nights, and what they want is kept."""
    purchase = a_purchase(
        link, "asked", guest_email="marta@example.org", lines=[["night", 19_800, "2026-12-04", ""]]
    )
    until = cast.NOW + timedelta(hours=20)
    with ledger.changing(home, cast.NOW) as change:
        ledger.hold(change, purchase.span, until=until, reference=purchase.public_id)
    return purchase


def test_a_request_says_what_is_asked_for_how_much_and_until_when(
    alices: Client, home: Property, asked: Purchase
) -> None:
    page = text(alices.get(sales_page(home)))
    for part in ("Guests who ask", "2 extra nights", "4–6 Dec 2026", "Marta Puig", "marta@example.org", "€198.00",
                 "Answer by 2 Dec, 06:00", "Every calendar was read within the last 20 minutes."):  # fmt: skip
        assert part in page, part
    Feed.objects.update(last_good_at=cast.NOW - timedelta(hours=3))
    assert "Airbnb was last read on 1 Dec, 07:00, more than an hour ago" in text(alices.get(sales_page(home)))


def test_agreeing_has_it_checked_and_refusing_frees_it(
    alices: Client, home: Property, asked: Purchase, link: StayLink
) -> None:
    assert "Agreed." in text(post(alices, "agree", home, asked.public_id))
    asked.refresh_from_db()
    assert (asked.state, asked.agreed_at) == ("checking", cast.NOW)
    assert "settled already" in text(post(alices, "agree", home, asked.public_id))
    assert "settled already" in text(post(alices, "refuse", home, asked.public_id))


def test_refusing_frees_what_was_kept_and_closes_the_alert(
    alices: Client, home: Property, asked: Purchase
) -> None:
    Alert.objects.create(
        organization=home.organization, property=home, kind=Alert.Kind.REQUEST, key=f"request {asked.public_id}",
        details={"guest": "Marta"}, opened_at=cast.NOW,
    )  # fmt: skip
    before = cast.busy(home)
    assert "Refused." in text(post(alices, "refuse", home, asked.public_id))
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("declined", "refused")
    assert cast.busy(home) != before
    assert not Alert.objects.open().exists()


def test_a_question_that_is_over_cannot_be_agreed_to(alices: Client, home: Property, asked: Purchase) -> None:
    Purchase.objects.update(answer_by=cast.NOW)
    assert "settled already" in text(post(alices, "agree", home, asked.public_id))
    asked.refresh_from_db()
    assert asked.state == "asked"


def test_a_sale_taken_back_opens_its_nights_and_says_so(alices: Client, home: Property) -> None:
    now = timezone.now()
    sale = a_purchase(cast.a_stay_link(home), "confirmed", guest_email="marta@example.org")
    with ledger.changing(home, now) as change:
        ledger.hold(change, sale.span, until=now, reference=sale.public_id)
        ledger.confirm(change, sale.public_id)
    assert "marta@example.org" in text(alices.get(sales_page(home)))
    assert cast.busy(home) == [(sale.span.start, sale.span.end)]
    assert "Cancelled." in text(post(alices, "cancel", home, sale.public_id, how="all"))
    assert cast.busy(home) == []
    assert "Nothing was cancelled" in text(post(alices, "cancel", home, sale.public_id, how="all"))


def test_before_the_first_sale_the_page_says_how_to_make_one(alices: Client, home: Property) -> None:
    page = text(alices.get(sales_page(home)))
    assert "Nothing sold here yet" in page
    assert reverse("upsells:guest-page", args=[home.public_id]) in page


def test_a_sale_that_the_host_charges_elsewhere_reminds_them_to(
    alices: Client, home: Property, link: StayLink
) -> None:
    sale = a_purchase(link, "confirmed", collection="channel")
    assert "Send the guest your request there." in text(
        alices.get(reverse("upsells:sales", args=[home.public_id]))
    )
    Purchase.objects.filter(pk=sale.pk).update(collection="property")
    assert "Send the guest" not in text(alices.get(reverse("upsells:sales", args=[home.public_id])))
