"""The way from an alert to the place where the host can act on it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import bell
from accounts.tenancy import HostRequest, get_or_404, host
from calendars.models import Alert
from calendars.sentences import relief
from domain.roles import Power


@require_GET
@host(Power.GUESTS)
def go(request: HostRequest, alert_id: str) -> HttpResponse:
    """On to the feed's page, the link, the accounts, the guest's request or the double booking.

    Says so where the alert is over. The notice of it is read then.
    """
    alert = get_or_404(Alert.objects.to_say(), request, public_id=alert_id)
    bell.open_some(request.membership, "alert", [alert.pk], timezone.now())
    if alert.resolved_at:
        messages.info(request, relief(alert) if alert.is_good_news else _("This needs nobody any more."))
    home, feed, link = alert.property, alert.feed, alert.link
    if feed and feed.removed_at:
        return redirect("calendars:connections", home.public_id)
    if feed:
        return redirect("calendars:log", home.public_id, feed.public_id)
    if link:
        part = "" if alert.resolved_at else f"#link-{link.public_id}"  # what was just said stands above it
        return redirect(reverse("calendars:connections", args=[home.public_id]) + part)
    if alert.kind in Alert.OF_ACCOUNTS:
        return redirect("systems:list")
    if alert.kind == Alert.Kind.REQUEST:
        return redirect("upsells:sales", home.public_id)
    return redirect("upsells:conflict", alert.public_id)
