"""The audit log: who did what from where, as the organization's owner reads it."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import AuditLine
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import invalid
from api.scopes import Scope
from api.wire import Day, Id, Out, Text

LONGEST_NAME = 80
LONGEST_WHO = 254


class AuditLineOut(Out):
    """One deed. `rows` are the ids in the address where it was done, `details` what else is known; never a secret."""

    id = serializers.CharField(source="pk")
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=AuditLine.Kind.values)
    who = serializers.CharField(help_text="A member's e-mail address, or a token's name, as it was then.")
    address = serializers.IPAddressField(allow_null=True)
    agent = serializers.CharField(help_text="The browser or the software, as it called itself.")
    name = serializers.CharField(
        help_text="What was done, such as calendars:close; by API, it begins with api:."
    )
    rows = serializers.DictField(child=serializers.CharField())
    details = serializers.DictField()


class AskedDeeds(cursors.Paged):
    """Which deeds."""

    kind = serializers.ChoiceField(required=False, choices=AuditLine.Kind.values)
    who = Text(required=False, max_length=LONGEST_WHO)
    name = Text(required=False, max_length=LONGEST_NAME)
    property = Id(required=False, help_text="The id of a home: what was done at one of its addresses.")
    vars()["from"] = Day(required=False, help_text="The first day, of UTC.")
    to = Day(required=False, help_text="The day after the last one, of UTC.")


class AuditLog(OrgView):
    """The log."""

    @operation(
        "listAuditLog", Scope.ORGANIZATION_READ, asks=AskedDeeds, gives=AuditLineOut, paged=True, whole=True
    )
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List what members, tokens and support did, the latest first, for two years."""
        start, end = asked.get("from"), asked.get("to")
        if start and end and end <= start:
            raise invalid({"to": _("Ask for a day after the first one.")})
        exactly = {name: asked[name] for name in ("kind", "who", "name") if name in asked}
        if odd := [name for name, text in exactly.items() if not text.isprintable()]:
            raise invalid(dict.fromkeys(odd, _("There is a sign in it that can't be printed.")))
        rows = AuditLine.objects.of(request.org).filter(**exactly)
        if home := asked.get("property"):
            rows = rows.about(home)
        if start:
            rows = rows.filter(at__gte=_midnight(start))
        if end:
            rows = rows.filter(at__lt=_midnight(end))
        return cursors.page(rows, asked, "audit log", newest_first=True)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
