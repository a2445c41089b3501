"""The host's list of purchases with its filters, and the file for a spreadsheet."""

import csv
import io
from datetime import date, timedelta
from html import unescape
from itertools import chain

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organization, User
from calendars.models import date_range
from domain import sheets
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text
from tests.upsells.sold import a_payment, asked_of_the_database, some_hours
from upsells import purchasepages
from upsells.models import Purchase, StayLink

LIST, CSV = "sales:list", "sales:csv"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def link(home: Property) -> StayLink:
    return cast.a_stay_link(home)


@pytest.fixture
def far(organization: Organization) -> StayLink:
    """The link of a home in another zone, twelve hours ahead or more."""
    return cast.a_stay_link(cast.a_property(organization, "Bay Cottage", "Pacific/Auckland"))


def listed(alices: Client, **query: object) -> list[int]:
    """The ids of what is listed with these parameters."""
    answer = alices.get(reverse(LIST), query)
    assert answer.status_code == 200
    return [each["purchase"].pk for each in answer.context["found"]]


# The list


def test_the_list_holds_all_homes_and_the_tab_its_own(alices: Client, link: StayLink, far: StayLink) -> None:
    here, there = a_purchase(link, "confirmed"), a_purchase(far, "confirmed")
    assert set(listed(alices)) == {here.pk, there.pk}
    tab = alices.get(reverse("upsells:sales", args=[link.property.public_id]))
    assert [each["purchase"] for each in tab.context["found"]] == [here]
    assert "Bay Cottage" in text(alices.get(reverse(LIST)))


def test_another_organizations_purchases_are_never_listed_or_offered_as_a_filter(
    alices: Client, link: StayLink, mallory: User
) -> None:
    theirs = cast.a_stay_link(cast.a_property(mallory.organizations.get(), "Villa Mallory"))
    sold = a_purchase(theirs, "confirmed", channel="agoda", guest_name="Mallory's guest")
    a_purchase(link, "confirmed")
    for path in (LIST, CSV, "sales:revenue"):
        answer = alices.get(reverse(path))
        page = b"".join(answer.streaming_content).decode() if answer.streaming else text(answer)
        for trace in ("Villa Mallory", "Agoda", "Mallory's guest", sold.public_id):
            assert trace not in page, path
    answer = alices.get(reverse(LIST), {"home": theirs.property.public_id})
    assert answer.status_code == 422
    assert answer.context["found"] == []
    redirected = alices.get(reverse(CSV), {"home": theirs.property.public_id})
    assert redirected.status_code == 302
    figures = alices.get(reverse("sales:revenue"), {"home": theirs.property.public_id})
    assert figures.context["total"].sales == 1


def test_what_guests_only_tried_is_left_out_until_it_is_asked_for(alices: Client, link: StayLink) -> None:
    sold = a_purchase(link, "confirmed")
    held, lapsed = a_purchase(link, "held"), a_purchase(link, "lapsed")
    assert listed(alices) == [sold.pk]
    assert set(listed(alices, state="all")) == {sold.pk, held.pk, lapsed.pk}
    assert listed(alices, state="lapsed") == [lapsed.pk]


FILTERS = [
    ({"kind": "late_check_out"}, {"hours"}),
    ({"kind": "extra_nights"}, {"nights", "far"}),
    ({"collection": "channel"}, {"hours"}),
    ({"channel": "airbnb"}, {"hours"}),
    ({"channel": "unknown"}, {"nights", "far"}),
    ({"q": "MARTA"}, {"nights"}),
    ({"q": "jonas@example"}, {"hours"}),
    ({"q": "100%"}, set()),
    ({"state": "confirmed"}, {"nights", "far"}),
    ({"state": "cancelled", "kind": "late_check_out"}, {"hours"}),
    ({"stay_from": "2026-12-05"}, {"nights"}),
    ({"stay_from": "2026-12-06"}, set()),
    ({"stay_to": "2026-12-03"}, {"far"}),
    ({"stay_from": "2026-12-04", "stay_to": "2026-12-04"}, {"nights", "hours"}),
    ({"bought_from": "2026-12-01", "bought_to": "2026-12-01"}, {"nights", "hours"}),
    ({"bought_from": "2026-12-02"}, {"far"}),
]


@pytest.mark.parametrize(("query", "names"), FILTERS, ids=[" ".join(map(str, q.items())) for q, _ in FILTERS])
def test_each_filter_narrows_the_list_down(
    alices: Client, link: StayLink, far: StayLink, query: dict[str, str], names: set[str]
) -> None:
    """`far` is bought at 13:00 UTC on 1 December, which is the 2nd at its home."""
    early = {"nights": date_range(cast.nights(1)), "day": date(2026, 12, 2)}
    made = {
        "nights": a_purchase(link, "confirmed", guest_email="m@example.org"),
        "hours": some_hours(link, "cancelled", guest_name="Jonas Weber", guest_email="jonas@example.org",
                       channel="airbnb", collection="channel"),
        "far": a_purchase(far, "confirmed", guest_name="Ana", created_at=cast.NOW.replace(hour=13), **early),
    }  # fmt: skip
    assert set(listed(alices, **query)) == {made[name].pk for name in names}


def test_a_purchase_is_found_by_the_reference_its_guest_reads_out(alices: Client, link: StayLink) -> None:
    first, _second = a_purchase(link, "confirmed"), a_purchase(link, "confirmed")
    assert listed(alices, q=first.public_id[:6].upper()) == [first.pk]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"bought_from": "2026-12-02", "bought_to": "2026-12-01"}, "This day comes before the first one."),
        ({"stay_from": "yesterday"}, "Enter the day as a date"),
        ({"stay_to": "9999-12-31"}, "No stay can be that far away."),
        ({"bought_from": "0001-01-01"}, "No stay can be that far away."),
        ({"state": "sold"}, "among the choices, or no longer."),
        ({"q": "a\x00b"}, "Type it once more."),
    ],
)
def test_a_filter_that_cannot_be_meant_says_so_and_lists_nothing(
    alices: Client, link: StayLink, query: dict[str, str], sentence: str
) -> None:
    a_purchase(link, "confirmed")
    answer = alices.get(reverse(LIST), query)
    assert answer.status_code == 422
    page = text(answer)
    assert sentence in page
    assert "Nothing is listed" in page
    assert "The filter above can't be understood as it is." in page
    assert answer.context["found"] == []
    back = alices.get(reverse(CSV), query)
    assert back.status_code == 302
    assert alices.get(back["Location"]).status_code == 422


def test_without_any_home_the_sales_and_the_turnovers_lead_to_the_first_one(
    alices: Client, organization: Organization
) -> None:
    for name in (LIST, "turnovers"):
        assert f'href="{reverse("properties:new")}">Add a property' in text(alices.get(reverse(name))), name


def test_no_match_and_nothing_at_all_are_told_apart_and_the_filter_can_be_reset(
    alices: Client, link: StayLink
) -> None:
    page = text(alices.get(reverse(LIST)))
    assert "Nothing sold yet" in page
    assert "Your properties" in page
    assert 'role="search" aria-label="Filter"' not in page, "there is nothing to filter"
    answer = alices.get(reverse(LIST), {"q": "nobody"})
    assert "No purchase matches" in text(answer)
    assert f'href="{reverse(LIST)}">Reset the filter' in text(answer)


def test_pages_keep_the_filter_and_are_counted_no_further_than_shown(
    alices: Client, link: StayLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        a_purchase(link, "confirmed", created_at=cast.NOW + number * MINUTE)
    monkeypatch.setattr(purchasepages, "LISTED", 2)
    pages = [listed(alices, kind="extra_nights", page=number) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [*chain(*pages)] == sorted(chain(*pages), reverse=True)
    answer = alices.get(reverse(LIST), {"kind": "extra_nights", "page": 2})
    assert "kind=extra_nights&page=3" in unescape(text(answer))
    assert listed(alices, page="last!") == pages[0]
    monkeypatch.setattr(purchasepages, "MOST_LISTED", 4)
    assert "The latest 4." in text(alices.get(reverse(LIST)))
    assert len(listed(alices, page=9)) == 2


def test_the_database_is_asked_as_often_for_many_purchases_as_for_one(
    alices: Client, link: StayLink, far: StayLink
) -> None:
    paths = [
        reverse(LIST),
        reverse("upsells:sales", args=[link.property.public_id]),
        reverse("sales:revenue"),
    ]

    def buy() -> None:
        for each in (link, far):
            a_payment(a_purchase(each, "confirmed", collection="card"))
            some_hours(each, "cancelled")
            a_purchase(each, "asked")

    buy()
    cast.a_feed(link.property)
    few = [asked_of_the_database(alices, path) for path in paths]
    for _ in range(5):
        buy()
    assert [asked_of_the_database(alices, path) for path in paths] == few
    assert max(few) <= 14  # two of them begin and end the transaction


def test_guests_who_ask_stand_above_the_list_with_their_home_and_what_is_unknown(
    alices: Client, link: StayLink, far: StayLink
) -> None:
    cast.a_feed(link.property, last_good_at=cast.NOW)
    a_purchase(link, "asked", answer_by=cast.NOW + timedelta(hours=9))
    a_purchase(far, "asked", answer_by=cast.NOW + timedelta(hours=2))
    answer = alices.get(reverse(LIST))
    homes = [each["purchase"].property.name for each in answer.context["requests"]]
    assert homes == ["Bay Cottage", "Casa Gràcia"], "the most urgent first"
    assert [bool(each["freshness"]) for each in answer.context["requests"]] == [True, False]
    assert alices.get(reverse(LIST), {"q": "Marta"}).context["requests"] == []


def test_the_page_of_a_request_warns_of_a_calendar_that_cant_be_read_as_the_list_does(
    alices: Client, link: StayLink
) -> None:
    asked = a_purchase(link, "asked")
    cast.a_feed(link.property, failing_since=cast.NOW, last_good_at=cast.NOW)
    page = text(alices.get(reverse("upsells:purchase", args=[link.property.public_id, asked.public_id])))
    assert "Airbnb can't be read at the moment. Look there yourself before you agree" in page
    assert "Only where a calendar can't be read within half a minute your word decides." in page


# The file


def rows_of(alices: Client, **query: object) -> list[dict[str, str]]:
    answer = alices.get(reverse(CSV), query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; ")
    content = b"".join(answer.streaming_content)
    assert content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("state", "refund", "said"),
    [
        ("confirmed", None, "The guest pays you at the property"),
        ("cancelled", 19_800, "The guest needn't pay €198.00."),
        ("cancelled", 9_900, "The guest needn't pay €99.00 of the €198.00."),
        ("cancelled", 0, "The guest still owes you everything."),
        ("lapsed", None, "there is nothing to pay"),
    ],
)
def test_the_page_says_what_is_still_paid_at_the_property(
    alices: Client, link: StayLink, state: str, refund: int | None, said: str
) -> None:
    ended = {} if refund is None else {"refund": refund, "cancelled_by": "host"}
    sale = a_purchase(link, state, amount=19_800, collection="property", **ended)
    page = text(alices.get(reverse("upsells:purchase", args=[link.property.public_id, sale.public_id])))
    assert said in page.partition('id="money"')[2].partition("</section>")[0]


def test_the_file_holds_what_the_list_holds_with_iso_dates_and_plain_amounts(
    alices: Client, link: StayLink
) -> None:
    sold = a_purchase(link, "confirmed", collection="card", decided_at=cast.NOW, persons=2,
                      lines=[["night", 18_000, "2026-12-04", ""], ["tax", 1_800, "", "VAT"]])  # fmt: skip
    a_payment(sold, to_refund=500, refunded=500, authorised_at=cast.NOW)
    (row,) = rows_of(alices)
    assert row == {
        "Reference": sold.public_id, "Property": "Casa Gràcia", "Offer": "Extra nights", "Day": "2026-12-04",
        "First night": "2026-12-04", "Departure": "2026-12-06", "Nights": "2", "From": "2026-12-04T15:00:00+01:00",
        "Until": "2026-12-06T11:00:00+01:00", "Bought": "2026-12-01T10:00:00+01:00",
        "Decided": "2026-12-01T10:00:00+01:00", "State": "confirmed", "Reason": "", "Guest": "Marta Puig",
        "E-mail": "", "Persons": "2", "Guest came through": "", "Paid": "by card", "Price": "198.00",
        "Tax included": "18.00", "Reserved on the card": "198.00", "Charged": "198.00", "Given back": "5.00",
        "On its way back": "0.00", "Currency": "EUR",
    }  # fmt: skip


@pytest.mark.parametrize(("currency", "price"), [("JPY", "19800"), ("KWD", "19.800"), ("EUR", "198.00")])
def test_amounts_have_the_decimals_of_their_currency(
    alices: Client, link: StayLink, currency: str, price: str
) -> None:
    Purchase.objects.filter(pk=a_purchase(link, "confirmed").pk).update(currency=currency)
    (row,) = rows_of(alices)
    assert (row["Price"], row["Tax included"].strip("0."), row["Charged"]) == (price, "", "")


def test_the_file_follows_the_filter_and_hours_have_no_nights(alices: Client, link: StayLink) -> None:
    a_purchase(link, "confirmed")
    some_hours(link)
    (row,) = rows_of(alices, kind="late_check_out")
    assert (row["Nights"], row["First night"], row["From"]) == ("0", "", "2026-12-04T11:00:00+01:00")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" \t=1", " \t'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("Ana;=1", "Ana;'=1"),
        ('Ana",=1', "Ana\",'=1"),
        ("Ana\r\n@x", "Ana\r\n'@x"),
        ("Marta Puig-Sala + 1", "Marta Puig-Sala + 1"),
        ("a=b@c", "a=b@c"),
    ],
)
def test_nothing_that_was_typed_becomes_a_formula(typed: str, kept: str) -> None:
    assert sheets.safe(typed) == kept


@given(st.text(alphabet=" \t\r\n;,|\"'=+-@\uff1dab\x00", max_size=12))
def test_no_cell_begins_with_a_sign_whatever_ends_a_cell(typed: str) -> None:
    shown = sheets.safe(typed)
    for mark in ",;\t|\r\n":
        for cell in shown.split(mark):
            assert not cell.strip(' \t\r\n"').startswith(("=", "+", "-", "@", "\uff1d")), (typed, shown)
    assert sheets.safe(shown).count("\x00") == 0


def test_a_guests_formula_arrives_as_text(alices: Client, link: StayLink) -> None:
    a_purchase(link, "confirmed", guest_name='=HYPERLINK("http://x","y")', guest_email="+1@example.org")
    (row,) = rows_of(alices)
    assert row["Guest"] == '\'=HYPERLINK("http://x","y")'
    assert row["E-mail"] == "'+1@example.org"
