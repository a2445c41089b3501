"""What workers do for the house as a whole. It may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.utils import timezone

from amplistay import sweeping


@shared_task
def sweep_removed() -> None:
    """Forget for good what was removed and can't be brought back any more."""
    sweeping.sweep(timezone.now())
