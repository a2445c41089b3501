"""What workers do for calendars. Any of these may run twice, or only at the next sweep, with the same result."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from calendars import polling
from calendars.models import FeedRead
from connectors.broker import hint

KEPT = timedelta(days=400)
CLAIM_ROUNDS = 20


@shared_task
def read_due_feeds() -> None:
    """Claim what is due and hand it out in batches."""
    for _ in range(CLAIM_ROUNDS):
        lease, ids = polling.claim_due(timezone.now(), polling.BATCH)
        if not ids:
            return
        hint(read_claimed, ids, str(lease))


@shared_task
def read_claimed(ids: list[int], lease: str) -> None:
    """Read one claimed batch."""
    polling.read(ids, UUID(lease), timezone.now())


@shared_task
def read_now(ids: list[int]) -> None:
    """Read these feeds whether due or not: somebody is waiting."""
    now = timezone.now()
    lease, claimed = polling.claim_these(ids, now)
    polling.read(claimed, lease, now)


@shared_task
def prune() -> None:
    """Drop sync log lines older than thirteen months."""
    FeedRead.objects.filter(at__lt=timezone.now() - KEPT).delete()
