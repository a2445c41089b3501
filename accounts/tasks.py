"""What workers do for accounts. Either may run twice, or only at the next sweep, with the same result."""

from celery import shared_task
from django.utils import timezone

from accounts import endings, post


@shared_task
def deliver() -> None:
    """Send letters about accounts."""
    post.send_due(timezone.now())


@shared_task
def end_organizations() -> None:
    """Delete what its owners wanted deleted, once it can't be undone any more."""
    endings.carry_out(timezone.now())
