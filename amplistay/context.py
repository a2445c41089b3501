"""What every template may use."""

from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import deeds
from accounts.models import Membership, Organization
from accounts.statements import Given, Number, Statement
from accounts.tenancy import membership_of, memberships_of
from billing.models import Subscription
from calendars.models import Alert
from domain.roles import Power
from notices import feed

DEMO_EMAIL = "demo@amplistay.example"
DEMO_PASSWORD = "demo-stay-longer"  # noqa: S105 - shown on the log-in page of a demo


def place(request: HttpRequest) -> dict[str, object]:
    """Whether this is a demo and how to get into it; for hosts' pages, as whom and what one may do, and what waits.

    `may` holds each power of `domain.roles` by its name, and `everywhere`: whether every home is open. Templates call
    these, so only pages that show them ask the database.
    """
    who: Any = SimpleLazyObject(partial(_member, request))
    found: dict[str, object] = {
        "member": who,
        "may": SimpleLazyObject(lambda: _powers(who)),
        "my_memberships": partial(memberships_of, request),
        "needs": partial(_open_alerts, who),
        "unread_news": partial(_unread_news, who),
        "plan_standing": partial(_plan_standing, who),
        "deeds": partial(deeds.shown, request),
    }
    if not settings.DEMO:
        return found | {"demo": False}
    return found | {
        "demo": True,
        "demo_email": DEMO_EMAIL,
        "demo_password": DEMO_PASSWORD,
        "simulator_url": settings.SIMULATOR_URL,
    }


def _member(request: HttpRequest) -> Membership | None:
    """The membership that the page is made in."""
    return getattr(request, "membership", None) or membership_of(request)


def _powers(member: Membership | None) -> dict[str, bool]:
    """What the member may do."""
    if not member:
        return {}
    powers = {power.value: member.may(power) for power in Power}
    return powers | {"everywhere": member.homes is None}


def _plan_standing(member: Membership | None) -> str:
    """Whether the organization's plan is paid, for those who pay it; empty where billing is off."""
    if not (settings.BILLING and member and member.may(Power.BILLING)):
        return ""
    row = Subscription.objects.of(member.organization).first()
    return row.standing(timezone.now()).value if row else ""


def _unread_news(member: Membership | None) -> int:
    """How much the bell says is unread."""
    return feed.unread(member, timezone.now()) if member and member.may(Power.GUESTS) else 0


def _open() -> QuerySet[Organization, int]:
    rows = Alert.objects.of(Given("org")).open().filter(property__archived_at=None)
    return Organization.objects.filter(pk=Given("org")).values_list(Number(rows.values("pk")), flat=True)


_NEEDS = Statement(_open)


def _open_alerts(member: Membership | None) -> int:
    """How many things need the host."""
    if not member or not member.may(Power.GUESTS):
        return 0
    (found,) = _NEEDS(org=member.organization_id)
    return found
