"""The search: everything of a host's own, by any words of it, and nothing of anybody else's."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization, User
from amplistay.searching import TITLES
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text
from upsells.models import Purchase, StayLink

PALETTE = {"HX-Request": "true"}
CHRISTMAS = cast.nights(22, 4)  # 23 to 27 December 2026


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def stay(home: Property) -> StayLink:
    return cast.a_stay_link(home, CHRISTMAS, guest="José Niño", channel="airbnb")


@pytest.fixture
def sale(home: Property) -> Purchase:
    link = cast.a_stay_link(home)
    return a_purchase(link, "confirmed", guest_name="Marta Puig", guest_email="marta@example.org")


def hits(browser: Client, words: str, **headers: str) -> list[tuple[str, str]]:
    """The titles found and where they lead, in order."""
    page = text(browser.get("/search/", {"q": words}, headers=headers))
    found = re.findall(r'class="hit"[^>]*href="([^"]+)".*?<span class="told"><b>([^<]+)</b>', page, re.DOTALL)
    return [(title, href) for href, title in found]


def titles(browser: Client, words: str) -> list[str]:
    return [title for title, _ in hits(browser, words)]


@pytest.mark.parametrize("words", ["casa gracia", "GRÀCIA", "gra ca", "àcia"])
def test_a_home_is_found_by_any_part_of_its_name_without_accents(
    alices: Client, home: Property, words: str
) -> None:
    assert hits(alices, words)[0] == ("Casa Gràcia", home.get_absolute_url())


def test_a_home_that_is_alone_shows_its_tabs_and_a_tab_is_found_at_once(
    alices: Client, home: Property
) -> None:
    cast.a_property(home.organization, "Casa Blau")
    assert "Connections · Casa Gràcia" in titles(alices, "gracia")
    offers = reverse("upsells:offers", args=[home.public_id])
    assert hits(alices, "casa gràcia offers")[0] == ("Offers · Casa Gràcia", offers)
    assert titles(alices, "late check-out gracia")[0] == "Late check-out · Casa Gràcia"
    assert titles(alices, "casa")[:2] == ["Casa Blau", "Casa Gràcia"]


@pytest.mark.parametrize(
    "words", ["jose", "nino gracia", "24 Dec", "2026-12-24", "23.12.", "jose december 27", "niño 24/12"]
)
def test_a_stay_is_found_by_its_guest_and_its_days(alices: Client, stay: StayLink, words: str) -> None:
    page = reverse("upsells:stay", args=[stay.property.public_id, stay.token])
    assert ("José Niño", page) in hits(alices, words)
    assert "José Niño" not in titles(alices, f"{words} lisbon")


def test_a_day_on_which_nobody_stays_leads_to_the_calendar_alone(alices: Client, stay: StayLink) -> None:
    assert hits(alices, "28 Dec") == [
        ("Calendar of all homes from Mon, 28 Dec 2026", "/calendar/?from=2026-12-28")
    ]


def test_what_a_site_s_calendar_says_is_found_once_with_its_own_link_where_there_is_one(
    alices: Client, home: Property, stay: StayLink
) -> None:
    feed = cast.a_feed(home)
    cast.an_import(feed, CHRISTMAS, uid="1", summary="José N.")
    cast.an_import(feed, cast.nights(40, 2), uid="2", summary="Núria Vidal")
    assert titles(alices, "2026-12-24")[1:] == ["José Niño"]
    ((title, href),) = hits(alices, "nuria")
    assert (title, href) == (
        "Núria Vidal",
        f"{reverse('calendars:month', args=[home.public_id])}?month=2027-01&night=2027-01-10",
    )


@pytest.mark.parametrize(
    "words", ["marta", "puig gràcia", "marta@example.org", "198", "€198.00", "puig 198,00", "4 Dec"]
)
def test_a_sale_is_found_by_its_guest_address_amount_and_day(
    alices: Client, sale: Purchase, words: str
) -> None:
    page = reverse("upsells:purchase", args=[sale.property.public_id, sale.public_id])
    assert ("Marta Puig", page) in hits(alices, words)


def test_a_sale_is_found_by_the_reference_that_mails_and_lists_show(alices: Client, sale: Purchase) -> None:
    assert titles(alices, sale.public_id[:6].upper()) == ["Marta Puig"]
    assert titles(alices, sale.public_id[1:7]) == []  # a reference begins


def test_a_connected_calendar_is_found_by_its_site_label_and_home(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home)
    log = reverse("calendars:log", args=[home.public_id, feed.public_id])
    assert ("Airbnb", log) in hits(alices, "airbnb")
    assert ("Airbnb", log) in hits(alices, "airbnb gracia")
    assert "secret" not in str(hits(alices, "airbnb"))
    labelled = cast.a_feed(home, "https://ical.booking.com/v1/export?t=1", label="Second flat")
    assert hits(alices, "second")[0][1].endswith(f"{labelled.public_id}/log/")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("block nights", "Block nights"),
        ("import", "Import many homes"),
        ("add a home", "Add a property"),
        ("export csv", "Export the sales as CSV"),
        ("sales", "Sales"),
        ("stripe", "Card payments"),
        ("vrbo ical", "Help: calendar links of Vrbo"),
        ("homeaway", "Help: calendar links of Vrbo"),
        ("gdpr", "Privacy"),
        ("cleaners", "Turnovers"),
    ],
)
def test_pages_actions_and_help_are_found_by_what_one_wants_to_do(
    alices: Client, words: str, first: str
) -> None:
    title, href = hits(alices, words)[0]
    assert title == first
    assert alices.get(href).status_code == 200


def test_english_words_are_found_in_every_language(alices: Client, home: Property) -> None:
    alices.cookies["django_language"] = "de"
    assert hits(alices, "import")[0][1] == reverse("calendars:import")
    assert hits(alices, "24. Dezember")[0][1] == "/calendar/?from=2026-12-24"


def test_nothing_is_found_of_another_organization(
    client: Client, mallory: User, home: Property, stay: StayLink, sale: Purchase
) -> None:
    cast.an_import(cast.a_feed(home, label="Alice's own"), cast.nights(40, 2), summary="Núria Vidal")
    client.force_login(mallory)
    for words in ("gracia", "jose", "marta", "marta@example.org", sale.public_id[:6], "nuria", "alice"):
        assert hits(client, words) == [], words
    assert titles(client, "24 Dec") == ["Calendar of all homes from Thu, 24 Dec 2026"]
    for words in ("airbnb", "198", "offers"):
        assert not any(home.public_id in href for _, href in hits(client, words)), words


def test_an_archived_home_is_found_and_its_tabs_are_not(alices: Client, home: Property) -> None:
    Property.objects.update(archived_at=cast.NOW)
    page = text(alices.get("/search/", {"q": "gracia"}))
    assert "archived" in page
    assert titles(alices, "gracia") == ["Casa Gràcia"]


def test_as_many_queries_however_much_there_is_and_never_more_than_is_shown(
    alices: Client, organization: Organization
) -> None:
    counts = []
    for number in range(1, 7):
        home = cast.a_property(organization, f"Casa {number}")
        cast.an_import(cast.a_feed(home), cast.nights(40, 2), summary="Marta Vidal")
        a_purchase(cast.a_stay_link(home, CHRISTMAS, guest="Marta Puig"), "confirmed")
        if number in {1, 6}:
            with CaptureQueriesContext(connection) as asked:
                found = hits(alices, "marta", **PALETTE)
            counts.append(len(asked))
    assert counts[0] == counts[1]
    assert len(found) == 10  # five stays, five sales
    for number in range(7, 22):
        cast.a_property(organization, f"Casa {number}")
    page = text(alices.get("/search/", {"q": "casa"}))
    assert page.count('class="hit"') == 20
    assert "There is more. Add a word" in page


def test_the_page_teaches_before_anything_is_asked_and_says_when_nothing_is_found(alices: Client) -> None:
    page = text(alices.get("/search/"))
    assert "What can be found" in page
    assert "Add a property" in page
    page = text(alices.get("/search/", {"q": "Zanzibar <b>"}))
    assert "Nothing has all of “Zanzibar <b>”" in page
    assert "<b>”" not in alices.get("/search/", {"q": "Zanzibar <b>"}).content.decode()


def test_the_palette_gets_the_list_alone_with_an_id_for_every_choice(alices: Client, home: Property) -> None:
    answer = alices.get("/search/", {"q": " gracia "}, headers=PALETTE)
    part = text(answer)
    assert "<html" not in part
    assert 'data-for="gracia"' in part
    ids = re.findall(r'role="option"[^>]*id="([^"]+)"', part)
    assert len(ids) == len(set(ids)) == part.count('role="option"') == 6  # with "All results"
    assert "HX-Request" in answer["Vary"]
    assert {title for _, title in re.findall(r'(class="kind")[^>]*>([^<]+)<', part)} == {str(TITLES["homes"])}


@pytest.mark.parametrize(
    "words", ["%", "_", "\0", "\\m(", "a" * 500, "' OR 1=1 --", "2026-99-99", "1.1.", "٣ ديسمبر"]
)
def test_any_input_is_answered(alices: Client, home: Property, words: str) -> None:
    assert alices.get(f"/search/?{urlencode({'q': words})}").status_code == 200
    assert alices.get(f"/search/?{urlencode({'q': words})}", headers=PALETTE).status_code == 200


def test_a_stay_long_over_stands_behind_those_to_come(alices: Client, home: Property) -> None:
    for start in (-60, 50, 20, -20):
        cast.a_stay_link(
            home, cast.nights(start, 2), guest=f"Marta {start}", created_at=cast.NOW - timedelta(1)
        )
    assert titles(alices, "marta") == ["Marta 20", "Marta 50", "Marta -20", "Marta -60"]
