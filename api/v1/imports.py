"""Many homes at once, from a list like the dashboard's; tried first, if wanted."""

from typing import Any

from rest_framework import serializers

from api.door import ApiRequest, OrgView, only_shows, operation
from api.problems import of_form
from api.scopes import Scope
from api.v1.properties import AMOUNT
from api.wire import Body, Clock, Flag, Out, Text, Whole
from calendars import importing, tasks
from calendars.importforms import DefaultsForm, SheetForm
from calendars.importing import Effect, Outcome, Result, Verdict
from domain import listsheet
from properties.fields import to_decimal
from properties.models import DAY_MINUTES, Property

USUAL = ("time_zone", "check_in", "check_out", "turnaround", "currency")
NAMES = {"rate": "nightly_rate"}  # of the form's fields, where the API has another


class Usual(Body):
    """What holds for new homes that say nothing else; left out, zone and currency are those of most homes, and the
    hours those of the newest one.
    """

    time_zone = Text(required=False, max_length=64)
    check_in = Clock(required=False)
    check_out = Clock(required=False)
    turnaround = Whole(required=False, min_value=0, max_value=DAY_MINUTES)
    currency = Text(required=False, min_length=3, max_length=3)
    nightly_rate = Whole(required=False, min_value=1, help_text=AMOUNT)


class ImportBody(Usual):
    """A list of homes, and what holds for new ones that say nothing else.

    What is left out is as usual: zone and currency as at most homes, the hours as at the newest one.

    With `dry_run` nothing is written.
    """

    list = Text(
        max_length=listsheet.MOST_OCTETS,
        help_text="A home a line: its name, then its calendar links; or CSV with headings.",
    )
    dry_run = Flag(required=False)


class LineOut(Out):
    """One line of the list, and what came of it, or would."""

    number = serializers.IntegerField()
    name = serializers.CharField(allow_blank=True)
    result = serializers.ChoiceField(choices=[result.value for result in Result])
    property = serializers.CharField(allow_null=True, help_text="The id of the home, where there is one.")
    feeds = serializers.IntegerField(help_text="How many calendars are new.")
    problems = serializers.ListField(child=serializers.CharField(), help_text="Why it was left out.")


class ImportOut(Out):
    """What came of a list, or would; `ignored` are columns that aren't known."""

    dry_run = serializers.BooleanField()
    lines = LineOut(many=True)
    ignored = serializers.ListField(child=serializers.CharField())


def defaults(request: ApiRequest, asked: dict[str, Any], usual: Property) -> dict[str, Any]:
    """What a DefaultsForm would be given, as at the `usual` home where nothing else is asked for.

    Raises Problem where it can't be meant.
    """
    values = {name: str(asked.get(name, getattr(usual, name))) for name in USUAL}
    values["rate"] = ""
    if rate := asked.get("nightly_rate"):
        values["rate"] = f"{to_decimal(rate, values['currency']):f}"
    form = DefaultsForm(values, instance=Property(organization=request.org))
    if not form.is_valid():
        raise of_form(form, NAMES)
    return values


def _planned(verdict: Verdict) -> dict[str, Any]:
    effect = verdict.effect
    return {
        "number": verdict.line.number,
        "name": verdict.line.name,
        "result": Result.LEFT_OUT if effect is Effect.WRONG else Result(effect.value),
        "property": verdict.home.public_id if verdict.home else None,
        "feeds": 0 if effect is Effect.WRONG else len(verdict.new),
        "problems": verdict.problems,
    }


def _done(outcome: Outcome) -> dict[str, Any]:
    return {
        "number": outcome.number,
        "name": outcome.name,
        "result": outcome.result,
        "property": outcome.home or None,
        "feeds": len(outcome.feeds),
        "problems": outcome.problems,
    }


class Imports(OrgView):
    """Lists of homes."""

    most_octets = 2 * listsheet.MOST_OCTETS  # a list with its signs escaped

    @operation(
        "importProperties", Scope.PROPERTIES_WRITE, also=Scope.CONNECTIONS_WRITE, takes=ImportBody,
        gives=ImportOut, whole=True,
        example={
            "list": "Casa del Mar, https://www.airbnb.com/calendar/ical/7.ics?s=1", "dry_run": True,
            "time_zone": "Europe/Madrid", "currency": "EUR", "nightly_rate": 12000,
        },
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """Make homes and connect their calendars from a list, or see what would come of it.

        Each line is done for itself; one that is known already does nothing the second time.
        """
        form = SheetForm({"text": asked["list"]})
        if not form.is_valid():
            raise of_form(form, {"text": "list"})
        verdicts = importing.plan(
            request.org, form.sheet, defaults(request, asked, importing.usual(request.org))
        )
        is_dry = asked.get("dry_run", False)
        if is_dry:
            only_shows(request)
            lines = [_planned(verdict) for verdict in verdicts]
        else:
            outcomes = importing.carry_out(request.org, verdicts, request.now, request.now)
            tasks.read_soon(sorted({key for outcome in outcomes for key in outcome.feeds}))
            lines = [_done(outcome) for outcome in outcomes]
        return {"dry_run": is_dry, "lines": lines, "ignored": form.sheet.ignored}
