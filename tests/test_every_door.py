"""Every address of the resolver, by every method, as everybody there is: who gets in, and that nobody else does.

The tables of `tests/addresses.py` say who may come in; whatever is in none of them fails here, the addresses of
allauth and the operators' included. What is answered is put into one of a few words, and compared with what this
person must be told at this address.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from ipaddress import IPv6Address
from secrets import randbits
from typing import Any, NamedTuple

import pytest
from django.conf import settings as conf
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.regex_helper import normalize
from pytest_django import Settings

from accounts.models import Organization, User
from api.scopes import Scope, allows
from calendars.models import Block, Feed
from domain.roles import Power, Role, may
from properties.models import Photo, Property
from tests import cast
from tests.addresses import (
    ANYBODY,
    BODIES,
    BY_BEARER,
    BY_TOKEN,
    FOR_STRANGERS,
    MEMBERS_OWN,
    MEMBERS_ROW,
    PERSONS_OWN,
    STAFF,
)
from tests.api.callers import a_token
from tests.api.conftest import a_mail, name_of
from tests.api.operations import OPERATIONS, Told
from tests.everything import everything_of
from tests.one_of_each import ids_of
from upsells.models import Purchase, StayLink

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FAULT = 500
HOME, GUEST, LINK = "Casa Kanarie", "Marta Kanarie", "kanarie-s-key"

ALLAUTHS_FOR_ANYBODY = {
    "account_login", "account_logout", "account_signup", "account_inactive",
    "account_email_verification_sent", "account_confirm_login_code", "account_confirm_email",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip
ALLAUTHS_FOR_PERSONS = {
    "account_email", "account_change_password", "account_set_password", "account_reauthenticate",
    "usersessions_list", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
    "mfa_list_webauthn", "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}  # fmt: skip
KINDS = {
    "member's": MEMBERS_OWN | MEMBERS_ROW,
    "person's": PERSONS_OWN | ALLAUTHS_FOR_PERSONS,
    "token's": BY_BEARER - {"api:nowhere"},
    "holder's": BY_TOKEN,
    "anybody's": ANYBODY
    | FOR_STRANGERS
    | ALLAUTHS_FOR_ANYBODY
    | {"api:nowhere", "staff:login", "staff:logout"},
}
QUERY = {"data-guest": "?email=marta@kanarie.example"}  # without which there is nothing
STRICTER = {("organization", "POST"): Power.MEMBERS}  # the page is for all members, the change for some
OF_NO_HOME = {"token_id", "view_id", "webhook_id", "message_id", "member_id", "invitation_id", "deed_id"}


class Door(NamedTuple):
    """One pattern of the resolver: its name, its view, and its path with places for ids."""

    name: str
    view: Any
    path: str

    @property
    def kind(self) -> str:
        """Who may come in; empty where nobody has said so."""
        usual = "operator's" if self.name.startswith(STAFF) else ""
        return next((kind for kind, names in KINDS.items() if self.name in names), usual)

    @property
    def ids(self) -> set[str]:
        """The names of the ids in its path."""
        return {*re.findall(r"%\((\w+)\)", self.path)}

    def at(self, ids: dict[str, str]) -> str:
        """Its path for these rows; an id that none of them has is 1."""
        return self.path % (dict.fromkeys(self.ids, "1") | ids)


def doors(resolver: URLResolver | None = None, space: str = "", path: str = "/") -> Iterator[Door]:
    """Every pattern of the resolver, those without a name included."""
    for pattern in (resolver or get_resolver()).url_patterns:
        here = path + normalize(pattern.pattern.regex.pattern)[0][0]
        if isinstance(pattern, URLPattern):
            yield Door(f"{space}{pattern.name}", pattern.callback, here)
        else:
            yield from doors(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space, here)


DOORS = list(doors())
TOLD = {(told.path, told.method): told for told in OPERATIONS}


def told_at(door: Door, method: str) -> Told | None:
    """The operation of the API there."""
    path = re.sub(r"%\((\w+)\)s", r"{\1}", door.path).removeprefix("/api/v1")
    return TOLD.get((path, "GET" if method == "HEAD" else method))


@dataclass
class World:
    """Alice's organization with a row of each kind, and another one."""

    organization: Organization
    home: Property
    ids: dict[str, str]
    api_ids: dict[str, str]
    members: dict[Role, str]
    mallory: User

    def path(self, door: Door) -> str:
        """The door's path, for Alice's rows."""
        return door.at(self.api_ids if door.name.startswith("api:") else self.ids)


def named_canaries(home: Property) -> None:
    """Words of Alice's that nobody else may be told."""
    Property.objects.filter(pk=home.pk).update(name=HOME)
    Purchase.objects.filter(property=home).update(guest_name=GUEST, guest_email="marta@kanarie.example")
    StayLink.objects.filter(property=home).exclude(nights=None).update(guest=GUEST)
    Block.objects.filter(property=home).update(summary=GUEST)
    Feed.objects.filter(property=home).update(url=f"https://www.airbnb.com/calendar/ical/1.ics?s={LINK}")


@pytest.fixture(scope="module")
def world(kept: None) -> World:
    gracia = cast.an_organization("Kanarie Homes")
    home = cast.a_property(gracia)
    ids = ids_of(home)
    named_canaries(home)
    home.refresh_from_db()
    members = {role: f"{role}@example.org" for role in Role if role != Role.VIEWER}
    for role, email in members.items():
        cast.a_member(gracia, email, role)
    other = cast.a_property(gracia, "Casa Altra")
    cast.a_member(gracia, "limited@example.org", Role.MANAGER, [other.pk])
    mallory = cast.a_member(cast.an_organization("Mallory & Co"), "mallory@example.org")
    cast.a_feed(cast.a_property(mallory.organizations.get(), "Villa Mallory"))
    stay = StayLink.objects.filter(property=home).exclude(nights=None).get()
    api_ids = {
        **ids,
        "property_id": home.public_id,
        "export_id": ids["link_id"],
        "link_id": name_of(stay),
        "mail_id": str(a_mail(Purchase.objects.get(property=home)).pk),
    }
    Photo.objects.create(organization=gracia, property=home, created_at=cast.NOW)
    return World(gracia, home, ids, api_ids, members | {Role.VIEWER: "carol@example.org"}, mallory)


class Visitor:
    """Somebody who asks: by the log-in of a member, by a token, or by neither."""

    def __init__(self, world: World, user: User | None = None, token: str = "") -> None:
        self.world, self.token = world, token
        self.browser = Client(raise_request_exception=False, REMOTE_ADDR=str(IPv6Address(randbits(120))))
        if user:
            self.browser.force_login(user)
        self.cookies = deepcopy(self.browser.cookies)

    def ask(self, door: Door, method: str, *, undone: bool) -> HttpResponse:
        """What is answered there, as on a first visit; with `undone` nothing is changed by it."""
        told = told_at(door, method)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        content, kind = b"", "application/x-www-form-urlencoded"
        if told and told.body is not None:
            body = told.body | ({"property": self.world.home.public_id} if "property" in told.body else {})
            content, kind = json.dumps(body).encode(), "application/json"
        elif method == "POST" and door.name in BODIES:
            content = "&".join(f"{name}={value}" for name, value in BODIES[door.name].items()).encode()
        self.browser.cookies = deepcopy(self.cookies)
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # like TestCase's own: what is durable may be in it
        with around:
            answer = self.browser.generic(
                method,
                self.world.path(door) + QUERY.get(door.name, ""),
                content,
                kind if content else "",
                headers=headers,
            )
            text(answer)
            transaction.set_rollback(undone)
        return answer  # type: ignore[return-value]  # the test client's own class


def text(answer: Any) -> str:
    """The body, kept for who asks twice."""
    if answer.streaming:
        answer.told = getattr(answer, "told", None) or b"".join(answer)
        return answer.told.decode("utf-8", "replace")  # type: ignore[no-any-return]
    return answer.content.decode("utf-8", "replace")  # type: ignore[no-any-return]


SHUT = {401: "token", 403: "refused", 404: "nothing", 405: "method"}


def word(answer: HttpResponse) -> str:
    """What the answer comes to: open, log in, or why not."""
    if answer.status_code >= FAULT:
        return f"fault {answer.status_code}"
    if answer.headers.get("Location", "").startswith((reverse(conf.LOGIN_URL), reverse("staff:login"))):
        return "log in"
    return SHUT.get(answer.status_code, "open")


type Rule = Callable[[Door, str], set[str]]

ANYTHING = {"open", "nothing", "refused", "log in", "method"}  # but a fault
WITHOUT_LOG_IN = {"member's": {"log in"}, "person's": {"log in"}, "operator's": {"log in", "nothing"}}
WITHOUT_TOKEN = {"token's": {"token"}}


def of_strangers(door: Door, _method: str) -> set[str]:
    """Whoever neither logs in nor has a token."""
    return (WITHOUT_LOG_IN | WITHOUT_TOKEN).get(door.kind, ANYTHING)


def of_members(role: Role, *, theirs: bool = True, limited: bool = False) -> Rule:
    """A member of Alice's organization, or of another one; limited: to another home than the one that is asked for."""

    def rule(door: Door, method: str) -> set[str]:
        if door.kind != "member's":
            return (WITHOUT_TOKEN | {"operator's": {"log in", "nothing"}}).get(door.kind, ANYTHING)
        if not may(role, STRICTER.get((door.name, method), door.view.power)):
            return {"refused"}
        is_carols = "view_id" in door.ids and role != Role.VIEWER
        if is_carols or (not theirs and door.name in MEMBERS_ROW):
            return {"nothing"}
        if limited and door.name in MEMBERS_ROW:
            return {"open", "refused"} if door.ids & OF_NO_HOME else {"nothing", "refused"}
        return {"open", "refused"} if limited else {"open"}

    return rule


def of_tokens(scopes: tuple[str, ...], *, theirs: bool = True) -> Rule:
    """Software with a token of Alice's organization that has these scopes, or of another one."""

    def rule(door: Door, method: str) -> set[str]:
        if door.kind != "token's":
            return WITHOUT_LOG_IN.get(door.kind, ANYTHING)
        told = told_at(door, method)
        if told is None:
            return {"method"}
        if any(scope and not allows(scopes, scope) for scope in (told.scope, told.also)):
            return {"refused"}
        return {"nothing"} if not theirs and told.ids else {"open"}

    return rule


def at(*kinds: str, glance: str = "", methods: tuple[str, ...] = ("GET", "POST")) -> list[tuple[Door, str]]:
    """The doors of these kinds with the methods of forms, or of the API with those that it describes.

    Of one more kind, `glance`, only the GETs. What no page knows is tried by strangers: a method is refused before
    anybody is asked who they are.
    """
    pages = [(door, m) for door in DOORS if door.kind in kinds and door.kind != "token's" for m in methods]
    api = [
        (door, m) for door in DOORS if door.kind in kinds for m in (*METHODS[2:-1], "GET") if told_at(door, m)
    ]
    return pages + api + [(door, "GET") for door in DOORS if door.kind == glance]


def walk(
    who: Visitor,
    rule: Rule,
    tries: list[tuple[Door, str]],
    *,
    undone: bool = True,
    untold: tuple[str, ...] = (),
) -> None:
    """Try these doors, and say each at which they were told something else than they must be.

    `untold` are words that no answer may hold, but where whoever holds the address may read them.
    """
    wrong: list[str] = []
    closed: Counter[str] = Counter()
    for door, method in tries:
        answer = who.ask(door, method, undone=undone or door.kind in {"person's", "anybody's"})
        if (now := word(answer)) not in rule(door, method) | {"method"}:
            wrong.append(f"{method} {door.name}: {now}, {answer.status_code}")
        if door.kind != "holder's":
            wrong += [f"{method} {door.name}: tells {each}" for each in untold if each in text(answer)]
        closed[door.name] += now == "method"
    wrong += [
        f"{name}: no method at all"
        for name, n in Counter(d.name for d, _ in tries).items()
        if closed[name] == n > 1
    ]
    assert not wrong, "\n".join(wrong)


def test_every_pattern_of_the_resolver_is_classified_once() -> None:
    assert [door.name for door in DOORS if not door.kind] == [], "say who may come in, in the tables"
    named = Counter(name for names in KINDS.values() for name in names)
    assert [name for name, times in named.items() if times > 1] == []
    assert {*named} - {door.name for door in DOORS} <= {"styleguide"}, "no such address any more"
    assert [door.name for door in DOORS if door.kind == "member's" and not hasattr(door.view, "power")] == []


ALL_WORDS = (HOME, GUEST, LINK)


def test_strangers_get_in_nowhere_but_where_everybody_may(world: World) -> None:
    before = everything_of(world.organization)
    tries = [(door, method) for door in DOORS for method in METHODS]
    walk(Visitor(world), of_strangers, tries, undone=False, untold=ALL_WORDS)
    assert everything_of(world.organization) == before


def test_a_guest_gets_in_nowhere_but_at_their_own_stay(world: World) -> None:
    who = Visitor(world)
    assert who.browser.get(reverse("guest:stay", args=[world.ids["token"]])).status_code == 200
    who.cookies = deepcopy(who.browser.cookies)
    before = everything_of(world.organization)
    walk(who, of_strangers, at("member's", "token's", glance="operator's"), undone=False, untold=ALL_WORDS)
    assert everything_of(world.organization) == before


def test_another_organizations_owner_finds_nothing_of_it(world: World) -> None:
    before = everything_of(world.organization)
    who = Visitor(world, world.mallory)
    walk(
        who,
        of_members(Role.OWNER, theirs=False),
        at("member's", "token's", glance="operator's"),
        undone=False,
        untold=ALL_WORDS,
    )
    assert everything_of(world.organization) == before


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_in_where_it_has_the_power_and_nowhere_else(role: Role, world: World) -> None:
    who = Visitor(world, User.objects.get(email=world.members[role]))
    walk(
        who,
        of_members(role),
        at("member's", glance="person's"),
        untold=(GUEST, LINK) if role == Role.CLEANER else (),
    )


def test_a_member_of_another_home_finds_nothing_of_this_one(world: World) -> None:
    who = Visitor(world, User.objects.get(email="limited@example.org"))
    tries = at("member's", glance="token's")
    walk(who, of_members(Role.MANAGER, limited=True), tries, untold=ALL_WORDS)


def test_a_token_of_another_organization_finds_nothing_of_it(world: World, settings: Settings) -> None:
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    who = Visitor(world, token=a_token(world.mallory.organizations.get()))
    before = everything_of(world.organization)
    rule = of_tokens(tuple(Scope.values), theirs=False)
    walk(who, rule, at("token's", glance="member's"), undone=False, untold=ALL_WORDS)
    assert everything_of(world.organization) == before


@pytest.mark.parametrize("scope", Scope.values)
def test_a_token_gets_in_where_its_scope_lets_it_and_nowhere_else(
    scope: str, world: World, settings: Settings
) -> None:
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    who = Visitor(world, token=a_token(world.organization, (scope,)))
    walk(who, of_tokens((scope,)), at("token's"))
