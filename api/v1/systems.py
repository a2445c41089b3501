"""Accounts at property-management systems: connected by their keys, which nothing gives back, and given up."""

from datetime import UTC
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, of_form
from api.scopes import Scope
from api.wire import Body, Choice, Flag, Out, Text
from calendars import budgets, mirrors, systems, tasks
from calendars.mirrors import Entry
from calendars.models import Connection
from calendars.systemforms import KEYS, LONGEST_KEY, AccountForm, KeysForm
from calendars.systempages import CONNECTED, MOST, SYSTEM, account_of, accounts_of, health
from connectors.broker import hint
from connectors.contract import Cap

IN_BODY = {name: f"keys.{name}" for name in KEYS}  # where the form's fields stand


class GroupOut(Out):
    """Keys that only work together, and what is wrong with them, if anything. The keys themselves are never shown."""

    name = serializers.CharField()
    trouble = serializers.CharField(allow_blank=True)


class RequestsOut(Out):
    """What asking the system has cost, and may cost, in requests; days and months are those of UTC."""

    today = serializers.IntegerField()
    allowed_today = serializers.IntegerField()
    this_month = serializers.IntegerField()
    allowed_this_month = serializers.IntegerField()


class SystemOut(Out):
    """An account. `works` is what its keys are good for; with `two_way`, nights taken elsewhere are closed there."""

    id = serializers.CharField(source="public_id")
    system = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="That of its units, where they have no other.")
    state = serializers.SerializerMethodField()
    works = serializers.ListField(child=serializers.ChoiceField(choices=[cap.value for cap in Cap]))
    keys = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField(
        help_text="Why its units couldn't be listed, as a sentence; empty when they could."
    )
    two_way = serializers.BooleanField()
    can_close = serializers.SerializerMethodField(help_text="Nights can be closed there with these keys.")
    requests = serializers.SerializerMethodField()
    looked_at = serializers.DateTimeField(allow_null=True, help_text="When keys and units were checked last.")
    created_at = serializers.DateTimeField()

    def get_state(self, row: Connection) -> str:
        """checking, ready, stopped (its keys no longer work) or ending (some homes follow it still)."""
        if row.archived_at:
            return "ending"
        return "checking" if row.looked_at is None else row.state

    @extend_schema_field(GroupOut(many=True))
    def get_keys(self, row: Connection) -> Any:
        """The groups of which there is a key."""
        found = health(row) if row.system in systems.SYSTEMS else []
        return [{"name": each.name, "trouble": each.trouble} for each in found]

    def get_problem(self, row: Connection) -> str:
        """The sentence of the dashboard."""
        return _(row.troubles["listings"]) if "listings" in row.troubles else ""

    def get_can_close(self, row: Connection) -> bool:
        """Whether it is among what works."""
        return Cap.BLOCK in row.works

    @extend_schema_field(RequestsOut(allow_null=True))
    def get_requests(self, row: Connection) -> Any:
        """Null for a system that isn't asked any more."""
        if row.system not in systems.SYSTEMS:
            return None
        day = self.context["now"].astimezone(UTC).date()
        allowed, spent = budgets.allowance(row, day), budgets.spent_by(row, day)
        return {
            "today": spent.today,
            "allowed_today": allowed.a_day,
            "this_month": spent.this_month,
            "allowed_this_month": allowed.a_month,
        }


class SystemKeys(Body):
    """What the system's support gave you. A group is whole or empty; HSAPI or EscapiaNET must be among them."""

    for key in KEYS:
        vars()[key] = Text(required=False, allow_blank=True, max_length=LONGEST_KEY)
    del key


class OtherKeysBody(Body):
    """All keys, in place of those that there are."""

    keys = SystemKeys()


class SystemBody(Body):
    """A new account."""

    system = Choice(choices=[SYSTEM])
    name = Text(max_length=80, help_text="For yourself.")
    time_zone = Text(max_length=64, help_text="That of the units: an IANA name, such as America/Chicago.")
    keys = SystemKeys()


class WaysBody(Body):
    """One way or both."""

    two_way = Flag(help_text="Close nights there that are taken elsewhere.")


class Systems(OrgView):
    """All accounts."""

    @operation("listSystems", Scope.CONNECTIONS_READ, gives=SystemOut, many=True, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """The organization's accounts at property-management systems."""
        return accounts_of(request)

    @operation(
        "connectSystem", Scope.CONNECTIONS_WRITE, takes=SystemBody, gives=SystemOut, status=201, at="api:system",
        whole=True, example={
            "system": SYSTEM, "name": "Beach rentals", "time_zone": "America/Chicago",
            "keys": {"hsapi_id": "…", "hsapi_secret": "…", "hsapi_manager": "1234"},
        },
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Connection:
        """Connect an account by its keys.

        The answer doesn't wait for the system: the state is `checking` until the keys were tried and units listed.
        """
        form = AccountForm(systems.SYSTEMS[asked["system"]].spec, asked | asked["keys"])
        if not form.is_valid():
            raise of_form(form, IN_BODY | {"__all__": "keys"})
        if accounts_of(request).count() >= MOST:
            raise conflict(_("More than %(n)s accounts aren't possible.") % {"n": MOST})
        given = form.cleaned_data
        entry = Entry(asked["system"], given["name"], form.keys, {}, given["time_zone"])
        if known := mirrors.account_of_keys(request.org, entry.system, form.keys):
            raise conflict(CONNECTED % {"name": known.name})
        row = mirrors.connect(request.org, entry, request.now)
        hint(tasks.look_at_connection, row.pk)
        return row


class OneSystem(OrgView):
    """One account."""

    @operation("getSystem", Scope.CONNECTIONS_READ, gives=SystemOut, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> Connection:
        """One account: what works, and what asking costs."""
        return account_of(request, connection_id)

    @operation(
        "changeSystem", Scope.CONNECTIONS_WRITE, takes=WaysBody, gives=SystemOut, whole=True,
        example={"two_way": True},
    )  # fmt: skip
    def patch(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> Connection:
        """Close nights there that are taken elsewhere, or stop doing so: what we closed there is opened again then."""
        row = account_of(request, connection_id)
        wanted = asked.get("two_way", row.two_way)
        if wanted and Cap.BLOCK not in row.works:
            raise conflict(_("With these keys no night can be closed there."))
        if wanted != row.two_way:
            mirrors.set_two_way(row, two_way=wanted)
        return account_of(request, connection_id)

    @operation("disconnectSystem", Scope.CONNECTIONS_WRITE, whole=True)
    def delete(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> None:
        """Follow none of its units any more. The homes stay; nights that only it closed open at once."""
        mirrors.archive(account_of(request, connection_id), request.now)


class Look(OrgView):
    """Checked again."""

    @operation("checkSystem", Scope.CONNECTIONS_WRITE, gives=SystemOut, status=202, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> Connection:
        """Have the system asked once more what works and which units there are."""
        row = account_of(request, connection_id)
        mirrors.look_again(row)
        hint(tasks.look_at_connection, row.pk)
        return account_of(request, connection_id)


class OtherKeys(OrgView):
    """Other keys."""

    @operation(
        "replaceSystemKeys", Scope.CONNECTIONS_WRITE, takes=OtherKeysBody, gives=SystemOut, status=202, whole=True,
        example={"keys": {"enet_id": "…", "enet_password": "…", "enet_manager": "…"}},
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], connection_id: str) -> Connection:
        """Use other keys in place of those that there are. What was stopped goes on."""
        row = account_of(request, connection_id)
        if row.system not in systems.SYSTEMS:
            raise conflict(_("This system can't be asked here any more."))
        form = KeysForm(systems.spec_of(row), asked["keys"])
        if not form.is_valid():
            raise of_form(form, IN_BODY | {"__all__": "keys"})
        mirrors.rekey(row, form.keys, request.now)
        hint(tasks.look_at_connection, row.pk)
        return account_of(request, connection_id)
