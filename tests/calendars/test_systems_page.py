"""Connecting a property-management system: its keys, its units in two columns, homes that follow them, and the end."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organization, User
from calendars import exports, leases, mirrors, polling, tasks, unread
from calendars.models import Alert, Connection, ExportLink, Feed
from domain.roles import Role
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.escapia import Escapia, Unit
from tests.mirrored import keys_of

pytestmark = pytest.mark.django_db
NEW = "/systems/escapia/"
HOUSE = {
    "time_zone": "America/Chicago",
    "check_in": "16:00",
    "check_out": "10:00",
    "turnaround": "120",
    "rate": "150",
    "currency": "USD",
}
SECRET = re.compile(r"not-secret-\w+")  # what the simulator calls its secrets


@pytest.fixture
def there(escapia: Escapia, settings: Settings) -> Escapia:
    """The simulated Escapia, in place of the real one."""
    settings.MIRROR_BASE_URLS = {"escapia": escapia.base_urls}
    settings.MIRROR_PATIENCE = timedelta(milliseconds=50)
    settings.MIRROR_SWITCHES = ["escapia.unit_numbers=shared", "escapia.last_day=departure", "ical.x=y"]
    return escapia


def read(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.content.decode())


def connected(browser: Client, there: Escapia, **changes: str) -> str:
    """The path of an account whose keys a worker has checked."""
    gateway = there.pmc().keys["gateway"]
    keys = keys_of(there.pmc()) | {"gateway_id": gateway["id"], "gateway_secret": gateway["secret"]}
    body = {"name": "Beach rentals", "time_zone": "America/Chicago", **keys, **changes}
    answer = browser.post(NEW, body)
    assert answer.status_code == 302, answer.context["form"].errors
    tasks.look_at_connection(Connection.objects.latest("pk").pk)
    return str(answer["Location"])


def adopt(browser: Client, path: str, unit: Unit, name: str) -> None:
    """Makes a home of one unit."""
    body = HOUSE | {f"take-{unit.id}": "on", f"name-{unit.id}": name}
    assert browser.post(f"{path}units/", body).status_code == 302


def test_from_keys_to_homes_that_follow_their_units(alices: Client, there: Escapia) -> None:
    assert "Please connect our account to the EscapiaNET API" in read(alices, NEW)
    unit, other, kept_back = there.unit(place=0), there.unit(place=1), there.unit(distributed=False)
    path = connected(alices, there)
    page = read(alices, path)
    to_choose, _, withheld = page.partition("not distributed</h3>")
    assert kept_back.name in withheld
    assert unit.name not in withheld
    assert f'name="take-{unit.id}"' in to_choose
    assert f"take-{kept_back.id}" not in page
    assert "288 times a day" in page
    assert not SECRET.search(page)
    body = {f"take-{unit.id}": "on", f"name-{unit.id}": "Casa del Mar", f"name-{other.id}": other.name}
    assert alices.post(f"{path}units/", body | HOUSE)["Location"] == path
    home = Property.objects.get()
    assert (home.name, home.time_zone, home.nightly_rate) == ("Casa del Mar", "America/Chicago", 15_000)
    feed = Feed.objects.get()
    assert (feed.property, feed.listing, feed.connection) == (home, unit.id, Connection.objects.get())
    today = home.house.today(timezone.now())
    nights = Span(today + timedelta(days=9), today + timedelta(days=12))
    there.book(unit, nights.start, nights.end)
    now = timezone.now()
    lease, ids = leases.claim_these([feed.pk], now)
    polling.read(ids, lease, now)
    assert cast.busy(home)[0][0] == nights.start
    page = read(alices, path)
    assert "1 home follows its unit" in page
    assert f"take-{unit.id}" not in page


def test_keys_that_are_connected_already_are_not_connected_twice(alices: Client, there: Escapia) -> None:
    connected(alices, there)
    body = {"name": "Again", "time_zone": "America/Chicago", **keys_of(there.pmc()), "hsapi_secret": "other"}
    answer = alices.post(NEW, body)
    assert answer.status_code == 422
    assert "connected already, as “Beach rentals”" in unescape(answer.content.decode())
    assert Connection.objects.count() == 1
    other = keys_of(there.pmc("2047"))
    assert alices.post(NEW, body | other).status_code == 302, "another manager's are others"


def test_a_unit_is_not_added_to_a_home_that_follows_another(alices: Client, there: Escapia) -> None:
    path = connected(alices, there)
    adopt(alices, path, there.unit(place=0), "Casa del Mar")
    other = there.unit(place=1)
    body = HOUSE | {f"take-{other.id}": "on", f"name-{other.id}": "CASA DEL MAR"}
    answer = alices.post(f"{path}units/", body)
    assert "follows another unit" in str(answer.context["form"].errors[f"name-{other.id}"])
    assert Feed.objects.count() == 1


def test_a_unit_may_be_added_to_a_home_that_follows_none(
    alices: Client, there: Escapia, home: Property
) -> None:
    path = connected(alices, there)
    adopt(alices, path, there.unit(), home.name)
    assert Feed.objects.get().property == home


def test_the_price_is_asked_for_where_it_is_missing_and_proposed_the_next_time(
    alices: Client, there: Escapia
) -> None:
    path, unit = connected(alices, there), there.unit()
    body = HOUSE | {f"take-{unit.id}": "on", f"name-{unit.id}": "Casa del Mar", "rate": ""}
    answer = alices.post(f"{path}units/", body)
    assert answer.context["defaults"].errors["rate"] == ["Enter a usual price."]
    assert alices.get(f"{path}units/?page=1")["Location"] == f"{path}?page=1", "the address of the mistake"
    adopt(alices, path, unit, "Casa del Mar")
    assert 'value="150.00"' in read(alices, path)


def test_all_units_of_a_page_become_homes_at_once(alices: Client, there: Escapia) -> None:
    unit = there.unit()
    path = connected(alices, there)
    page = read(alices, path)
    count = page.count('name="take-')
    assert f"All {count} on this page" in page
    names = dict(re.findall(r'name="(name-[^"]+)" value="([^"]+)"', page))
    assert len(names) == count > 1
    body = HOUSE | names | {"every": "on", f"name-{unit.id}": ""}
    answer = alices.post(f"{path}units/", body)
    assert answer.status_code == 422
    assert "Enter a name." in unescape(answer.content.decode())
    assert alices.post(f"{path}units/", body | names).status_code == 302
    assert sorted(Property.objects.values_list("name", flat=True)) == sorted(names.values())


def test_a_home_made_of_a_unit_has_one_link_that_tells_nothing_before_the_unit_was_read(
    alices: Client, there: Escapia
) -> None:
    unit = there.unit()
    path = connected(alices, there)
    adopt(alices, path, unit, "=Casa del Mar")
    link, feed = ExportLink.objects.get(), Feed.objects.get()
    assert (link.kind, link.channel, link.label) == ("channel", "other", "Booking sites")
    address = exports.address(link)
    tab = reverse("calendars:connections", args=[feed.property.public_id])
    assert address in read(alices, path)
    assert address in read(alices, tab)
    assert alices.get(cast.path_of(link)).status_code == 503
    lease, ids = leases.claim_these([feed.pk], timezone.now())
    polling.read(ids, lease, timezone.now())
    assert alices.get(cast.path_of(link)).status_code == 200
    sheet = alices.get(f"{path}links.csv")
    assert list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig")))) == [
        ["Unit", "Name", "Link"],
        [unit.id, "'=Casa del Mar", address],
    ]
    unread.watch(timezone.now() + timedelta(days=3), cast.NOW)
    assert not Alert.objects.exists(), "whether any site is to read it is for the host to say"


def test_given_up_and_adopted_again_a_home_keeps_its_link_and_what_is_sold_in_it(
    alices: Client, there: Escapia
) -> None:
    unit = there.unit()
    path = connected(alices, there)
    adopt(alices, path, unit, "Casa del Mar")
    link = ExportLink.objects.get()
    cast.a_sale(link.property, cast.nights(10, 2))
    alices.post(f"{path}disconnect/")
    answer = alices.get(cast.path_of(link))
    assert b"SUMMARY:Reserved" in answer.content
    path = connected(alices, there)
    adopt(alices, path, unit, "Casa del Mar")
    assert (Feed.objects.count(), ExportLink.objects.get()) == (1, link)
    ExportLink.objects.update(revoked_at=timezone.now())
    page = read(alices, path)
    assert exports.address(link) not in page
    assert "Make the link" in page


def test_the_links_are_only_given_to_those_who_have_just_proven_who_they_are(
    client: Client, alice: User, home: Property
) -> None:
    row = cast.a_connection(home.organization, looked_at=cast.NOW)
    client.force_login(alice)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 1}]
    session.save()
    answer = client.get(reverse("systems:links", args=[row.public_id]))
    assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True)


def test_a_unit_may_have_a_time_zone_of_its_own(alices: Client, there: Escapia) -> None:
    unit, other = there.unit(place=0), there.unit(place=1)
    path = connected(alices, there)
    body = HOUSE | {
        **{f"take-{each.id}": "on" for each in (unit, other)},
        **{f"name-{each.id}": each.name for each in (unit, other)},
    }
    answer = alices.post(f"{path}units/", body | {f"zone-{unit.id}": "America/Denvr"})
    assert "Did you mean America/Denver?" in unescape(answer.content.decode())
    assert f"zone-{unit.id}" in answer.context["form"].errors
    alices.post(f"{path}units/", body | {f"zone-{unit.id}": "america/denver"})
    homes = dict(Property.objects.values_list("name", "time_zone"))
    assert homes == {unit.name: "America/Denver", other.name: "America/Chicago"}


def test_where_nobody_knows_which_units_are_distributed_the_page_says_so_and_lets_choose(
    alices: Client, there: Escapia, settings: Settings
) -> None:
    settings.MIRROR_SWITCHES = []
    page = read(alices, connected(alices, there))
    assert "These keys don't tell which units are distributed" in page
    assert f"take-{there.unit(distributed=False).id}" in page


def test_a_page_waits_while_a_worker_checks_the_keys(
    alices: Client, organization: Organization, there: Escapia
) -> None:
    row = cast.a_connection(organization)
    path = reverse("systems:account", args=[row.public_id])
    assert "The keys are being checked" in read(alices, path)
    asks = {"HX-Request": "true"}
    assert "hx-trigger" in alices.get(f"{path}progress/", headers=asks).content.decode()
    tasks.watch_connections()
    mirrors.look(row, timezone.now())
    assert alices.get(f"{path}progress/", headers=asks)["HX-Refresh"] == "true"
    alices.post(f"{path}look/")
    assert "The keys are being checked" in read(alices, path)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({}, "without them there are no units"),
        ({"gateway_id": "a", "gateway_secret": "b"}, "without them there are no units"),
        ({"hsapi_id": "a", "hsapi_manager": "1"}, "This key of the group is missing."),
        ({"enet_id": "a", "enet_password": "b", "enet_manager": "c", "name": ""}, "Enter a name."),
        ({"enet_id": "a", "enet_password": "b", "enet_manager": "c", "time_zone": ""}, "Choose a time zone."),
    ],
)
def test_keys_that_will_not_do_come_back_with_a_sentence_and_without_secrets(
    alices: Client, keys: dict[str, str], sentence: str
) -> None:
    answer = alices.post(NEW, {"name": "Beach", "time_zone": "Europe/Madrid"} | keys)
    assert answer.status_code == 422
    assert sentence in unescape(answer.content.decode())
    assert 'value="b"' not in answer.content.decode()
    assert 'type="password"' not in answer.content.decode(), "no browser should offer to keep it"
    assert not Connection.objects.exists()


def test_each_group_of_keys_tells_its_own_health(alices: Client, there: Escapia) -> None:
    path = connected(alices, there, gateway_secret="wrong")
    page = read(alices, path)
    health = page.partition('id="health"')[2].partition("</section>")[0]
    assert health.count("Doesn't work") == 1
    assert health.index("HSAPI") < health.index("Works") < health.index("Doesn't work")
    assert "These keys aren't accepted" in health
    assert "EscapiaNET" not in health


def test_names_and_house_rules_are_judged_as_those_of_an_imported_list(
    alices: Client, home: Property, there: Escapia
) -> None:
    unit, other = there.unit(place=0), there.unit(place=1)
    path = connected(alices, there)
    both = {f"take-{unit.id}": "on", f"take-{other.id}": "on"}
    for body, sentence in (
        (HOUSE, "Choose at least one unit."),
        (
            both | HOUSE | {f"name-{unit.id}": "Same", f"name-{other.id}": "same"},
            "Each becomes a home of its own",
        ),
        (both | HOUSE | {f"name-{unit.id}": "", f"name-{other.id}": "B"}, "Enter a name."),
        (both | HOUSE | {f"name-{unit.id}": "A", f"name-{other.id}": "B", "rate": ""}, "usual price"),
        (
            both | HOUSE | {f"name-{unit.id}": "A", f"name-{other.id}": "B", "time_zone": ""},
            "Choose a time zone",
        ),
    ):
        answer = alices.post(f"{path}units/", body)
        assert answer.status_code == 422
        assert sentence in unescape(answer.content.decode())
    assert Property.objects.count() == 1
    adopt(alices, path, unit, home.name)
    assert [feed.property for feed in Feed.objects.all()] == [home], "a home of that name follows the unit"


def test_both_ways_is_only_for_keys_that_can_close_nights(alices: Client, there: Escapia) -> None:
    path = connected(alices, there)
    alices.post(f"{path}two-way/", {"two_way": "on"})
    assert Connection.objects.get().two_way
    assert "is opened again" in read(alices, path)
    alices.post(f"{path}two-way/", {"two_way": "off"})
    assert not Connection.objects.get().two_way
    Connection.objects.update(works=["listings", "calendar"])
    alices.post(f"{path}two-way/", {"two_way": "on"})
    assert not Connection.objects.get().two_way


def test_other_keys_take_the_place_of_those_that_are_refused(alices: Client, there: Escapia) -> None:
    path = connected(alices, there, hsapi_secret="wrong")
    assert "aren't accepted" in read(alices, path)
    assert alices.post(f"{path}keys/", keys_of(there.pmc()))["Location"] == path
    row = Connection.objects.get()
    assert row.looked_at is None
    assert "gateway_id" in row.credentials
    assert row.credentials["gateway_id"] == ""
    tasks.look_at_connection(row.pk)
    page = read(alices, path)
    assert "aren't accepted" not in page
    assert "to choose" in page


def test_disconnected_homes_stay_and_what_only_the_system_closed_opens(
    alices: Client, home: Property, there: Escapia
) -> None:
    path = connected(alices, there)
    row = Connection.objects.get()
    feed = cast.a_unit(home, row, there.unit().id)
    cast.an_import(feed, cast.nights(10, 2))
    assert alices.post(f"{path}disconnect/")["Location"] == reverse("systems:list")
    assert cast.busy(home) == []
    assert not Feed.objects.exists()
    assert alices.get(path).status_code == 404
    assert Property.objects.get() == home


def test_only_those_who_connect_see_accounts(client: Client, home: Property, alice: User) -> None:
    row = cast.a_connection(home.organization)
    client.force_login(cast.a_member(home.organization, "bob@example.org", Role.FRONT_DESK))
    for path in ("/systems/", NEW, reverse("systems:account", args=[row.public_id])):
        assert client.get(path).status_code == 403
