"""What workers do for the API. It may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.utils import timezone

from api import keeping


@shared_task
def prune() -> None:
    """Drop kept answers that are older than a day."""
    while keeping.forget(timezone.now()):
        pass
