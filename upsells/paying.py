"""The purchase's side of its card payment: what each piece of the provider's news means for the nights.

Each of these leaves one state for another under the property's lock, so hearing the same news twice changes nothing.
"""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from calendars import ledger
from calendars.models import Block
from upsells import checkout
from upsells.models import Payment, PayoutAccount, Purchase

log = structlog.get_logger()

PAY_WITHIN = timedelta(minutes=10)
KEEP_FOR = timedelta(
    hours=24
)  # of the ledger's hold: the provider's word ends it, the clock only if we are gone
ANSWERED_WITHIN = timedelta(seconds=20)  # by the page that opens the session; then a worker takes over
BASIS_POINTS = 10_000
State = Purchase.State
ENDS = {
    State.PAYING: State.LAPSED,
    State.CHECKING: State.DECLINED,
    State.ASKED: State.DECLINED,
    State.CAPTURING: State.DECLINED,
}


def pay(purchase: Purchase, *, name: str, email: str, now: datetime) -> Payment:
    """The guest presses "pay": what was chosen is kept while they are at the provider's page.

    Raises Lapsed when the hold ran out, NotOnSale when the host's account takes no cards any more. Pressing twice is
    pressing once.
    """
    with ledger.changing(purchase.property, now) as change:
        held = Purchase.objects.filter(pk=purchase.pk, state=State.HELD, held_until__gt=now)
        if held.update(
            state=State.PAYING,
            guest_name=name,
            guest_email=email,
            language=purchase.language,
            held_until=now + PAY_WITHIN,
        ):
            ledger.extend(change, purchase.public_id, now + KEEP_FOR)
            return _payment(purchase, now)
    payment = Payment.objects.filter(purchase=purchase).first()
    if payment is None:
        raise ledger.Lapsed
    return payment


def _payment(purchase: Purchase, now: datetime) -> Payment:
    account = PayoutAccount.objects.ready().filter(organization=purchase.organization_id).first()
    if account is None:
        raise checkout.NotOnSale
    return Payment.objects.create(
        organization_id=purchase.organization_id,
        purchase=purchase,
        account=account.stripe_id,
        amount=purchase.amount,
        fee=purchase.amount * settings.STRIPE_FEE_BASIS_POINTS // BASIS_POINTS,
        created_at=now,
        check_at=now + ANSWERED_WITHIN,
    )


def authorised(purchase: Purchase, now: datetime) -> None:
    """The money is reserved: look at every feed again, or ask the host. Without a hold it is given back."""
    try:
        with ledger.changing(purchase.property, now) as change:
            checkout.request(change, Purchase.objects.filter(pk=purchase.pk, state=State.PAYING), purchase)
    except ledger.Lapsed:
        dead(purchase, now)


def dead(purchase: Purchase, now: datetime, *, refused: bool = False) -> None:
    """The payment can't succeed any more: what was kept for it, or sold for it, is free again.

    `refused` when the provider wouldn't even take it, which isn't for want of the guest's time.
    """
    with ledger.changing(purchase.property, now) as change:
        for state, end in ENDS.items():
            to = State.DECLINED if refused else end
            reason = Purchase.Reason.UNPAID if to == State.DECLINED else ""
            if not checkout.leave(purchase, state, to, now, reason):
                continue
            ledger.release(change, purchase.public_id)
            checkout.answered(purchase, now)
            if to == State.DECLINED:
                checkout.tell_declined(purchase, now)
            else:
                checkout.give_back(purchase, now)
            log.info("purchase without a payment ended", purchase=purchase.pk, state=to.value)
            return


def captured(purchase: Purchase, now: datetime) -> None:
    """The sale is paid: it is confirmed, certified and told in one commit."""
    with ledger.changing(purchase.property, now):
        if checkout.leave(purchase, State.CAPTURING, State.CONFIRMED, now):
            checkout.tell_confirmed(purchase, now)


def keep(purchase: Purchase, now: datetime) -> None:
    """Nobody knows how the payment stands: the hold outlasts the silence."""
    if purchase.state != State.PAYING:
        return
    ends = Block.objects.filter(property=purchase.property_id, reference=purchase.public_id).ours()
    if ends.filter(held_until__lt=now + KEEP_FOR / 2).exists():
        with suppress(ledger.Lapsed), ledger.changing(purchase.property, now) as change:
            ledger.extend(change, purchase.public_id, now + KEEP_FOR)
