"""What workers do for purchases. Any of these may run twice, or only at the next sweep, with the same result."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from calendars import polling
from connectors.broker import hint
from upsells import checkout
from upsells.models import Purchase

LOOKING = timedelta(hours=1)  # calendars are read more often for so long after a guest opened the page


@shared_task
def expect_a_sale(property_id: int) -> None:
    """A guest has opened the page of this property: its calendars shall be fresh."""
    now = timezone.now()
    polling.quicken(property_id, now + LOOKING, now)


@shared_task
def settle(purchase_id: int) -> None:
    """Look at every feed once more, then decide."""
    purchase = (
        Purchase.objects.checking().select_related("property__organization").filter(pk=purchase_id).first()
    )
    if purchase is not None:
        checkout.look_again(purchase, timezone.now())
        checkout.decide(purchase, timezone.now())


@shared_task
def sweep() -> None:
    """Pick up purchases that wait for an answer, and let go of holds that ran out."""
    for pk in Purchase.objects.checking().values_list("pk", flat=True)[:500]:
        hint(settle, pk)
    checkout.release_lapsed(timezone.now())
