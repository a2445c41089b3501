"""What workers do for purchases. Any of these may run twice, or only at the next sweep, with the same result."""

import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import audit
from accounts.models import AuditLine, Organization
from calendars import polling
from connectors.broker import hint
from upsells import checkout, deliveries, forgetting, payments, payouts, stays
from upsells.models import Payment, PayoutAccount, Purchase
from webhooks import tasks as webhooks

LOOKING = timedelta(hours=1)  # calendars are read more often for so long after a guest opened the page
TURN_S = 10.0
MOST = 500  # of each kind in one sweep


@shared_task
def expect_a_sale(property_id: int) -> None:
    """A guest has opened the page of this property: its calendars shall be fresh."""
    now = timezone.now()
    polling.quicken(property_id, now + LOOKING, now)


@shared_task
def settle(purchase_id: int) -> None:
    """Look at every feed once more, then decide; what was decided is charged at once."""
    rows = Purchase.objects.checking().select_related("property__organization", "payment")
    purchase = rows.filter(pk=purchase_id).first()
    if purchase is None:
        return
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    if payment := getattr(purchase, "payment", None):
        payments.pursue(payment, timezone.now(), payments.stripe())
    _tell()


@shared_task
def pursue(payment_id: int) -> None:
    """Ask how a payment stands and take it further; a purchase that it has brought to a decision is decided."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        return
    payments.pursue(payment, timezone.now(), payments.stripe())
    for pk in Purchase.objects.checking().filter(payment=payment).values_list("pk", flat=True):
        settle(pk)
    _tell()


def at_once(purchase: Purchase) -> None:
    """After a commit that changed a purchase: its money moves and its news go out now, and not at the next sweep."""
    waiting = Payment.objects.filter(purchase=purchase.pk, check_at__isnull=False)
    for pk in waiting.values_list("pk", flat=True):
        hint(pursue, pk)
    _tell()


def _tell() -> None:
    hint(deliver)
    hint(webhooks.send)


@shared_task
def deliver() -> None:
    """Send what the outbox holds."""
    deliveries.send_due(timezone.now())


@shared_task
def prepare_account(account_id: int) -> None:
    """Open or look at a host's account at the payment provider."""
    account = PayoutAccount.objects.select_related("organization").filter(pk=account_id).first()
    if account is not None and settings.STRIPE_SECRET_KEY:
        payouts.prepare(account, timezone.now(), payments.stripe())


@shared_task
def sweep() -> None:
    """Pick up purchases that wait for an answer and payments that are due, and let go of holds that ran out."""
    now = timezone.now()
    if checkout.release_lapsed(now):
        _tell()
    for pk in Purchase.objects.checking().values_list("pk", flat=True)[:MOST]:
        hint(settle, pk)
    for pk in Payment.objects.due(now).free(now).order_by("check_at").values_list("pk", flat=True)[:MOST]:
        hint(pursue, pk)
    for pk in PayoutAccount.objects.due(now).values_list("pk", flat=True)[:MOST]:
        hint(prepare_account, pk)


@shared_task
def reconcile() -> None:
    """Ask about every payment that isn't settled, and look for pages that no payment knows."""
    now = timezone.now()
    payments.reconcile(now)
    for account in payments.accounts_to_search(now):
        hint(search_account, account)


@shared_task
def search_account(account: str) -> None:
    """Close or give back what was begun twice on one account."""
    if settings.STRIPE_SECRET_KEY:
        payments.end_orphans(account, timezone.now(), payments.stripe())


@shared_task
def forget() -> None:
    """Erase what was kept for as long as each organization wishes: guests' names, and old lines of the audit log."""
    now = timezone.now()
    for organization in Organization.objects.order_by("pk").iterator():
        forgetting.thin_out(organization, now)
        audit.forget(organization, now - AuditLine.KEPT_FOR)


@shared_task
def register_stays() -> None:
    """Give each stay that the calendars name its link, for as many changed calendars as a turn takes."""
    end = time.monotonic() + TURN_S
    while time.monotonic() < end and stays.register(timezone.now()):
        pass
