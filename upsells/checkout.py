"""The purchase story: the hold, the fresh look at every feed, the host's word where it is wanted, the decision.

A sale rests on feeds read after the guest pressed "book": `look_again` reads them in a worker, `decide` settles
the purchase under the property's lock. Money and nights are one conditional update apart from each other: a
purchase leaves each state exactly once.
"""

from datetime import datetime, timedelta

import structlog
from django.db.models import QuerySet
from psycopg.types.range import TimestamptzRange

from calendars import alerts, leases, ledger, polling
from calendars.models import Alert, Feed, date_range
from domain.hindrances import hinders
from domain.offers import Kind, Mode
from domain.spans import Span
from properties.models import Property
from upsells import announcements, certificates, deliveries, shelves
from upsells.models import CancelTerms, Delivery, Offer, Payment, Purchase, StayLink
from upsells.shelves import AROUND, STEPS_OF_HOURS, Choice, Stay

log = structlog.get_logger()

HOLD_FOR = timedelta(minutes=10)
ANSWER_WITHIN = timedelta(seconds=30)
GIVE_UP_AFTER = timedelta(minutes=15)
HOST_ANSWERS_WITHIN = timedelta(hours=24)
CHANGES = (  # what a story may have written past the row in hand
    "state", "reason", "decided_at", "requested_at", "refund", "cancelled_by", "guest_name", "guest_email",
    "nights", "period", "lines", "amount", "shortened_at", "first_nights", "revision",
)  # fmt: skip


class NotOnSale(Exception):
    """What was chosen isn't offered, or no longer at this price."""


class Gone(ledger.NightsTaken):
    """Somebody was quicker, and nothing of the kind is left beside the stay."""


class Unproven(Exception):
    """Some feed hasn't been read since the guest pressed "book", so nobody knows."""


def begin(link: StayLink, stay: Stay, key: str, shown: int, now: datetime) -> Purchase:
    """Hold what was chosen for ten minutes at the price the guest was shown (`shown`, in minor units).

    What is on the shelf is reckoned anew under the lock, and `key` names one of its quotes. Raises NotOnSale when
    it isn't offered at that price any more, NightsTaken when somebody was quicker; that is Gone where nothing of the
    kind is left, which those who come later learn without the lock.
    """
    home = link.property
    _refuse_gone(home, stay, key, now)
    with ledger.changing(home, now) as change:
        _refuse_gone(home, stay, key, now)  # many may have waited for the lock together
        if key.startswith(tuple(STEPS_OF_HOURS)):
            shelves.count_cleanings_alone(home, stay.day)
        found = shelves.shelf(home, stay, now, link.channel)
        choice = found.find(key)
        if choice is None:
            raise NotOnSale if found.is_withdrawn(key) else ledger.NightsTaken
        if choice.quote.price.total.amount != shown:
            raise NotOnSale
        collection = found.collection(choice.quote.kind, link.channel)
        purchase = _purchase(link, stay, choice, collection, now)
        ledger.hold(
            change,
            choice.quote.nights,
            hours=None if purchase.is_nightly else choice.quote.period,
            until=purchase.held_until,
            reference=purchase.public_id,
            side=stay.side,
        )
    return purchase


def _refuse_gone(home: Property, stay: Stay, key: str, now: datetime) -> None:
    """Raises Gone."""
    if shelves.is_gone(home, stay, key.partition("-")[0], now):
        raise Gone


def _purchase(link: StayLink, stay: Stay, choice: Choice, collection: str, now: datetime) -> Purchase:
    """The purchase as the guest was shown it."""
    quote, price = choice.quote, choice.quote.price
    return Purchase.objects.create(
        organization_id=link.organization_id,
        property=link.property,
        stay_link=link,
        kind=quote.kind,
        day=stay.day,
        nights=date_range(quote.nights),
        period=TimestamptzRange(quote.period.start, quote.period.end, "[)"),
        mode=choice.mode,
        collection=collection,
        channel=link.channel,
        persons=stay.persons,
        lines=Purchase.kept_lines(price),
        amount=price.total.amount,
        currency=price.currency,
        created_at=now,
        held_until=now + HOLD_FOR,
        feeds=list(Feed.objects.filter(property=link.property).values_list("pk", flat=True)),
        tiers=tiers_of(link.property),
    )


def tiers_of(home: Property) -> list[list[int]]:
    """What a guest of the home gets back who cancels, as it is shown to them now: [hours before, percent]."""
    terms = CancelTerms.objects.filter(property=home).first()
    return terms.tiers if terms else CancelTerms.USUAL


def book(purchase: Purchase, *, name: str, email: str, now: datetime) -> None:
    """The guest presses "book": what was chosen is kept while we look again, or while the host is asked.

    Raises Lapsed when the hold ran out. Pressing twice is pressing once.
    """
    with ledger.changing(purchase.property, now) as change:
        held = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.HELD, held_until__gt=now)
        purchase.guest_name, purchase.guest_email = name, email
        if (
            not request(change, held, purchase)
            and not Purchase.objects.filter(pk=purchase.pk, requested_at__isnull=False).exists()
        ):
            raise ledger.Lapsed


def request(change: ledger.Changing, rows: QuerySet[Purchase], purchase: Purchase) -> bool:
    """The guest has done their part: from now on we look, or the host is asked; whether it was one of `rows`.

    Raises Lapsed when the hold is gone.
    """
    now, asks = change.now, purchase.mode == Mode.APPROVAL
    until = _answer_by(purchase, now) if asks else now + GIVE_UP_AFTER
    if not rows.update(
        state=Purchase.State.ASKED if asks else Purchase.State.CHECKING,
        guest_name=purchase.guest_name,
        guest_email=purchase.guest_email,
        language=purchase.language,
        requested_at=now,
        held_until=until,
        answer_by=until if asks else None,
    ):
        return False
    ledger.extend(change, purchase.public_id, until)
    if asks:
        _tell_host(purchase, purchase.guest_name, now)
    return True


def agree(purchase: Purchase, now: datetime) -> bool:
    """The host says yes: it is looked at once more and confirmed; False when the question is over already."""
    with ledger.changing(purchase.property, now) as change:
        asked = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.ASKED, answer_by__gt=now)
        agreed = bool(
            asked.update(
                state=Purchase.State.CHECKING,
                agreed_at=now,
                held_until=now + GIVE_UP_AFTER,
                answer_by=None,
            )
        )
        if agreed:
            ledger.extend(change, purchase.public_id, now + GIVE_UP_AFTER)
            answered(purchase, now)
    return agreed


def refuse(purchase: Purchase, now: datetime) -> bool:
    """The host says no: the time is free for others at once; False when the question is over already."""
    return _end_question(purchase, Purchase.Reason.REFUSED, now)


def look_again(purchase: Purchase, now: datetime) -> None:
    """Read every feed of the property that wasn't read since the guest pressed "book".

    Who pressed it later than now did so before the clock was set back: then it counts from now.
    """
    for column in ("requested_at", "agreed_at"):
        if (getattr(purchase, column) or now) > now:
            Purchase.objects.filter(pk=purchase.pk).update(**{column: now})
            setattr(purchase, column, now)
    lease, claimed = leases.claim_these(_unread(purchase, now), now, for_sale=True)
    polling.read(claimed, lease, now, somebody_waits=True)


def decide(purchase: Purchase, now: datetime) -> Purchase.State:
    """Confirm or decline under the lock, once every feed has been read since "book" or the time for it is over.

    When a feed can't be read in time, an instant sale becomes a question to the host. A host who has agreed is
    believed then; what is known to be taken stays taken all the same.
    """
    try:
        return _confirm_or_ask(purchase, now)
    except NotOnSale:
        return _decline(purchase, Purchase.Reason.WITHDRAWN, now)
    except ledger.NightsTaken:
        return _decline(purchase, Purchase.Reason.TAKEN, now)
    except ledger.Lapsed:
        return _decline(purchase, Purchase.Reason.LAPSED, now)


def release_lapsed(now: datetime) -> int:
    """Let go of every hold whose guest didn't book, and whose host didn't answer, in time; how many those were."""
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
    for purchase in Purchase.objects.unanswered(now).select_related("property")[:200]:
        count += _end_question(purchase, Purchase.Reason.UNANSWERED, now)
    return count


def let_go(purchase: Purchase, now: datetime) -> bool:
    """The guest changes their mind before anything is decided: the time is free for others at once.

    A payment that succeeds all the same is given back: that goal is final.
    """
    open_ones = (Purchase.State.HELD, Purchase.State.PAYING, Purchase.State.ASKED)
    with ledger.changing(purchase.property, now) as change:
        rows = Purchase.objects.filter(pk=purchase.pk, state__in=open_ones)
        released = bool(rows.update(state=Purchase.State.LAPSED, decided_at=now))
        if released:
            ledger.release(change, purchase.public_id)
            give_back(purchase, now)
            answered(purchase, now)
    return released


def _answer_by(purchase: Purchase, now: datetime) -> datetime:
    """Until when the host may answer: a day, but not later than the guest must leave or what they want begins."""
    house = purchase.property.house
    stays_on = purchase.kind == Kind.EXTRA_NIGHTS
    begins = house.instant(purchase.day, house.check_out) if stays_on else purchase.takes.start
    return max(min(now + HOST_ANSWERS_WITHIN, begins), now + GIVE_UP_AFTER)


def _unread(purchase: Purchase, now: datetime) -> list[int]:
    """The feeds that haven't answered with a calendar since somebody pressed "book"; a gone one never will.

    One that answered later than now did so before the clock was set back, and who knows when.
    """
    feeds = Feed.objects.filter(property=purchase.property)
    asked = {*feeds.values_list("pk", flat=True), *purchase.feeds}
    read = feeds.reading().filter(last_good_at__gte=purchase.looked_since, last_good_at__lte=now)
    return sorted(asked.difference(read.values_list("pk", flat=True)))


def _confirm_or_ask(purchase: Purchase, now: datetime) -> Purchase.State:
    late = now - (purchase.looked_since or now) > ANSWER_WITHIN
    try:
        return _confirm(purchase, now, needs_proof=not (late and purchase.agreed_at))
    except Unproven:
        return _ask_host(purchase, now) if late else Purchase.State.CHECKING


def _confirm(purchase: Purchase, now: datetime, *, needs_proof: bool) -> Purchase.State:
    """Raises Unproven while a feed is unread, NotOnSale where nothing is sold any more, and what the ledger raises."""
    with ledger.changing(purchase.property, now) as change:
        by_card = purchase.collection == Offer.Collection.CARD
        to = Purchase.State.CAPTURING if by_card else Purchase.State.CONFIRMED
        if not leave(purchase, Purchase.State.CHECKING, to, now):
            return _state(purchase)
        here = Property.objects.filter(pk=purchase.property_id)
        if here.exclude(archived_at=None, organization__ends_at=None).exists():
            raise NotOnSale
        if needs_proof and (not purchase.feeds or _unread(purchase, now)):
            raise Unproven
        if _hindered(purchase):
            raise ledger.NightsTaken
        ledger.confirm(change, purchase.public_id, purchase.guest_name)
        certificates.certify(purchase, now)
        if by_card:
            _charge(purchase, now)
        else:
            tell_confirmed(purchase, now)
    log.info("purchase decided", purchase=purchase.pk, kind=purchase.kind, state=to.value)
    return to


def tell(purchase: Purchase, news: Delivery.News, now: datetime, step: int = 0) -> None:
    """Write down who is to be told, within the transaction that makes it true; each `step` of a news once."""
    purchase.refresh_from_db(fields=CHANGES)
    deliveries.announce(purchase, news, now, step)
    announcements.sale(purchase, news, now)


def tell_confirmed(purchase: Purchase, now: datetime) -> None:
    """Tell everybody of a sale, within the transaction that confirms it."""
    tell(purchase, Delivery.News.CONFIRMED, now)


def tell_declined(purchase: Purchase, now: datetime) -> None:
    """Give the money back and tell the guest, within the transaction that declines it."""
    give_back(purchase, now)
    tell(purchase, Delivery.News.DECLINED, now)


def give_back(purchase: Purchase, now: datetime) -> None:
    """The purchase came to nothing: whatever its payment has taken or still takes goes back. This goal is final."""
    Payment.objects.filter(purchase=purchase).update(goal=Payment.Goal.GIVE_BACK, check_at=now)


def _charge(purchase: Purchase, now: datetime) -> None:
    """What was decided is charged next. Raises Lapsed where there is nothing to charge."""
    payments = Payment.objects.filter(purchase=purchase).exclude(goal=Payment.Goal.GIVE_BACK)
    if not payments.update(goal=Payment.Goal.CAPTURE, check_at=now):
        raise ledger.Lapsed


def _hindered(purchase: Purchase) -> bool:
    """Whether what the feeds say now leaves no room for it, hours and cleaning included."""
    window = Span(purchase.day - AROUND, purchase.day + AROUND)
    diary = ledger.diary(purchase.property, window, without=purchase.public_id)
    kind = Kind(purchase.kind)
    return hinders(kind, purchase.day, purchase.span, purchase.takes, diary) is not None


def _decline(purchase: Purchase, reason: Purchase.Reason, now: datetime) -> Purchase.State:
    with ledger.changing(purchase.property, now) as change:
        if not leave(purchase, Purchase.State.CHECKING, Purchase.State.DECLINED, now, reason):
            return _state(purchase)
        ledger.release(change, purchase.public_id)
        tell_declined(purchase, now)
    log.info("purchase declined", purchase=purchase.pk, reason=reason.value)
    return Purchase.State.DECLINED


def _ask_host(purchase: Purchase, now: datetime) -> Purchase.State:
    """A feed didn't answer: what was sold at once becomes a question. Raises Lapsed when the hold is gone."""
    until = _answer_by(purchase, now)
    with ledger.changing(purchase.property, now) as change:
        rows = Purchase.objects.filter(pk=purchase.pk, state=Purchase.State.CHECKING, agreed_at=None)
        if not rows.update(state=Purchase.State.ASKED, mode=Mode.APPROVAL, held_until=until, answer_by=until):
            return _state(purchase)
        ledger.extend(change, purchase.public_id, until)
        _tell_host(purchase, purchase.guest_name, now)
    log.info("purchase becomes a question", purchase=purchase.pk)
    return Purchase.State.ASKED


def _end_question(purchase: Purchase, reason: Purchase.Reason, now: datetime) -> bool:
    with ledger.changing(purchase.property, now) as change:
        ended = leave(purchase, Purchase.State.ASKED, Purchase.State.DECLINED, now, reason)
        if ended:
            ledger.release(change, purchase.public_id)
            tell_declined(purchase, now)
            answered(purchase, now)
    return ended


def _tell_host(purchase: Purchase, guest: str, now: datetime) -> None:
    """Open the alert that asks the host."""
    details = {"guest": guest, "purchase": purchase.public_id}
    alerts.open_one(purchase.property, Alert.Kind.REQUEST, _question(purchase), details, now)


def answered(purchase: Purchase, now: datetime) -> None:
    """Nobody waits for the host's word on it any more."""
    alerts.close_one(purchase.property, _question(purchase), now)


def _question(purchase: Purchase) -> str:
    return f"request {purchase.public_id}"


def leave(
    purchase: Purchase, state: Purchase.State, to: Purchase.State, now: datetime, reason: str = ""
) -> bool:
    """Let it leave a state, which happens once; whether it was in that state."""
    rows = Purchase.objects.filter(pk=purchase.pk, state=state)
    return bool(rows.update(state=to, reason=reason, decided_at=now))


def _state(purchase: Purchase) -> Purchase.State:
    purchase.refresh_from_db(fields=["state"])
    return Purchase.State(purchase.state)
