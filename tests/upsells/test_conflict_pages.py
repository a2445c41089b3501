"""The page of a double booking: what both say, the ways out, and marking it as settled."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from calendars import ledger
from calendars.models import Alert, Block, Feed
from properties.models import Property
from tests import cast
from tests.upsells.conflicts import WANTED, a_sale, alert, click, is_true, page, sale, the_alert, words
from tests.upsells.pages import text
from upsells.models import StayLink

__all__ = ["alert", "sale"]  # fixtures


# What is known


def test_the_page_tells_both_sides_of_a_sale_and_an_outside_booking(alices: Client, alert: Alert) -> None:
    Block.objects.filter(origin="sale").update(summary="Marta Puig")
    page_says = words(alices.get(page(alert)))
    assert "Both want the night 6–7 Dec 2026" in page_says
    assert "Your sale" in page_says
    assert "3 extra nights · 4–7 Dec 2026" in page_says
    assert "Marta Puig · marta+1@example.org" in page_says
    assert "€330.00, at the property" in page_says
    assert "“Reserved - Ann” 6–8 Dec 2026 · a booking" in page_says
    assert "“Marta Puig”" not in page_says, "the sale names its guest already"
    assert "First seen 1 Dec 2026, 10:00 Last seen 1 Dec 2026, 10:00" in page_says


def test_two_outside_bookings_are_told_with_who_was_here_first(
    alices: Client, home: Property, feed: Feed, vrbo: Feed
) -> None:
    cast.an_import(vrbo, cast.nights(13, 5), cast.NOW + timedelta(hours=1))
    page_says = words(alices.get(page(the_alert())))
    assert "Both want the 3 nights 14–17 Dec 2026" in page_says
    assert "Airbnb was here first, as far as we saw it." in page_says
    assert "Cancel the sale" not in page_says
    assert "Mark as settled" in page_says


def test_a_double_booking_that_is_over_says_so(alices: Client, alert: Alert) -> None:
    with ledger.changing(alert.property, cast.NOW) as change:
        Block.objects.filter(feed__channel="vrbo").delete()
        change.touched = True
    page_says = words(alices.get(page(alert)))
    assert "This double booking is over" in page_says
    assert "Nothing is left to do." in page_says
    assert "Tell Marta" not in page_says
    assert "Cancel the sale" not in page_says


def test_alerts_of_other_kinds_have_no_such_page(alices: Client, feed: Feed) -> None:
    other = Alert.objects.create(organization_id=feed.organization_id, property=feed.property, feed=feed,
                                 kind=Alert.Kind.HELD, key="held", opened_at=cast.NOW)  # fmt: skip
    assert alices.get(page(other)).status_code == 404
    assert click(alices, "settle", other).status_code == 404


@pytest.mark.parametrize(
    ("collection", "sentence"),
    [
        ("property", "the guest pays at the property"),
        ("channel", "booking site's own tool, change that there"),
        ("card", "Nothing was charged here"),
    ],
)
def test_what_the_guest_gets_back_is_said_before_the_click(
    alices: Client, link: StayLink, vrbo: Feed, collection: str, sentence: str
) -> None:
    a_sale(link, collection=collection)
    cast.an_import(vrbo, WANTED)
    page_says = words(alices.get(page(the_alert())))
    assert "Marta Puig pays none of it: €330.00 are theirs." in page_says
    assert sentence in page_says


def test_the_way_back_leads_to_the_first_night_both_want(
    alices: Client, clock: time_machine.Traveller, home: Property, alert: Alert
) -> None:
    clock.move_to(cast.NOW + timedelta(days=3))
    assert (
        f'href="{reverse("calendars:month", args=[home.public_id])}?month=2026-12&night=2026-12-06#why"'
        in text(alices.get(page(alert)))
    )


def test_two_bookings_that_one_read_brought_are_not_ordered(alices: Client, feed: Feed, vrbo: Feed) -> None:
    cast.an_import(vrbo, cast.nights(13, 5))
    assert "was here first" not in words(alices.get(page(the_alert())))


# Settle


@pytest.fixture
def outside(feed: Feed, vrbo: Feed) -> Alert:
    """Two other sites have each sold the same three nights."""
    cast.an_import(vrbo, cast.nights(13, 5))
    return the_alert()


def anew(home: Property) -> list[Alert]:
    """The open double bookings after the ledger has looked once more."""
    with ledger.changing(home, cast.NOW + timedelta(minutes=5)) as change:
        change.touched = True
    return list(Alert.objects.open().filter(kind=Alert.Kind.CONFLICT))


def test_a_settled_double_booking_stays_settled_while_its_nights_are_the_same(
    alices: Client, home: Property, outside: Alert
) -> None:
    page_says = words(click(alices, "settle", outside))
    assert "You marked it as settled on 1 Dec, 10:00." in page_says
    assert anew(home) == []
    assert anew(home) == []
    outside.refresh_from_db()
    assert outside.cleared_at == cast.NOW
    assert is_true(home)


def test_it_is_told_again_when_other_nights_are_booked_twice(
    alices: Client, home: Property, outside: Alert
) -> None:
    click(alices, "settle", outside)
    cast.an_import(Feed.objects.get(channel="vrbo"), cast.nights(11, 2), uid="one more")
    (new,) = anew(home)
    assert new != outside
    assert new.details["arrival"] == str(cast.nights(12).start)


def test_it_is_told_again_when_it_went_away_and_came_back(
    alices: Client, home: Property, vrbo: Feed, outside: Alert
) -> None:
    click(alices, "settle", outside)
    Block.objects.filter(feed=vrbo).delete()
    assert anew(home) == []
    cast.an_import(vrbo, cast.nights(13, 5))
    assert len(anew(home)) == 1


def test_a_double_booking_with_a_sale_cannot_be_marked_as_settled(
    alices: Client, home: Property, alert: Alert
) -> None:
    page_says = words(click(alices, "settle", alert))
    assert "Nothing was done" in page_says
    assert anew(home) == [alert]


def test_two_bookings_of_others_have_no_sale_to_cancel(
    alices: Client, outside: Alert, beach: Property
) -> None:
    for remedy in ("cancel", "shorten", "move"):
        page_says = words(click(alices, remedy, outside, home=beach.public_id, nights="1", amount="1"))
        assert "Nothing was done" in page_says
    assert Alert.objects.open().get() == outside
