"""Card payments come later; what holds already is the price, and that each purchase ends once."""

from collections.abc import Callable
from itertools import permutations

import pytest
from django.utils import timezone

from calendars import ledger
from calendars.models import Block
from properties.models import Property
from tests import cast
from tests.conftest import Listing
from tests.stories.test_a_purchase import (  # noqa: F401 - collected here under the promise's name
    booked,
    test_a_price_that_changed_meanwhile_is_shown_before_it_is_charged,
    test_settling_twice_or_pressing_twice_changes_nothing,
)
from upsells import checkout
from upsells.models import Offer, Purchase, StayLink


def test_a_later_price_does_not_touch_a_purchase_under_way(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = checkout.begin(link, cast.more_nights(home), 2 * 9_900, timezone.now())
    Offer.objects.update(nightly_price=50_000)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    purchase.refresh_from_db()
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    purchase.refresh_from_db()
    assert (purchase.state, purchase.amount) == (Purchase.State.CONFIRMED, 2 * 9_900)


ENDINGS: dict[str, Callable[[Purchase], object]] = {
    "confirm": lambda purchase: checkout.decide(purchase, timezone.now()),
    "late": lambda purchase: checkout.decide(purchase, timezone.now() + checkout.GIVE_UP_AFTER),
    "cancel": lambda purchase: checkout.cancel(purchase, timezone.now()),
    "sweep": lambda _purchase: checkout.release_lapsed(timezone.now() + checkout.GIVE_UP_AFTER),
}


@pytest.mark.parametrize("order", list(permutations(ENDINGS)), ids=" ".join)
def test_in_whatever_order_things_happen_a_sale_is_a_block_and_nothing_else_is(
    home: Property,
    place: Listing,
    link: StayLink,
    order: tuple[str, ...],
) -> None:
    purchase = booked(link, cast.more_nights(home))
    checkout.look_again(purchase, timezone.now())
    for step in order:
        ENDINGS[step](purchase)
        purchase.refresh_from_db()
        sold = Block.objects.filter(reference=purchase.public_id, origin=Block.Origin.SALE).exists()
        assert sold == (purchase.state == Purchase.State.CONFIRMED)
    assert ledger.differences(home) == []
