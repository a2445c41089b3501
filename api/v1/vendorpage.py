"""What the organization shows everybody: off until it is wanted, and gone when it isn't."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from accounts import language
from api import cursors
from api.door import ApiRequest, OrgView, operation
from api.problems import of_form
from api.scopes import Scope
from api.v1.properties import home_of
from api.wire import Body, Choice, Flag, Out, Text
from directory import vendors
from directory.forms import RulesForm, VendorForm
from directory.models import Rule, ShownHome, Vendor
from properties.models import Property

COLUMNS = ("is_shown", "name", "slug", "words", "town", "region", "website")


class VendorPageOut(Out):
    """The page that everybody may see, or not. `messages_to` is shown nowhere: what strangers write goes there."""

    is_shown = serializers.BooleanField()
    name = serializers.CharField()
    slug = serializers.CharField(help_text="The last part of its address.")
    words = serializers.CharField(allow_blank=True)
    town = serializers.CharField(allow_blank=True)
    region = serializers.CharField(allow_blank=True)
    website = serializers.CharField(allow_blank=True)
    messages_to = serializers.CharField(allow_blank=True, source="email")
    url = serializers.SerializerMethodField(help_text="Where everybody sees it; null while nobody does.")
    changed_at = serializers.DateTimeField(allow_null=True, help_text="Null until it is saved for once.")

    def get_url(self, vendor: Vendor) -> str | None:
        """The whole address."""
        return settings.SITE_URL + vendor.get_absolute_url() if vendor.is_shown else None


class VendorPageBody(Body):
    """The page as it shall be."""

    is_shown = Flag()
    name = Text(max_length=80)
    slug = Text(max_length=60, help_text="Small letters, figures and hyphens.")
    words = Text(allow_blank=True, max_length=1_000)
    town = Text(allow_blank=True, max_length=80)
    region = Text(allow_blank=True, max_length=80)
    website = Text(allow_blank=True, max_length=300)
    messages_to = Text(max_length=254, help_text="A confirmed address of a member.")


class VendorHomeOut(Out):
    """A home, and what the page says of it; a home of which nothing is said isn't named there."""

    property = serializers.CharField(source="public_id")
    name = serializers.CharField()
    shows = serializers.SerializerMethodField()

    def get_shows(self, home: Property) -> list[str]:
        """sites, pace and content, or some of them."""
        row: ShownHome | None = getattr(home, "shown_home", None)
        return list(row.rules) if row else []


class VendorHomeBody(Body):
    """What the page says of a home: which sites read its calendar, how fresh that is, what it holds."""

    shows = serializers.ListField(child=Choice(choices=Rule.values), max_length=len(Rule))


def _own(request: ApiRequest) -> Vendor:
    addresses = vendors.addresses(request.org)
    return vendors.own(request.org, addresses[0] if addresses else "")


class VendorPage(OrgView):
    """The page."""

    @operation("getVendorPage", Scope.ORGANIZATION_READ, gives=VendorPageOut, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Vendor:
        """The organization's page in the list of vendors, or what it would begin with."""
        return _own(request)

    @operation(
        "changeVendorPage", Scope.ORGANIZATION_WRITE, takes=VendorPageBody, gives=VendorPageOut, whole=True,
        example={"is_shown": True, "name": "Gràcia Homes", "slug": "gracia-homes", "town": "Girona"},
    )  # fmt: skip
    def patch(self, request: ApiRequest, asked: dict[str, Any]) -> Vendor:
        """Change the page, and whether everybody may see it, search engines too."""
        row = _own(request)
        data = {name: asked.get(name, getattr(row, name)) for name in COLUMNS}
        data["email"] = asked.get("messages_to", row.email)
        form = VendorForm(row, vendors.addresses(request.org), data)
        spoken = row.language or language.of_request()
        if not (form.is_valid() and vendors.keep(form, spoken, request.now)):
            raise of_form(form, {"email": "messages_to"})
        return row


class Withdraw(OrgView):
    """Taken down."""

    @operation("withdrawVendorPage", Scope.ORGANIZATION_WRITE, gives=VendorPageOut, whole=True)
    def post(self, request: ApiRequest, asked: dict[str, Any]) -> Vendor:
        """Take the page down at once. Its words are kept."""
        vendors.withdraw(request.org, request.now)
        return _own(request)


class VendorHomes(OrgView):
    """The homes."""

    @operation("listVendorHomes", Scope.ORGANIZATION_READ, gives=VendorHomeOut, paged=True, whole=True)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Any:
        """List the homes with what the page says of each, those made first at the beginning."""
        rows = Property.objects.of(request.org).active().select_related("shown_home")
        return cursors.page(rows, asked, "vendor homes", newest_first=False)


class VendorHome(OrgView):
    """One home."""

    @operation(
        "showVendorHome", Scope.ORGANIZATION_WRITE, takes=VendorHomeBody, gives=VendorHomeOut, whole=True,
        example={"shows": ["sites", "pace"]},
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Property:
        """Say this of a home, and nothing else; an empty list names it no more."""
        home = home_of(request, property_id)
        form = RulesForm([home], {}, {home.public_id: asked["shows"]})
        if not form.is_valid():
            raise of_form(form, {home.public_id: "shows"})
        vendors.choose(request.org, form.rules)
        return home_of(request, property_id)
