"""What workers do for notices. It may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.utils import timezone

from notices import digest


@shared_task
def sum_up() -> None:
    """Send the daily summaries that are due."""
    digest.send_due(timezone.now())
