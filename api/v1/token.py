"""The token that is shown, and the organization it acts for."""

from typing import Any

from rest_framework import serializers

from accounts.forms import NewOrganizationForm
from accounts.models import Organization as Org
from api.door import ApiRequest, OrgView, operation
from api.models import ApiToken
from api.problems import of_form
from api.scopes import Scope
from api.wire import Body, Out, Text, Whole
from properties.models import Property
from upsells.forgetting import LONGEST, SHORTEST
from upsells.tabforms import CleanersForm

LONGEST_NAME = 120


class OrganizationOut(Out):
    """Who the token acts for; `cleanings_a_day` are the changed turnovers that the cleaners of all homes can take."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    cleanings_a_day = serializers.IntegerField(allow_null=True)
    guests_kept = serializers.IntegerField(
        help_text="Months after the stay in which guests' names are kept; then they are erased by night."
    )


class OrganizationBody(Body):
    """What may be changed of it."""

    cleanings_a_day = Whole(min_value=0, max_value=1_000, allow_null=True)
    guests_kept = Whole(min_value=SHORTEST, max_value=LONGEST)


class NameBody(Body):
    """What it shall be called."""

    name = Text(max_length=LONGEST_NAME)


class TokenOut(Out):
    """What the token may do; `homes` are null where all are open to it."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    start = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.values))
    homes = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    organization = OrganizationOut()

    def get_homes(self, token: ApiToken) -> list[str] | None:
        """The ids of the homes that are open to it."""
        if token.homes is None:
            return None
        request = self.context["request"]
        rows = Property.objects.of(request.org).filter(pk__in=token.homes)
        return list(rows.order_by("pk").values_list("public_id", flat=True))


class Token(OrgView):
    """The token."""

    @operation("getToken", None, gives=TokenOut)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> ApiToken:
        """The token that is shown, and what it may do."""
        return request.token


class Organization(OrgView):
    """The organization."""

    @operation("getOrganization", Scope.PROPERTIES_READ, gives=OrganizationOut)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Org:
        """The organization."""
        return request.org

    @operation(
        "changeOrganization",
        Scope.PROPERTIES_WRITE,
        takes=OrganizationBody,
        gives=OrganizationOut,
        whole=True,
        example={"cleanings_a_day": 4},
    )
    def patch(self, request: ApiRequest, asked: dict[str, Any]) -> Org:
        """Change how many turnovers the cleaners can take on one day, or how long guests' names are kept."""
        if "cleanings_a_day" in asked:
            form = CleanersForm({"cleanings": asked["cleanings_a_day"]})
            if not form.is_valid():
                raise of_form(form, {"cleanings": "cleanings_a_day"})
            request.org.cleanings_a_day = form.cleaned_data["cleanings"]
        request.org.guests_kept = asked.get("guests_kept", request.org.guests_kept)
        request.org.save(update_fields=sorted(asked))
        return request.org


class Name(OrgView):
    """Its name."""

    @operation(
        "renameOrganization",
        Scope.ORGANIZATION_WRITE,
        takes=NameBody,
        gives=OrganizationOut,
        whole=True,
        example={"name": "Gràcia Homes"},
    )
    def put(self, request: ApiRequest, asked: dict[str, Any]) -> Org:
        """Give the organization another name."""
        form = NewOrganizationForm(asked, instance=request.org)
        if not form.is_valid():
            raise of_form(form, {})
        request.org.save(update_fields=["name"])
        return request.org
