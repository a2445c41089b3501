"""Homes: listed, made, changed, put aside."""

from copy import copy
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation, refuse_if_changed
from api.problems import Problem, invalid, of_form
from api.scopes import Scope
from api.wire import AskedFlag, Body, Choice, Clock, Out, Text, Whole
from billing.limits import why_not_add
from calendars import rehousing, tasks
from calendars.models import Feed
from connectors.broker import hint
from properties.fields import to_decimal
from properties.forms import PropertyForm
from properties.models import DAY_MINUTES, Property
from upsells import houserules
from upsells.settingspage import COLUMNS

LANGUAGES = [code for code, _name in settings.LANGUAGES]
AMOUNT = "In minor units of the currency, such as cents."


class PropertyOut(Out):
    """A home. Nights begin and end on its own clock."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="An IANA name, such as Europe/Madrid.")
    check_in = Clock()
    check_out = Clock()
    turnaround = serializers.IntegerField(help_text="Minutes that cleaning takes.")
    currency = serializers.CharField(help_text="ISO 4217.")
    nightly_rate = serializers.IntegerField(help_text=AMOUNT)
    cleaner_email = serializers.CharField(allow_blank=True)
    cleaner_language = serializers.CharField()
    created_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class PropertyBody(Body):
    """A home as it shall be."""

    name = Text(max_length=120)
    time_zone = Text(max_length=64, help_text="An IANA name, such as Europe/Madrid.")
    check_in = Clock()
    check_out = Clock()
    turnaround = Whole(min_value=0, max_value=DAY_MINUTES, help_text="Minutes that cleaning takes.")
    currency = Text(min_length=3, max_length=3, help_text="ISO 4217.")
    nightly_rate = Whole(min_value=1, help_text=AMOUNT)
    cleaner_email = Text(required=False, allow_blank=True, max_length=254)
    cleaner_language = Choice(choices=LANGUAGES, required=False)


class Asked(cursors.Paged):
    """Which homes."""

    archived = AskedFlag(
        required=False, help_text="Only those that are put aside, or only those that aren't."
    )


EXAMPLE = {
    "name": "Casa Gràcia",
    "time_zone": "Europe/Madrid",
    "check_in": "15:00",
    "check_out": "11:00",
    "turnaround": 240,
    "currency": "EUR",
    "nightly_rate": 12000,
}


def home_of(request: ApiRequest, property_id: str) -> Property:
    """The organization's home, or 404."""
    row = get_or_404(Property.objects.all(), request, public_id=property_id)
    row.organization = request.org
    return row


def home_named(request: ApiRequest, asked: dict[str, Any]) -> Property:
    """The home that a body names in its field `property`. Raises Problem where there is none."""
    found = Property.objects.of(request.org).filter(public_id=asked["property"]).first()
    if found is None:
        raise invalid({"property": _("There is no such property. Look up its id in the list.")})
    found.organization = request.org
    return found


def _form(row: Property, asked: dict[str, Any]) -> PropertyForm:
    """The dashboard's own form, with what was asked for over what is there."""
    data = PropertyOut(row).data if row.pk else {}
    data |= asked
    data["rate"] = f"{to_decimal(data['nightly_rate'], data['currency']):f}"
    form = PropertyForm(data, instance=copy(row))
    if not form.is_valid():
        raise of_form(form, {"rate": "nightly_rate"})
    return form


class Properties(OrgView):
    """All homes."""

    @operation("listProperties", Scope.PROPERTIES_READ, asks=Asked, gives=PropertyOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List homes, those made first at the beginning."""
        rows = Property.objects.of(request.org)
        if (archived := asked.get("archived")) is not None:
            rows = rows.filter(archived_at__isnull=not archived)
        return cursors.page(rows, asked, "properties", newest_first=False)

    @operation(
        "createProperty", Scope.PROPERTIES_WRITE, takes=PropertyBody, gives=PropertyOut, status=201,
        at="api:property", whole=True, guarded=True, example=EXAMPLE,
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Property:
        """Make a home."""
        row: Property = _form(Property(organization=request.org), asked).save()
        return row


class Home(OrgView):
    """One home."""

    @operation("getProperty", Scope.PROPERTIES_READ, gives=PropertyOut, guarded=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Property:
        """One home."""
        return home_of(request, property_id)

    @operation(
        "changeProperty", Scope.PROPERTIES_WRITE, takes=PropertyBody, gives=PropertyOut, guarded=True,
        example={"check_out": "10:30", "nightly_rate": 13000},
    )  # fmt: skip
    def patch(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Property:
        """Change a home's name, clock or price.

        Nights, exports and sales follow its clock in the same commit.
        """
        row = home_of(request, property_id)
        refuse_if_changed(request, row, PropertyOut)
        form = _form(row, asked)
        try:
            must_read = houserules.change(row, form.save(commit=False), COLUMNS, request.now)
        except rehousing.Entangled as error:
            words = _("With these times two of your sales would be in the home at once.")
            raise invalid({"check_out": words}) from error
        if must_read:
            feeds = Feed.objects.of(request.org).filter(property=row)
            hint(tasks.read_now, list(feeds.values_list("pk", flat=True)))
        return home_of(request, property_id)


class Archive(OrgView):
    """Put aside."""

    @operation("archiveProperty", Scope.PROPERTIES_WRITE, gives=PropertyOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Property:
        """Put a home aside.

        Its calendars are no longer read and nothing is sold; its export links keep answering.
        """
        row = home_of(request, property_id)
        rows = Property.objects.of(request.org).filter(pk=row.pk, archived_at=None)
        rows.update(archived_at=request.now)
        return home_of(request, property_id)


class Restore(OrgView):
    """Brought back."""

    @operation("restoreProperty", Scope.PROPERTIES_WRITE, gives=PropertyOut)
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Property:
        """Bring a home back from the archive."""
        row = home_of(request, property_id)
        if why := why_not_add(request.org.pk, request.now):
            raise Problem("invalid", why)
        Property.objects.of(request.org).filter(pk=row.pk).update(archived_at=None)
        return home_of(request, property_id)
