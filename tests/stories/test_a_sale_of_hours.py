"""Late check-outs, early check-ins and nights before a stay: what they close, and what makes them impossible."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar as ICalendar

from calendars import ledger
from calendars.models import Block, ExportLink, Feed
from domain.offers import Kind
from properties.models import Property
from tests import cast
from tests.conftest import Listing, read
from tests.stories.test_a_purchase import settle
from upsells import cancelling, checkout, shelves
from upsells.models import Offer, Purchase, StayLink
from upsells.shelves import Side, Stay

HOURLY = 1_500
RATE = 12_000
KINDS_OF_HOURS = ("late_check_out", "early_check_in")


@pytest.fixture
def home(home: Property) -> Property:
    """An hour is enough to clean, so check-outs until 14:00 close nothing and one at 15:00 closes the night."""
    home.turnaround = 60
    home.save(update_fields=["turnaround"])
    return home


@pytest.fixture
def place(place: Listing, home: Property) -> Listing:
    """The stay that ends in three days, and hours and earlier nights on sale, too."""
    for kind in KINDS_OF_HOURS:
        cast.an_offer(home, HOURLY, kind=kind)
    cast.an_offer(home, kind="nights_before")
    return place


def day(home: Property, offset: int) -> date:
    return cast.stay_of(home, 0, offset)[1]


def arriving(home: Property, offset: int) -> Stay:
    return Stay(day(home, offset), Side.ARRIVING)


def bought(link: StayLink, stay: Stay, key: str) -> Purchase:
    """What a guest buys at the price they are shown, up to the worker's part."""
    home, now = link.property, timezone.now()
    choice = shelves.shelf(home, stay, now).find(key)
    assert choice is not None, key
    purchase = checkout.begin(link, stay, key, choice.quote.price.total.amount, now)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=now)
    purchase.refresh_from_db()
    return purchase


def keys(link: StayLink, stay: Stay, kind: Kind) -> list[str]:
    found = shelves.shelf(link.property, stay, timezone.now())
    return [choice.quote.key for choice in found.of(kind)]


def exported(client: Client, export: ExportLink) -> list[tuple[date, date]]:
    """What an independent reader finds closed in the link, but for the event that stands for nothing."""
    events = ICalendar.from_ical(client.get(cast.path_of(export)).content).walk("VEVENT")
    spans = [(event["DTSTART"].dt, event["DTEND"].dt) for event in events]
    return sorted(span for span in spans if span[1] > timezone.now().date())


def state_of_night(client: Client, home: Property, night: date) -> str:
    page = client.get(
        reverse("calendars:month", args=[home.public_id]), {"month": f"{night:%Y-%m}", "night": str(night)}
    )
    return next(day.state for week in page.context["weeks"] for day in week if day.night == night)


def test_hours_that_leave_time_to_clean_close_no_night_and_are_in_no_export(
    home: Property, place: Listing, link: StayLink
) -> None:
    export = cast.an_export(home)
    before, empty = cast.busy(home), export.etag
    purchase = settle(bought(link, cast.leaving(home), "late_check_out-180"))
    export.refresh_from_db()
    assert (purchase.state, purchase.amount, purchase.span) == ("confirmed", 3 * HOURLY, None)
    assert (cast.busy(home), export.etag) == (before, empty)
    assert Block.objects.ours().get().kind == "hours"


def test_hours_that_make_an_arrival_impossible_close_the_night_everywhere_until_they_are_cancelled(
    alices: Client, home: Property, place: Listing, link: StayLink
) -> None:
    exports = [cast.an_export(home, channel) for channel in ("airbnb", "booking")]
    night, before = day(home, 3), cast.busy(home)
    purchase = settle(bought(link, cast.leaving(home), "late_check_out-240"))
    assert (purchase.state, purchase.amount) == ("confirmed", 4 * HOURLY + RATE)
    assert cast.busy(home) == [(day(home, 0), night + timedelta(days=1))]
    assert state_of_night(alices, home, night) == "sale"
    for export in exports:
        assert exported(alices, export) == [(night, night + timedelta(days=1))]
    assert cancelling.cancel(purchase, timezone.now())
    assert cast.busy(home) == before
    assert state_of_night(alices, home, night) == "free"
    for export in exports:
        assert exported(alices, export) == []
    assert ledger.differences(home) == []


def test_nobody_else_buys_the_night_that_a_late_check_out_closes(
    home: Property, place: Listing, link: StayLink
) -> None:
    bought(link, cast.leaving(home), "late_check_out-240")
    assert not shelves.shelf(home, cast.leaving(home), timezone.now()).choices
    with pytest.raises(ledger.NightsTaken):
        checkout.begin(link, cast.leaving(home), "extra_nights-1", 9_900, timezone.now())


def test_a_same_day_arrival_leaves_the_hours_that_leave_time_to_clean(
    home: Property, place: Listing, link: StayLink
) -> None:
    place.book(day(home, 3), day(home, 5), guest="Next")
    purchase = bought(link, cast.leaving(home), "late_check_out-180")
    assert settle(purchase).state == "confirmed"
    assert ledger.differences(home) == []


def test_a_same_day_arrival_that_comes_in_meanwhile_declines_what_it_makes_impossible(
    home: Property, place: Listing, link: StayLink
) -> None:
    before = cast.busy(home)
    purchase = bought(link, cast.leaving(home), "late_check_out-240")
    place.book(day(home, 3), day(home, 5), guest="Next")
    settled = settle(purchase)
    assert (settled.state, settled.reason) == ("declined", "taken")
    assert not Block.objects.ours().exists()
    assert cast.busy(home) == [(before[0][0], day(home, 5))]


def test_hours_need_more_than_free_nights_they_need_time_to_clean(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = bought(link, cast.leaving(home), "late_check_out-180")
    Property.objects.update(turnaround=120)
    place.book(day(home, 3), day(home, 5), guest="Next")
    settled = settle(Purchase.objects.get(pk=purchase.pk))
    assert (settled.state, settled.reason) == ("declined", "taken")


def test_an_early_check_in_is_sold_where_nobody_slept_the_night_before(
    home: Property, place: Listing, link: StayLink
) -> None:
    place.book(day(home, 10), day(home, 12), guest="Later")
    read(Feed.objects.get())
    purchase = settle(bought(link, arriving(home, 10), "early_check_in-180"))
    house = home.house
    assert (purchase.state, purchase.span) == ("confirmed", None)
    assert purchase.takes.start == house.instant(day(home, 10), house.check_in) - timedelta(hours=3)


def test_of_two_guests_at_one_turnover_the_quicker_leaves_the_other_what_leaves_time_to_clean(
    home: Property, place: Listing, link: StayLink
) -> None:
    place.book(day(home, 3), day(home, 6), guest="Next")
    read(Feed.objects.get())
    assert "early_check_in-60" in keys(link, arriving(home, 3), Kind.EARLY_CHECK_IN)
    bought(link, cast.leaving(home), "late_check_out-180")
    with pytest.raises(ledger.NightsTaken):
        checkout.begin(link, arriving(home, 3), "early_check_in-60", HOURLY, timezone.now())
    assert keys(link, cast.leaving(home), Kind.LATE_CHECK_OUT) == []


def test_nights_before_a_stay_are_sold_and_exported_like_those_after(
    client: Client, home: Property, place: Listing, link: StayLink
) -> None:
    export = cast.an_export(home)
    place.book(day(home, 10), day(home, 12), guest="Later")
    read(Feed.objects.get())
    purchase = settle(bought(link, arriving(home, 10), "nights_before-2"))
    assert (purchase.state, purchase.amount) == ("confirmed", 2 * 9_900)
    assert exported(client, export) == [(day(home, 8), day(home, 10))]


def test_of_two_guests_beside_one_gap_the_first_who_holds_it_wins(
    home: Property, place: Listing, link: StayLink
) -> None:
    place.book(day(home, 5), day(home, 7), guest="Next")
    read(Feed.objects.get())
    leaves, comes = cast.leaving(home), arriving(home, 5)
    assert keys(link, leaves, Kind.EXTRA_NIGHTS) == ["extra_nights-1", "extra_nights-2"]
    assert keys(link, comes, Kind.NIGHTS_BEFORE) == ["nights_before-1", "nights_before-2"]
    checkout.begin(link, comes, "nights_before-1", 9_900, timezone.now())
    assert keys(link, leaves, Kind.EXTRA_NIGHTS) == ["extra_nights-1"]
    with pytest.raises(ledger.NightsTaken):
        checkout.begin(link, leaves, "extra_nights-2", 2 * 9_900, timezone.now())


def test_a_sale_lists_what_its_price_was_made_of(home: Property, place: Listing, link: StayLink) -> None:
    Property.objects.update(taxes=[["VAT", 1_000, 0, False], ["City tax", 0, 350, True]])
    fresh = StayLink.objects.select_related("property").get(pk=link.pk)
    stay = cast.leaving(home)
    three = Stay(stay.day, stay.side, persons=3)
    purchase = bought(fresh, three, "extra_nights-2")
    price = purchase.made_of
    told = [(line.item.value, line.name, line.amount.amount) for line in price.lines]
    assert told == [
        ("night", "", 9_900),
        ("night", "", 9_900),
        ("tax", "VAT", 1_980),
        ("tax", "City tax", 2 * 3 * 350),
    ]
    assert price.total.amount == purchase.amount
    assert purchase.persons == 3


def test_a_price_that_changed_is_not_charged_for_hours_either(
    home: Property, place: Listing, link: StayLink
) -> None:
    Offer.objects.filter(kind=Kind.LATE_CHECK_OUT).update(price=2_000)
    with pytest.raises(checkout.NotOnSale):
        checkout.begin(link, cast.leaving(home), "late_check_out-60", HOURLY, timezone.now())
    assert not Purchase.objects.exists()
