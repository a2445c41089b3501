"""Seeded runs through database and simulator: guests, hosts, channels, workers and faults in any order.

PAYMENT_RUNS_DB sets how many. tests/domain/test_payments.py takes the same rules through thousands without both.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Organization
from calendars.models import Block
from connectors.stripe_words import Refused, Unreachable
from tests import cast, tills
from tests.conftest import Listing, read
from tests.tills import Till
from upsells import cancelling, checkout, payments
from upsells.models import Offer, Purchase, StayLink

RUNS = int(os.environ.get("PAYMENT_RUNS_DB", "40"))
PARTS = 4
STEPS = 14
State = Purchase.State
FAULTS = (
    "drop_request",
    "drop_reply",
    "error_before",
    "error_after",
    "too_many",
    "authorisation_gone",
    "refund_fails",
)
CARDS = (tills.GOOD, tills.GOOD, tills.GOOD, tills.DECLINED, tills.ASKS_BANK)


class Run:
    """One guest's purchase and everything that may happen to it."""

    def __init__(
        self, seed: int, link: StayLink, till: Till, place: Listing, traveller: time_machine.Traveller
    ) -> None:
        self.dice = Random(seed)  # noqa: S311 - dice, no secret
        self.link, self.till, self.place, self.traveller = link, till, place, traveller
        self.start = timezone.now()
        Offer.objects.update(mode=self.dice.choice(["instant", "instant", "approval"]))
        if self.dice.random() < 0.2:
            self.fault()
        self.payment = tills.at_the_page(link, till)
        self.late = ""

    @property
    def purchase(self) -> Purchase:
        return Purchase.objects.select_related("property__organization").get(pk=self.payment.purchase_id)

    @property
    def now(self) -> datetime:
        return timezone.now()

    def go(self, action: str) -> None:
        getattr(self, action)()

    def pay(self) -> None:
        self.payment.refresh_from_db()
        if self.payment.url:
            self.till.pay(self.payment, self.dice.choice(CARDS))

    def fault(self) -> None:
        self.till.fault(self.dice.choice(FAULTS), count=self.dice.choice([1, 1, 2]))

    def work(self) -> None:
        payments.pursue(self.payment, self.now, self.till.stripe)

    def message(self) -> None:
        payments.ask_again(self.now, pk=self.payment.pk)

    def settle(self) -> None:
        if self.purchase.state == State.CHECKING:
            checkout.look_again(self.purchase, self.now)
            checkout.decide(self.purchase, self.now)

    def settle_late(self) -> None:
        """The look at the feeds came to nothing in time."""
        if self.purchase.state == State.CHECKING:
            self.jump(timedelta(seconds=40))
            checkout.decide(self.purchase, self.now)

    def agree(self) -> None:
        checkout.agree(self.purchase, self.now)

    def refuse(self) -> None:
        checkout.refuse(self.purchase, self.now)

    def let_go(self) -> None:
        checkout.let_go(self.purchase, self.now)

    def cancel(self) -> None:
        share = self.dice.choice([0, 50, 100])
        cancelling.cancel(self.purchase, self.now, self.purchase.price.share(share))

    def sweep(self) -> None:
        checkout.release_lapsed(self.now)
        payments.reconcile(self.now)

    def orphans(self) -> None:
        with suppress(Refused, Unreachable):
            payments.end_orphans(tills.ACCOUNT, self.now, self.till.stripe)

    def book(self) -> None:
        """A channel's booking of one of the nights, seen at the next read."""
        if not self.late:
            self.late = self.place.book(*cast.stay_of(self.link.property, 4, 5), guest="Quick")

    def jump(self, by: timedelta | None = None) -> None:
        by = by or timedelta(minutes=self.dice.choice([1, 3, 11, 30]))
        self.traveller.shift(by)
        self.till.ahead(int((self.now - self.start).total_seconds()))

    def rest(self) -> None:
        """Nothing new happens any more; workers and sweeps go on."""
        self.till.mended()
        for _ in range(30):
            self.jump(timedelta(minutes=6))
            self.sweep()
            self.orphans()
            self.settle()
            self.work()
            self.payment.refresh_from_db()
            over = self.purchase.state not in {State.PAYING, State.CHECKING, State.ASKED, State.CAPTURING}
            if over and self.payment.check_at is None and not self.payment.owed:
                break
            if self.purchase.state == State.ASKED:
                self.dice.choice([self.agree, self.refuse])()


ACTIONS = (
    "pay pay work work work message settle settle settle_late agree refuse let_go cancel sweep orphans book jump "
    "fault fault"
)


def a_home(organization: Organization, listing: Callable[..., Listing]) -> tuple[StayLink, Listing]:
    """A home like the `home` and `place` fixtures make it, of this run's own."""
    home = cast.a_property(organization)
    place = listing("airbnb")
    place.book(*cast.stay_of(home, 0, 3))
    read(cast.a_feed(home, place.export_url))
    cast.an_offer(home, collection={"": "card"})
    return cast.a_stay_link(home), place


@pytest.mark.parametrize("part", range(PARTS))
def test_in_whatever_order_things_happen_and_fail_money_and_nights_agree_in_the_end(
    part: int,
    organization: Organization,
    till: Till,
    listing: Callable[..., Listing],
) -> None:
    ends: dict[str, int] = {}
    for seed in range(part * RUNS // PARTS, (part + 1) * RUNS // PARTS):
        till.mended()
        till.ahead(0)
        link, place = a_home(organization, listing)
        with time_machine.travel(timezone.now()) as traveller:
            run = Run(seed, link, till, place, traveller)
            done = [run.dice.choice(ACTIONS.split()) for _ in range(STEPS)]
            for action in done:
                run.go(action)
            run.rest()
        purchase = run.purchase
        story = f"seed {seed}: {' '.join(done)} -> {purchase.state} {purchase.reason}, {run.payment.state}"
        assert tills.disagreements(link.property, till) == [], story
        assert run.payment.check_at is None, story
        sold = Block.objects.filter(reference=purchase.public_id)
        assert sold.exists() == (purchase.state == State.CONFIRMED), story
        ends[purchase.state] = ends.get(purchase.state, 0) + 1
    assert len(ends) > 1 or RUNS < 5 * PARTS  # the dice reach more than one end
