"""Guests' personal data: found and handed out on request, and erased on request or when its time is over.

A guest is whoever gave an e-mail address. What was sold stays, without the person: the host's books need amounts and
dates for years, but no name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import F, Q

from accounts.models import Organization
from calendars import ledger
from calendars.models import Block
from properties.models import Property
from upsells.models import Delivery, Purchase, StayLink
from upsells.models.purchases import PurchaseQuerySet

A_MONTH = timedelta(days=365.25 / 12)
SHORTEST, LONGEST = 1, 120  # months that an organization may keep guests' names after the stay
IN_ONE_GO = 500  # purchases of one organization in a night; the rest is done in the next
UNDECIDED = (
    Purchase.State.HELD,
    Purchase.State.PAYING,
    Purchase.State.CHECKING,
    Purchase.State.ASKED,
    Purchase.State.CAPTURING,
)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many purchases know the guest no more, and how many must for now: they are open, or yet to come."""

    gone: int
    kept: int


def of_guest(organization: Organization, email: str) -> PurchaseQuerySet:
    """What this guest bought or asked for, the latest first; the address is compared without regard to case."""
    rows = Purchase.objects.of(organization).select_related("property", "payment", "stay_link")
    return (
        rows.filter(guest_email__iexact=email.strip()).exclude(guest_email="").order_by("-created_at", "-pk")
    )


def told(organization: Organization, email: str) -> dict[str, Any]:
    """All that is kept about a guest, as they may ask for it (GDPR, Articles 15 and 20): plain values for JSON."""
    return {
        "host": organization.name,
        "email": email.strip(),
        "purchases": [_told(purchase) for purchase in of_guest(organization, email)],
    }


def erase(organization: Organization, email: str, now: datetime) -> Erased:
    """Take the person off everything that is over (GDPR, Article 17)."""
    rows = of_guest(organization, email)
    over = list(_over(rows, now))
    _unname(over, now)
    return Erased(len(over), rows.count())


def thin_out(organization: Organization, now: datetime) -> int:
    """Take the persons off stays that ended longer ago than the organization keeps them. Gives how many there were."""
    before = now - organization.guests_kept * A_MONTH
    named = Purchase.objects.of(organization).exclude(guest_name="", guest_email="")
    over = list(_over(named, before).select_related("property").order_by("property_id", "pk")[:IN_ONE_GO])
    _unname(over, now)
    stays = StayLink.objects.of(organization).exclude(guest="")
    stays.filter(nights__endswith__lt=before.date()).update(guest="")
    return len(over)


def _over(rows: PurchaseQuerySet, now: datetime) -> PurchaseQuerySet:
    """Those whose stay is over, or that came to nothing, with no money and no letter on its way."""
    is_past = Q(period__endswith__lte=now) | Q(created_at__lte=now, state__in=(
        Purchase.State.DECLINED, Purchase.State.LAPSED, Purchase.State.CANCELLED
    ))  # fmt: skip
    moves_money = Q(payment__isnull=False) & ~Q(
        payment__state__in=("voided", "expired", "refunded", "captured")
    )
    owes = Q(payment__to_refund__gt=F("payment__refunded"))
    waits = Q(deliveries__delivered_at=None, deliveries__given_up_at=None, deliveries__isnull=False)
    return rows.filter(is_past).exclude(Q(state__in=UNDECIDED) | moves_money | owes | waits).distinct()


def _unname(purchases: Iterable[Purchase], now: datetime) -> None:
    by_home = sorted(purchases, key=lambda each: each.property_id)
    for _home, group in groupby(by_home, key=lambda each: each.property_id):
        of_home = list(group)
        home: Property = of_home[0].property
        with ledger.changing(home, now) as change:
            _unname_sales(change, [each.public_id for each in of_home])
            ids = [each.pk for each in of_home]
            Delivery.objects.filter(purchase__in=ids, to=Delivery.To.GUEST).delete()
            links = [each.stay_link_id for each in of_home]
            StayLink.objects.filter(pk__in=links, nights__endswith__lt=now.date()).update(guest="")
            Purchase.objects.filter(pk__in=ids).update(guest_name="", guest_email="")


def _unname_sales(change: ledger.Changing, references: list[str]) -> None:
    """Calendars for people show the name no more."""
    sales = Block.objects.filter(
        property=change.property, reference__in=references, origin=Block.Origin.SALE
    ).exclude(summary="")
    if sales.update(summary="", changed_at=change.now, version=change.next_version()):
        change.touched = True


def _told(purchase: Purchase) -> dict[str, Any]:
    payment = getattr(purchase, "payment", None)
    takes = purchase.takes
    return {
        "reference": purchase.public_id,
        "home": purchase.property.name,
        "name": purchase.guest_name,
        "email": purchase.guest_email,
        "language": purchase.language,
        "persons": purchase.persons,
        "what": purchase.kind,
        "from": takes.start.isoformat(),
        "until": takes.end.isoformat(),
        "state": purchase.state,
        "bought": purchase.created_at.isoformat(),
        "amount": purchase.amount,
        "currency": purchase.currency,
        "card": payment.card if payment else "",
        "stay": purchase.stay_link.guest,
        "letters": [
            {"about": each.news, "at": each.created_at.isoformat()}
            for each in purchase.deliveries.filter(to=Delivery.To.GUEST).order_by("pk")
        ],
    }
