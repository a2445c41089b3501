"""The links that channels and people read us by."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, invalid, of_form
from api.scopes import Scope
from api.v1.properties import home_of
from api.wire import Body, Choice, Flag, Out, Text
from calendars import exports, ledger, linking
from calendars.forms import ExportForm, PeopleForm
from calendars.models import ExportLink
from domain.channels import CHANNELS


class ExportOut(Out):
    """A link that one channel reads, or people do. `address` is its secret: whoever holds it may read."""

    id = serializers.CharField(source="public_id")
    property = serializers.CharField(source="property.public_id")
    kind = serializers.ChoiceField(choices=ExportLink.Kind.values)
    channel = serializers.SerializerMethodField()
    name = serializers.CharField(source="title")
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # DRF takes fields out of the class
    address = serializers.SerializerMethodField()
    previous_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the address from before answers, too."
    )
    shows_titles = serializers.BooleanField(help_text="People's link tells what is booked where.")
    shows_guests = serializers.BooleanField(help_text="People's link tells guests' names.")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField(help_text="When what it says changed last.")

    def get_channel(self, link: ExportLink) -> str | None:
        """The site it is for; null for people."""
        return link.channel or None

    def get_address(self, link: ExportLink) -> str:
        """Where it is read."""
        return exports.address(link)


class NewExport(Body):
    """A link for one channel, or for people; the last two fields are for people's alone."""

    kind = Choice(choices=ExportLink.Kind.values)
    channel = Choice(choices=list(CHANNELS), required=False, help_text="Needed for a channel's.")
    label = Text(  # type: ignore[assignment]  # ditto
        required=False, allow_blank=True, max_length=80, help_text="Needed for people's: who they are."
    )
    shows_titles = Flag(required=False)
    shows_guests = Flag(required=False)


class Ticks(Body):
    """What people's link is called, and what it tells."""

    label = Text(required=False, max_length=80)  # type: ignore[assignment]  # DRF takes fields out of the class
    shows_titles = Flag(required=False)
    shows_guests = Flag(required=False)


def _link(request: ApiRequest, export_id: str) -> ExportLink:
    rows = ExportLink.objects.live().select_related("property").defer("body")
    return get_or_404(rows, request, public_id=export_id)


class Exports(OrgView):
    """The links of a home."""

    @operation("listExports", Scope.CONNECTIONS_READ, gives=ExportOut, many=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """The links of a home that answer."""
        home = home_of(request, property_id)
        rows = ExportLink.objects.of(request.org).live().filter(property=home)
        return rows.select_related("property").defer("body").order_by("pk")

    @operation(
        "createExport", Scope.CONNECTIONS_WRITE, takes=NewExport, gives=ExportOut, status=201, at="api:export",
        example={"kind": "channel", "channel": "vrbo"},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> ExportLink:
        """Open a link for one more channel, or for people."""
        home = home_of(request, property_id)
        if asked["kind"] == ExportLink.Kind.PEOPLE:
            people = PeopleForm(asked)
            if not people.is_valid():
                raise of_form(people, {})
            with ledger.changing(home, request.now) as change:
                return linking.new_people_link(change, people.cleaned_data["label"], people.ticks)
        form = ExportForm(asked)
        if not form.is_valid():
            raise of_form(form, {})
        if asked.get("shows_titles") or asked.get("shows_guests"):
            raise invalid({"kind": _("A channel is told of no guest. Make the link for people.")})
        with ledger.changing(home, request.now) as change:
            return linking.new_link(change, form.cleaned_data["channel"], form.cleaned_data["label"])


class OneExport(OrgView):
    """One link."""

    @operation("getExport", Scope.CONNECTIONS_READ, gives=ExportOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], export_id: str) -> ExportLink:
        """One link."""
        return _link(request, export_id)

    @operation(
        "tickExport", Scope.CONNECTIONS_WRITE, takes=Ticks, gives=ExportOut, example={"shows_titles": True}
    )
    def patch(self, request: ApiRequest, asked: dict[str, Any], export_id: str) -> ExportLink:
        """Change what people's link tells, from its next read on."""
        link = _link(request, export_id)
        if link.kind != ExportLink.Kind.PEOPLE:
            raise conflict(_("Only links for people can be changed. A channel's always tells the same."))
        names = ("label", "shows_titles", "shows_guests")
        form = PeopleForm({name: asked.get(name, getattr(link, name)) for name in names}, link=link)
        if not form.is_valid():
            raise of_form(form, {})
        with ledger.changing(link.property, request.now) as change:
            linking.tick(change, link, form.cleaned_data["label"], form.ticks)
        return _link(request, export_id)

    @operation("revokeExport", Scope.CONNECTIONS_WRITE)
    def delete(self, request: ApiRequest, asked: dict[str, Any], export_id: str) -> None:
        """Stop answering at a link, at once and for good."""
        link = _link(request, export_id)
        ExportLink.objects.of(request.org).live().filter(pk=link.pk).update(revoked_at=request.now)


class Rotate(OrgView):
    """Another address."""

    @operation("rotateExport", Scope.CONNECTIONS_WRITE, gives=ExportOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], export_id: str) -> ExportLink:
        """Give a link another address. The old one answers for 48 hours more."""
        if not exports.rotate(_link(request, export_id), request.now):
            raise conflict(_("The link was renewed or revoked meanwhile. Read it again."))
        return _link(request, export_id)
