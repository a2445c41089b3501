"""What every template may use."""

from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import deeds
from accounts.models import User
from calendars.models import Alert
from notices import feed

DEMO_EMAIL = "demo@amplistay.example"
DEMO_PASSWORD = "demo-stay-longer"  # noqa: S105 - shown on the log-in page of a demo


def place(request: HttpRequest) -> dict[str, object]:
    """Whether this is a demo and how to get into it; for hosts' pages, how many alerts are open and notices unread."""
    needs = {
        "needs": partial(_open_alerts, request),
        "unread_news": partial(_unread_news, request),
        "deeds": partial(deeds.shown, request),
    }
    if not settings.DEMO:
        return needs | {"demo": False}
    return needs | {
        "demo": True,
        "demo_email": DEMO_EMAIL,
        "demo_password": DEMO_PASSWORD,
        "simulator_url": settings.SIMULATOR_URL,
    }


def _unread_news(request: HttpRequest) -> int:
    """How much the bell says is unread. Called by templates, like the one below."""
    if not isinstance(request.user, User) or request.user.pk is None:
        return 0
    member = getattr(request, "membership", None) or request.user.memberships.order_by("pk").first()
    return feed.unread(member, timezone.now()) if member else 0


def _open_alerts(request: HttpRequest) -> int:
    """How many things need the host. Templates call it, so only pages that show it ask the database."""
    if not isinstance(request.user, User):
        return 0
    rows = Alert.objects.open().filter(property__archived_at=None)
    if (
        organization := getattr(request, "org", None)
        or request.user.organizations.order_by("memberships").first()
    ):
        return rows.of(organization).count()
    return 0
