"""What workers do for what hosts pay. Any of these may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from billing import letters, subscriptions
from billing.models import Subscription
from connectors.broker import hint

MOST = 200  # in one sweep


@shared_task
def pursue(subscription_id: int) -> None:
    """Bring about at the provider what is wished, and write down how it stands."""
    if settings.BILLING:
        subscriptions.pursue(subscription_id, timezone.now(), subscriptions.stripe())


@shared_task
def sweep() -> None:
    """Pick up what is due, tell owners of trials that end, and remind them of what isn't paid."""
    if not settings.BILLING:
        return
    now = timezone.now()
    letters.announce(now)
    letters.remind(now)
    rows = Subscription.objects.due(now).free(now).order_by("check_at")
    for pk in rows.values_list("pk", flat=True)[:MOST]:
        hint(pursue, pk)
