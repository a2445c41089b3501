"""What concerns an organization as a whole, done by software: its log, its page for everybody, its guests' data."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLine, Organization, User
from api.models import ApiToken
from directory.models import ShownHome, Vendor
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.api.callers import Caller
from tests.api.conftest import a_mail, a_purchase
from upsells.models import PayoutAccount, Purchase

pytestmark = pytest.mark.django_db
MARTA = "marta@example.org"
SHOWN = {"is_shown": True, "name": "Gràcia Homes", "slug": "gracia-homes", "town": "Girona"}


# The audit log


def test_the_log_is_told_page_by_page_and_by_what_is_asked_for(api: Caller, home: Property) -> None:
    path = f"/properties/{home.public_id}/"
    api.send("PATCH", path, {"name": "Casa Nova"})
    api.send("PUT", "/organization/name/", {"name": "Gràcia Homes"})
    first = api.get("/audit-log/?limit=1")
    (line,) = first["data"]
    assert (line["kind"], line["who"], line["name"]) == ("token", "PMS", "api:organization-name")
    assert line["details"] == {"operation": "renameOrganization", "fields": ["name"]}
    (line,) = api.get(f"/audit-log/?limit=1&cursor={first['next']}")["data"]
    assert line["rows"] == {"property_id": home.public_id}
    assert line["address"] == "127.0.0.1"
    today = timezone.now().date()
    for query, count in {
        f"property={home.public_id}": 1, "name=api:property": 1, "who=PMS": 2, "who=Somebody": 0,
        "kind=token": 2, "kind=support": 0, f"from={today}": 2, f"to={today}": 0,
        f"from={today}&to={today + timedelta(days=1)}": 2,
    }.items():  # fmt: skip
        assert len(api.get(f"/audit-log/?{query}")["data"]) == count, query
    api.send("GET", f"/audit-log/?from={today}&to={today}", status=422)
    api.send("GET", "/audit-log/?who=%00", status=422)
    assert AuditLine.objects.count() == 2


def test_only_an_owner_gives_a_token_what_is_an_owners(alices: Client, organization: Organization) -> None:
    wanted = {"name": "Archive", "scopes": ["organization:read"], "days": "30"}
    manager = Client()
    manager.force_login(cast.a_member(organization, "dora@example.org", Role.MANAGER))
    assert "organization:read" not in manager.get("/tokens/new/").content.decode()
    assert manager.post("/tokens/new/", wanted).status_code == 422
    assert not ApiToken.objects.exists()
    alices.post("/tokens/new/", wanted)
    assert ApiToken.objects.get().scopes == ["organization:read"]


# The page for everybody


def test_the_vendors_page_is_changed_shown_and_withdrawn(api: Caller, alice: User, home: Property) -> None:
    page = api.get("/vendor-page/")
    assert (page["is_shown"], page["url"], page["changed_at"]) == (False, None, None)
    assert not Vendor.objects.exists()
    shown = api.send("PATCH", "/vendor-page/", SHOWN)
    assert shown["messages_to"] == "alice@example.org"
    everybodys = urlsplit(shown["url"]).path
    assert "Girona" in Client().get(everybodys).content.decode()
    homes = api.get("/vendor-page/homes/")["data"]
    assert homes == [{"property": home.public_id, "name": home.name, "shows": []}]
    own = f"/vendor-page/homes/{home.public_id}/"
    assert api.send("PUT", own, {"shows": ["pace"]})["shows"] == ["pace"]
    assert api.get("/vendor-page/homes/")["data"][0]["shows"] == ["pace"]
    assert home.name in Client().get(everybodys).content.decode()
    assert api.send("PUT", own, {"shows": []})["shows"] == []
    assert not ShownHome.objects.exists()
    gone = api.send("POST", "/vendor-page/withdraw/")
    assert (gone["is_shown"], gone["town"]) == (False, "Girona")
    assert Client().get(everybodys).status_code == 404


def test_what_is_wrong_with_the_page_is_named(api: Caller, alice: User, mallory: User) -> None:
    cast.a_vendor(mallory.organizations.get(), slug="taken")
    for change, field in (
        ({"slug": "taken"}, "slug"), ({"slug": "no such"}, "slug"), ({"messages_to": MARTA}, "messages_to"),
        ({"words": "see www.example.org"}, "words"), ({"website": "nowhere"}, "website"),
    ):  # fmt: skip
        refusal = api.send("PATCH", "/vendor-page/", SHOWN | change, 422)
        assert [each["field"] for each in refusal["errors"]] == [field]
    assert Vendor.objects.get().slug == "taken"


# Guests' data


def test_a_guest_is_told_what_is_kept_and_then_erased(api: Caller, home: Property) -> None:
    link = cast.a_stay_link(home)
    over = a_purchase(home, link, -20)
    coming = a_purchase(home, link, 60)
    a_mail(over)
    told = api.send("POST", "/guests/export/", {"email": "Marta@Example.org"})
    assert {each["id"] for each in told["purchases"]} == {over.public_id, coming.public_id}
    assert sorted(len(each["letters"]) for each in told["purchases"]) == [0, 1]
    assert MARTA not in str(list(AuditLine.objects.values()))
    assert api.send("POST", "/guests/erase/", {"email": MARTA}) == {"erased": 1, "kept": 1}
    assert [each["id"] for each in api.send("POST", "/guests/export/", {"email": MARTA})["purchases"]] == [
        coming.public_id
    ]
    assert Purchase.objects.get(pk=over.pk).guest_name == ""
    for path in ("export", "erase"):
        assert api.send("POST", f"/guests/{path}/", {"email": "Marta"}, 422)["errors"][0]["field"] == "email"


def test_another_organizations_guest_is_unknown_and_stays(mallorys_api: Caller, home: Property) -> None:
    a_purchase(home, cast.a_stay_link(home), -20)
    assert mallorys_api.send("POST", "/guests/export/", {"email": MARTA})["purchases"] == []
    assert mallorys_api.send("POST", "/guests/erase/", {"email": MARTA}) == {"erased": 0, "kept": 0}
    assert Purchase.objects.get().guest_email == MARTA


# Its settings


def test_the_organization_is_renamed_and_forgets_its_guests_sooner(
    api: Caller, organization: Organization
) -> None:
    assert api.send("PUT", "/organization/name/", {"name": "Gràcia Homes"})["name"] == "Gràcia Homes"
    assert api.send("PUT", "/organization/name/", {"name": " "}, 422)["errors"][0]["field"] == "name"
    changed = api.send("PATCH", "/organization/", {"guests_kept": 3})
    assert (changed["guests_kept"], changed["cleanings_a_day"]) == (3, None)
    api.send("PATCH", "/organization/", {"guests_kept": 0}, 400)
    organization.refresh_from_db()
    assert (organization.name, organization.guests_kept) == ("Gràcia Homes", 3)


def test_it_says_whether_guests_can_pay_by_card_and_opens_nothing(
    api: Caller, organization: Organization
) -> None:
    assert api.get("/payouts/")["country"] is None
    now = timezone.now()
    PayoutAccount.objects.create(
        organization=organization, country="ES", wanted_at=now, checked_at=now, charges_enabled=True,
        stripe_id="acct_secret", link="https://stripe.example/secret", link_until=now + timedelta(hours=1),
    )  # fmt: skip
    answer = api("GET", "/payouts/")
    assert b"secret" not in answer.content
    assert b"ES" in answer.content
