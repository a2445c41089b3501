"""The purchase story: what a guest is shown, the hold, the fresh look at every feed, the decision.

A sale rests on feeds read after the guest pressed "book": `look_again` reads them in a worker, `decide` settles
the purchase under the property's lock. Money and nights are one conditional update apart from each other: a
purchase leaves CHECKING exactly once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import structlog

from calendars import leases, ledger, polling
from calendars.models import Feed, date_range
from domain import offers
from domain.offers import Quote
from domain.spans import NIGHT, Span
from properties.models import Property
from upsells.models import Offer, Purchase, StayLink

log = structlog.get_logger()

HOLD_FOR = timedelta(minutes=10)
ANSWER_WITHIN = timedelta(seconds=30)
GIVE_UP_AFTER = timedelta(minutes=15)
FARTHEST = timedelta(days=365)


class NotOnSale(Exception):
    """These nights aren't offered, or no longer at this price."""


class Unproven(Exception):
    """Some feed hasn't been read since the guest pressed "book", so nobody knows."""


class Nothing(StrEnum):
    """Why a guest is offered nothing."""

    OFF = "off"
    STALE = "stale"
    OVER = "over"
    FAR = "far"
    NO_STAY = "no_stay"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is offered for one departure day; when that is nothing, why."""

    departure: date
    quotes: tuple[Quote, ...] = ()
    why: Nothing | None = None
    next_arrival: date | None = None


def shelf(home: Property, departure: date, now: datetime) -> Shelf:
    """The nights a guest leaving on the day may add, priced; or the reason there are none."""
    offer = Offer.objects.filter(property=home, kind=Offer.Kind.EXTRA_NIGHTS).on().first()
    if offer is None or offer.currency != home.currency or home.archived_at is not None:
        return Shelf(departure, why=Nothing.OFF)
    today = home.house.today(now)
    if why := _unfit(departure, today) or _stale(home, now):
        return Shelf(departure, why=why)
    busy = ledger.taken(home, Span(departure - NIGHT, departure + FARTHEST))
    if departure > today and not any(departure - NIGHT in span for span in busy):
        return Shelf(departure, why=Nothing.NO_STAY)
    quotes = offers.extra_nights(departure, busy, offer.terms, today=today)
    if not quotes:
        return Shelf(departure, why=Nothing.TAKEN)
    return Shelf(departure, quotes, next_arrival=next((s.start for s in busy if s.start >= departure), None))


def _unfit(departure: date, today: date) -> Nothing | None:
    """Whether the day is one that nobody can leave on any more, or not yet."""
    if departure < today:
        return Nothing.OVER
    return Nothing.FAR if departure > today + FARTHEST else None


def _stale(home: Property, now: datetime) -> Nothing | None:
    """Whether some feed's last good read is too old to sell on; a paused feed always is."""
    feeds = Feed.objects.filter(property=home).values_list("last_good_at", "paused_at")
    paused = any(paused_at for _, paused_at in feeds)
    fresh = offers.fresh_enough((read_at for read_at, _ in feeds), now)
    return Nothing.STALE if paused or not fresh else None


def begin(link: StayLink, nights: Span, shown: int, now: datetime) -> Purchase:
    """Hold the nights for ten minutes at the price the guest was shown (`shown`, in minor units).

    Raises NotOnSale when they aren't offered at that price any more, NightsTaken when somebody was quicker.
    """
    with ledger.changing(link.property, now) as change:
        found = shelf(link.property, nights.start, now)
        if found.why is Nothing.TAKEN:
            raise ledger.NightsTaken
        quote = next((quote for quote in found.quotes if quote.nights == nights), None)
        if quote is None and found.quotes and len(nights) <= len(found.quotes[-1].nights):
            raise NotOnSale
        if quote is None:
            raise ledger.NightsTaken if found.quotes else NotOnSale
        if quote.price.amount != shown:
            raise NotOnSale
        purchase = Purchase.objects.create(
            organization_id=link.organization_id,
            property=link.property,
            stay_link=link,
            nights=date_range(nights),
            amount=quote.price.amount,
            currency=quote.price.currency,
            created_at=now,
            held_until=now + HOLD_FOR,
            feeds=list(Feed.objects.filter(property=link.property).values_list("pk", flat=True)),
        )
        ledger.hold(change, nights, until=purchase.held_until, reference=purchase.public_id)
    return purchase


def book(purchase: Purchase, *, name: str, email: str, now: datetime) -> None:
    """The guest presses "book": the hold is kept while we look again. Raises Lapsed when it ran out.

    Pressing twice is pressing once.
    """
    with ledger.changing(purchase.property, now) as change:
        held = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.HELD, held_until__gt=now)
        if held.update(
            state=Purchase.State.CHECKING,
            guest_name=name,
            guest_email=email,
            requested_at=now,
            held_until=now + GIVE_UP_AFTER,
        ):
            ledger.extend(change, purchase.public_id, now + GIVE_UP_AFTER)
        elif not Purchase.objects.filter(pk=purchase.pk, requested_at__isnull=False).exists():
            raise ledger.Lapsed


def look_again(purchase: Purchase, now: datetime) -> None:
    """Read every feed of the property that wasn't read since the guest pressed "book"."""
    lease, claimed = leases.claim_these(_unread(purchase), now)
    polling.read(claimed, lease, now, somebody_waits=True)


def decide(purchase: Purchase, now: datetime) -> Purchase.State:
    """Confirm or decline under the lock, once every feed has been read since "book" or the time for it is over."""
    try:
        return _confirm(purchase, now)
    except Unproven:
        late = now - (purchase.requested_at or now) > ANSWER_WITHIN
        return _decline(purchase, Purchase.Reason.UNREADABLE, now) if late else Purchase.State.CHECKING
    except NotOnSale:
        return _decline(purchase, Purchase.Reason.WITHDRAWN, now)
    except ledger.NightsTaken:
        return _decline(purchase, Purchase.Reason.TAKEN, now)
    except ledger.Lapsed:
        return _decline(purchase, Purchase.Reason.LAPSED, now)


def release_lapsed(now: datetime) -> int:
    """Let go of every hold whose guest didn't book in time; how many there were."""
    count = 0
    for purchase in Purchase.objects.lapsed(now).select_related("property")[:200]:
        with ledger.changing(purchase.property, now) as change:
            lapsed = (
                Purchase.objects.lapsed(now)
                .filter(pk=purchase.pk)
                .update(state=Purchase.State.LAPSED, decided_at=now)
            )
            if lapsed:
                ledger.release(change, purchase.public_id)
                count += 1
    return count


def let_go(purchase: Purchase, now: datetime) -> bool:
    """The guest changes their mind before booking: the nights are free for others at once."""
    with ledger.changing(purchase.property, now) as change:
        held = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.HELD)
        released = bool(held.update(state=Purchase.State.LAPSED, decided_at=now))
        if released:
            ledger.release(change, purchase.public_id)
    return released


def cancel(purchase: Purchase, now: datetime) -> bool:
    """The host takes a confirmed sale back: its nights and every export open with this commit."""
    with ledger.changing(purchase.property, now) as change:
        confirmed = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.CONFIRMED)
        cancelled = bool(confirmed.update(state=Purchase.State.CANCELLED, decided_at=now))
        if cancelled:
            ledger.release(change, purchase.public_id)
    return cancelled


def _unread(purchase: Purchase) -> list[int]:
    """The feeds that haven't answered with a calendar since the guest pressed "book"; a gone one never will."""
    feeds = Feed.objects.filter(property=purchase.property)
    asked = {*feeds.values_list("pk", flat=True), *purchase.feeds}
    read = feeds.reading().filter(last_good_at__gte=purchase.requested_at)
    return sorted(asked.difference(read.values_list("pk", flat=True)))


def _confirm(purchase: Purchase, now: datetime) -> Purchase.State:
    """Raises Unproven while a feed is unread, NotOnSale for an archived property, and what the ledger raises."""
    with ledger.changing(purchase.property, now) as change:
        if not _leave_checking(purchase, Purchase.State.CONFIRMED, "", now):
            return _state(purchase)
        if Property.objects.filter(pk=purchase.property_id).exclude(archived_at=None).exists():
            raise NotOnSale
        if not purchase.feeds or _unread(purchase):
            raise Unproven
        ledger.confirm(change, purchase.public_id)
    log.info("purchase confirmed", purchase=purchase.pk, nights=len(purchase.span))
    return Purchase.State.CONFIRMED


def _decline(purchase: Purchase, reason: Purchase.Reason, now: datetime) -> Purchase.State:
    with ledger.changing(purchase.property, now) as change:
        if not _leave_checking(purchase, Purchase.State.DECLINED, reason, now):
            return _state(purchase)
        ledger.release(change, purchase.public_id)
    log.info("purchase declined", purchase=purchase.pk, reason=reason.value)
    return Purchase.State.DECLINED


def _leave_checking(purchase: Purchase, state: Purchase.State, reason: str, now: datetime) -> bool:
    rows = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.CHECKING)
    return bool(rows.update(state=state, reason=reason, decided_at=now))


def _state(purchase: Purchase) -> Purchase.State:
    purchase.refresh_from_db(fields=["state"])
    return Purchase.State(purchase.state)
