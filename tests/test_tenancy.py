"""The tenant door, tried at every address there is: another organization's row doesn't exist."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, SavedView, User
from api.door import Nowhere, OrgView
from properties.models import Property
from tests import cast
from tests.addresses import (
    ALL,
    ANYBODY,
    BODIES,
    BY_BEARER,
    BY_TOKEN,
    FOR_STRANGERS,
    MEMBERS_OWN,
    MEMBERS_ROW,
    NO_ROWS,
    OURS,
    PERSONS_OWN,
    STAFF,
    path_of,
    tried,
)
from tests.everything import everything_of
from tests.one_of_each import ids_of

pytestmark = pytest.mark.django_db

NOT_FOUND, NOT_ALLOWED = 404, 405
APP = {"app_label": "upsells"}


@pytest.fixture(scope="module")
def organization(kept: None) -> Organization:
    return cast.an_organization()


@pytest.fixture(scope="module")
def home(organization: Organization) -> Property:
    return cast.a_property(organization)


@pytest.fixture(scope="module")
def alices_ids(home: Property) -> dict[str, str]:
    return ids_of(home)


@pytest.fixture
def mallorys(mallory: User) -> Client:
    browser = Client()
    browser.force_login(mallory)
    return browser


@pytest.fixture
def mallorys_home(mallory: User) -> Property:
    return cast.a_property(mallory.organizations.get(), "Villa Mallory")


def test_every_address_is_classified() -> None:
    classified = MEMBERS_OWN | MEMBERS_ROW | PERSONS_OWN | BY_TOKEN | FOR_STRANGERS | BY_BEARER | ANYBODY
    assert OURS.keys() - classified == set(), "say who may come in, in tests/addresses.py"
    assert classified - OURS.keys() <= {"styleguide"}, "no such address any more"
    assert {name for name in MEMBERS_ROW if not ALL[name].ids} == set()


def test_the_operators_addresses_open_for_nobody_else(client: Client, alices_ids: dict[str, str]) -> None:
    """Neither for strangers nor for owners, nor for staff without a second factor."""
    staff = [address for name, address in ALL.items() if name.startswith(STAFF)]
    assert len(staff) > 30
    paths = {
        reverse(each.name, kwargs=dict.fromkeys(each.ids, "1") | APP)
        if "app_label" in each.ids
        else reverse(each.name, kwargs=dict.fromkeys(each.ids, "1"))
        for each in staff
        if not each.name.endswith((":None", ":view_on_site", ":jsi18n"))
    }
    owner = User.objects.get(email="carol@example.org")
    for role in ("stranger", "member", "staff"):
        if role != "stranger":
            User.objects.filter(pk=owner.pk).update(is_staff=role == "staff")
            client.force_login(owner)
        for path in paths:
            assert client.get(path).status_code == 302, (role, path)


def test_addresses_open_to_strangers_live_in_files_named_public() -> None:
    assert {ALL[name].module.rpartition(".")[2] for name in BY_TOKEN | FOR_STRANGERS} == {"public"}
    assert {
        name for name, address in OURS.items() if address.module.endswith(".public")
    } == BY_TOKEN | FOR_STRANGERS


def test_every_address_of_the_api_is_behind_its_door() -> None:
    views = {name: ALL[name].view.cls for name in BY_BEARER}
    assert len(views) > 50
    assert {name for name, view in views.items() if not issubclass(view, OrgView)} == set()
    strangers = {
        name for name, view in views.items() if view.authentication_classes != OrgView.authentication_classes
    }
    assert {views[name] for name in strangers} == {Nowhere}


@pytest.mark.parametrize("name", sorted(MEMBERS_OWN | MEMBERS_ROW))
def test_whoever_is_not_logged_in_is_sent_to_log_in(
    name: str, client: Client, alices_ids: dict[str, str]
) -> None:
    before = everything_of(Property.objects.get().organization)
    answers = tried(client, name, alices_ids)
    log_in = reverse(settings.LOGIN_URL) + "?next=" + path_of(name, alices_ids)
    sent = [answer for answer in answers if answer.status_code != NOT_ALLOWED]
    assert sent
    assert [(answer.status_code, answer["Location"]) for answer in sent] == [(302, log_in)] * len(sent)
    assert everything_of(Property.objects.get().organization) == before


@pytest.mark.parametrize("name", sorted(MEMBERS_ROW))
def test_another_organizations_row_does_not_exist(
    name: str, mallorys: Client, home: Property, alices_ids: dict[str, str]
) -> None:
    before = everything_of(home.organization)
    answers = [answer.status_code for answer in tried(mallorys, name, alices_ids)]
    assert set(answers) in ({NOT_FOUND}, {NOT_FOUND, NOT_ALLOWED})
    assert everything_of(home.organization) == before


@pytest.mark.parametrize("name", sorted(name for name in MEMBERS_ROW if len({*ALL[name].ids} - NO_ROWS) > 1))
def test_another_organizations_row_does_not_exist_on_ones_own_property_either(
    name: str, mallorys: Client, mallorys_home: Property, home: Property, alices_ids: dict[str, str]
) -> None:
    before = everything_of(home.organization)
    answers = [
        answer.status_code
        for answer in tried(mallorys, name, alices_ids | {"public_id": mallorys_home.public_id})
    ]
    assert set(answers) in ({NOT_FOUND}, {NOT_FOUND, NOT_ALLOWED})
    assert everything_of(home.organization) == before


@pytest.mark.parametrize("name", sorted(MEMBERS_ROW))
def test_the_same_addresses_open_for_the_organizations_own_members(
    name: str, client: Client, bob: User, alices_ids: dict[str, str]
) -> None:
    """Without this, a mistake in the ids would make every 404 above look right."""
    SavedView.objects.update(membership=bob.memberships.get())  # nobody else opens those of a member
    client.force_login(bob)
    path = path_of(name, alices_ids)
    answer = client.get(path)
    if answer.status_code == NOT_ALLOWED:
        answer = client.post(path, {})
    assert answer.status_code in {200, 302, 422}
    assert not answer.headers.get("Location", "").startswith(reverse(settings.LOGIN_URL))


def test_lists_and_the_home_page_hold_only_the_organizations_own(
    mallorys: Client, mallorys_home: Property, home: Property
) -> None:
    for name in ("properties:list", "home"):
        page = mallorys.get(reverse(name)).content.decode()
        assert mallorys_home.name in page
        assert home.name not in page
        assert home.public_id not in page


def test_a_new_property_belongs_to_whoever_makes_it(mallorys: Client, mallory: User) -> None:
    body = BODIES["upsells:facts"] | {"organization": "1", "organization_id": "1"}
    assert mallorys.post(reverse("properties:new"), body).status_code == 302
    assert Property.objects.get(name=body["name"]).organization == mallory.organizations.get()


def test_a_user_of_no_organization_is_refused_everywhere(client: Client, alices_ids: dict[str, str]) -> None:
    client.force_login(User.objects.create_user("nobody@example.org", cast.PASSWORD))
    for name in sorted(MEMBERS_OWN | MEMBERS_ROW):
        assert {answer.status_code for answer in tried(client, name, alices_ids)} <= {403, NOT_ALLOWED}, name
    assert client.get(reverse("home")).status_code == 403
