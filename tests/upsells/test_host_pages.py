import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Feed, date_range
from properties.models import Property
from tests import cast
from tests.upsells.pages import text
from upsells.models import Offer, Purchase, StayLink


def offer_page(home: Property) -> str:
    return reverse("upsells:offer", args=[home.public_id])


def test_switching_extra_nights_on_shows_what_a_guest_would_see(alices: Client, home: Property) -> None:
    answer = alices.post(offer_page(home), {"active": "on", "price": "89", "max_nights": "2"}, follow=True)
    offer = Offer.objects.get()
    assert (offer.active, offer.nightly_price, offer.max_nights) == (True, 8_900, 2)
    assert "Extra nights are on sale." in text(answer)
    assert "€178.00" in text(answer)
    assert "€267.00" not in text(answer)


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", ""), ("price", "0"), ("price", "-1"), ("price", "1.999"), ("price", "1e99"), ("price", "NaN"),
     ("max_nights", "0"), ("max_nights", "31"), ("max_nights", "many")],
)  # fmt: skip
def test_a_price_or_number_that_cannot_be_is_answered_with_422_and_nothing_is_saved(
    alices: Client, home: Property, field: str, value: str
) -> None:
    answer = alices.post(offer_page(home), {"active": "on", "price": "89", "max_nights": "2", field: value})
    assert answer.status_code == 422
    assert "error-summary" in text(answer)
    assert not Offer.objects.exists()


def test_the_host_is_told_why_guests_see_nothing(alices: Client, home: Property) -> None:
    cast.an_offer(home)
    assert "no calendar is connected" in text(alices.get(offer_page(home)))
    feed = cast.a_feed(home)
    assert "wasn't read in the last hour" in text(alices.get(offer_page(home)))
    Feed.objects.filter(pk=feed.pk).update(last_good_at=timezone.now(), paused_at=timezone.now())
    assert "a calendar is paused" in text(alices.get(offer_page(home)))
    Feed.objects.filter(pk=feed.pk).update(paused_at=None)
    assert "Guests see nothing" not in text(alices.get(offer_page(home)))


def test_the_guest_page_has_one_address_until_it_is_renewed(alices: Client, home: Property) -> None:
    page = reverse("upsells:guest-page", args=[home.public_id])
    first = alices.get(page).context["address"]
    assert alices.get(page).context["address"] == first
    alices.post(reverse("upsells:renew-link", args=[home.public_id]))
    second = alices.get(page).context["address"]
    assert second != first
    assert StayLink.objects.live().count() == 1


def test_the_qr_code_scales_on_a_white_ground(alices: Client, home: Property) -> None:
    answer = alices.get(reverse("upsells:qr", args=[home.public_id]))
    assert answer["Content-Type"] == "image/svg+xml"
    svg = answer.content.decode()
    assert "viewBox" in svg
    assert 'fill="#fff"' in svg


def test_a_sale_taken_back_opens_its_nights_and_says_so(alices: Client, home: Property) -> None:
    now = timezone.now()
    link = cast.a_stay_link(home)
    sale = Purchase.objects.create(
        organization_id=home.organization_id, property=home, stay_link=link, state="confirmed",
        nights=date_range(cast.nights(3, 2)), amount=19_800, currency="EUR", guest_name="Marta Puig",
        guest_email="marta@example.org", created_at=now, held_until=now, requested_at=now,
    )  # fmt: skip
    with ledger.changing(home, now) as change:
        ledger.hold(change, sale.span, until=now, reference=sale.public_id)
        ledger.confirm(change, sale.public_id)
    sales = reverse("upsells:sales", args=[home.public_id])
    assert "marta@example.org" in text(alices.get(sales))
    assert cast.busy(home) == [(sale.span.start, sale.span.end)]
    cancel = reverse("upsells:cancel", args=[home.public_id, sale.public_id])
    assert "Cancelled." in text(alices.post(cancel, follow=True))
    assert cast.busy(home) == []
    assert "Only a confirmed sale can be cancelled." in text(alices.post(cancel, follow=True))


def test_before_the_first_sale_the_page_says_how_to_make_one(alices: Client, home: Property) -> None:
    page = text(alices.get(reverse("upsells:sales", args=[home.public_id])))
    assert "Nothing sold here yet" in page
    assert reverse("upsells:guest-page", args=[home.public_id]) in page
