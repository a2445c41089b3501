"""The links that guests open: of single stays, and of the home."""

import base64
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import CharField, F, Func
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict, of_form
from api.scopes import Scope
from api.v1.offers import NightsOut, span_of
from api.v1.properties import home_of
from api.wire import Body, Choice, Day, Out, Query, Text
from domain.channels import CHANNELS
from domain.spans import Span
from upsells import homesheet, stays
from upsells.models import StayLink
from upsells.stayforms import SheetForm, StayLinkForm
from upsells.staypages import address, general_link, pays


class Name(Func):
    """What the API calls a stay link: a digest of its token, which is itself the key to the guest's page."""

    template = "left(encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex'), 24)"
    output_field = CharField()


class StayLinkOut(Out):
    """The link of one stay. `address` is its secret: whoever holds it may buy beside the stay."""

    id = serializers.CharField(source="name")
    property = serializers.CharField(source="property.public_id")
    address = serializers.SerializerMethodField()
    nights = serializers.SerializerMethodField(help_text="The stay with what was bought beside it.")
    booked = serializers.SerializerMethodField(help_text="The stay as it was booked.")
    channel = serializers.SerializerMethodField()
    guest = serializers.CharField(allow_blank=True)
    by_hand = serializers.BooleanField(help_text="The host made it: it doesn't follow the calendars.")
    created_at = serializers.DateTimeField()
    gone_at = serializers.DateTimeField(allow_null=True, help_text="Since when no calendar names the stay.")
    stopped_at = serializers.DateTimeField(allow_null=True, source="revoked_at")

    def get_address(self, link: StayLink) -> str:
        """Where the guest opens it."""
        return address(link)

    @extend_schema_field(NightsOut())
    def get_nights(self, link: StayLink) -> Any:
        """With what was bought."""
        return span_of(link.stay)

    @extend_schema_field(NightsOut())
    def get_booked(self, link: StayLink) -> Any:
        """As it was booked."""
        return span_of(link.booked)

    def get_channel(self, link: StayLink) -> str | None:
        """The site where it was booked; null where nobody knows."""
        return link.channel or None


class StayLinkBody(Body):
    """A stay that no calendar tells apart, such as a direct booking's."""

    arrival = Day()
    departure = Day()
    channel = Choice(choices=list(CHANNELS), required=False)
    guest = Text(required=False, allow_blank=True, max_length=60)


class AskedStays(cursors.Paged):
    """Which stays."""

    vars()["from"] = Day(required=False, help_text="Those that aren't over on the day.")


class GuestPageOut(Out):
    """The home's own link, whose guests name the day they leave or come; for everybody, or for those of one site."""

    property = serializers.CharField(source="property.public_id")
    channel = serializers.CharField(allow_null=True)
    address = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_address(self, link: StayLink) -> str:
        """Where guests open it."""
        return address(link)


class AskedSite(Query):
    """For whom."""

    channel = serializers.ChoiceField(choices=list(CHANNELS), required=False)


class AskedSheet(AskedSite):
    """For whom, how large, and in which languages."""

    size = serializers.ChoiceField(choices=list(homesheet.SIZES), required=False)
    languages = Text(
        required=False, max_length=60, help_text="With commas between them, as en,es; English otherwise."
    )


class SheetOut(Out):
    """A page to print, with the QR code of the home's own link."""

    media_type = serializers.CharField()
    file = serializers.CharField(help_text="In base64.")


def _named(rows: Any) -> Any:
    return rows.of_stays().select_related("property").with_sold().annotate(name=Name(F("token")))


def _link(request: ApiRequest, **lookup: Any) -> StayLink:
    rows: Any = _named(StayLink.objects.of(request.org))
    return get_or_404(rows, request, **lookup)  # type: ignore[no-any-return]  # a StayLink


class StayLinks(OrgView):
    """The stays of a home."""

    @operation("listStayLinks", Scope.SALES_READ, asks=AskedStays, gives=StayLinkOut, paged=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """List the links of a home's stays, those made first at the beginning."""
        home = home_of(request, property_id)
        rows = _named(StayLink.objects.of(request.org).filter(property=home))
        if day := asked.get("from"):
            rows = rows.from_day(day)
        return cursors.page(rows, asked, f"stays {home.public_id}", newest_first=False)

    @operation(
        "createStayLink", Scope.SALES_WRITE, takes=StayLinkBody, gives=StayLinkOut, status=201, at="api:stay-link",
        example={"arrival": "2027-03-01", "departure": "2027-03-05", "guest": "Marta"},
    )  # fmt: skip
    def post(self, request: ApiRequest, asked: Mapping[str, Any], property_id: str) -> StayLink:
        """Make a link for a stay."""
        home = home_of(request, property_id)
        form = StayLinkForm(asked, today=home.house.today(request.now))
        if not form.is_valid():
            raise of_form(form, {})
        told = form.cleaned_data
        nights = Span(told["arrival"], told["departure"])
        try:
            link = stays.add(home, nights, told["channel"], told["guest"], request.now)
        except stays.Exists as error:
            raise conflict(_("This stay has a link already. It is in the list of stays.")) from error
        return _link(request, pk=link.pk)


class OneStayLink(OrgView):
    """One stay's link."""

    @operation("getStayLink", Scope.SALES_READ, gives=StayLinkOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], link_id: str) -> StayLink:
        """One stay's link."""
        return _link(request, name=link_id)

    @operation("stopStayLink", Scope.SALES_WRITE)
    def delete(self, request: ApiRequest, asked: dict[str, Any], link_id: str) -> None:
        """Let the link of a stay open no more. What was booked through it stays booked."""
        stays.stop(_link(request, name=link_id), request.now)


class Renew(OrgView):
    """Another address."""

    @operation("renewStayLink", Scope.SALES_WRITE, gives=StayLinkOut, status=201, at="api:stay-link")
    def post(self, request: ApiRequest, asked: dict[str, Any], link_id: str) -> StayLink:
        """Give a stay another link, with another id. The old one stops at once."""
        try:
            link = stays.renew(_link(request, name=link_id), request.now)
        except stays.Exists as error:
            raise conflict(
                _("This stay has got another link meanwhile. It is in the list of stays.")
            ) from error
        return _link(request, pk=link.pk)


class GuestPage(OrgView):
    """The home's own link."""

    @operation("getGuestPage", Scope.SALES_READ, asks=AskedSite, gives=GuestPageOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> StayLink:
        """The link and QR code's address of a home, for everybody or for the guests of one site."""
        return general_link(request, home_of(request, property_id), asked.get("channel", ""))

    @operation("renewGuestPage", Scope.SALES_WRITE, asks=AskedSite, gives=GuestPageOut, status=201)
    def post(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> StayLink:
        """Replace it. The old one stops at once: print the QR code again."""
        home, channel = home_of(request, property_id), asked.get("channel", "")
        live = StayLink.objects.of(request.org).live().general()
        live.filter(property=home, channel=channel).update(revoked_at=request.now)
        return general_link(request, home, channel)


class Sheet(OrgView):
    """To print."""

    @operation("getGuestSheet", Scope.SALES_READ, asks=AskedSheet, gives=SheetOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Any:
        """The sheet for the home, to print (PDF): the QR code of its guest page, in the languages that guests read."""
        home = home_of(request, property_id)
        wanted = {
            "size": asked.get("size", next(iter(homesheet.SIZES))),
            "language": asked.get("languages", settings.LANGUAGE_CODE).split(","),
        }
        form = SheetForm(wanted)
        if not form.is_valid():
            raise of_form(form, {"language": "languages"})
        link = general_link(request, home, asked.get("channel", ""))
        told = homesheet.Sheet(
            home.name, address(link), pays(request, home, link), form.cleaned_data["language"]
        )
        file = base64.b64encode(homesheet.pdf(told, form.cleaned_data["size"])).decode()
        return {"media_type": "application/pdf", "file": file}
