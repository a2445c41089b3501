"""The sweep of what nobody can take back any more."""

from datetime import datetime

from accounts.deeds import KEPT
from accounts.models import Deed
from calendars.models import Closure, Feed
from properties.models import Photo
from webhooks.models import Webhook


def sweep(now: datetime) -> None:
    """Forget deeds whose time is over, and what was removed with its history."""
    before = now - KEPT
    Deed.objects.filter(until__lt=before).delete()
    still = Closure.objects.held_there().exclude(next_try_at=None)  # to be opened at its system first
    Feed.everything.filter(removed_at__lt=before).exclude(closures__in=still).delete()
    Webhook.everything.filter(removed_at__lt=before).delete()
    Photo.objects.filter(removed_at__lt=before).delete()
