"""The provider's messages about what hosts pay: each only says where to look; what it tells is never believed.

Nothing is kept of one, so it may come twice, late or out of order: the row is due once more, and a look changes nothing
where nothing is new.
"""

from datetime import datetime

import structlog
from django.db.models import Q

from billing.models import Subscription
from connectors.stripe_events import Event

log = structlog.get_logger()


def hear(event: Event, now: datetime) -> list[int]:
    """Make what the message is about due; the rows' keys. Messages of hosts' own accounts are about nothing here."""
    known = Q(pk=None)
    if event.customer:
        known |= Q(customer=event.customer)
    if event.about:
        known |= Q(customer=event.about) | Q(stripe_id=event.about)
    if event.reference:
        known |= Q(public_id=event.reference)
    rows = Subscription.objects.none() if event.account else Subscription.objects.filter(known)
    rows.update(check_at=now)
    found = list(rows.values_list("pk", flat=True))
    log.info("billing event", kind=event.kind, subscriptions=len(found))
    return found
