"""The card's story: ask the provider how a payment stands, tell the purchase, do the one next step, until it rests.

Nothing is believed but a fresh look. Messages, the guest's return, the sweep and the reconciler all only come here.
No transaction is open while the provider is asked. Every act carries an idempotency key made from our ids, and one
worker at a time holds a payment's lease, so doing anything twice is doing it once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import translation

from calendars import ledger
from connectors.stripe_api import Stripe
from connectors.stripe_words import Refused, Unreachable
from domain import payments as rules
from domain.payments import Goal, Intent, News, Session, Step, Told, Wish
from upsells import checkout, paying, receipts
from upsells.models import Delivery, Payment, Purchase

log = structlog.get_logger()

LEASE = timedelta(seconds=90)
MOST_STEPS = 6
MOST_ROUNDS = 3
SAME_KEY = 3  # failures in a row after which an act gets a new key; by then no request can be under way
SOONEST, LATEST, HOURLY = timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=1)
WATCH = timedelta(minutes=2)  # while the guest is at the provider's page
CONTROL = timedelta(minutes=30)  # while the host is asked
PAGE_OPEN = timedelta(minutes=60)  # at the provider, which wants at least 30; we close it when time is up
SURELY_LISTED = timedelta(minutes=2)
ORPHANS_SINCE = timedelta(hours=3)
GIVE_UP = timedelta(hours=24)  # on a provider that refuses to speak; nothing was charged before it did
NO_EFFECT = "The payment provider agreed, but nothing has changed."
USED_UP = "key_used_up"
NEW_KEY = frozenset({"idempotency_error", USED_UP})
OUR_FAULT = frozenset({"wrong_key", "not_allowed", "idempotency_error"})
TOO_EARLY = "A page that was asked for just now may not be listed yet."
NO_SESSION = Told("", Session.EXPIRED, Intent.NONE)
State = Payment.State


class Superseded(Exception):
    """The lease ran out and another worker has the payment."""


@dataclass(slots=True)
class Visit:
    """One worker with one payment, between claiming and letting go."""

    payment: Payment
    stripe: Stripe
    now: datetime
    lease: datetime

    def reload(self) -> None:
        """The payment and its purchase as they stand now."""
        self.payment = Payment.objects.select_related("purchase__property__organization").get(
            pk=self.payment.pk
        )


def stripe(timeout: float = 15.0) -> Stripe:
    """Stripe with the platform's key; `timeout` in seconds."""
    return Stripe(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, timeout)


def pursue(payment: Payment, now: datetime, stripe: Stripe) -> None:
    """Take a payment as far as it goes. Whoever finds it in another worker's hands makes that one look again."""
    lease = now + LEASE
    if not Payment.objects.filter(pk=payment.pk).free(now).update(leased_until=lease, check_at=lease):
        ask_again(now, pk=payment.pk)
        return
    rows = Payment.objects.filter(pk=payment.pk, leased_until=lease)
    visit = Visit(payment, stripe, now, lease)
    for _ in range(MOST_ROUNDS):
        try:
            check_at = _visit(visit)
        except Superseded:
            return
        if rows.filter(check_at=lease).update(leased_until=None, check_at=check_at):
            return
        rows.update(check_at=lease)  # somebody has asked for another look meanwhile
    rows.update(leased_until=None, check_at=now)


def ask_again(now: datetime, **lookup: object) -> list[int]:
    """There may be news: the next worker looks, or the one who is looking looks once more; the payments' keys."""
    rows = Payment.objects.filter(**lookup)
    rows.update(check_at=now)
    return list(rows.values_list("pk", flat=True))


def begin(payment: Payment, stripe: Stripe) -> str:
    """The address of the provider's page, opened now; empty when a worker has to see to it."""
    payment = Payment.objects.select_related("purchase__property", "purchase__stay_link").get(pk=payment.pk)
    if payment.url or payment.state != State.NEW or payment.goal != Payment.Goal.WAIT:
        return payment.url
    try:
        told = _open(payment, stripe)
    except (Unreachable, Refused) as problem:
        log.warning("payment page not opened at once", payment=payment.pk, problem=type(problem).__name__)
        return ""
    fresh = Payment.objects.filter(pk=payment.pk, session_id="")
    fresh.update(session_id=told.session_id, url=told.url, state=State.OPEN)
    return told.url


def _visit(visit: Visit) -> datetime | None:
    """Look and act until nothing is left to do; when to look again, None for never."""
    told: Told | None = None
    for _ in range(MOST_STEPS):
        visit.reload()
        step = Step.NOTHING
        try:
            told = told or _look(visit)
            _record(visit, told)
            visit.reload()
            _tell(visit, told)
            visit.reload()
            following = rules.next_step(_wish(visit.payment), told, visit.now)
            if following.step is Step.NOTHING:
                _answered(visit)
                return None if following.settled else _later(visit.payment, visit.now)
            step, before = following.step, told
            told = _do(visit, step, following.amount, before)
            if told == before:
                return _failed(visit, Refused(NO_EFFECT, USED_UP))
        except ledger.Crowded:
            break
        except Unreachable as problem:
            return _failed(visit, problem)
        except Refused as problem:
            if not _ends(visit, step, problem):
                return _failed(visit, problem)
            told = None  # it has to be given back now
    return visit.now + SOONEST


def _ends(visit: Visit, step: Step, problem: Refused) -> bool:
    """Whether a refusal ends the purchase: its page can't be opened, or what is reserved can't be charged.

    So does any refusal that has lasted for a day, and while the guest pays one that has outlasted the page, which the
    provider closes by itself; but not at once one that is about our key, which may be mended.
    """
    payment, since = visit.payment, visit.payment.refused_since or visit.now
    opening = step is Step.NOTHING and payment.state == State.NEW and payment.goal == Payment.Goal.WAIT
    ours = problem.code in OUR_FAULT
    pays = payment.purchase.state == Purchase.State.PAYING
    closed = payment.created_at + PAGE_OPEN if payment.url else payment.purchase.held_until
    ends = max(closed, since + paying.PAY_WITHIN) if pays else since + GIVE_UP
    lasts = visit.now > ends
    if payment.purchase.state not in paying.ENDS or not (
        lasts or ((opening or step is Step.CAPTURE) and not ours)
    ):
        return False
    paying.dead(payment.purchase, visit.now, refused=True)
    return True


def _look(visit: Visit) -> Told:
    """How it stands now; a session that was never begun, or whose reply was lost, is found or begun first."""
    payment, stripe = visit.payment, visit.stripe
    if payment.session_id:
        return stripe.look(payment.account, payment.session_id)
    if payment.checks or payment.attempt > 1 or _is_over(payment, visit.now):
        for told in _sessions_of(payment, stripe):
            return told
        if _is_over(payment, visit.now):
            if visit.now < payment.created_at + SURELY_LISTED:
                raise Unreachable(TOO_EARLY)
            return NO_SESSION
    return _open(payment, stripe)


def _is_over(payment: Payment, now: datetime) -> bool:
    """Whether nobody waits for a page any more."""
    wish = _wish(payment)
    return wish.goal is not Goal.WAIT or (wish.until is not None and wish.until <= now)


def _open(payment: Payment, stripe: Stripe) -> Told:
    """Ask for the page; the same question every time, as the same key demands."""
    purchase = payment.purchase
    path = reverse("guest:purchase", args=[purchase.stay_link.token, purchase.public_id])
    with translation.override(purchase.language):
        what, when = receipts.bought(purchase)
    return stripe.open_session(
        payment.account,
        reference=payment.public_id,
        amount=payment.amount,
        currency=purchase.currency,
        title=f"{purchase.property.name}: {what}, {when}"[:250],
        email=purchase.guest_email,
        language=purchase.language,
        success_url=f"{settings.SITE_URL}{path}?paid=1",
        cancel_url=f"{settings.SITE_URL}{path}?back=1",
        expires_at=payment.created_at + PAGE_OPEN,
        fee=payment.fee,
        idempotency=_key("open", payment),
    )


def _sessions_of(payment: Payment, stripe: Stripe) -> Iterable[Told]:
    since = payment.created_at - timedelta(minutes=1)
    listed = stripe.sessions_since(payment.account, since, payment.created_at + PAGE_OPEN)
    return [told for reference, told in listed if reference == payment.public_id]


def _wish(payment: Payment) -> Wish:
    """What the purchase wants; one that ended without a sale wants everything back, whatever else was written."""
    purchase = payment.purchase
    ended = purchase.state in {Purchase.State.DECLINED, Purchase.State.LAPSED}
    until = purchase.held_until if purchase.state == Purchase.State.PAYING else None
    goal = Goal.GIVE_BACK if ended else Goal(payment.goal)
    return Wish(goal, payment.amount, purchase.currency, payment.to_refund, until, payment.refund_at)


def _do(visit: Visit, step: Step, amount: int, told: Told) -> Told:
    """One step at the provider; how things stand after it."""
    payment, stripe, session = visit.payment, visit.stripe, told.session_id
    log.info("payment step", payment=payment.pk, step=step.value, amount=amount)
    if step is Step.EXPIRE:
        return stripe.expire(payment.account, session)
    if step is Step.CAPTURE:
        return stripe.capture(payment.account, session, told.intent_id, _key("capture", payment))
    if step is Step.VOID:
        return stripe.void(payment.account, session, told.intent_id, _key(f"void-{told.intent_id}", payment))
    return stripe.refund(
        payment.account,
        session,
        told.intent_id,
        amount=amount,
        currency=told.currency,
        idempotency=_key(f"refund-{told.intent_id}-{told.sent_back}-{told.refunded}-{amount}", payment),
        reference=payment.public_id,
        with_fee=payment.fee > 0,
    )


def _key(act: str, payment: Payment) -> str:
    return f"amplistay-{payment.public_id}-{act}-{payment.attempt}"


def _record(visit: Visit, told: Told) -> None:
    """Write down what the provider said. Raises Superseded."""
    payment, now = visit.payment, visit.now
    refunded, sent_back = payment.refunded, payment.sent_back
    payment.hear(told, now)
    values = {name: getattr(payment, name) for name in Payment.TOLD}
    with transaction.atomic():
        if not Payment.objects.filter(pk=payment.pk, leased_until=visit.lease).update(**values):
            raise Superseded
        if payment.refunded > refunded and payment.refunded >= (payment.to_refund or payment.captured):
            checkout.tell(payment.purchase, Delivery.News.REFUNDED, now, step=payment.refunded)
        if payment.sent_back > sent_back:
            _tell_host(payment, payment.sent_back, now)


def _tell(visit: Visit, told: Told) -> None:
    """The purchase hears what it means for it."""
    purchase, now = visit.payment.purchase, visit.now
    match rules.next_step(_wish(visit.payment), told, now).news, purchase.state:
        case News.AUTHORISED, Purchase.State.PAYING:
            paying.authorised(purchase, now)
        case News.CAPTURED, Purchase.State.CAPTURING:
            paying.captured(purchase, now)
        case News.DEAD, state if state in paying.ENDS:
            paying.dead(purchase, now)


def _later(payment: Payment, now: datetime) -> datetime:
    """When to look again at a payment that waits for somebody."""
    purchase = payment.purchase
    if payment.came_back and payment.refund_at:
        return max(payment.refund_at, now + SOONEST)
    if payment.refunding:
        return now + LATEST
    if purchase.state == Purchase.State.PAYING:
        return max(min(purchase.held_until, now + WATCH), now + SOONEST)
    if purchase.state == Purchase.State.ASKED:
        return now + CONTROL
    return now + WATCH


def _answered(visit: Visit) -> None:
    """All that was asked was answered."""
    rows = Payment.objects.filter(pk=visit.payment.pk, leased_until=visit.lease, checks__gt=0)
    rows.update(checks=0, refused_since=None)


def _failed(visit: Visit, problem: Unreachable | Refused) -> datetime:
    """Nothing is known or nothing was done: keep what is kept, and ask again after a while."""
    payment = visit.payment
    checks = min(payment.checks + 1, 1_000)
    stale_key = checks % SAME_KEY == 0 or getattr(problem, "code", "") in NEW_KEY
    rows = Payment.objects.filter(pk=payment.pk, leased_until=visit.lease)
    rows.update(checks=checks, attempt=F("attempt") + int(stale_key), trouble=str(problem)[:200])
    if isinstance(problem, Refused):
        rows.filter(refused_since=None).update(refused_since=visit.now)
        _tell_host(payment, checks, visit.now)
    log.warning("payment not settled yet", payment=payment.pk, checks=checks, problem=type(problem).__name__)
    paying.keep(payment.purchase, visit.now)
    slowest = LATEST if isinstance(problem, Unreachable) else HOURLY
    return visit.now + min(SOONEST * (1 << min(checks - 1, 10)), slowest)


def _tell_host(payment: Payment, times: int, now: datetime) -> None:
    """What a guest waits for keeps failing: the host has to see to it, and is told once for each sum."""
    if times < SAME_KEY or not (payment.owed or payment.purchase.state == Purchase.State.CAPTURING):
        return
    wanted = payment.refunded + payment.to_come.amount if payment.to_come else 0
    with transaction.atomic():
        checkout.tell(payment.purchase, Delivery.News.STUCK, now, step=wanted)


# What nobody told us


def reconcile(now: datetime) -> int:
    """Ask about everything unsettled at the next sweep, whatever was or wasn't told; how many that are."""
    rows = Payment.objects.unsettled().filter(Q(check_at=None) | Q(check_at__gt=now)).free(now)
    rests = Q(state=State.CAPTURED, goal=Payment.Goal.CAPTURE, refunded__gte=F("to_refund"))
    waits = Q(refused_since__isnull=False, check_at__isnull=False)  # its turn comes, within the hour
    return rows.exclude(rests).exclude(waits).update(check_at=now)


def accounts_to_search(now: datetime) -> list[str]:
    """The accounts where payments were begun lately."""
    rows = Payment.objects.filter(created_at__gt=now - ORPHANS_SINCE)
    return sorted(set(rows.values_list("account", flat=True)))


def end_orphans(account: str, now: datetime, stripe: Stripe) -> int:
    """Close or give back every page of ours that no payment knows; how many those were. Raises Unreachable, Refused.

    A page becomes an orphan when two were opened for one payment because a reply was lost.
    """
    listed = stripe.sessions_since(account, now - ORPHANS_SINCE)
    references = {reference for reference, _ in listed if reference}
    known = {row.public_id: row for row in Payment.objects.filter(account=account, public_id__in=references)}
    count = 0
    for reference, told in listed:
        payment = known.get(reference)
        if payment is None or told.session_id == payment.session_id:
            continue
        if not payment.session_id:
            ask_again(now, pk=payment.pk)
            continue
        count += _end_orphan(payment, told, now, stripe)
    return count


def _end_orphan(payment: Payment, told: Told, now: datetime, stripe: Stripe) -> bool:
    """Whether anything had to be done about it."""
    wish = Wish(Goal.GIVE_BACK, payment.amount, told.currency)
    visit = Visit(payment, stripe, now, now)
    for number in range(MOST_STEPS):
        following = rules.next_step(wish, told, now)
        if following.step is Step.NOTHING:
            return number > 0
        told = _do(visit, following.step, following.amount, told)
    return True
