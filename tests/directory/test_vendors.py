"""Vendors: nobody is shown who doesn't want to be, and of those only what they ticked; strangers may write to them."""

import re
from datetime import timedelta
from html import unescape

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Letter, Organization, User
from calendars.models import ExportLink
from directory.models import ShownHome, Vendor
from domain.roles import Role
from properties.models import Property
from tests import cast
from tests.accounts.letters import the_letter
from tests.directory.strangers import NOW, carried, opened, sent
from tests.post import Post, header

pytestmark = pytest.mark.django_db
VENDORS, OWN = "/vendors/", "/vendor-page/"
SLUG = "gracia-homes"
PAGE = f"/vendors/{SLUG}/"
MARTA = "marta@example.com"
QUESTION = {"name": "Marta Puig", "email": MARTA, "text": "May we list your homes?"}
DETAILS = {"name": "Gràcia Homes", "slug": SLUG, "town": "Girona", "email": "alice@example.org"}


@pytest.fixture(autouse=True)
def unlimited() -> None:
    cache.clear()


def read(path: str, browser: Client | None = None) -> str:
    answer = (browser or Client()).get(path)
    assert answer.status_code == 200, path
    return unescape(answer.content.decode())


def saves(alices: Client, **changes: str) -> int:
    return alices.post(OWN, DETAILS | changes).status_code


def asks(browser: Client, **changes: str) -> str:
    answer = sent(browser, PAGE, QUESTION | opened(browser, PAGE) | changes)
    return answer.headers.get("Location", str(answer.status_code))


def test_nothing_is_shown_until_the_owner_wants_it_and_nothing_once_they_do_not(
    alices: Client, home: Property
) -> None:
    assert home.organization.name not in read(VENDORS)
    assert saves(alices) == 302
    for path in (PAGE, f"{PAGE}sent/"):
        assert Client().get(path).status_code == 404
    assert SLUG not in read("/vendors/sitemap.xml")
    assert saves(alices, is_shown="on") == 302
    assert "Gràcia Homes" in read(VENDORS)
    assert "Girona" in read(PAGE)
    assert PAGE in read("/vendors/sitemap.xml")
    alices.post(f"{OWN}withdraw/")
    assert Client().get(PAGE).status_code == 404
    assert sent(Client(), PAGE, QUESTION).status_code == 404
    assert "Gràcia Homes" not in read(VENDORS) + read("/vendors/sitemap.xml")
    assert "Girona" in read(OWN, alices), "its words are kept for the owner"


def test_who_ends_is_shown_no_more(organization: Organization) -> None:
    cast.a_vendor(organization)
    Organization.objects.update(ends_at=NOW + timedelta(days=14))
    assert Client().get(PAGE).status_code == 404
    assert SLUG not in read(VENDORS)


def test_of_a_home_only_what_was_ticked_is_shown_and_never_a_link(alices: Client, home: Property) -> None:
    cast.a_vendor(home.organization)
    link = cast.an_export(home, "airbnb")
    named = cast.an_export(home, "other")
    ExportLink.objects.filter(pk=named.pk).update(label="Secret partner")
    revoked = cast.an_export(home, "vrbo")
    ExportLink.objects.filter(pk=revoked.pk).update(revoked_at=NOW)
    other = cast.a_property(home.organization, "Casa Amagada")
    assert home.name not in read(PAGE)
    alices.post(f"{OWN}homes/", {home.public_id: ["sites"]})
    page = read(PAGE)
    assert "Read by Airbnb, other booking sites." in page
    for hidden in (
        "Vrbo",
        "Secret partner",
        "Other calendar",
        "up to date",
        "sold or closed",
        other.name,
        "/ical/",
    ):
        assert hidden not in page
    assert link.public_id not in page
    ExportLink.objects.filter(pk=link.pk).delete()
    assert "Read by booking sites." in read(PAGE)
    alices.post(f"{OWN}homes/", {home.public_id: ["pace", "content"]})
    page = read(PAGE)
    assert "about every 15 minutes" in page
    assert "nothing of guests" in page
    assert "Read by" not in page
    alices.post(f"{OWN}homes/", {})
    assert home.name not in read(PAGE)
    assert not ShownHome.objects.exists()


def test_a_home_that_follows_a_unit_is_as_fresh_as_its_links_are(home: Property) -> None:
    cast.a_vendor(home.organization)
    cast.a_shown_home(home, "pace")
    cast.a_unit(home, cast.a_connection(home.organization))
    assert "about every 5 minutes" in read(PAGE)


def test_an_archived_home_is_not_named(home: Property) -> None:
    cast.a_vendor(home.organization)
    cast.a_shown_home(home)
    assert home.name in read(PAGE)
    Property.objects.update(archived_at=NOW)
    assert home.name not in read(PAGE)
    assert "1 home" not in read(VENDORS)


def test_they_are_found_by_any_of_their_words_without_accents_and_page_by_page(
    organization: Organization,
) -> None:
    cast.a_vendor(organization, town="Besalú", region="La Garrotxa", words="Masies de pedra")
    for number in range(21):
        other = cast.an_organization(f"Sunny {number:02}")
        cast.a_vendor(other, f"sunny-{number}", town="Faro")
    for query in ("gracia", "BESALU garrotxa", "masies", "grà besa"):
        page = read(f"{VENDORS}?q={query}")
        assert PAGE in page, query
        assert "Faro" not in page
    assert "Nobody answers that" in read(f"{VENDORS}?q=gracia+faro")
    first, second = read(VENDORS), read(f"{VENDORS}?page=2")
    assert "Page 1 of 2" in first
    assert PAGE in first
    assert "Sunny 20" in second
    assert "Page 2 of 2" in read(f"{VENDORS}?page=99&q=%00")


def test_a_strangers_message_reaches_the_vendor_whose_answer_goes_to_the_stranger(
    alice: User, post: Post
) -> None:
    cast.a_vendor(alice.organizations.get())
    assert asks(Client()) == f"{PAGE}sent/"
    letter = the_letter(post, alice.email)
    assert "May we list your homes?" in letter
    assert "Marta Puig (marta@example.com)" in letter
    (mail,) = post.mails
    assert header(mail, "Reply-To") == MARTA
    assert header(mail, "Subject") == "A message through your page at Amplistay"
    assert alice.email not in read(PAGE)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": ""}, "Write a message."),
        ({"text": "Look at https://spam.example"}, "without links"),
        ({"text": "Buy at WWW.spam.example"}, "without links"),
        ({"name": "Marta\nBcc: all@example.org"}, "can't be printed"),
        ({"email": "marta@example.com\r\nBcc: all@example.org"}, "whole e-mail address"),
        ({"code": "0000"}, "Here is another one"),
    ],
)
def test_a_message_that_will_not_do_comes_back_with_a_sentence(
    organization: Organization, changes: dict[str, str], sentence: str
) -> None:
    cast.a_vendor(organization)
    browser = Client()
    answer = sent(browser, PAGE, QUESTION | opened(browser, PAGE) | changes)
    assert answer.status_code == 422
    assert sentence in unescape(answer.content.decode())
    assert not Letter.objects.exists()


def test_a_message_is_sent_once_and_a_vendor_gets_so_many_a_day(alice: User) -> None:
    cast.a_vendor(alice.organizations.get())
    browser = Client()
    form = QUESTION | opened(browser, PAGE)
    assert {sent(browser, PAGE, form)["Location"] for _ in range(2)} == {f"{PAGE}sent/"}
    assert Letter.objects.count() == 1
    for number in range(18):
        network = Client(REMOTE_ADDR=f"192.0.2.{number}")
        assert asks(network) == f"{PAGE}sent/"
    assert asks(Client(REMOTE_ADDR="192.0.2.99")) == "429"
    assert Letter.objects.count() == 19


def test_no_mail_goes_to_an_address_that_no_member_has_proven(alices: Client, alice: User) -> None:
    User.objects.create_user("victim@example.org", cast.PASSWORD)
    assert saves(alices, is_shown="on", email="victim@example.org") == 422
    bob = cast.a_member(alice.organizations.get(), "bob@example.org", Role.MANAGER)
    assert saves(alices, is_shown="on", email=bob.email) == 302
    bob.memberships.get().delete()
    asks(Client())
    assert Letter.objects.get().address == alice.email


def test_only_an_owner_with_a_proven_address_decides_what_everybody_sees(
    client: Client, home: Property, alice: User
) -> None:
    client.force_login(cast.a_member(home.organization, "bob@example.org", Role.MANAGER))
    for path in (OWN, f"{OWN}homes/", f"{OWN}withdraw/"):
        assert client.post(path, DETAILS).status_code == 403
    EmailAddress.objects.filter(user=alice).update(verified=False)
    client.force_login(alice)
    assert client.post(OWN, DETAILS)["Location"] == reverse("unverified")
    assert not Vendor.objects.exists()


def test_another_organizations_address_is_taken_and_its_homes_do_not_exist(
    alices: Client, home: Property, mallory: User
) -> None:
    theirs = mallory.organizations.get()
    cast.a_vendor(theirs, SLUG)
    villa = cast.a_property(theirs, "Villa Mallory")
    answer = alices.post(OWN, DETAILS)
    assert answer.status_code == 422
    assert "Somebody has this address" in unescape(answer.content.decode())
    alices.post(f"{OWN}homes/", {villa.public_id: ["pace"], home.public_id: ["pace"]})
    assert [row.property for row in ShownHome.objects.all()] == [home]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "required"),
        ({"slug": "Gràcia Homes"}, "small letters"),
        ({"website": "javascript:alert(1)"}, "such as example.com"),
        ({"website": "http://127.0.0.1/"}, "such as example.com"),
        ({"words": "Cheap: https://spam.example"}, "without links"),
    ],
)
def test_what_will_not_do_on_the_page_comes_back_with_a_sentence(
    alices: Client, changes: dict[str, str], sentence: str
) -> None:
    answer = alices.post(OWN, DETAILS | changes)
    assert answer.status_code == 422
    assert sentence in unescape(answer.content.decode())
    assert not Vendor.objects.exists()


def test_what_can_be_ticked_of_a_home_isnt_called_optional(alices: Client, home: Property) -> None:
    names = re.findall(r"<legend>(.*?)</legend>", unescape(alices.get(OWN).content.decode()))
    assert names == [home.name]


def test_a_hundred_homes_are_ticked_page_by_page(alices: Client, home: Property) -> None:
    homes = [home, *(cast.a_property(home.organization, f"Home {number:03}") for number in range(60))]
    fields = {each.public_id: ["sites", "pace", "content"] for each in homes[:50]}
    assert len(fields) * 3 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    assert alices.post(f"{OWN}homes/?page=1", fields)["Location"] == f"{OWN}?page=1"
    first = ShownHome.objects.count()
    alices.post(f"{OWN}homes/?page=2", {})
    assert ShownHome.objects.count() == first == 50


def test_every_word_of_a_vendor_is_text_and_no_markup(organization: Organization) -> None:
    cast.a_vendor(organization, words="<script>alert(1)</script> & more", website="https://gracia.example/")
    page = Client().get(PAGE).content.decode()
    assert "&lt;script&gt;" in page
    assert '<a href="https://gracia.example/" rel="nofollow ugc noopener">' in page
    assert carried(page)
