"""The host's side of stay links: the list, one stay with message and code, a stay by hand, the sheet for the home."""

import re
from io import BytesIO
from typing import Any

import pytest
import segno
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries, Settings

from calendars import ledger
from properties.models import Property
from tests import cast
from tests.upsells.pages import text
from upsells import stays
from upsells.models import Offer, StayLink

STAY = cast.nights(5, 3)
LANGUAGES = ["en", "es", "fr", "de", "it", "pt"]


def tab(home: Property) -> str:
    return reverse("upsells:guest-page", args=[home.public_id])


def page_of(link: StayLink, name: str = "stay") -> str:
    return reverse(f"upsells:{name}", args=[link.property.public_id, link.token])


def add(alices: Client, home: Property, **told: object) -> Any:
    body = {"arrival": STAY.start, "departure": STAY.end, "channel": "", "guest": "", **told}
    return alices.post(reverse("upsells:new-stay", args=[home.public_id]), body, follow=True)


# The list


def test_the_tab_lists_the_stays_to_come_with_their_sites_dates_and_names(
    alices: Client, home: Property
) -> None:
    cast.an_import(cast.a_feed(home), STAY)
    cast.an_import(cast.a_feed(home, "https://www.vrbo.com/icalendar/1.ics"), cast.nights(-2, 3))
    stays.register(cast.NOW)
    stays.add(home, cast.nights(20, 2), "", "Marta", cast.NOW)
    cast.a_stay_link(home, cast.nights(-9, 3))
    rows = re.findall(
        r"<li>(.*?)</li>", text(alices.get(tab(home))).partition('class="stay-list"')[2], re.DOTALL
    )
    shown = [re.sub(r"<[^>]+>|\s+", " ", row) for row in rows[:3]]
    assert len(rows) == 3
    assert "Vrbo" in shown[0]
    assert "under way" in shown[0]
    assert "Airbnb" in shown[1]
    assert "Site not known · Marta" in shown[2]


def test_a_stay_with_several_links_is_listed_once_by_the_one_that_opens(
    alices: Client, home: Property
) -> None:
    cast.a_stay_link(home, STAY, revoked_at=cast.NOW)
    live = cast.a_stay_link(home, STAY)
    cast.a_stay_link(home, STAY, gone_at=cast.NOW)
    page = text(alices.get(tab(home)))
    assert re.findall(r"guest-page/stays/(\w{27})/", page) == [live.token]


def test_what_ended_says_so(alices: Client, home: Property) -> None:
    cast.a_stay_link(home, STAY, gone_at=cast.NOW)
    stopped = cast.a_stay_link(home, cast.nights(9, 2), revoked_at=cast.NOW)
    page = text(alices.get(tab(home)))
    assert "no longer in your calendars" in page
    assert "stopped" in page
    assert "It opens no more" in text(alices.get(page_of(stopped)))
    assert "No calendar names this stay any more" in text(
        alices.get(page_of(StayLink.objects.earliest("pk")))
    )


def test_the_list_takes_as_many_queries_however_long_it_is(
    alices: Client, home: Property, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for start in range(3, 143, 2):
        cast.a_stay_link(home, cast.nights(start, 1))
    alices.get(tab(home))
    with django_assert_max_num_queries(12):
        page = text(alices.get(tab(home)))
    assert "and 10 more, later" in page


# One stay


def test_a_stay_s_page_has_its_address_a_code_and_a_message_in_the_guest_s_language(
    alices: Client, home: Property, settings: Settings
) -> None:
    link = stays.add(home, STAY, "airbnb", "Marta", cast.NOW)
    page = text(alices.get(page_of(link)))
    address = settings.SITE_URL + reverse("guest:stay", args=[link.token])
    assert f'value="{address}"' in page
    assert "Booked at Airbnb" in page
    message = page.partition("readonly>Hello")[2].partition("</textarea>")[0]
    assert message.startswith(" Marta,\n\n")
    assert address in message
    for language in LANGUAGES:
        answer = alices.get(page_of(link), {"language": language})
        assert f'<textarea class="input" rows="9" aria-labelledby="message" lang="{language}"' in text(answer)
    assert alices.get(page_of(link), {"language": "xx"}).status_code == 200
    svg = alices.get(page_of(link, "stay-qr"))
    assert svg["Content-Type"] == "image/svg+xml"


def test_a_name_can_t_become_markup(alices: Client, home: Property) -> None:
    link = stays.add(home, STAY, "", "</textarea><script>", cast.NOW)
    assert "<script>" not in alices.get(page_of(link)).content.decode().partition("<main")[2]


def test_a_host_stops_and_renews_a_link(alices: Client, client: Client, home: Property) -> None:
    link = stays.add(home, STAY, "airbnb", "Marta", cast.NOW)
    assert "opens no more" in text(alices.post(page_of(link, "stop-stay"), follow=True))
    assert client.get(reverse("guest:stay", args=[link.token])).status_code == 404
    answer = alices.post(page_of(link, "renew-stay"), follow=True)
    fresh = StayLink.objects.get(revoked_at=None)
    assert "The stay has a new address." in text(answer)
    assert fresh.token in answer.redirect_chain[-1][0]
    again = text(alices.post(page_of(link, "renew-stay"), follow=True))
    assert "has got another link meanwhile" in again


def test_replacing_the_home_s_own_address_leaves_those_of_its_stays(alices: Client, home: Property) -> None:
    link = stays.add(home, STAY, "", "", cast.NOW)
    alices.get(tab(home))
    alices.post(reverse("upsells:renew-link", args=[home.public_id]))
    assert StayLink.objects.live().get(nights__isnull=False) == link


# By hand


def test_a_stay_by_hand_gets_a_link_at_once(alices: Client, home: Property) -> None:
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, STAY)
    page = text(add(alices, home, channel="booking", guest="  Ana   María "))
    link = StayLink.objects.get()
    assert (link.booked, link.channel, link.guest, link.by_hand) == (STAY, "booking", "Ana María", True)
    assert "The link is ready." in page
    assert "as free" not in page


def test_nights_that_the_calendar_shows_as_free_are_pointed_out(alices: Client, home: Property) -> None:
    assert "Your calendars show these nights as free." in text(add(alices, home))
    assert StayLink.objects.count() == 1


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"arrival": ""}, "Enter the day your guest comes."),
        ({"departure": "soon"}, "Enter the day as a date."),
        ({"departure": STAY.start}, "must be after the check-in day"),
        ({"arrival": "2026-11-01", "departure": "2026-11-05"}, "This stay is over."),
        ({"departure": "2027-12-09"}, "can't be longer than a year"),
        ({"arrival": "2029-01-01", "departure": "2029-01-02"}, "more than two years away"),
        ({"arrival": "0001-01-01"}, "can't be longer than a year"),
        ({"departure": "9999-12-31"}, "can't be longer than a year"),
        ({"channel": "smoobu"}, "among the choices, or no longer."),
        ({"guest": "x" * 61}, "Shorten this to 60 characters"),
        ({"guest": "a\u202eb"}, "without special characters"),
    ],
)
def test_a_stay_that_can_t_be_is_refused_at_its_field(
    alices: Client, home: Property, told: dict[str, object], sentence: str
) -> None:
    answer = add(alices, home, **told)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not StayLink.objects.exists()


def test_a_stay_that_has_a_link_gets_no_second(alices: Client, home: Property) -> None:
    add(alices, home)
    assert "has a link already" in text(add(alices, home, channel="vrbo"))
    assert StayLink.objects.count() == 1


# The sheet for the home


def sheet(alices: Client, home: Property, *languages: str, size: str = "a4", **told: str) -> Any:
    address = reverse("upsells:sheet", args=[home.public_id])
    return alices.get(address, {"size": size, "language": languages, **told})


def read(answer: Any) -> tuple[Any, str]:
    (page,) = PdfReader(BytesIO(answer.content)).pages
    return page, page.extract_text()


@pytest.mark.parametrize(("size", "shape"), [("a4", (595, 842)), ("a5", (420, 595))])
@pytest.mark.parametrize("languages", [["en"], ["de", "pt"], LANGUAGES])
def test_the_sheet_is_one_page_with_the_home_s_name_its_languages_and_its_address(
    alices: Client,
    home: Property,
    size: str,
    shape: tuple[int, int],
    languages: list[str],
    settings: Settings,
) -> None:
    answer = sheet(alices, home, *languages, size=size)
    assert answer["Content-Type"] == "application/pdf"
    page, said = read(answer)
    assert (round(page.mediabox.width), round(page.mediabox.height)) == shape
    assert "Casa Gràcia" in said
    assert StayLink.objects.get().token in said.replace("\n", "")
    assert said.count("?") >= len(languages), "each asks its question"
    assert answer.content == sheet(alices, home, *languages, size=size).content


def test_the_code_on_the_sheet_is_the_one_of_the_address_module_by_module(
    alices: Client, home: Property, settings: Settings
) -> None:
    page, _said = read(sheet(alices, home, "en"))
    address = settings.SITE_URL + reverse("guest:stay", args=[StayLink.objects.get().token])
    matrix = [list(row) for row in segno.make(address, error="m").matrix]
    drawn = modules(page)
    side = drawn[0][2]
    left, top = min(x for x, _, _ in drawn), max(y for _, y, _ in drawn)
    cells = {(round((top - y) / side), round((x - left) / side)) for x, y, _ in drawn}
    assert cells == {
        (line, column) for line, row in enumerate(matrix) for column, dark in enumerate(row) if dark
    }
    assert left - 4 * side > 0, "with its quiet zone"


def modules(page: Any) -> list[tuple[float, float, float]]:
    """The dark squares of the code: left, bottom and side, in points of A4."""
    squares = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) [\d.]+ re", page.get_contents().get_data())
    return [(float(x), float(y), float(side)) for x, y, side in squares]


def test_the_sheet_of_a_site_s_guests_has_their_address_and_says_how_they_pay(
    alices: Client, home: Property
) -> None:
    cast.an_offer(home, collection={"airbnb": "channel"})
    assert "Pay through your booking site." in read(sheet(alices, home, "en", channel="airbnb"))[1]
    assert "Pay at the property." in read(sheet(alices, home, "en"))[1]
    Offer.objects.update(collection={"": "card"})
    assert "Pay by card." in read(sheet(alices, home, "en"))[1]


def test_a_long_name_in_any_of_our_alphabets_fits(alices: Client, home: Property) -> None:
    Property.objects.update(name="Διαμέρισμα με θέα στη θάλασσα και πολύ " + "μ" * 80)
    page, said = read(sheet(alices, home, *LANGUAGES, size="a5"))
    assert "Διαμέρισμα" in said
    code = modules(page)
    baselines: list[float] = []
    page.extract_text(
        visitor_text=lambda text, _cm, tm, *_: baselines.append(tm[5]) if text.strip() else None
    )
    above, below = max(y for _, y, _ in code) + code[0][2], min(y for _, y, _ in code)
    assert above - below > 140, "still 3.5 cm on A5, without the quiet zone"
    assert [y for y in baselines if below - 4 * code[0][2] < y < above + 4 * code[0][2]] == []
    assert min(baselines) > 40


@pytest.mark.parametrize("told", [{}, {"size": "a3", "language": "en"}, {"size": "a4", "language": "xx"}])
def test_a_sheet_that_can_t_be_printed_is_explained(
    alices: Client, home: Property, told: dict[str, str]
) -> None:
    answer = alices.get(reverse("upsells:sheet", args=[home.public_id]), told, follow=True)
    assert "Choose a size and at least one language" in text(answer)
