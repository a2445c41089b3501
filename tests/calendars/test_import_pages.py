"""Many homes at once: what the check says of each line, what the import writes, and what it says of the reading."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from threading import Barrier, Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import Organization, User
from calendars import importing, sentences
from calendars.models import ExportLink, Feed
from domain import listsheet
from domain.listwords import HEADINGS
from properties.models import Property
from tests import cast

SECRET = "s3cr3t-in-the-link"
AIRBNB = f"https://www.airbnb.com/calendar/ical/42.ics?s={SECRET}"
BOOKING = f"https://ical.booking.com/v1/export?t={SECRET}"
VRBO = f"https://www.vrbo.com/icalendar/{SECRET}.ics"
HTMX = {"HX-Request": "true"}
USUAL = {
    "time_zone": "Europe/Madrid",
    "check_in": "16:00",
    "check_out": "10:00",
    "turnaround": "90",
    "currency": "EUR",
    "rate": "120",
}


def words(answer: HttpResponse) -> str:
    """The page's words on one line, without the markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def check(browser: Client, text: str, **more: object) -> HttpResponse:
    """The page that says what would come of the list."""
    return browser.post(reverse("calendars:import"), USUAL | {"text": text} | more)


def line_of(answer: HttpResponse, number: int) -> str:
    """What the page says of one line."""
    page = answer.content.decode()
    row = page.partition(f'id="line-{number}"')[2].partition("</tr>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", "<" + row)))


def confirm(browser: Client, checked: HttpResponse, text: str, **more: object) -> HttpResponse:
    """Press the button of that page, as a browser would: with its line ends."""
    shown = re.search(r'name="shown" value="([^"]+)"', checked.content.decode())
    assert shown
    body = USUAL | {"text": text.replace("\n", "\r\n"), "shown": unescape(shown[1]), "import": "yes"} | more
    return browser.post(reverse("calendars:import"), body)


def imported(browser: Client, text: str) -> HttpResponse:
    """Check and import; the page of the result."""
    answer = confirm(browser, check(browser, text), text)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("calendars:imported")
    return browser.get(answer["Location"])


def homes() -> list[str]:
    return list(Property.objects.order_by("pk").values_list("name", flat=True))


def feeds_of(home: Property) -> QuerySet[Feed]:
    return Feed.objects.filter(property=home)


def read_all() -> None:
    now = timezone.now()
    Feed.objects.update(
        last_read_at=now, last_good_at=now, next_poll_at=now + timedelta(minutes=10), closed_nights=7
    )


@contextmanager
def queries() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as captured:
        yield captured


# The check


def test_nothing_is_written_before_the_import_and_then_exactly_what_was_shown(alices: Client) -> None:
    text = f"Casa del Mar, {AIRBNB}, {BOOKING}\nVilla Sol; {VRBO}\n".replace(";", ",")
    checked = check(alices, text)
    assert checked.status_code == 200
    assert "2 new homes" in words(checked)
    assert "3 links to read" in words(checked)
    assert "Airbnb www.airbnb.com" in line_of(checked, 1)
    assert "Europe/Madrid · check-in from 16:00, check-out until 10:00 · €120.00 a night" in line_of(
        checked, 2
    )
    assert (Property.objects.count(), Feed.objects.count(), ExportLink.objects.count()) == (0, 0, 0)
    outside = (
        checked.content.decode().partition("<textarea")[0]
        + checked.content.decode().partition("</textarea>")[2]
    )
    assert SECRET not in outside
    result = confirm(alices, checked, text)
    assert result.status_code == 302
    casa, villa = Property.objects.order_by("pk")
    assert (casa.name, casa.time_zone, f"{casa.check_in:%H:%M}", f"{casa.check_out:%H:%M}", casa.turnaround) == (
        "Casa del Mar", "Europe/Madrid", "16:00", "10:00", 90
    )  # fmt: skip
    assert (casa.nightly_rate, casa.currency) == (12_000, "EUR")
    assert sorted(feed.url for feed in feeds_of(casa).all()) == sorted([AIRBNB, BOOKING])
    assert sorted(ExportLink.objects.filter(property=casa).values_list("channel", flat=True)) == [
        "airbnb",
        "booking",
    ]
    assert [feed.channel for feed in feeds_of(villa).all()] == ["vrbo"]
    page = alices.get(result["Location"])
    assert SECRET not in page.content.decode()
    assert "2 new homes. 3 new links." in words(page)
    assert "One step is left" in words(page)


def test_homes_without_links_are_not_told_that_one_step_is_left(alices: Client) -> None:
    page = alices.get(confirm(alices, check(alices, "Casa Sola"), "Casa Sola")["Location"])
    assert "without links" in words(page)
    assert "One step is left" not in words(page)


def test_what_a_line_says_itself_goes_before_what_holds_for_all(alices: Client) -> None:
    text = (
        "Nombre;Airbnb;Zona horaria;Entrada;Salida;Precio por noche\n"
        f"Piso;{AIRBNB};atlantic/canary;3 pm;11h30;95,50 €\n"
    )
    result = imported(alices, text)
    assert "1 new home. 1 new link." in words(result)
    piso = Property.objects.get()
    assert (piso.time_zone, f"{piso.check_in:%H:%M} {piso.check_out:%H:%M}") == (
        "Atlantic/Canary",
        "15:00 11:30",
    )
    assert (piso.nightly_rate, piso.currency) == (9_550, "EUR")


WRONG_LINES = {
    f",{AIRBNB}": "The name of the home is missing.",
    f"{'x' * 121},{AIRBNB}2": "Shorten this to 120 characters",
    "Casa,http//nonsense": "doesn't begin with https://",
    "Casa,https://www.airbnb.com/rooms/12": "opens the listing's own page",
    "Casa,http://testserver.example/ical/x/y.ics": "Amplistay's own link",
    f"Casa,{AIRBNB}3,{AIRBNB}3": "is in the list twice.",
    "Casa" + ",https://a.example/1.ics" * 21: "at most 20 links",
}


def test_a_line_that_is_wrong_says_what_in_clear_words_and_is_left_out(
    alices: Client, settings: Settings
) -> None:
    settings.SITE_URL = "https://testserver.example"
    text = "\n".join([*WRONG_LINES, f"Villa,{VRBO}"])
    checked = check(alices, text)
    for number, says in enumerate(WRONG_LINES.values(), 1):
        assert says in line_of(checked, number)
        assert "Left out" in line_of(checked, number)
    assert "Import the good line" in words(checked)
    page = alices.get(confirm(alices, checked, text)["Location"])
    assert homes() == ["Villa"]
    for number, says in enumerate(WRONG_LINES.values(), 1):
        assert says in line_of(page, number)
    assert "7 lines were left out." in words(page)


def test_a_setting_that_is_wrong_says_so_at_its_cell(alices: Client) -> None:
    wrong = [
        ("Europa/Madrid", "", "", "", "", "“Europa/Madrid” isn't a time zone. Did you mean Europe/Madrid?"),
        ("Mars", "", "", "", "", "“Mars” isn't a time zone. Write it like Europe/Madrid."),
        ("", "noon", "", "", "", "“noon” isn't a time."),
        ("", "", "18:00", "", "", "Check-out must not be later than check-in"),
        ("", "", "", "cheap", "", "“cheap” isn't a price."),
        ("", "", "", "1.234", "", "EUR has no more than 2 decimals."),
        ("", "", "", "1", "DEM", "“DEM” isn't a currency of today."),
        ("", "", "", "", "USD", "Give the price in USD, too"),
    ]
    lines = [f"Casa {n};{';'.join(cells)}" for n, (*cells, _says) in enumerate(wrong)]
    checked = check(alices, "\n".join(["Name;Time zone;Check-in;Check-out;Price;Currency", *lines]))
    assert [says for n, (*_, says) in enumerate(wrong, 2) if says not in line_of(checked, n)] == []
    assert "Import the" not in words(checked)


def test_a_list_without_a_usual_zone_and_price_asks_for_them_at_the_line(alices: Client) -> None:
    said = line_of(check(alices, f"Casa,{AIRBNB}", time_zone="", rate=""), 1)
    assert "Choose a time zone for all homes below" in said
    assert "Enter a usual price for all homes below" in said


def test_what_is_wrong_with_many_lines_is_said_at_the_first_of_them(alices: Client) -> None:
    checked = check(alices, "Casa\nVilla\nFinca", rate="", time_zone="")
    says = "Enter a usual price for all homes below"
    assert words(checked).count(says) == 1
    assert says in line_of(checked, 1)
    for number in (2, 3):
        assert line_of(checked, number).count("As in line 1.") == 1
        assert "Left out" in line_of(checked, number)


def test_a_name_there_is_already_gets_the_links(alices: Client, home: Property) -> None:
    cast.a_feed(home, AIRBNB, created_at=timezone.now() - timedelta(days=1))
    text = (
        f"casa  gràcia, {AIRBNB}, {VRBO}\n{home.name},{AIRBNB}\nNew, {BOOKING}\nnew, https://a.example/2.ics"
    )
    checked = check(alices, text)
    assert f"Adds 1 link to {home.name}, which you have already." in line_of(checked, 1)
    assert "connected already" in line_of(checked, 1)
    assert "Nothing to do" in line_of(checked, 2)
    assert "Adds 1 link to the home of line 3." in line_of(checked, 4)
    page = words(alices.get(confirm(alices, checked, text)["Location"]))
    assert "1 new home. 3 new links." in page
    assert homes() == [home.name, "New"]
    assert (feeds_of(home).count(), feeds_of(Property.objects.get(name="New")).count()) == (2, 2)
    home.refresh_from_db()
    assert home.turnaround == 240, "its own settings stay"


def test_a_link_belongs_to_one_home(alices: Client, home: Property) -> None:
    cast.a_feed(home, AIRBNB, created_at=timezone.now() - timedelta(days=1))
    checked = check(alices, f"Villa,{AIRBNB}\nPiso,{VRBO}\nOtro,{VRBO}\n")
    assert f"is already connected to {home.name}." in line_of(checked, 1)
    assert "New home" in line_of(checked, 2)
    assert "is in line 2, too, for another home." in line_of(checked, 3)


def test_names_that_are_archived_or_twice_there_are_not_guessed_at(alices: Client, home: Property) -> None:
    cast.a_property(home.organization, "Twin")
    cast.a_property(home.organization, "Twin")
    Property.objects.filter(pk=home.pk).update(archived_at=timezone.now())
    checked = check(alices, f"{home.name},{AIRBNB}\nTwin,{VRBO}")
    assert "is archived. Bring it back" in line_of(checked, 1)
    assert "Several of your homes are called Twin." in line_of(checked, 2)


def test_another_organizations_names_and_links_are_nobodys_business(alices: Client, mallory: User) -> None:
    theirs = cast.a_property(mallory.organizations.get(), "Villa Mallory")
    cast.a_feed(theirs, AIRBNB)
    assert "New home" in line_of(check(alices, f"Villa Mallory,{AIRBNB}"), 1)
    imported(alices, f"Villa Mallory,{AIRBNB}")
    assert feeds_of(theirs).count() == 1
    assert feeds_of(Property.objects.exclude(pk=theirs.pk).get()).count() == 1
    browser = Client()
    browser.force_login(mallory)
    assert browser.get(reverse("calendars:imported")).status_code == 302


def test_a_file_comes_into_the_box_and_is_imported_from_there(alices: Client) -> None:
    text = f"Nom;Lien\r\nMaison à Sète;{AIRBNB}\r\n"
    file = SimpleUploadedFile("homes.csv", text.encode("cp1252"))
    checked = check(alices, "", file=file)
    assert "Maison à Sète" in line_of(checked, 2)
    assert "Maison à Sète" in checked.content.decode().partition("<textarea")[2].partition("</textarea>")[0]
    confirm(alices, checked, text.replace("\r\n", "\n"))
    assert homes() == ["Maison à Sète"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"text": " \n"}, "Paste a list or choose a file"),
        ({"text": "Casa\n" * 501}, "more than 500 lines"),
        ({"text": "Casa", "turnaround": "x"}, "Enter a whole number, for example 3."),
        (
            {"file": SimpleUploadedFile("homes.xlsx", b"PK\x03\x04\x00")},
            "This is a spreadsheet, not a CSV file.",
        ),
        ({"file": SimpleUploadedFile("homes.csv", b"a" * 900_001)}, "larger than 900 kB"),
        ({"file": SimpleUploadedFile("homes.csv", b"a" * 13_000_000)}, "larger than 900 kB"),
    ],
)
def test_what_is_no_list_is_sent_back_with_a_sentence(
    alices: Client, body: dict[str, object], says: str
) -> None:
    answer = alices.post(reverse("calendars:import"), USUAL | body)
    assert answer.status_code == 422
    assert says in words(answer)


def test_a_list_that_was_changed_after_the_check_is_shown_again_instead_of_imported(alices: Client) -> None:
    text = f"Casa,{AIRBNB}"
    checked = check(alices, text)
    for answer in (
        confirm(alices, checked, f"Villa,{AIRBNB}"),
        confirm(alices, checked, text, rate="1"),
        confirm(alices, checked, text, shown="forged"),
        check(alices, text, **{"import": "yes"}),
    ):
        assert "The list has changed since it was checked." in words(answer)
    assert homes() == []


def test_the_check_asks_the_database_the_same_few_things_for_any_number_of_lines(
    alices: Client, home: Property
) -> None:
    cast.a_feed(home, AIRBNB, created_at=timezone.now() - timedelta(days=1))
    with queries() as one:
        check(alices, f"Casa,{VRBO}")
    lines = [f"Casa {n},https://a.example/{n}.ics" for n in range(60)]
    with queries() as many:
        check(alices, "\n".join([*lines, f"{home.name},{VRBO}", f"Villa,{AIRBNB}"]))
    assert len(many) == len(one)


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_the_list_to_fill_in_is_understood_and_its_example_is_never_imported(
    alices: Client, language: str
) -> None:
    alices.cookies["django_language"] = language
    with translation.override(language):
        answer = alices.get(reverse("calendars:import-template"))
    del alices.cookies["django_language"]
    sheet = listsheet.read(listsheet.decode(answer.content))
    assert sheet.ignored == ()
    assert [(line.name, len(line.links), len(line.settings)) for line in sheet.lines] == [
        ("Casa del Mar", 2, 5)
    ]
    checked = check(alices, listsheet.decode(answer.content))
    assert "doesn't name a site on the internet" in line_of(checked, 2)
    assert (
        "Import"
        not in words(checked).partition("Your list")[0].partition("What would happen")[2].split("Line")[0]
    )


def test_the_result_tells_the_moments_of_all_homes_by_one_named_clock(alices: Client) -> None:
    imported(alices, f"Casa,{AIRBNB}\nVilla,{VRBO}")
    Property.objects.filter(name="Villa").update(time_zone="Atlantic/Canary")
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    Feed.objects.update(
        failures=3, failing_since=noon, last_read_at=noon, last_good_at=noon, next_poll_at=noon
    )
    page = words(alices.get(reverse("calendars:imported")))
    assert page.count("30 Nov, 13:00") >= 2
    assert "Times are those of Europe/Madrid" in page
    Property.objects.update(time_zone="Atlantic/Canary")
    page = words(alices.get(reverse("calendars:imported")))
    assert ("30 Nov, 12:00" in page, "Times are those of" in page) == (True, False)


# The import


def test_the_same_list_twice_is_told_the_same_and_writes_once(alices: Client) -> None:
    text = f"Casa,{AIRBNB}\nCasa,{VRBO}\nVilla,{BOOKING}"
    checked = check(alices, text)
    first = words(alices.get(confirm(alices, checked, text)["Location"]))
    second = words(alices.get(confirm(alices, checked, text)["Location"]))
    assert second == first
    assert "2 new homes. 3 new links." in second
    assert (homes(), Feed.objects.count(), ExportLink.objects.count()) == (["Casa", "Villa"], 3, 3)
    later = check(alices, text)
    assert "3 lines with nothing to do" in words(later)


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_twice_at_once_makes_each_home_once(alice: User) -> None:
    text = "\n".join(f"Casa {n},https://a.example/{n}.ics" for n in range(6))
    browsers = [Client() for _ in range(2)]
    for browser in browsers:
        browser.force_login(alice)
    checked = check(browsers[0], text)
    start, codes = Barrier(2), []

    def press(browser: Client) -> None:
        start.wait(10)
        codes.append(confirm(browser, checked, text).status_code)
        connections.close_all()

    threads = [Thread(target=press, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert codes == [302, 302]
    assert sorted(homes()) == [f"Casa {n}" for n in range(6)]
    assert Feed.objects.count() == 6
    for browser in browsers:
        assert "6 new homes. 6 new links." in words(browser.get(reverse("calendars:imported")))


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_with_one_line_is_no_others_loss_and_is_made_good_by_importing_again(
    alices: Client,
) -> None:
    """The database refuses the links of one home; a trigger stands for whatever may do that."""
    text = f"Casa,{AIRBNB}\nVilla,{VRBO}\nPiso,{BOOKING}"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.channel = 'vrbo' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON calendars_feed FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        result = imported(alices, text)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse() CASCADE")
    assert "This line failed through a fault of ours" in line_of(result, 2)
    assert "New home" in line_of(result, 3)
    assert sorted(Feed.objects.values_list("channel", flat=True)) == ["airbnb", "booking"]
    assert "Links added" in line_of(imported(alices, text), 2)
    assert sorted(Feed.objects.values_list("channel", flat=True)) == ["airbnb", "booking", "vrbo"]


# The reading


def test_the_page_asks_until_all_links_are_read_and_names_those_that_cannot(alices: Client) -> None:
    page = imported(alices, f"Casa,{AIRBNB},{BOOKING}\nVilla,{VRBO}")
    at = reverse("calendars:import-progress")
    assert f'hx-get="{at}"' in page.content.decode()
    assert "0 of 3 links read." in words(page)
    assert "Look again" in words(page), "for browsers without scripts"
    assert alices.get(at)["Location"] == reverse("calendars:imported")
    read_all()
    Feed.objects.filter(channel="vrbo").update(next_poll_at=timezone.now())
    assert "2 of 3 links read." in words(alices.get(at, headers=HTMX))
    read_all()
    broken = Feed.objects.get(channel="booking")
    problem = sentences.status(404, "ical.booking.com")
    Feed.objects.filter(pk=broken.pk).update(failures=1, problem=problem)
    answer = alices.get(at, headers=HTMX)
    said = words(answer)
    assert said.count("2 of 3 links read. 1 can't be read.") == 2, "on the page, and aloud"
    assert "Casa · Booking.com" in said
    assert "The link was probably reset" in said
    assert (
        reverse("calendars:log", args=[broken.property.public_id, broken.public_id])
        in answer.content.decode()
    )
    assert "hx-get" not in answer.content.decode()
    Feed.objects.filter(pk=broken.pk).update(failures=0, problem=None)
    assert "All 3 links have been read." in words(alices.get(at, headers=HTMX))


def test_the_progress_is_a_fixed_number_of_queries(alices: Client, organization: Organization) -> None:
    at = reverse("calendars:import-progress")
    imported(alices, f"Casa,{AIRBNB}")
    with queries() as one:
        alices.get(at, headers=HTMX)
    imported(
        alices, "\n".join(f"Casa {n},https://a.example/{n}.ics,https://b.example/{n}.ics" for n in range(12))
    )
    Feed.objects.update(failures=1, problem=sentences.status(404, "a.example"), last_read_at=timezone.now())
    with queries() as many:
        alices.get(at, headers=HTMX)
    assert len(many) == len(one)


def test_without_an_import_there_is_no_result(alices: Client) -> None:
    assert alices.get(reverse("calendars:imported"))["Location"] == reverse("calendars:import")


def test_what_is_usual_is_what_most_homes_have(organization: Organization) -> None:
    for name in ("Casa", "Piso"):
        cast.a_property(organization, name)
    flat = cast.a_property(organization, "Flat", "Europe/London")
    Property.objects.filter(pk=flat.pk).update(currency="GBP", check_in="17:00")
    usual = importing.usual(organization)
    assert (usual.currency, usual.time_zone, f"{usual.check_in:%H:%M}") == ("EUR", "Europe/Madrid", "17:00")


def test_the_list_of_properties_leads_there_and_the_form_knows_the_newest_home(
    alices: Client, home: Property
) -> None:
    at = reverse("calendars:import")
    assert f'href="{at}"' in alices.get(reverse("properties:list")).content.decode()
    page = alices.get(at).content.decode()
    assert '<option value="Europe/Madrid" selected>' in page
    Property.objects.all().delete()
    assert f'href="{at}"' in alices.get(reverse("properties:list")).content.decode()
