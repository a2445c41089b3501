"""Who belongs to an organization: Alice owns it, Bob is given parts of it, Mallory tries to get in."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from html import unescape
from threading import Barrier
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from accounts import teams, wishes
from accounts.models import Invitation, Membership, Organization, Topic, User
from domain.roles import POWERS, Power, Role
from properties.models import Property
from tests import cast
from tests.accounts.letters import the_link
from tests.addresses import MEMBERS_OWN, MEMBERS_ROW, addresses, path_of
from tests.one_of_each import ids_of
from tests.post import Post
from upsells.deliveries import _addresses
from upsells.models import Delivery, Purchase

BOB = "bob@example.org"
HERE = {"email": BOB, "role": "front_desk", "where": "all"}


@pytest.fixture
def alices_ids(home: Property) -> dict[str, str]:
    return ids_of(home)


def an_invitation(browser: Client, post: Post, **values: object) -> str:
    """The path of the link that Bob gets."""
    answer = browser.post(reverse("team:invite"), {**HERE, **values})
    assert answer.status_code == 302, answer.context["form"].errors
    return the_link(post, str(values.get("email", BOB)))


def as_somebody(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def heading(answer: HttpResponse) -> str:
    return answer.content.decode().partition("<h1>")[2].partition("</h1>")[0]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each gave, or the exception it raised; all begin at the same moment."""
    ready = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        ready.wait(10)
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_somebody_new_joins_by_the_link_with_the_role_and_homes_that_were_kept(
    alices: Client, home: Property, post: Post
) -> None:
    cast.a_property(home.organization, "Casa Sol")
    path = an_invitation(alices, post, where="some", homes=str(home.pk))
    browser = Client()
    assert "Join Gràcia Homes" in heading(browser.get(path))
    assert browser.post(path, {"password": "short"}).status_code == 422
    assert not User.objects.filter(email=BOB).exists()
    assert browser.post(path, {"password": cast.PASSWORD})["Location"] == reverse("home")
    bob = Membership.objects.get(user__email=BOB)
    assert (bob.role, bob.homes) == ("front_desk", [home.pk])
    assert browser.session["account_authentication_methods"], "nobody is asked for a password just chosen"
    assert EmailAddress.objects.get(user=bob.user).verified
    page = browser.get(reverse("properties:list")).content.decode()
    assert home.name in page
    assert "Casa Sol" not in page
    used = Client().get(path)
    assert (used.status_code, heading(used)) == (410, "This invitation was used")


def test_somebody_with_an_account_logs_in_and_joins_and_switches_between_their_organizations(
    alices: Client, mallory: User, post: Post
) -> None:
    path = an_invitation(alices, post, email=mallory.email, role="viewer")
    assert f"{reverse('account_login')}?next={path}" in Client().get(path).content.decode()
    browser = as_somebody(mallory)
    browser.post(path)
    assert "Gràcia Homes" in browser.get(reverse("organization")).content.decode()
    own = Organization.objects.get(name="Mallory & Co")
    assert browser.post(reverse("switch"), {"organization": own.public_id})["Location"] == reverse("home")
    assert heading(browser.get(reverse("organization"))) == "Mallory &amp; Co"
    strange = cast.an_organization("Strangers")
    assert browser.post(reverse("switch"), {"organization": strange.public_id}).status_code == 404


def test_a_link_lets_in_nobody_but_whom_it_was_sent_to(alices: Client, mallory: User, post: Post) -> None:
    path = an_invitation(alices, post)
    browser = as_somebody(mallory)
    assert heading(browser.get(path)) == "This invitation is for somebody else"
    browser.post(path)
    assert not Membership.objects.filter(user=mallory, organization__name="Gràcia Homes").exists()
    assert Invitation.objects.get().accepted_at is None


def test_a_withdrawn_replaced_or_expired_link_says_so_and_lets_nobody_in(alices: Client, post: Post) -> None:
    first = an_invitation(alices, post)
    row = Invitation.objects.get()
    alices.post(reverse("team:invite-again", args=[row.public_id]))
    second = the_link(post, BOB)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert heading(Client().post(second, {"password": cast.PASSWORD})) == "This invitation has expired"
    alices.post(reverse("team:invite-again", args=[row.public_id]))
    third = the_link(post, BOB)
    alices.post(reverse("team:withdraw", args=[row.public_id]))
    assert heading(Client().post(third, {"password": cast.PASSWORD})) == "This invitation was withdrawn"
    assert not User.objects.filter(email=BOB).exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": "nobody"}, "whole e-mail address"),
        ({"email": "alice@example.org"}, "is a member already"),
        ({"email": "carol@example.org"}, "is invited already"),
        ({"role": "king"}, "Choose a role from the list"),
        ({"role": "owner", "where": "some", "homes": "1"}, "One of these homes"),
        ({"where": "some"}, "Tick at least one home"),
        ({"where": "some", "homes": "999999"}, "One of these homes"),
    ],
)
def test_a_bad_invitation_is_sent_back_with_a_sentence(
    alices: Client, changes: dict[str, str], sentence: str, home: Property, post: Post
) -> None:
    an_invitation(alices, post, email="carol@example.org")
    answer = alices.post(reverse("team:invite"), HERE | changes)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_where_there_is_no_home_yet_nobody_is_asked_which(alices: Client, post: Post) -> None:
    assert "Only those ticked below" not in alices.get(reverse("team:list")).content.decode()
    answer = alices.post(reverse("team:invite"), {"email": BOB, "role": "front_desk"})
    assert answer.status_code == 302
    assert Invitation.objects.get().homes is None
    carol = cast.a_member(Organization.objects.get(), "carol@example.org", Role.VIEWER, [1])
    page = alices.get(reverse("team:member", args=[carol.memberships.get().pk])).content.decode()
    assert "Only those ticked below" in page, "or saving would open every home to come"


def test_nobody_s_mailbox_is_flooded_with_invitations(alices: Client, alice: User, post: Post) -> None:
    organization = alice.organizations.get()
    now = timezone.now()
    for number in range(teams.MOST_AN_HOUR):
        teams.invite(organization, alice, f"n{number}@example.org", now, role=Role.VIEWER)
    assert "go on in an hour" in alices.post(reverse("team:invite"), HERE).content.decode()


def test_the_last_owner_stays_the_owner_until_somebody_else_is(
    alices: Client, alice: User, organization: Organization
) -> None:
    bob = Membership.objects.get(user=cast.a_member(organization, BOB, Role.VIEWER))
    mine = Membership.objects.get(user=alice)
    place = {"role": "manager", "where": "all"}
    assert alices.post(reverse("team:member", args=[mine.pk]), place).status_code == 422
    alices.post(reverse("team:remove", args=[mine.pk]))
    alices.post(reverse("leave"))
    mine.refresh_from_db()
    assert mine.role == "owner"
    assert alices.post(reverse("team:hand-over", args=[bob.pk])).status_code == 302
    assert set(Membership.objects.values_list("user__email", "role")) == {
        ("alice@example.org", "manager"),
        (BOB, "owner"),
    }
    assert alices.get(reverse("team:list")).status_code == 403
    alices.post(reverse("leave"))
    assert not Membership.objects.filter(user=alice).exists()
    assert alices.get(reverse("properties:list")).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_the_same_moment_leave_one_behind(organization: Organization) -> None:
    for email in ("alice@example.org", BOB):
        cast.a_member(organization, email)
    members = list(Membership.objects.order_by("pk"))
    found = at_once(*[lambda each=each: teams.remove(each) for each in members])
    assert sorted(type(each).__name__ for each in found) == ["LastOwner", "NoneType"]
    assert Membership.objects.get().role == "owner"


@pytest.mark.django_db(transaction=True)
def test_a_link_that_is_opened_twice_at_once_is_used_once(organization: Organization, alice: User) -> None:
    row = teams.invite(organization, alice, BOB, timezone.now(), role=Role.VIEWER)
    bob = User.objects.create_user(BOB, cast.PASSWORD)
    found = at_once(*[lambda: teams.accept(row, bob, timezone.now())] * 3)
    assert sorted(type(each).__name__ for each in found) == ["Membership", "NotOpen", "NotOpen"]
    assert Membership.objects.filter(user=bob).count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_a_role_opens_what_its_powers_say_and_nothing_else(
    role: Role, client: Client, organization: Organization, home: Property
) -> None:
    client.force_login(cast.a_member(organization, BOB, role))
    views = {address.name: address.view for address in addresses()}
    for name in sorted(MEMBERS_OWN - {"leave"}):
        power = views[name].power
        answer = client.get(reverse(name))
        answer = client.post(reverse(name)) if answer.status_code == 405 else answer
        assert (answer.status_code == 403) == (power not in POWERS[role]), name
        if answer.status_code == 403:
            assert "Your role doesn" in answer.content.decode()


def test_a_cleaner_lands_on_the_turnovers_and_sees_no_name_and_no_price(
    client: Client, organization: Organization, home: Property, post: Post
) -> None:
    cast.an_import(cast.a_feed(home), cast.nights(0, 3), summary="Marta Puig", now=cast.NOW)
    closed = cast.a_property(organization, "Villa Closed")
    client.force_login(cast.a_member(organization, BOB, Role.CLEANER, [home.pk]))
    answer = client.get(reverse("home"), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(reverse("turnovers"), 302)]
    assert home.name in page
    assert closed.name not in page
    for word in (
        "Marta",
        "120",
        "€",
        reverse("properties:list"),
        reverse("sales:list"),
        reverse("team:list"),
    ):
        assert word not in page, word


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_turnovers_are_told_by_the_clock_of_each_home(
    client: Client, organization: Organization, home: Property, zone: str
) -> None:
    home.time_zone = zone
    home.save(update_fields=["time_zone"])
    cast.an_import(cast.a_feed(home), cast.nights(1, 3))
    client.force_login(cast.a_member(organization, BOB, Role.CLEANER, [home.pk]))
    with time_machine.travel(cast.NOW, tick=False):
        page = client.get(reverse("turnovers")).content.decode()
    usually, _, moves = page.partition('<ul class="lines">')
    assert "Usually out by 11:00, in from 15:00" in usually
    assert re.findall(r"(?:out by|in from) [\d:]+", moves) == ["in from 15:00", "out by 11:00"]


def test_turnovers_tell_every_time_as_the_reader_s_language_writes_it(
    client: Client, organization: Organization, home: Property
) -> None:
    Property.objects.update(check_out=time(9))
    client.force_login(cast.a_member(organization, BOB, Role.CLEANER, [home.pk]))
    client.cookies["django_language"] = "es"
    page = client.get(reverse("turnovers")).content.decode()
    assert "9:00" in page
    assert "09:00" not in page


def test_a_member_of_some_homes_adds_none_and_reaches_nothing_that_concerns_them_all(
    client: Client, organization: Organization, home: Property
) -> None:
    client.force_login(cast.a_member(organization, BOB, Role.MANAGER, [home.pk]))
    for name in ("properties:new", "calendars:import", "webhooks:list"):
        answer = client.get(reverse(name))
        assert answer.status_code == 403
        assert "only some homes are open to you" in answer.content.decode()
    page = client.get(reverse("properties:list")).content.decode()
    assert reverse("properties:new") not in page


def test_letters_about_a_home_go_to_whom_it_is_open_and_never_to_cleaners(
    alice: User, organization: Organization, home: Property
) -> None:
    other = cast.a_property(organization, "Casa Sol")
    cast.a_member(organization, BOB, Role.FRONT_DESK, [other.pk])
    cast.a_member(organization, "carol@example.org", Role.CLEANER)
    sale = Purchase(organization=organization, property=home)
    assert [address for address, _ in _addresses(sale, Delivery.To.HOST)] == [alice.email]
    told = wishes.written_to(wishes.members([organization.pk]), Topic.CONFLICT)
    assert {member.user.email for member in told} == {alice.email, BOB}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLEANER, Role.FRONT_DESK, Role.MANAGER])
def test_no_page_offers_somebody_what_their_role_would_refuse(
    role: Role,
    client: Client,
    organization: Organization,
    alices_ids: dict[str, str],
) -> None:
    client.force_login(cast.a_member(organization, BOB, role))
    dead = set()
    for name in sorted({"home", *MEMBERS_OWN, *MEMBERS_ROW}):
        page = client.get(path_of(name, alices_ids))
        if page.status_code == 200 and page["Content-Type"].startswith("text/html"):
            dead |= {
                (name, to)
                for to in offered(page.content.decode())
                if power_of(to) not in POWERS[role] | {None}
            }
    assert sorted(dead) == []


def offered(page: str) -> set[str]:
    """The paths that links and forms of the page lead to."""
    found = re.findall(r'(?:href|action|hx-get|hx-post|formaction)="(/[^"#?]*)', page)
    return {unescape(path) for path in found}


def power_of(path: str) -> Power | None:
    """What the address asks of a member; None for one that asks nothing."""
    try:
        power: Power | None = getattr(resolve(path).func, "power", None)
    except Resolver404:
        return None
    return power
