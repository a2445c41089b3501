"""The figures of what was sold: the same as a plain count of the purchases, by month, offer and currency."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Organization
from properties.models import Property
from tests import cast
from tests.upsells.pages import a_purchase, text
from tests.upsells.sold import a_payment
from upsells import bars, revenue
from upsells.models import Offer, Purchase, StayLink
from upsells.revenue import Tally

PAGE = "sales:revenue"
ZONES = ("Pacific/Kiritimati", "Europe/Madrid", "America/St_Johns", "Pacific/Pago_Pago")  # UTC +14 to -11
CURRENCIES = ("EUR", "JPY")
MONTHS = revenue.months(date(2026, 3, 15), 4)  # clocks change in them
EDGES = [datetime.combine(month, time.min, UTC) for month in [*MONTHS, revenue.after(MONTHS[-1])]]


@pytest.fixture
def link(home: Property) -> StayLink:
    return cast.a_stay_link(home)


moments = st.one_of(
    st.datetimes(datetime(2025, 11, 20), datetime(2026, 4, 10), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.builds(
        lambda edge, seconds: edge + timedelta(seconds=seconds),
        st.sampled_from(EDGES),
        st.integers(-15 * 3600, 15 * 3600),
    ),
)
paid = st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)).map(sorted)
purchases = st.fixed_dictionaries(
    {
        "home": st.integers(0, len(ZONES) - 1),
        "at": moments,
        "kind": st.sampled_from(Offer.Kind.values),
        "state": st.sampled_from(Purchase.State.values),
        "currency": st.sampled_from(CURRENCIES),
        "amount": st.integers(1, 500),
        "refund": st.none() | st.integers(0, 500),
        "is_booked": st.booleans(),
        "paid": st.none() | paid,
    }
)


def counted(rows: Iterable[dict[str, Any]]) -> dict[tuple[date, str, str], tuple[int, ...]]:
    """The same figures by a plain count: month, offer and currency → the numbers of a tally."""
    found: dict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0] * 7)
    for row in rows:
        month = row["at"].astimezone(ZoneInfo(ZONES[row["home"]])).date().replace(day=1)
        if month not in MONTHS:
            continue
        is_cancelled = row["state"] == "cancelled"
        is_sale = is_cancelled or row["state"] == "confirmed"
        sold, back, waived = row["amount"], 0, 0
        if is_cancelled:
            waived = row["amount"] if row["refund"] is None else min(row["refund"], row["amount"])
        if row["paid"] and row["paid"][2]:
            back, to_refund, sold = row["paid"]
            back, waived = max(back, to_refund), 0
        booked = row["is_booked"] or is_sale
        numbers = [1, booked, is_sale, is_cancelled, sold * is_sale, back * is_sale, waived]
        cell = found[month, row["kind"], row["currency"]]
        cell[:] = [one + another for one, another in zip(cell, numbers, strict=True)]
    return {key: tuple(map(int, numbers)) for key, numbers in found.items()}


def made(links: list[StayLink], row: dict[str, Any]) -> None:
    refund = None if row["refund"] is None else min(row["refund"], row["amount"])
    purchase = a_purchase(
        links[row["home"]],
        row["state"],
        created_at=row["at"],
        kind=row["kind"],
        amount=row["amount"],
        refund=refund,
        requested_at=row["at"] if row["is_booked"] else None,
        reason="taken" if row["state"] == "declined" else "",
    )
    Purchase.objects.filter(pk=purchase.pk).update(currency=row["currency"])
    if row["paid"]:
        refunded, to_refund, captured = row["paid"]
        payment = a_payment(purchase, captured=0)
        values = {"amount": captured, "captured": captured, "refunded": refunded, "to_refund": to_refund}
        type(payment).objects.filter(pk=payment.pk).update(**values)


class TestFiguresEqualThePurchases(TestCase):
    """Each example in a transaction of its own."""

    @settings(max_examples=60)
    @given(st.lists(purchases, max_size=12))
    def test_the_figures_are_those_of_a_plain_count(self, rows: list[dict[str, Any]]) -> None:
        organization = cast.an_organization()
        links = [cast.a_stay_link(cast.a_property(organization, zone, zone)) for zone in ZONES]
        with transaction.atomic():
            for row in rows:
                made(links, row)
        found = revenue.figures(Purchase.objects.of(organization), ZONES, MONTHS)
        cells = {(cell.month, cell.kind, cell.currency): astuple(cell.tally) for cell in found.cells}
        assert cells == counted(rows)
        self.check_sums(found)

    def check_sums(self, found: revenue.Figures) -> None:
        """What the page sums up in different ways is the same sum, and no currency is added to another."""
        whole = found.total()
        assert sum((found.total(month=month) for month in MONTHS), Tally()) == whole
        assert sum((found.total(kind=kind) for kind in found.kinds()), Tally()) == whole
        for currency in found.currencies:
            tally = found.total(currency=currency)
            assert 0 <= tally.gone <= tally.sold
            assert tally.cancelled <= tally.sales <= tally.booked <= tally.held
            assert len(bars.sold(found, currency)) == len(found.kinds(currency))


def test_a_month_begins_at_midnight_of_the_home(organization: Organization) -> None:
    east, west = (
        cast.a_stay_link(cast.a_property(organization, zone, zone)) for zone in (ZONES[0], ZONES[3])
    )
    for link in (east, west):
        a_purchase(link, "confirmed", created_at=datetime(2026, 2, 28, 12, tzinfo=UTC))
    found = revenue.figures(Purchase.objects.of(organization), ZONES, MONTHS)
    assert [(cell.month, cell.tally.sales) for cell in found.cells] == [(MONTHS[2], 1), (MONTHS[3], 1)]


def test_months_go_over_the_turn_of_the_year() -> None:
    assert revenue.months(date(2026, 2, 28), 4) == (
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1),
    )  # fmt: skip
    assert revenue.after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert revenue.after(date(2026, 1, 1), -12) == date(2025, 1, 1)


def test_without_a_home_there_is_nothing_to_count(organization: Organization) -> None:
    assert revenue.figures(Purchase.objects.of(organization), [], MONTHS).cells == ()


# The bars


@given(st.integers(0, 10**12))
def test_a_scale_holds_the_highest_and_is_not_five_times_too_long(most: int) -> None:
    top = bars.scale(most)
    assert top >= most
    assert top % 2 == 0
    assert top <= max(2, 2.5 * most)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_rounded_to_whole_per_cent(part: int, whole: int) -> None:
    number = int(bars.share(part, whole).removesuffix("%").replace(",", ""))
    assert abs(number * whole - 100 * part) * 2 <= whole


def test_bars_repeat_their_picture_in_a_table(organization: Organization, link: StayLink) -> None:
    Purchase.objects.filter(pk=a_purchase(link, "confirmed", amount=10_000).pk).update()
    a_purchase(link, "cancelled", amount=5_000, refund=2_500)
    a_purchase(link, "held")
    found = revenue.figures(Purchase.objects.of(organization), ["Europe/Madrid"], revenue.months(cast.TODAY))
    (chart,) = bars.sold(found, "EUR")
    assert chart.title == "Extra nights"
    assert chart.said == "€150.00 from 2 sales. €25.00 of it was cancelled, €125.00 is left."
    assert chart.rows[-1] == ("Dec 2026", "€150.00", "€25.00", "€0.00", "€125.00", "2")
    assert chart.top == "€200.00"
    last = chart.bars[-1]
    assert (last.whole, last.part) == (90, 75)
    assert (
        last.said == "Dec 2026. Sold: €150.00, Cancelled: €25.00, Given back: €0.00, Kept: €125.00, Sales: 2"
    )
    assert all(bar.whole == 0 for bar in chart.bars[:-1])
    (way,) = bars.reached(found)
    assert way.rows[-1] == ("Dec 2026", "3", "2", "2", "67%")
    assert way.said == "Chosen by 3 guests: 2 booked, 2 confirmed."


def test_only_what_was_charged_is_called_given_back(
    alices: Client, organization: Organization, link: StayLink
) -> None:
    charged = a_purchase(link, "cancelled", amount=10_000, refund=4_000, collection="card")
    a_payment(charged, to_refund=4_000)
    a_purchase(link, "cancelled", amount=24_000, refund=12_000)
    found = revenue.figures(Purchase.objects.of(organization), ["Europe/Madrid"], revenue.months(cast.TODAY))
    (chart,) = bars.sold(found, "EUR")
    assert chart.said == (
        "€340.00 from 2 sales. €120.00 of it was cancelled, €40.00 given back, €180.00 is left."
    )
    page = text(alices.get(reverse(PAGE)))
    for part in ("Cancelled</dt><dd>€120.00", "Given back</dt><dd>€40.00", "Kept</dt><dd>€180.00"):
        assert part in page, part
    assert "€120.00 cancelled; €40.00 given back" in text(alices.get("/"))


def test_a_small_month_beside_a_great_one_is_still_seen(organization: Organization, link: StayLink) -> None:
    a_purchase(link, "confirmed", amount=1)
    a_purchase(link, "confirmed", amount=10**8, created_at=cast.NOW - timedelta(days=60))
    found = revenue.figures(Purchase.objects.of(organization), ["Europe/Madrid"], revenue.months(cast.TODAY))
    (chart,) = bars.sold(found, "EUR")
    assert [bar.whole for bar in chart.bars if bar.whole] == [120, 2]


# The page


def test_currencies_stand_apart_and_are_never_added(
    alices: Client, link: StayLink, organization: Organization
) -> None:
    abroad = cast.a_stay_link(cast.a_property(organization, "Lake House", "America/New_York"))
    a_purchase(link, "confirmed", amount=10_000)
    Purchase.objects.filter(pk=a_purchase(abroad, "confirmed", amount=7_000).pk).update(currency="USD")
    answer = alices.get(reverse(PAGE))
    assert [(each["currency"], each["sold"].amount) for each in answer.context["money"]] == [
        ("EUR", 10_000),
        ("USD", 7_000),
    ]
    page = text(answer)
    for part in ("Sold in EUR", "€100.00", "Sold in USD", "US$70.00", "How far guests got"):
        assert part in page, part
    assert "170.00" not in page


def test_one_home_and_an_earlier_year_can_be_chosen(
    alices: Client, link: StayLink, organization: Organization
) -> None:
    other = cast.a_stay_link(cast.a_property(organization, "Lake House"))
    a_purchase(link, "confirmed")
    a_purchase(other, "confirmed", created_at=cast.NOW - timedelta(days=400))

    def sales(**query: str) -> int:
        answer = alices.get(reverse(PAGE), query)
        assert answer.status_code == 200
        count: int = answer.context["total"].sales
        return count

    assert sales() == 1
    assert sales(home=other.property.public_id) == 0
    assert sales(home=other.property.public_id, until="2025-12") == 1
    assert sales(until="2999-01") == sales(until="then") == sales(until="2026-13") == 1
    answer = alices.get(reverse(PAGE), {"until": "2025-12"})
    assert (answer.context["earlier"], answer.context["later"]) == ("2024-12", "2026-12")
    assert alices.get(reverse(PAGE)).context["later"] == ""


def test_before_the_first_purchase_the_page_says_what_will_be_there(alices: Client, link: StayLink) -> None:
    page = text(alices.get(reverse(PAGE)))
    assert "Nothing in these months" in page
    assert '<svg class="curve"' not in page


def test_pictures_have_ids_of_their_own_and_words_for_who_does_not_see_them(
    alices: Client, link: StayLink
) -> None:
    for kind in Offer.Kind.values:
        a_purchase(link, "confirmed", kind=kind)
    page = text(alices.get(reverse(PAGE)))
    ids = re.findall(r'<pattern id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 8
    labels = re.findall(r'class="curve" role="img" aria-label="([^"]+)"', page)
    assert len(labels) == 8
    assert all(re.search(r"\d", label) for label in labels)
    assert page.count("<caption") == 8
    assert "style=" not in page
