"""What workers do for webhooks. Any of these may run twice, or only at the next sweep, with the same result."""

import time

from celery import shared_task
from django.utils import timezone

from webhooks import letters, outbox, sending

TURN_S = 20.0  # the last round may take 15 s more, and the time limit is 60 s


@shared_task
def send() -> None:
    """Send what other software is to be told, and tell hosts of webhooks that were stopped."""
    end = time.monotonic() + TURN_S
    while sending.send_due(timezone.now()) and time.monotonic() < end:
        pass
    letters.tell_stopped(timezone.now())


@shared_task
def prune() -> None:
    """Drop messages that are long past."""
    while outbox.forget(timezone.now()):
        pass
