"""Saved views: filters of lists under a name, of one person in one organization; one may open by itself."""

import re
from urllib.parse import parse_qs

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Organization, SavedView, User
from accounts.savedviews import ADDRESSES, KNOWN
from properties.models import Property
from tests import cast
from tests.upsells.pages import text
from upsells.purchaseforms import FilterForm

Listing = SavedView.Listing
STATES = {Listing.PLANNER: "/calendar/?q=casa&show=sold", Listing.SALES: "/sales/?q=marta&state=confirmed"}


@pytest.fixture
def member(alice: User) -> Membership:
    return alice.memberships.get()


def keep(
    browser: Client, name: str = "Christmas", query: str = "q=marta", listing: str = "sales", **more: str
) -> str:
    """Saves what a list shows; where the answer leads to, or what it says."""
    answer = browser.post("/views/save/", {"listing": listing, "query": query, "name": name, **more})
    return answer["Location"] if answer.status_code == 302 else text(answer)


def chips(page: str) -> list[str]:
    """The views above a list; the one that is looked at in brackets."""
    found = re.findall(
        r'class="view" href="([^"]*)"( aria-current="page")?>(?:<svg.*?</svg>)?([^<]+)', page, re.DOTALL
    )
    return [f"[{name}]" if now else name for _, now, name in found]


@pytest.mark.parametrize("listing", STATES)
def test_what_a_list_shows_is_saved_and_stands_above_it(
    alices: Client, home: Property, listing: Listing
) -> None:
    address = STATES[listing]
    page = text(alices.get(address))
    assert "Save this view" in page
    (query,) = re.findall(r'name="query" value="([^"]+)"', page)
    assert keep(alices, "Mine", query, listing.value) == address
    page = text(alices.get(address))
    assert chips(page) == ["All", "[Mine]"]
    assert "Save this view" not in page
    assert chips(text(alices.get(address.partition("?")[0]))) == ["[All]", "Mine"]


def test_what_is_known_of_sales_is_what_their_filter_asks(home: Property) -> None:
    form = FilterForm({}, [home], [])
    assert set(KNOWN[Listing.SALES]) == set(form.fields)
    form.without_homes()
    assert set(KNOWN[Listing.HOME_SALES]) == set(form.fields)
    assert set(KNOWN) == set(ADDRESSES) == set(Listing)


def test_only_what_a_list_knows_is_kept_and_it_leads_nowhere_else(alices: Client, member: Membership) -> None:
    evil = "q=marta&next=https://evil.example&page=7&state=confirmed&csrf=x&q2=1&\0=2"
    back = keep(alices, query=evil, home="//evil.example", next="https://evil.example")
    assert back == "/sales/?q=marta&state=confirmed"
    assert parse_qs(SavedView.objects.get().query) == {"q": ["marta"], "state": ["confirmed"]}
    for listing, query in (("sales", "page=2"), ("users", "q=x"), ("", "q=x"), ("sales", "")):
        assert keep(alices, "Other", query, listing) == "/views/"
    assert keep(alices, "At home", "q=marta", "home-sales", home="../../evil") == "/views/"
    assert SavedView.objects.filter(listing="sales").count() == 1


def test_the_default_opens_without_a_query_and_everything_is_a_click_away(
    alices: Client, home: Property
) -> None:
    keep(alices, "Christmas", "q=marta", is_default="on")
    answer = alices.get("/sales/")
    assert (answer.status_code, answer["Location"]) == (302, "/sales/?q=marta")
    page = text(alices.get("/sales/?q=marta"))
    assert 'class="view" href="/sales/?q="' in page
    assert alices.get("/sales/?q=").status_code == 200
    assert alices.get("/sales/?page=2").status_code == 200
    assert alices.get("/calendar/").status_code == 200  # another list
    keep(alices, "Asked", "state=asked", is_default="on")
    assert alices.get("/sales/")["Location"] == "/sales/?state=asked"
    assert SavedView.objects.filter(is_default=True).count() == 1


def test_a_view_of_one_homes_sales_is_one_of_every_homes(alices: Client, home: Property) -> None:
    other = cast.a_property(home.organization, "Casa Blau")
    own, others = (reverse("upsells:sales", args=[each.public_id]) for each in (home, other))
    (hidden,) = re.findall(r'name="home" value="([^"]*)"', text(alices.get(f"{own}?state=asked")))
    assert (
        keep(alices, "Asked", "state=asked", "home-sales", home=hidden, is_default="on")
        == f"{own}?state=asked"
    )
    assert alices.get(others)["Location"] == f"{others}?state=asked"


def test_a_name_is_there_once_on_a_list_whatever_its_capitals(alices: Client, member: Membership) -> None:
    keep(alices, "Christmas")
    said = keep(alices, " CHRISTMAS ", "q=other")
    assert "You have a view of that name here already. Choose another name." in said
    assert 'value="q=other"' in said  # it can be saved under another name from there
    assert "Give the view a name." in keep(alices, "  ")
    assert keep(alices, "Christmas", "q=casa", "planner") == "/calendar/?q=casa"
    assert SavedView.objects.count() == 2


def test_twenty_of_a_list_are_enough(alices: Client, member: Membership) -> None:
    for number in range(SavedView.MOST):
        cast.a_saved_view(member, f"View {number}")
    assert "More than 20 views of one list aren't possible. Remove one first." in keep(alices)
    assert SavedView.objects.count() == SavedView.MOST
    assert keep(alices, "Christmas", "q=casa", "planner") == "/calendar/?q=casa"


def test_a_view_is_renamed_made_the_default_and_removed(alices: Client, member: Membership) -> None:
    view, other = cast.a_saved_view(member), cast.a_saved_view(member, "Other", "q=other")
    page = text(alices.get("/views/"))
    assert re.findall(r'href="(/sales/[^"]+)"', page) == ["/sales/?q=marta", "/sales/?q=other"]
    answer = alices.post(f"/views/{view.public_id}/", {"name": "other"})
    assert answer.status_code == 422
    assert "already" in text(answer)
    alices.post(f"/views/{view.public_id}/", {"name": "Winter", "is_default": "on"})
    assert alices.get("/sales/")["Location"] == "/sales/?q=marta"
    answer = alices.post(f"/views/{view.public_id}/remove/", follow=True)
    assert "“Winter” is removed. What it showed is still there; only the saved filter is gone." in text(
        answer
    )
    assert list(SavedView.objects.all()) == [other]
    assert alices.get("/sales/").status_code == 200


def test_everybody_has_views_of_their_own(
    alices: Client, client: Client, bob: User, member: Membership, organization: Organization
) -> None:
    view = cast.a_saved_view(member, is_default=True)
    bobs = Client()
    bobs.force_login(bob)
    assert bobs.get("/sales/").status_code == 200
    assert "Christmas" not in text(bobs.get("/views/"))
    for action in ("", "remove/"):
        assert bobs.post(f"/views/{view.public_id}/{action}", {"name": "Bob's"}).status_code == 404
    assert keep(bobs) == "/sales/?q=marta"
    view.refresh_from_db()
    assert (view.name, SavedView.objects.count()) == ("Christmas", 2)


def test_an_empty_page_says_how_one_is_saved(alices: Client) -> None:
    page = text(alices.get("/views/"))
    assert "No view saved yet" in page
    assert "Save this view" in page
