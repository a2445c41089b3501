"""What the host must know: calendars in trouble, double bookings, requests, links that nobody reads."""

from typing import Any

from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.scopes import Scope
from api.wire import AskedFlag, Id, Out
from calendars.models import Alert
from calendars.sentences import advice, headline


class AlertOut(Out):
    """Something that the host must know. Of kind `conflict`, its id is that of the double booking."""

    id = serializers.CharField(source="public_id")
    property = serializers.CharField(source="property.public_id")
    kind = serializers.ChoiceField(choices=Alert.Kind.values)
    feed = serializers.SerializerMethodField()
    export = serializers.SerializerMethodField()
    headline = serializers.SerializerMethodField(help_text="What happened, as a sentence.")
    advice = serializers.SerializerMethodField(help_text="What can be done, as a sentence.")
    opened_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)

    def get_feed(self, alert: Alert) -> str | None:
        """The id of the calendar it is about."""
        return alert.feed.public_id if alert.feed else None

    def get_export(self, alert: Alert) -> str | None:
        """The id of the export link it is about."""
        return alert.link.public_id if alert.link else None

    def get_headline(self, alert: Alert) -> str:
        """The sentence of the dashboard."""
        return headline(alert)

    def get_advice(self, alert: Alert) -> str:
        """The sentence of the dashboard."""
        return advice(alert)


class AskedAlerts(cursors.Paged):
    """Which alerts."""

    property = Id(required=False, help_text="The id of a home.")
    kind = serializers.ChoiceField(required=False, choices=Alert.Kind.values)
    open = AskedFlag(required=False, help_text="Only those that are still true, or only those that are over.")


class Alerts(OrgView):
    """All alerts."""

    @operation("listAlerts", Scope.SALES_READ, asks=AskedAlerts, gives=AlertOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List what the host must know, the latest first."""
        rows = Alert.objects.of(request.org).to_say()
        if home := asked.get("property"):
            rows = rows.filter(property__public_id=home)
        if kind := asked.get("kind"):
            rows = rows.filter(kind=kind)
        if (is_open := asked.get("open")) is not None:
            rows = rows.filter(resolved_at__isnull=is_open)
        return cursors.page(rows, asked, "alerts", newest_first=True)


class OneAlert(OrgView):
    """One alert."""

    @operation("getAlert", Scope.SALES_READ, gives=AlertOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], alert_id: str) -> Alert:
        """One alert."""
        return get_or_404(Alert.objects.to_say(), request, public_id=alert_id)
