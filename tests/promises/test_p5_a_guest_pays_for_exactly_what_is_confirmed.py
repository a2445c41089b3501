"""Card payments come later; what holds already is the price, and that each purchase ends once."""

from collections.abc import Callable
from itertools import permutations

import pytest
from django.utils import timezone

from calendars import ledger
from calendars.models import Block
from properties.models import Property
from tests.conftest import Listing
from tests.stories.test_a_purchase import (  # noqa: F401 - collected here under the promise's name
    booked,
    held,
    test_a_price_that_changed_meanwhile_is_shown_before_it_is_charged,
    test_settling_twice_or_pressing_twice_changes_nothing,
)
from upsells import cancelling, checkout
from upsells.models import Offer, Purchase, StayLink


def test_a_later_price_does_not_touch_a_purchase_under_way(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = held(link)
    Offer.objects.update(price=50_000)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    purchase.refresh_from_db()
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    purchase.refresh_from_db()
    assert (purchase.state, purchase.amount) == (Purchase.State.CONFIRMED, 2 * 9_900)


ENDINGS: dict[str, Callable[[Purchase], object]] = {
    "confirm": lambda purchase: checkout.decide(purchase, timezone.now()),
    "late": lambda purchase: checkout.decide(purchase, timezone.now() + checkout.GIVE_UP_AFTER),
    "cancel": lambda purchase: cancelling.cancel(purchase, timezone.now()),
    "sweep": lambda _purchase: checkout.release_lapsed(timezone.now() + checkout.GIVE_UP_AFTER),
}


ANSWERS: dict[str, Callable[[Purchase], object]] = {
    "agree": lambda purchase: checkout.agree(purchase, timezone.now()),
    "refuse": lambda purchase: checkout.refuse(purchase, timezone.now()),
    "take back": lambda purchase: checkout.let_go(purchase, timezone.now()),
    "no answer": lambda _purchase: checkout.release_lapsed(timezone.now() + checkout.HOST_ANSWERS_WITHIN),
    "decide": lambda purchase: checkout.decide(purchase, timezone.now()),
}


@pytest.mark.parametrize("order", list(permutations(ANSWERS, 4)), ids=" ".join)
def test_in_whatever_order_answers_come_a_question_is_settled_once(
    home: Property, place: Listing, link: StayLink, order: tuple[str, ...]
) -> None:
    Offer.objects.update(mode="approval")
    purchase = booked(link)
    ends: list[str] = []
    for step in order:
        ANSWERS[step](purchase)
        checkout.look_again(purchase, timezone.now())
        purchase.refresh_from_db()
        kept = Block.objects.filter(reference=purchase.public_id)
        waits = purchase.state in {Purchase.State.ASKED, Purchase.State.CHECKING}
        assert kept.filter(origin=Block.Origin.HOLD).exists() == waits
        assert kept.filter(origin=Block.Origin.SALE).exists() == (purchase.state == Purchase.State.CONFIRMED)
        ends += [] if waits or purchase.state in ends else [purchase.state]
    assert len(ends) <= 1
    assert ledger.differences(home) == []


@pytest.mark.parametrize("order", list(permutations(ENDINGS)), ids=" ".join)
def test_in_whatever_order_things_happen_a_sale_is_a_block_and_nothing_else_is(
    home: Property,
    place: Listing,
    link: StayLink,
    order: tuple[str, ...],
) -> None:
    purchase = booked(link)
    checkout.look_again(purchase, timezone.now())
    for step in order:
        ENDINGS[step](purchase)
        purchase.refresh_from_db()
        sold = Block.objects.filter(reference=purchase.public_id, origin=Block.Origin.SALE).exists()
        assert sold == (purchase.state == Purchase.State.CONFIRMED)
    assert ledger.differences(home) == []
