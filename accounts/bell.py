"""Which notices a member has read. What the notices are is derived elsewhere; only this is kept."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import Membership


def open_some(member: Membership, source: str, rows: Iterable[int], now: datetime) -> None:
    """These notices are read. Days that count as read anyway are forgotten."""
    with transaction.atomic():
        row = Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
        kept = (now - Membership.UNREAD_FOR).date().isoformat()
        row.opened.setdefault(source, {}).update({str(pk): now.date().isoformat() for pk in rows})
        row.opened = {
            name: {pk: day for pk, day in days.items() if day >= kept} for name, days in row.opened.items()
        }
        row.save(update_fields=["opened"])


def open_all(member: Membership, until: datetime) -> tuple[datetime | None, datetime]:
    """Everything up to then is read; up to when it was before, and is now."""
    with transaction.atomic():
        row = Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
        before, after = row.seen_until, max(until, row.seen_until or until)
        row.seen_until = after
        row.save(update_fields=["seen_until"])
    return before, after
