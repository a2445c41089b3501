"""What workers do for the house as a whole. It may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from amplistay import sweeping
from billing import subscriptions
from properties.models import Property


@shared_task
def sweep_removed() -> None:
    """Forget for good what was removed and can't be brought back any more."""
    sweeping.sweep(timezone.now())


@shared_task
def count_properties() -> None:
    """Tell what hosts pay by how many active properties each organization has."""
    if not settings.BILLING:
        return
    counts = Property.objects.active().order_by().values_list("organization").annotate(n=Count("pk"))
    subscriptions.count(dict(counts), timezone.now())
