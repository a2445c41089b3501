"""Imports, holds, sales, questions, cancellations and the clock in any order, against a model that fits a screen.

The model knows nothing of turnovers, rules or rows: claims are intervals on one local clock, and whoever is there
must leave the others time to clean. `MODEL_STEPS=20000` makes it a long walk.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from django.db.models import QuerySet
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from icalendar import Calendar as ICalendar

from calendars import ledger
from calendars.models import Block, ExportLink, Feed
from domain.offers import NIGHTLY, Quote
from domain.spans import NIGHT, Span, runs
from tests import cast
from upsells import cancelling, checkout, shelves
from upsells.models import Purchase, StayLink
from upsells.shelves import Side, Stay

STEPS = int(os.environ.get("MODEL_STEPS", "300"))
STEPS_OF_ONE = 40
ZONE = ZoneInfo("Asia/Kathmandu")  # no daylight saving, and not a whole number of hours from UTC
CHECK_OUT, CHECK_IN = time(11), time(15)
GAP = timedelta(hours=4)  # what these leave between two guests
DAYS = 12
MOMENT = timedelta(seconds=1)  # no two reads bring something at the same instant
DAY = st.integers(0, DAYS)
WAITING = {"held", "checking", "asked"}


@dataclass
class Claim:
    """Somebody's time: when they are there, on the home's own clock, and the nights they sleep."""

    nights: frozenset[date]
    comes: datetime
    leaves: datetime
    until: datetime | None = None  # a hold runs out
    sold: bool = False
    outside: bool = False


@dataclass
class Model:
    """All claims by name. What is closed, exported and possible follows by going through them one by one."""

    turnaround: timedelta
    claims: dict[str, Claim] = field(default_factory=dict)

    @property
    def pause(self) -> timedelta:
        """The time between two guests who keep to the house's times."""
        return min(self.turnaround, GAP)

    def takes(self, claim: Claim) -> frozenset[date]:
        """The nights that nobody else can have: those slept in, or those too near to bought hours."""
        if claim.nights:
            return claim.nights
        days = [claim.comes.date() + number * NIGHT for number in range(-2, 3)]
        return frozenset(
            night
            for night in days
            if _at(night, CHECK_IN) - self.pause < claim.leaves
            and claim.comes < _at(night + NIGHT, CHECK_OUT) + self.pause
        )

    def closed(self) -> frozenset[date]:
        """The nights that somebody has."""
        return frozenset(night for claim in self.claims.values() for night in self.takes(claim))

    def exported(self) -> frozenset[date]:
        """The nights that channels are told: never, for the sake of bought hours, one that they told us."""
        told = {night for claim in self.claims.values() if claim.outside for night in claim.nights}
        sold = [claim for claim in self.claims.values() if claim.sold]
        return frozenset(night for claim in sold for night in (claim.nights or self.takes(claim) - told))

    def allows(self, wanted: Claim, day: date, *, nightly: bool, but: str = "") -> bool:
        """Whether somebody can be there: alone, in free nights, and with time to clean after them or before them."""
        pause = self.pause if nightly else self.turnaround
        others = [claim for name, claim in self.claims.items() if name != but]
        if any(wanted.nights & self.takes(claim) for claim in others):
            return False
        return all(
            _apart(wanted, comes, leaves, pause) for claim in others for comes, leaves in _parts(claim, day)
        )

    @property
    def waits(self) -> bool:
        """Whether anything is held and not decided."""
        return any(not claim.sold and not claim.outside for claim in self.claims.values())

    def forget_what_ran_out(self, now: datetime) -> None:
        """Holds end by themselves."""
        for name in [name for name, claim in self.claims.items() if claim.until and claim.until <= now]:
            del self.claims[name]


def _parts(claim: Claim, day: date) -> Iterator[tuple[datetime, datetime]]:
    """An outside claim that goes on over a turnover may be two guests' whom a channel has merged."""
    leaves, comes = _at(day, CHECK_OUT), _at(day, CHECK_IN)
    if claim.outside and claim.comes < leaves and comes < claim.leaves:
        yield claim.comes, leaves
        yield comes, claim.leaves
    else:
        yield claim.comes, claim.leaves


def _apart(wanted: Claim, comes: datetime, leaves: datetime, pause: timedelta) -> bool:
    """Whether the two are never there at once, and one leaves time to clean before the other unless it is them."""
    if leaves <= wanted.comes:
        return leaves == wanted.comes or wanted.comes - leaves >= pause
    return comes == wanted.leaves or comes - wanted.leaves >= pause


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at)


def _local(instant: datetime) -> datetime:
    return instant.astimezone(ZONE).replace(tzinfo=None)


def _stay_claim(nights: Span, *, outside: bool = False) -> Claim:
    comes, leaves = _at(nights.start, CHECK_IN), _at(nights.end, CHECK_OUT)
    return Claim(frozenset(nights.nights()), comes, leaves, outside=outside)


def _claim_of(quote: Quote, until: datetime) -> Claim:
    slept = quote.nights.nights() if quote.kind in NIGHTLY and quote.nights else ()
    return Claim(frozenset(slept), _local(quote.period.start), _local(quote.period.end), until=until)


class Walk(RuleBasedStateMachine):
    """One home through its days."""

    steps = 0

    @initialize(turnaround=st.sampled_from([0, 60, 90, 240]), mode=st.sampled_from(["instant", "approval"]))
    def open_a_home(self, turnaround: int, mode: str) -> None:
        """A home that sells everything, with one calendar and one channel that reads it."""
        home = cast.a_property(cast.an_organization(), zone=str(ZONE))
        home.turnaround = turnaround
        home.save(update_fields=["turnaround"])
        self.feed = cast.a_feed(home)
        for kind in ("extra_nights", "nights_before", "late_check_out", "early_check_in"):
            cast.an_offer(home, 1_000, most=3, kind=kind, mode=mode)
        link = cast.a_stay_link(home)
        self.export = cast.an_export(home)
        self.link = StayLink.objects.select_related("property__organization").get(pk=link.pk)
        self.home = self.link.property
        self.now = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
        self.first = self.home.house.today(self.now)
        self.model = Model(timedelta(minutes=turnaround))
        self.outside: dict[str, int] = {}
        self.host: dict[str, Block] = {}
        self._read()

    def _read(self) -> None:
        """What a poll leaves behind."""
        Feed.objects.filter(pk=self.feed.pk).update(last_good_at=self.now)

    def _purchases(self, *states: str) -> list[Purchase]:
        rows = Purchase.objects.select_related("property__organization").order_by("pk")
        return list(self._rows(rows).filter(state__in=states))

    def _pick(self, number: int, *states: str) -> Purchase | None:
        found = self._purchases(*states)
        return found[number % len(found)] if found else None

    def _possible(self, purchase: Purchase) -> bool:
        """What the model says of a purchase that is to be decided."""
        claim = self.model.claims[purchase.public_id]
        nightly = purchase.kind in NIGHTLY
        return self.model.allows(claim, purchase.day, nightly=nightly, but=purchase.public_id)

    # What happens outside ------------------------------------------------------------------------------------

    @rule(start=DAY, length=st.integers(1, 5))
    def a_channel_books(self, start: int, length: int) -> None:
        """Somebody books at a channel, whether we would have liked it or not."""
        self.now += MOMENT
        nights = Span(self.first + start * NIGHT, self.first + (start + length) * NIGHT)
        block = cast.an_import(self.feed, nights, self.now)
        self.outside[block.public_id] = block.pk
        self.model.claims[block.public_id] = _stay_claim(nights, outside=True)
        self._forget()

    @precondition(lambda self: self.outside)
    @rule(number=st.integers(0, 99))
    def a_channel_cancels(self, number: int) -> None:
        """A booking is gone, and its removal has been confirmed."""
        self.now += MOMENT
        name = list(self.outside)[number % len(self.outside)]
        with ledger.changing(self.home, self.now) as change:
            Block.objects.filter(pk=self.outside.pop(name)).delete()
            change.touched = True
        del self.model.claims[name]
        self._forget()

    @rule(minutes=st.sampled_from([1, 9, 10, 11, 20, 45, 180, 1_000]))
    def time_passes(self, minutes: int) -> None:
        """The clock goes on; the feeds are read, and the sweep does its work."""
        if self.home.house.today(self.now) >= self.first + 5 * NIGHT:
            return
        self.now += timedelta(minutes=minutes)
        self._read()
        checkout.release_lapsed(self.now)
        self._expire()

    def _expire(self) -> None:
        """Holds that ran out are gone with the next change, whatever that is."""
        with ledger.changing(self.home, self.now):
            pass
        self._forget()

    def _forget(self) -> None:
        self.model.forget_what_ran_out(self.now)

    # What guests do ------------------------------------------------------------------------------------------

    @rule(offset=DAY, side=st.sampled_from(Side), number=st.integers(0, 99))
    def a_guest_looks_and_chooses(self, offset: int, side: Side, number: int) -> None:
        """Whatever is shown is possible, and whatever is chosen can be had at the price that was shown."""
        stay = Stay(self.first + offset * NIGHT, side)
        shelf = shelves.shelf(self.home, stay, self.now)
        for choice in shelf.choices:
            quote = choice.quote
            wanted = _claim_of(quote, self.now)
            assert self.model.allows(wanted, stay.day, nightly=quote.kind in NIGHTLY), quote
            lost = quote.nights and quote.kind not in NIGHTLY and quote.nights.start
            assert not lost or lost in self.model.takes(wanted) - self.model.closed()
        self._check_nights(stay, shelf)
        if not shelf.choices:
            return
        quote = shelf.choices[number % len(shelf.choices)].quote
        bought = checkout.begin(self.link, stay, quote.key, quote.price.total.amount, self.now)
        assert bought.amount == quote.price.total.amount
        self.model.claims[bought.public_id] = _claim_of(quote, bought.held_until)

    def _check_nights(self, stay: Stay, shelf: shelves.Shelf) -> None:
        """Where nobody bought hours, exactly the free nights beside the stay are for sale, up to three."""
        hours = any(not claim.nights for claim in self.model.claims.values())
        if hours or shelf.why not in {None, shelves.Nothing.TAKEN} or stay.side is Side.ARRIVING:
            return
        if self.now > self.home.house.instant(stay.day, CHECK_OUT):
            return
        closed, count = self.model.closed(), 0
        while count < 3 and stay.day + count * NIGHT not in closed:
            count += 1
        shown = [choice.quote for choice in shelf.choices if choice.quote.kind == "extra_nights"]
        assert len(shown) == count

    @precondition(lambda self: self.model.waits)
    @rule(number=st.integers(0, 99))
    def a_guest_books(self, number: int) -> None:
        """The guest presses "book"."""
        purchase = self._pick(number, "held")
        if purchase is None:
            return
        checkout.book(purchase, name="Marta", email="marta@example.org", now=self.now)
        purchase.refresh_from_db()
        assert purchase.state == ("asked" if purchase.mode == "approval" else "checking")
        self.model.claims[purchase.public_id].until = purchase.held_until

    @precondition(lambda self: self.model.waits)
    @rule(number=st.integers(0, 99))
    def a_guest_goes_away(self, number: int) -> None:
        """The guest chooses something else, or takes the question back."""
        purchase = self._pick(number, "held", "asked")
        if purchase is not None:
            assert checkout.let_go(purchase, self.now)
            del self.model.claims[purchase.public_id]

    # What the host does --------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.waits)
    @rule(number=st.integers(0, 99), agrees=st.booleans())
    def the_host_answers(self, number: int, agrees: bool) -> None:
        """Yes or no."""
        purchase = self._pick(number, "asked")
        if purchase is None:
            return
        assert (checkout.agree if agrees else checkout.refuse)(purchase, self.now)
        if agrees:
            purchase.refresh_from_db()
            self.model.claims[purchase.public_id].until = purchase.held_until
        else:
            del self.model.claims[purchase.public_id]

    @precondition(lambda self: any(claim.sold for claim in self.model.claims.values()))
    @rule(number=st.integers(0, 99))
    def the_host_cancels(self, number: int) -> None:
        """A sale is taken back."""
        purchase = self._pick(number, "confirmed")
        if purchase is not None:
            assert cancelling.cancel(purchase, self.now)
            del self.model.claims[purchase.public_id]

    # What the worker does ------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.waits)
    @rule(number=st.integers(0, 99))
    def the_worker_reads_and_decides(self, number: int) -> None:
        """With fresh calendars a purchase is confirmed exactly when it is still possible."""
        purchase = self._pick(number, "checking")
        if purchase is not None:
            self._read()
            self._settle(purchase, self.now)

    @precondition(lambda self: self.model.waits)
    @rule(number=st.integers(0, 99))
    def the_worker_cannot_read(self, number: int) -> None:
        """Without, the host is asked, or believed where they have agreed already."""
        purchase = self._pick(number, "checking")
        if purchase is None:
            return
        assert purchase.requested_at is not None
        Feed.objects.filter(pk=self.feed.pk).update(last_good_at=purchase.requested_at - timedelta(seconds=1))
        self.now = max(self.now, purchase.requested_at + checkout.ANSWER_WITHIN + timedelta(seconds=1))
        if purchase.agreed_at:
            self._settle(purchase, self.now)
        else:
            checkout.decide(purchase, self.now)
            self._after_a_question(purchase)
        self._read()
        self._expire()

    def _settle(self, purchase: Purchase, now: datetime) -> None:
        self._forget()
        here = purchase.public_id in self.model.claims
        possible = here and self._possible(purchase)
        state = checkout.decide(purchase, now)
        assert state == ("confirmed" if possible else "declined")
        if possible:
            claim = self.model.claims[purchase.public_id]
            claim.sold, claim.until = True, None
        else:
            self.model.claims.pop(purchase.public_id, None)

    def _after_a_question(self, purchase: Purchase) -> None:
        self._forget()
        purchase.refresh_from_db()
        if purchase.public_id in self.model.claims:
            assert purchase.state == "asked"
            self.model.claims[purchase.public_id].until = purchase.held_until
        else:
            assert purchase.state == "declined"

    # What is true at any time --------------------------------------------------------------------------------

    @invariant()
    def rows_say_what_the_model_says(self) -> None:
        """Busy, the export, the blocks and the purchases."""
        type(self).steps += 1
        claims = self.model.claims
        assert cast.busy(self.home) == [(run.start, run.end) for run in runs(self.model.closed())]
        assert self._told() == self.model.exported()
        sold = {name for name, claim in claims.items() if claim.sold}
        kept = {name for name, claim in claims.items() if not claim.sold and not claim.outside}
        blocks = set(self._rows(Block.objects.ours()).values_list("reference", "origin"))
        assert blocks == {(name, "sale") for name in sold} | {(name, "hold") for name in kept}
        states = dict(self._rows(Purchase.objects.all()).values_list("public_id", "state"))
        assert {name for name, state in states.items() if state == "confirmed"} == sold
        assert {name for name, state in states.items() if state in WAITING} >= kept

    def _rows[Rows: QuerySet](self, rows: Rows) -> Rows:
        return rows.filter(property=self.home)

    def _told(self) -> frozenset[date]:
        """The nights that an independent reader finds in the export."""
        body = ExportLink.objects.values_list("body", flat=True).get(pk=self.export.pk)
        events = ICalendar.from_ical(bytes(body)).walk("VEVENT")
        spans = [Span(event["DTSTART"].dt, event["DTEND"].dt) for event in events]
        return frozenset(night for span in spans for night in span.nights() if night >= self.first - NIGHT)

    def teardown(self) -> None:
        """At the end of the walk everything derived is what a recomputation finds."""
        if hasattr(self, "home"):
            assert ledger.differences(self.home) == []


@pytest.mark.timeout(max(120, STEPS // 4))
def test_a_walk_through_anything_that_can_happen_agrees_with_the_model(db: None) -> None:
    Walk.steps = 0
    while Walk.steps < STEPS:
        run_state_machine_as_test(
            Walk,
            settings=settings(
                max_examples=max(1, STEPS // STEPS_OF_ONE),
                stateful_step_count=STEPS_OF_ONE,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # a walk is short enough to read; shrinking takes minutes
                suppress_health_check=list(HealthCheck),
            ),
        )
