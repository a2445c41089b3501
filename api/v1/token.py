"""The token that is shown, and the organization it acts for."""

from typing import Any

from rest_framework import serializers

from accounts.models import Organization as Org
from api.door import ApiRequest, OrgView, operation
from api.models import ApiToken
from api.problems import of_form
from api.scopes import Scope
from api.wire import Body, Out, Whole
from properties.models import Property
from upsells.tabforms import CleanersForm


class OrganizationOut(Out):
    """Who the token acts for; `cleanings_a_day` are the changed turnovers that the cleaners of all homes can take."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    cleanings_a_day = serializers.IntegerField(allow_null=True)


class OrganizationBody(Body):
    """What may be changed of it."""

    cleanings_a_day = Whole(min_value=0, max_value=1_000, allow_null=True)


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
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> ApiToken:  # noqa: ARG002 - nothing is asked
        """The token that is shown, and what it may do."""
        return request.token


class Organization(OrgView):
    """The organization."""

    @operation("getOrganization", Scope.PROPERTIES_READ, gives=OrganizationOut)
    def get(self, request: ApiRequest, asked: dict[str, Any]) -> Org:  # noqa: ARG002 - nothing is asked
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
        """Change how many turnovers the cleaners can take on one day."""
        form = CleanersForm({"cleanings": asked.get("cleanings_a_day", request.org.cleanings_a_day)})
        if not form.is_valid():
            raise of_form(form, {"cleanings": "cleanings_a_day"})
        request.org.cleanings_a_day = form.cleaned_data["cleanings"]
        request.org.save(update_fields=["cleanings_a_day"])
        return request.org
