"""The provider's messages: each is kept once and only says where to look; what it tells is never believed."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from connectors.stripe_events import Event
from upsells.models import Payment, PayoutAccount, StripeEvent
from upsells.models.payments import PaymentQuerySet, PayoutAccountQuerySet

log = structlog.get_logger()

ABOUT_ACCOUNTS = ("account.", "capability.", "person.")


@dataclass(frozen=True, slots=True)
class Heard:
    """The keys of the payments and the hosts' accounts that there may be news of."""

    payments: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()


def hear(event: Event, now: datetime) -> Heard:
    """Keep the message and make what it is about due, with one commit; a message heard before is looked into again."""
    with transaction.atomic():
        row = StripeEvent(
            event_id=event.id[:255],
            kind=event.kind[:80],
            account=event.account[:64],
            about=event.about[:255],
            received_at=now,
            handled_at=now,
        )
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
        payments, accounts = _payments(event), _accounts(event)
        payments.update(check_at=now)
        accounts.update(check_at=now)
        heard = Heard(
            tuple(payments.values_list("pk", flat=True)), tuple(accounts.values_list("pk", flat=True))
        )
    log.info("payment event", kind=event.kind, payments=len(heard.payments), accounts=len(heard.accounts))
    return heard


def _payments(event: Event) -> PaymentQuerySet:
    """The payments that it may be about."""
    known = Q(pk=None)
    if event.reference:
        known |= Q(public_id=event.reference)
    if event.intent_id:
        known |= Q(intent_id=event.intent_id)
    if event.about:
        known |= Q(session_id=event.about)
    return Payment.objects.filter(known, account=event.account)


def _accounts(event: Event) -> PayoutAccountQuerySet:
    """The hosts' accounts that it may be about."""
    ids = {event.about, event.account} if event.kind.startswith(ABOUT_ACCOUNTS) else set()
    return PayoutAccount.objects.filter(stripe_id__in=ids - {""})
