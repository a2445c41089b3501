"""The pages for everybody: whole, without the database, and with links that lead somewhere."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.template.loader import get_template
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from PIL import Image
from pytest_django import Settings

from pages.guides import GUIDES

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = "https://stay.example.com"
NAMES = ("how", "pricing", "help", "escapia", "terms", "privacy")
STATIC = ["/", *(f"pages:{name}" for name in NAMES), "pages:example", *(f"help:{key}" for key in GUIDES)]
LONGEST_TITLE, LONGEST_DESCRIPTION = 70, 180
BROWSER = {"Accept": "text/html"}


def path_of(name: str) -> str:
    kind, _, rest = name.partition(":")
    if kind == "help":
        return reverse("pages:channel", args=[rest])
    return reverse(name) if rest else name


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.content.decode())


def one(pattern: str, page: str) -> str:
    (found,) = re.findall(pattern, page, re.DOTALL)
    return str(found).strip()


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def pages() -> dict[str, str]:
    """Every one but the status page. Without the fixture `db`, a query of any of them would be an error."""
    client = Client()
    return {path_of(name): read(client, path_of(name)) for name in STATIC}


def test_each_has_one_heading_a_title_and_a_description_of_its_own_and_asks_no_database(
    pages: dict[str, str],
) -> None:
    titles = [one(r"<title>(.*?)</title>", page) for page in pages.values()]
    public = {path: page for path, page in pages.items() if path != reverse("pages:example")}
    told = [one(r'<meta name="description" content="(.*?)">', page) for page in public.values()]
    assert [path for path, page in pages.items() if len(re.findall("<h1", page)) != 1] == []
    assert len(set(titles)) == len(titles)
    assert max(map(len, titles)) <= LONGEST_TITLE
    assert len(set(told)) == len(told)
    assert max(map(len, told)) <= LONGEST_DESCRIPTION
    for path, page in public.items():
        assert one(r'<link rel="canonical" href="(.*?)">', page) == SITE + path
        assert one(r'<meta property="og:image" content="(.*?)">', page).startswith(SITE + "/static/card")


def test_every_link_on_them_leads_somewhere(pages: dict[str, str]) -> None:
    dead = []
    for path, page in pages.items():
        ids = set(re.findall(r'\sid="([^"]+)"', page))
        for link in re.findall(r'<(?:a|iframe)[^>]*\s(?:href|src)="([^"]*)"', page):
            parts = urlsplit(link)
            if parts.scheme == "mailto":
                continue
            try:
                resolve(parts.path or path)
            except Resolver404:
                dead.append((path, link))
            if not parts.path and parts.fragment and parts.fragment not in ids:
                dead.append((path, link))
    assert dead == []


def test_help_for_a_channel_tells_the_steps_of_the_connections_page_and_of_no_other_channel(
    pages: dict[str, str],
) -> None:
    own = {
        "airbnb": ("the app doesn't show the link", "“Connect to another website”"),
        "booking": ("“Reserved and closed dates”", "It begins with https://ical.booking.com/"),
        "vrbo": ("“include tentative reservations”", "“Import calendar”"),
        "google": ("“Secret address in iCal format”", "“From URL”"),
        "avaibook": ("“Create synchronisation”", "generic iCal connection"),
        "lodgify": ("Copy the export link of this property", "In Lodgify, open this property's iCal"),
        "icnea": ("each lodging has one of its own", "In Icnea, open this property's iCal"),
        "amenitiz": ("Channel manager › iCals.", "External calendar"),
    }
    assert own.keys() == GUIDES.keys()
    shown = {key: pages[path_of(f"help:{key}")] for key in own}
    for key, (find, paste) in own.items():
        assert [other for other in own if find in shown[other]] == [key]
        assert paste in shown[key]
    assert Client().get(reverse("pages:channel", args=["agoda"])).status_code == 404


def test_the_example_is_the_guests_own_page_and_can_buy_nothing(pages: dict[str, str]) -> None:
    page = pages[reverse("pages:example")]
    assert "An example: there is no such stay, and nothing can be booked." in page
    assert page.count('type="radio"') == 5  # three nights, two hours: what the real rules leave free
    assert "€258.10" in page  # from the third night on a tenth less
    forms = re.findall(r"<form[^>]*>", page)
    posting = [form for form in forms if 'method="post"' in form]
    assert all(f'action="{reverse("set_language")}"' in form for form in posting)
    assert "htmx" not in page.partition("</head>")[2].replace("hx-", "")
    offers = page.partition('id="options"')[2].partition("</form>")[0]
    assert 'type="submit"' not in offers
    assert 'content="noindex"' in page


def test_only_the_example_may_be_framed_and_only_by_us() -> None:
    client = Client()
    example, landing = client.get(reverse("pages:example")), client.get("/")
    assert example["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in example["Content-Security-Policy"]
    assert landing["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in landing["Content-Security-Policy"]


def test_prices_are_those_of_the_plans_and_nobody_is_charged_where_billing_is_off(settings: Settings) -> None:
    client = Client()
    settings.STRIPE_FEE_BASIS_POINTS = 150
    for path in ("/", reverse("pages:pricing")):
        said = read(client, path)
        assert "$5.00" in said
        assert "1.50 %" in said
    pricing = reverse("pages:pricing")
    for words in ("$1.00", "$19.00", "Nothing is charged here"):
        assert words in read(client, pricing)
    settings.BILLING = True
    assert "Nothing is charged here" not in read(client, pricing)


def test_how_often_and_how_long_are_what_this_installation_does(settings: Settings) -> None:
    settings.REMOVAL_WAIT, settings.REMOVAL_WAIT_LONG = timedelta(minutes=20), timedelta(hours=3)
    settings.POLL_INTERVAL, settings.POLL_INTERVAL_QUICK = timedelta(minutes=10), timedelta(minutes=2)
    browser = Client()
    told = browser.get(reverse("pages:help")).content.decode()
    assert "About every 10 minutes, every 2 minutes while a guest is looking, and once more" in told
    assert "after 20 minutes; after 3 hours when" in told
    assert "later reads agree: 20 minutes, or 3 hours when" in browser.get("/").content.decode()
    settings.POLL_INTERVAL = timedelta(minutes=1)
    told = browser.get(reverse("pages:help")).content.decode()
    assert "while a guest is looking" not in told, "that would be later than usual"


def test_terms_and_privacy_say_that_they_are_drafts(pages: dict[str, str]) -> None:
    for name in ("terms", "privacy"):
        assert "This is a draft" in pages[reverse(f"pages:{name}")]


def test_robots_may_look_everywhere_and_find_every_page() -> None:
    client = Client()
    robots = client.get("/robots.txt")
    assert robots.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow:",
        f"Sitemap: {SITE}/sitemap.xml",
        f"Sitemap: {SITE}/vendors/sitemap.xml",
    ]
    found = ET.fromstring(client.get("/sitemap.xml").content)  # noqa: S314 - our own answer
    listed = {(each.text or "").removeprefix(SITE) for each in found.iter() if each.tag.endswith("loc")}
    wanted = {path_of(name) for name in STATIC} - {reverse("pages:example")} | {reverse("pages:status")}
    assert listed == wanted | {reverse("directory:join")}


def test_security_txt_names_somebody_and_has_not_expired(settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Amplistay <care@stay.example.com>"
    text = Client().get("/.well-known/security.txt").content.decode()
    assert "Contact: mailto:care@stay.example.com\n" in text
    assert re.search(r"^Expires: 20\d\d-\d\d-\d\dT00:00:00Z$", text, re.MULTILINE)
    assert f"Canonical: {SITE}/.well-known/security.txt\n" in text


def test_a_browser_is_told_what_a_wrong_method_means_and_a_program_only_that_it_is_one() -> None:
    client = Client()
    path = reverse("pages:pricing")
    person, program = client.post(path, headers=BROWSER), client.post(path)
    assert (person.status_code, program.status_code) == (405, 405)
    assert person["Allow"] == program["Allow"] == "GET, HEAD"
    assert "This can't be done here" in unescape(person.content.decode())
    assert program.content == b""


def test_error_pages_need_neither_a_request_nor_a_database() -> None:
    found = {
        name: get_template(f"{name}.html").render()
        for name in ("400", "403", "403_csrf", "404", "405", "429", "500", "503", "pages/away")
    }
    assert [
        name for name, page in found.items() if page.count("<h1") != 1 or 'class="brand"' not in page
    ] == []


def test_the_social_card_and_the_icons_are_pictures_of_the_right_size() -> None:
    static = ROOT / "static"
    for name, size in (("card.png", (1200, 630)), ("touch-icon.png", (180, 180)), ("favicon.ico", (48, 48))):
        with Image.open(static / name) as image:
            image.load()
            assert image.size == size
        assert (static / name).stat().st_size < 60_000
    answer = Client().get("/favicon.ico")
    assert (answer.status_code, urlsplit(answer["Location"]).path.startswith("/static/favicon")) == (
        301,
        True,
    )
