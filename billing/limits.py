"""What an unpaid or paused plan lets nobody begin: more properties, and new sales.

What there is goes on whatever is paid: calendars are read, nights stay closed, export links answer, sales that are on
go on. Where billing is off, nothing is limited and nothing is asked.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Subscription
from domain.billing import LIMITED, Standing


def why_not_add(organization_id: int, now: datetime) -> str:
    """Why no property can be added now, in a sentence; empty where one can."""
    return _limited(_row(organization_id), now)


def why_not_sell(organization_id: int, now: datetime) -> str:
    """Why nothing more can be put on sale now, in a sentence; empty where it can."""
    row = _row(organization_id)
    if row and not row.terms.sells:
        return _(
            "Your plan mirrors calendars and sells nothing. An owner can change it under Plan and invoices."
        )
    return _limited(row, now)


def sells(organization_id: int) -> bool:
    """Whether the organization's plan is one to sell with."""
    row = _row(organization_id)
    return row is None or row.terms.sells


def _row(organization_id: int) -> Subscription | None:
    if not settings.BILLING:
        return None
    return Subscription.objects.filter(organization=organization_id).first()


def _limited(row: Subscription | None, now: datetime) -> str:
    found = row.standing(now) if row else Standing.FREE
    if found not in LIMITED:
        return ""
    if found is Standing.PAUSED:
        return _(
            "Your plan is paused, so nothing can be added. An owner can resume it under Plan and invoices."
        )
    return _("Your plan isn't paid, so nothing can be added. An owner can pay it under Plan and invoices.")
