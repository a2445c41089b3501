"""The way from an alert to the place where the host can act on it."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.tenancy import HostRequest, get_or_404, host
from calendars.models import Alert
from calendars.sentences import relief


@require_GET
@host
def go(request: HostRequest, alert_id: str) -> HttpResponse:
    """On to the feed's page or the night of a double booking; says so where the alert is over."""
    rows = Alert.objects.select_related("property", "feed").defer("feed__url")
    alert = get_or_404(rows, request, public_id=alert_id)
    if alert.resolved_at:
        messages.info(request, relief(alert) if alert.is_good_news else _("This needs nobody any more."))
    home, feed = alert.property, alert.feed
    if feed:
        return redirect("calendars:log", home.public_id, feed.public_id)
    today = home.house.today(timezone.now())
    arrival, departure = (date.fromisoformat(alert.details[name]) for name in ("arrival", "departure"))
    night = today if arrival < today < departure else arrival
    return redirect(f"{home.get_absolute_url()}?month={night:%Y-%m}&night={night}#why")
