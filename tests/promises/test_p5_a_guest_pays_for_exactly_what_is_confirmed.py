"""Card payments come later; what holds already is the price, and that each purchase ends once."""

from collections.abc import Callable, Mapping

from django.db import transaction
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


type Acts = Mapping[str, Callable[[Purchase], object]]
type Check = Callable[[Purchase, tuple[str, ...]], None]

ENDINGS: Acts = {
    "confirm": lambda purchase: checkout.decide(purchase, timezone.now()),
    "late": lambda purchase: checkout.decide(purchase, timezone.now() + checkout.GIVE_UP_AFTER),
    "cancel": lambda purchase: cancelling.cancel(purchase, timezone.now()),
    "sweep": lambda _purchase: checkout.release_lapsed(timezone.now() + checkout.GIVE_UP_AFTER),
}


ANSWERS: Acts = {
    "agree": lambda purchase: checkout.agree(purchase, timezone.now()),
    "refuse": lambda purchase: checkout.refuse(purchase, timezone.now()),
    "take back": lambda purchase: checkout.let_go(purchase, timezone.now()),
    "no answer": lambda _purchase: checkout.release_lapsed(timezone.now() + checkout.HOST_ANSWERS_WITHIN),
    "decide": lambda purchase: checkout.decide(purchase, timezone.now()),
}


def in_every_order(
    acts: Acts, length: int, begun: Purchase, check: Check, done: tuple[str, ...] = ()
) -> None:
    """Let the acts follow each other in every order, as many as `length`, each time on what came of those before.

    What one order did is taken back before the next, so that orders which begin alike share their beginning.
    `check` sees the purchase after each act.
    """
    for name in [name for name in acts if name not in done] if len(done) < length else ():
        point = transaction.savepoint_create()
        purchase = Purchase.objects.get(pk=begun.pk)
        acts[name](purchase)
        order = (*done, name)
        check(purchase, order)
        in_every_order(acts, length, begun, check, order)
        transaction.savepoint_rollback(point)


def test_in_whatever_order_answers_come_a_question_is_settled_once(
    home: Property, place: Listing, link: StayLink
) -> None:
    Offer.objects.update(mode="approval")
    begun = booked(link)
    ends: dict[tuple[str, ...], list[str]] = {(): []}

    def check(purchase: Purchase, order: tuple[str, ...]) -> None:
        checkout.look_again(purchase, timezone.now())
        purchase.refresh_from_db()
        kept = Block.objects.filter(reference=purchase.public_id)
        waits = purchase.state in {Purchase.State.ASKED, Purchase.State.CHECKING}
        sold = purchase.state == Purchase.State.CONFIRMED
        assert kept.filter(origin=Block.Origin.HOLD).exists() == waits, order
        assert kept.filter(origin=Block.Origin.SALE).exists() == sold, order
        before = ends[order[:-1]]
        ends[order] = before + ([] if waits or purchase.state in before else [purchase.state])
        if len(order) == len(ANSWERS) - 1:
            assert len(ends[order]) <= 1, order
            assert ledger.differences(home) == [], order

    in_every_order(ANSWERS, len(ANSWERS) - 1, begun, check)
    assert len(ends) == 1 + 5 + 20 + 60 + 120
    assert len({state for states in ends.values() for state in states}) > 1


def test_in_whatever_order_things_happen_a_sale_is_a_block_and_nothing_else_is(
    home: Property, place: Listing, link: StayLink
) -> None:
    begun = booked(link)
    checkout.look_again(begun, timezone.now())
    seen: dict[tuple[str, ...], str] = {}

    def check(purchase: Purchase, order: tuple[str, ...]) -> None:
        purchase.refresh_from_db()
        sold = Block.objects.filter(reference=purchase.public_id, origin=Block.Origin.SALE).exists()
        assert sold == (purchase.state == Purchase.State.CONFIRMED), order
        seen[order] = purchase.state
        if len(order) == len(ENDINGS):
            assert ledger.differences(home) == [], order

    in_every_order(ENDINGS, len(ENDINGS), begun, check)
    assert len(seen) == 4 + 12 + 24 + 24
    assert len(set(seen.values())) > 1
