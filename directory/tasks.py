"""What workers do for the directory. It may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.utils import timezone

from directory import codes, joining


@shared_task
def forget() -> None:
    """Delete codes that are over, and requests that came to nothing."""
    now = timezone.now()
    codes.forget(now)
    joining.forget(now)
