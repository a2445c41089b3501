"""The tenant door, tried at every address there is: another organization's row doesn't exist."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts import teams
from accounts.models import Organization, SavedView, User
from api import tokens
from api.door import Nowhere, OrgView
from calendars import ledger
from calendars.models import (
    Alert,
    Feed,
    date_range,
)
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.everything import everything_of
from tests.upsells.pages import instants
from upsells import certificates
from upsells.models import (
    Purchase,
)

pytestmark = pytest.mark.django_db

NOT_FOUND, NOT_ALLOWED = 404, 405

# Every address of ours, by who may come in. An address that isn't here fails a test below.
MEMBERS_OWN = {  # no id in the address: the organization's own rows
    "properties:list",
    "properties:new",
    "calendars:import",
    "calendars:import-template",
    "calendars:imported",
    "calendars:import-progress",
    "planner",
    "show-steps",
    "sales:list",
    "sales:csv",
    "sales:revenue",
    "payments:account",
    "payments:connect",
    "plan:page",
    "plan:usage",
    "plan:choose",
    "plan:subscribe",
    "plan:card",
    "plan:pause",
    "plan:resume",
    "plan:end",
    "plan:keep",
    "webhooks:list",
    "webhooks:new",
    "notices:list",
    "notices:read-all",
    "notices:wishes",
    "turnovers",
    "organization",
    "leave",
    "end-organization",
    "keep-organization",
    "team:list",
    "team:invite",
    "audit",
    "audit-csv",
    "support",
    "support-give",
    "support-end",
    "data",
    "data-guest",
    "data-erase",
    "data-take-out",
    "tokens:list",
    "tokens:new",
    "search",
    "saved-views",
    "save-view",
    "vendor-page",
    "systems:list",
    "systems:connect",
    "vendor-homes",
    "vendor-withdraw",
}
MEMBERS_ROW = {  # an id in the address: 404 unless the row is the organization's
    "systems:account",
    "systems:links",
    "systems:progress",
    "systems:look",
    "systems:adopt",
    "systems:two-way",
    "systems:rekey",
    "systems:disconnect",
    "overview",
    "properties:settings",
    "properties:archive",
    "properties:restore",
    "properties:rates",
    "properties:taxes",
    "properties:photo",
    "properties:remove-photo",
    "calendars:month",
    "calendars:close",
    "calendars:reopen",
    "calendars:connections",
    "calendars:add-feeds",
    "calendars:feed",
    "calendars:log",
    "calendars:pause",
    "calendars:resume",
    "calendars:read",
    "calendars:free",
    "calendars:treat",
    "calendars:replace",
    "calendars:remove",
    "calendars:alert",
    "calendars:add-export",
    "calendars:rotate",
    "calendars:revoke",
    "calendars:add-people",
    "calendars:tick",
    "calendars:loop",
    "calendars:start-loop",
    "calendars:end-loop",
    "upsells:offers",
    "upsells:start",
    "upsells:copy",
    "upsells:cleaners",
    "upsells:cancelling",
    "upsells:what-if",
    "upsells:terms",
    "upsells:switch",
    "upsells:guest-page",
    "upsells:qr",
    "upsells:renew-link",
    "upsells:sheet",
    "upsells:new-stay",
    "upsells:stay",
    "upsells:stay-qr",
    "upsells:stop-stay",
    "upsells:renew-stay",
    "upsells:sales",
    "upsells:purchase",
    "upsells:receipt",
    "upsells:certificate",
    "upsells:cancel",
    "upsells:resend",
    "upsells:address",
    "upsells:grant",
    "upsells:lengthen",
    "upsells:lengthened",
    "upsells:stop-lengthening",
    "upsells:keep",
    "upsells:agree",
    "upsells:refuse",
    "upsells:conflict",
    "upsells:conflict-cancel",
    "upsells:conflict-shorten",
    "upsells:conflict-move",
    "upsells:conflict-settle",
    "upsells:facts",
    "notices:sale",
    "team:member",
    "team:remove",
    "team:hand-over",
    "team:invite-again",
    "team:withdraw",
    "webhooks:log",
    "webhooks:edit",
    "webhooks:show-secret",
    "webhooks:rotate",
    "webhooks:test",
    "webhooks:again-all",
    "webhooks:again",
    "webhooks:stop",
    "webhooks:resume",
    "webhooks:remove",
    "tokens:revoke",
    "undo",
    "change-view",
    "remove-view",
}
PERSONS_OWN = {"account", "unverified", "switch", "new-organization"}  # for whoever is logged in
BY_TOKEN = {
    "invitation",
    "guest:stay",
    "guest:purchase",
    "guest:receipt",
    "photo",
    "export",
    "notices:mails-off",  # a signature, as below
    "stripe-events",  # a signature takes the token's place
    "stripe-billing-events",  # likewise
}  # open to strangers who hold the address; in a public.py
FOR_STRANGERS = {  # forms and lists for whoever comes, beside the pages that only tell; in a public.py
    "directory:join",
    "directory:asked",
    "directory:confirm",  # a signature says which request
    "directory:vendors",
    "directory:sitemap",
    "directory:vendor",
    "directory:written",
}
NO_ROWS = {"kind"}  # parts of addresses that name no row
ANYBODY = (
    {"home", "health", "set_language", "styleguide", "robots", "sitemap", "security", "favicon"}
    | {"api-docs", "api:schema"}
    | {
        f"pages:{name}"
        for name in ("how", "pricing", "example", "help", "channel", "status", "terms", "privacy", "escapia")
    }
)
ANYBODY |= {"api-docs", "api:schema"}
OF_ALLAUTH = "allauth."

BODIES: dict[str, dict[str, str]] = {
    "upsells:facts": {
        "name": "Mallory's now",
        "time_zone": "Europe/Madrid",
        "check_in": "15:00",
        "check_out": "11:00",
        "turnaround": "60",
        "currency": "EUR",
        "rate": "1.00",
    },
    "calendars:close": {"start": "2030-01-01", "end": "2030-01-02"},
    "calendars:add-feeds": {"links": "https://www.airbnb.com/calendar/ical/9.ics?s=mallory"},
    "calendars:add-export": {"channel": "vrbo"},
    "calendars:add-people": {"label": "Mallory's"},
    "calendars:tick": {"label": "Mallory's now", "shows_titles": "on", "shows_guests": "on"},
    "calendars:treat": {"label": "Mallory's now", "ends_inclusive": "on"},
    "calendars:replace": {"link": "https://www.airbnb.com/calendar/ical/9.ics?s=mallory"},
    "properties:rates": {"week-day_4": "1.00"},
    "properties:taxes": {"tax-0-name": "Mallory's", "tax-0-percent": "5"},
    "upsells:copy": {"kinds": "extra_nights", "homes": "x"},
    "upsells:cleaners": {"cleanings": "0"},
    "upsells:cancelling": {"tiers-0-hours": "1", "tiers-0-percent": "1", "automatic": "no"},
    "upsells:cancel": {"how": "all"},
    "upsells:resend": {"mail": "1"},
    "upsells:address": {"email": "mallory@example.org"},
    "upsells:new-stay": {"arrival": "2030-01-01", "departure": "2030-01-02"},
    "upsells:conflict-shorten": {"nights": "1", "amount": "1"},
    "upsells:conflict-move": {"home": "x"},
    "upsells:switch": {"mode": "off"},
    "change-view": {"name": "Mallory's now", "is_default": "on"},
    "save-view": {"listing": "sales", "query": "q=mallory", "name": "Mallory's"},
    "webhooks:edit": {"link": "https://mallory.example/", "events": "sale.confirmed"},
    "upsells:terms": {
        "mode": "instant",
        "priced_by": "fixed",
        "price": "1.00",
        "most_nights": "30",
        "rounding": "1",
        "weekdays": "0",
    },
}


class Address(NamedTuple):
    """One pattern of the resolver."""

    name: str
    ids: tuple[str, ...]
    module: str
    view: Any


def addresses(
    resolver: URLResolver | None = None, space: str = "", ids: tuple[str, ...] = ()
) -> Iterator[Address]:
    """Every address, with the names of the ids in it and the module of its view."""
    for pattern in (resolver or get_resolver()).url_patterns:
        found = (*ids, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLPattern):
            yield Address(f"{space}{pattern.name}", found, pattern.callback.__module__, pattern.callback)
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern, inner, found)


ALL = {address.name: address for address in addresses()}
APP = {"app_label": "upsells"}
STAFF = "staff:"  # Django's admin, for operators: their own test below
OURS = {
    name: address
    for name, address in ALL.items()
    if not address.module.startswith(OF_ALLAUTH) and not name.startswith(STAFF)
}
BY_BEARER = {
    name for name in OURS if name.startswith("api:")
} - ANYBODY  # a token; tests/api/test_tenants_walls.py tries them


def an_alert(feed: Feed) -> Alert:
    return Alert.objects.create(
        organization_id=feed.organization_id,
        property=feed.property,
        feed=feed,
        kind=Alert.Kind.HELD,
        key=f"held {feed.pk}",
        details={"feed": feed.title, "nights": 2},
        opened_at=cast.NOW,
    )


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Rows that a fixture of this scope makes are there for every test; what a test changes is undone after it."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]  # like TestCase's own: what is durable may be in it
    with django_db_blocker.unblock(), around:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def organization(kept: None) -> Organization:
    return cast.an_organization()


@pytest.fixture(scope="module")
def home(organization: Organization) -> Property:
    return cast.a_property(organization)


@pytest.fixture(scope="module")
def alices_ids(home: Property) -> dict[str, str]:
    return ids_of(home)


def ids_of(home: Property) -> dict[str, str]:
    """One of the organization's rows for every kind of id, with nights that wait and a sale."""
    feed = cast.a_feed(home)
    cast.an_import(feed, cast.nights(40, 2), missing_since=cast.NOW, missing_reads=1)
    Feed.objects.filter(pk=feed.pk).update(held_nights=2)
    with ledger.changing(home, cast.NOW) as change:
        block = ledger.close(change, cast.nights(50, 2))
    cast.an_offer(home)
    link = cast.a_stay_link(home)
    nights = cast.nights(60, 2)
    sold = Purchase.objects.create(
        organization_id=home.organization_id,
        property=home,
        stay_link=link,
        state=Purchase.State.CONFIRMED,
        decided_at=cast.NOW,
        day=nights.start,
        nights=date_range(nights),
        period=instants(home.house.stay(nights)),
        amount=1,
        currency="EUR",
        created_at=cast.NOW,
        held_until=cast.NOW,
    )
    with ledger.changing(home, cast.NOW) as change:
        ledger.hold(change, nights, until=timezone.now(), reference=sold.public_id)
        ledger.confirm(change, sold.public_id)
        certificates.certify(sold, cast.NOW)
    cast.an_import(feed, cast.nights(61, 2), uid="twice")
    webhook, message = cast.a_message(home.organization)
    wanted = tokens.Wanted("PMS", ["calendar:read"])
    token, _text = tokens.make(home.organization, wanted, "alice@example.org", timezone.now())
    carol = cast.a_member(home.organization, "carol@example.org", Role.VIEWER)
    invited = teams.invite(home.organization, carol, "dave@example.org", timezone.now(), role=Role.VIEWER)
    return {
        "member_id": str(carol.memberships.get().pk),
        "invitation_id": invited.public_id,
        "token_id": token.public_id,
        "view_id": cast.a_saved_view(carol.memberships.get()).public_id,
        "webhook_id": webhook.public_id,
        "connection_id": cast.a_connection(home.organization, looked_at=cast.NOW).public_id,
        "message_id": message.public_id,
        "conflict_id": Alert.objects.get(kind=Alert.Kind.CONFLICT, property=home).public_id,
        "public_id": home.public_id,
        "feed_id": feed.public_id,
        "alert_id": an_alert(feed).public_id,
        "block_id": block.public_id,
        "link_id": cast.an_export(home).public_id,
        "people_id": cast.a_people_link(home).public_id,
        "purchase_id": sold.public_id,
        "kind": "extra_nights",
        "deed_id": cast.a_deed(home.organization).public_id,
        "token": cast.a_stay_link(home, cast.nights(70, 3)).token,
    }


@pytest.fixture
def mallorys(mallory: User) -> Client:
    browser = Client()
    browser.force_login(mallory)
    return browser


@pytest.fixture
def mallorys_home(mallory: User) -> Property:
    return cast.a_property(mallory.organizations.get(), "Villa Mallory")


def path_of(name: str, ids: dict[str, str]) -> str:
    return reverse(name, kwargs={part: ids[part] for part in ALL[name].ids})


def tried(browser: Client, name: str, ids: dict[str, str]) -> list[HttpResponse]:
    """What the address answers to a GET and to a POST that would change something."""
    path = path_of(name, ids)
    return [
        browser.get(path),
        browser.post(path, BODIES.get(name, {})),
        browser.post(path, headers={"HX-Request": "true"}),
    ]


def test_every_address_is_classified() -> None:
    classified = MEMBERS_OWN | MEMBERS_ROW | PERSONS_OWN | BY_TOKEN | FOR_STRANGERS | BY_BEARER | ANYBODY
    assert OURS.keys() - classified == set(), "say who may come in, in the tables above"
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
