"""The loop check: whether each channel of a home reads us, and whether we read it."""

from typing import Any

from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.scopes import Scope
from api.v1.properties import home_of
from api.wire import Out
from calendars import ledger, loops, tasks
from calendars.loops import Party
from calendars.models import Feed
from connectors.broker import hint
from domain.loops import Verdict, Way
from properties.models import Property

WAYS = [way.value for way in Way]


class PartyOut(Out):
    """One channel, and both ways to it."""

    channel = serializers.CharField()
    name = serializers.CharField(source="title")
    export = serializers.SerializerMethodField(help_text="The id of the link that it should read.")
    verdict = serializers.ChoiceField(choices=[each.value for each in Verdict], source="sight.verdict")
    reads_us = serializers.ChoiceField(choices=WAYS, source="sight.imports")
    read_by_us = serializers.ChoiceField(choices=WAYS, source="sight.exports")
    read_at = serializers.DateTimeField(
        allow_null=True, source="sight.read_at", help_text="When it first read the mark."
    )
    due_at = serializers.DateTimeField(source="sight.due", help_text="By when it usually does.")
    passes_on = serializers.BooleanField(
        source="sight.passes_on", help_text="Our mark came back in its calendar."
    )

    def get_export(self, party: Party) -> str | None:
        """Null where it has none."""
        return party.link.public_id if party.link else None


class LoopCheckOut(Out):
    """The check that runs, else the last one there was; all null where there was none."""

    property = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    ends_by = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    channels = PartyOut(many=True)


def _shown(request: ApiRequest, home: Property) -> dict[str, Any]:
    check = loops.latest(home)
    if check is None:
        found: dict[str, Any] = dict.fromkeys(("started_at", "ends_by", "ended_at"))
        return {**found, "property": home.public_id, "channels": []}
    check.property = home
    return {
        "property": home.public_id,
        "started_at": check.since,
        "ends_by": check.until,
        "ended_at": check.ended_at,
        "channels": loops.parties(check, request.now),
    }


class LoopCheck(OrgView):
    """The check of a home."""

    @operation("getLoopCheck", Scope.CONNECTIONS_READ, gives=LoopCheckOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """What the check of a home has found by now."""
        return _shown(request, home_of(request, property_id))

    @operation("startLoopCheck", Scope.CONNECTIONS_WRITE, gives=LoopCheckOut, status=202)
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """Begin a check, unless one runs: a mark on a night that is over goes out in each channel's link.

        It closes nothing for anybody. Every calendar is read at once; the check ends by itself.
        """
        home = home_of(request, property_id)
        with ledger.changing(home, request.now) as change:
            loops.start(change)
        feeds = Feed.objects.of(request.org).reading().filter(property=home)
        hint(tasks.read_now, list(feeds.values_list("pk", flat=True)))
        return _shown(request, home)

    @operation("endLoopCheck", Scope.CONNECTIONS_WRITE)
    def delete(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> None:
        """End the check that runs; what was found stays."""
        home = home_of(request, property_id)
        check = loops.latest(home)
        if check and check.ended_at is None:
            with ledger.changing(home, request.now) as change:
                loops.end(change, check)
