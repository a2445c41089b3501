"""Units of a property-management system: which there are, who follows them, and those that become homes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.problems import invalid
from api.scopes import Scope
from api.v1.imports import NAMES, Usual, defaults
from api.wire import Body, Out, Query, Text, rows_of
from billing.limits import why_not_add
from calendars import adopting, budgets, importing, leases, tasks
from calendars.importing import Outcome, Verdict
from calendars.models import Connection
from calendars.systemforms import Chosen
from calendars.systempages import account_of
from connectors.broker import hint
from domain.listwords import Column

STATES = ("free", "followed", "withheld", "gone")
MOST = 50  # that become homes at once
LONGEST_UNIT = 80


class UnitOut(Out):
    """One unit, as the system named it when it was asked last."""

    id = serializers.CharField(help_text="The system's own id.")
    name = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(
        choices=STATES,
        help_text="`withheld` isn't distributed to us; `gone` is followed, and no longer listed.",
    )
    property = serializers.CharField(allow_null=True, help_text="The home that follows it.")
    feed = serializers.CharField(allow_null=True, help_text="The calendar by which it does.")
    requests = serializers.IntegerField(help_text="That were made for it in this month of UTC.")


class AskedUnits(Query):
    """Which units."""

    state = serializers.ChoiceField(required=False, choices=STATES)


class UnitBody(Body):
    """A unit that becomes a home. Where a home has that name already, it follows the unit."""

    unit = Text(max_length=LONGEST_UNIT, help_text="The id of a free unit.")
    name = Text(max_length=120, help_text="The home's.")
    time_zone = Text(
        required=False, max_length=64, help_text="Its own, where it isn't the one of all of them."
    )


class UnitsBody(Usual):
    """Units, and what holds for new homes; left out, the zone is the account's, the currency that of most homes, the
    hours those of the newest one.
    """

    units = rows_of(UnitBody, MOST)


class AdoptedOut(Out):
    """What came of a unit; choose it once more where it isn't followed."""

    unit = serializers.CharField()
    property = serializers.CharField(allow_null=True)
    is_followed = serializers.BooleanField()
    problems = serializers.ListField(child=serializers.CharField())


def _units(row: Connection, now: Any) -> Iterator[dict[str, Any]]:
    """Free ones first, as in the dashboard."""
    found, counts = adopting.units(row), budgets.by_unit(row, now.date())
    for state, listings in (("free", found.free), ("withheld", found.withheld)):
        for each in listings:
            yield _unit(each.id, each.name, each.code, state, counts)
    known = {unit["id"]: unit for unit in row.units}
    for state, feeds in (("followed", found.followed), ("gone", found.gone)):
        for feed in feeds:
            named = known.get(feed.listing, {"name": feed.label, "code": ""})
            yield _unit(feed.listing, named["name"], named["code"], state, counts) | {
                "property": feed.property.public_id,
                "feed": feed.public_id,
            }


def _unit(key: str, name: str, code: str, state: str, counts: Mapping[str, int]) -> dict[str, Any]:
    told = {"id": key, "name": name, "code": code, "state": state, "requests": counts.get(key, 0)}
    return told | {"property": None, "feed": None}


def _wanted(row: Connection, asked: dict[str, Any]) -> list[Chosen]:
    """The units that become homes. Raises Problem where one can't be chosen, or two are called alike."""
    free = {unit.id: unit for unit in adopting.units(row).free}
    wrong: dict[str, str] = {}
    units: set[str] = set()
    names: set[str] = set()
    for number, each in enumerate(asked["units"]):
        if each["unit"] not in free or each["unit"] in units:
            wrong[f"units.{number}.unit"] = _(
                "Choose a unit that is free, once. The list of units says which are."
            )
        if each["name"].strip().casefold() in names:
            words = _("Another unit above has this name. Each becomes a home of its own.")
            wrong[f"units.{number}.name"] = words
        units.add(each["unit"])
        names.add(each["name"].strip().casefold())
    if not asked["units"]:
        wrong["units"] = _("Choose at least one unit.")
    if wrong:
        raise invalid(wrong)
    return [
        Chosen(free[each["unit"]], each["name"].strip(), each.get("time_zone", "")) for each in asked["units"]
    ]


def _refuse(wanted: Sequence[Chosen], verdicts: Sequence[Verdict]) -> None:
    """Raises Problem where a home can't be made, at what is its own or at what holds for all of them."""
    wrong: dict[str, str] = {}
    for number, (chosen, verdict) in enumerate(zip(wanted, verdicts, strict=True)):
        own = {Column.NAME, Column.TIME_ZONE} if chosen.time_zone else {Column.NAME}
        for column, words in verdict.wrong.items():
            name = NAMES.get(column.value, column.value)
            at = f"units.{number}.{column.value}" if column in own else name
            wrong.setdefault(at, str(words[0]))
    if wrong:
        raise invalid(wrong)


def _adopted(wanted: Sequence[Chosen], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        {
            "unit": chosen.unit.id,
            "property": outcome.home or None,
            "is_followed": bool(outcome.feeds),
            "problems": outcome.problems,
        }
        for chosen, outcome in zip(wanted, outcomes, strict=True)
    ]


class Units(OrgView):
    """An account's units."""

    @operation("listUnits", Scope.CONNECTIONS_READ, asks=AskedUnits, gives=UnitOut, many=True, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> Any:
        """The units of an account, those to choose from at the beginning."""
        found = _units(account_of(request, connection_id), request.now)
        state = asked.get("state")
        return [unit for unit in found if state in {None, unit["state"]}]

    @operation(
        "adoptUnits", Scope.PROPERTIES_WRITE, also=Scope.CONNECTIONS_WRITE, takes=UnitsBody, gives=AdoptedOut,
        many=True, whole=True, example={
            "units": [{"unit": "101", "name": "Casa del Mar"}], "check_in": "16:00", "check_out": "10:00",
            "turnaround": 120, "currency": "USD", "nightly_rate": 15000,
        },
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> Any:
        """Let units become homes, which follow them from now on. Where one can't, none does."""
        row = account_of(request, connection_id)
        wanted = _wanted(row, asked)
        usual = importing.usual(request.org)
        usual.time_zone = row.time_zone
        refusal = why_not_add(request.org.pk, request.now)
        verdicts = adopting.plan(row, wanted, defaults(request, asked, usual), refusal)
        _refuse(wanted, verdicts)
        outcomes = adopting.adopt(row, wanted, verdicts, request.now)
        feeds = [feed for outcome in outcomes for feed in outcome.feeds]
        hint(tasks.read_now, feeds) if len(feeds) <= leases.BATCH else hint(tasks.read_mirrors)
        return _adopted(wanted, outcomes)
