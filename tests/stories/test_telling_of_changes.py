"""What guest, host and cleaners hear when a sale is given back in parts, shortened or moved, or its hours are taken."""

from collections.abc import Callable
from datetime import timedelta

import icalendar
import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from calendars import ledger
from calendars.models import Alert, Feed
from properties.dates import day
from properties.models import Property
from tests import cast, tills
from tests.conftest import Listing, read
from tests.stories.test_a_card_payment import conflict
from tests.tills import Till
from tests.upsells.sold import a_payment
from tests.upsells.test_conflict_hours import guest, sold_hours
from upsells import cancelling, letters, remedies
from upsells.models import Delivery, Payment, Purchase, StayLink

News, To = Delivery.News, Delivery.To


@pytest.fixture
def crew(home: Property, alice: User) -> Property:
    Property.objects.filter(pk=home.pk).update(cleaner_email="clean@example.org")
    home.refresh_from_db()
    return home


def heard(purchase: Purchase) -> list[tuple[str, str, int]]:
    """Who is told what of a purchase, in order, but for what everybody heard first."""
    rows = Delivery.objects.filter(purchase=purchase).exclude(news=News.CONFIRMED).order_by("pk")
    return list(rows.values_list("to", "news", "step"))


def entry(purchase: Purchase) -> icalendar.cal.Component:
    fresh = Purchase.objects.select_related("property").get(pk=purchase.pk)
    (event,) = icalendar.Calendar.from_ical(letters.calendar_entry(fresh)).walk("VEVENT")
    return event


def test_each_of_two_refunds_is_told_with_its_own_amount_and_none_twice(
    crew: Property, till: Till, payment: Payment, place: Listing
) -> None:
    purchase = tills.sold(till, payment)
    remedies.shorten(conflict(crew, place, 4, 6), purchase, (1, 9_900), timezone.now())
    purchase = tills.work(payment, till)
    assert cancelling.cancel(purchase, timezone.now(), purchase.price.share(50))
    for _ in range(3):
        Payment.objects.update(check_at=timezone.now())
        tills.work(payment, till)
    rows = Delivery.objects.filter(news=News.REFUNDED).order_by("pk")
    assert list(rows.values_list("step", flat=True)) == [9_900, 14_850]
    first, second = (str(letters.message(row).subject) for row in rows)
    assert "€99.00 is on its way back to you" in first
    assert "€49.50 is on its way back to you" in second


def test_a_refund_that_fails_and_is_made_again_is_told_once(
    crew: Property, till: Till, payment: Payment
) -> None:
    purchase = tills.sold(till, payment)
    till.fault("refund_fails", count=1)
    assert cancelling.cancel(purchase, timezone.now())
    for minutes in (0, 2, 4):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            tills.work(payment, till)
    assert payment.refunded == 19_800
    assert Delivery.objects.filter(news=News.REFUNDED).count() == 1


def test_a_shortened_sale_is_told_to_everybody_with_the_newer_entry_and_receipt(
    crew: Property, till: Till, payment: Payment, place: Listing
) -> None:
    purchase = tills.sold(till, payment)
    before = entry(purchase)
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        remedies.shorten(conflict(crew, place, 4, 6), purchase, (1, 9_900), timezone.now())
    assert heard(purchase) == [(to, "shortened", 1) for to in ("guest", "host", "cleaner")]
    after = entry(purchase)
    assert (before["UID"], before["SEQUENCE"], after["SEQUENCE"]) == (after["UID"], 0, 1)
    assert after["DTSTAMP"].dt > before["DTSTAMP"].dt
    assert after["DTEND"].dt < before["DTEND"].dt
    told = {to: letters.message(Delivery.objects.get(news=News.SHORTENED, to=to)) for to in To}
    assert "€99.00 goes back to your card." in str(told[To.GUEST].body)
    assert [kind for _name, _content, kind in told[To.GUEST].attachments] == [
        "text/calendar",
        "application/pdf",
    ]
    assert "1 more night for €99.00" in str(told[To.HOST].subject)
    cleaners = str(told[To.CLEANER].body)
    left, first = (
        day(each.astimezone(crew.house.zone).date()) for each in (after["DTEND"].dt, before["DTEND"].dt)
    )
    assert f"The guest leaves on {left}, 11:00, and not on {first}, 11:00." in cleaners
    assert "Marta" not in cleaners


def test_a_sale_that_is_moved_is_told_at_both_homes_and_stays_one_entry(
    crew: Property, till: Till, payment: Payment, place: Listing, listing: Callable[..., Listing]
) -> None:
    purchase = tills.sold(till, payment)
    before = entry(purchase)
    other = cast.a_property(crew.organization, "Alfama Terrace")
    Property.objects.filter(pk=other.pk).update(cleaner_email="alfama@example.org")
    read(cast.a_feed(other, listing("booking").export_url))
    alert = conflict(crew, place, 3, 6)
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        moved = remedies.move(alert, purchase, other, timezone.now())
    assert heard(purchase) == [("cleaner", "moved_away", 0)]
    assert heard(moved) == [(to, "moved", 0) for to in ("guest", "host")] + [("cleaner", "moved", 0)]
    after = entry(moved)
    assert (before["UID"], after["SEQUENCE"]) == (after["UID"], 1)
    assert after["DTSTAMP"].dt > before["DTSTAMP"].dt
    said = {to: letters.message(Delivery.objects.get(news=News.MOVED, to=to)) for to in To}
    assert str(said[To.GUEST].subject) == "Alfama Terrace: your new home for these nights"
    assert crew.name in str(said[To.GUEST].body)
    assert str(said[To.HOST].subject) == f"Moved from {crew.name} to Alfama Terrace"
    comes, leaves = day(purchase.nights.lower), day(purchase.nights.upper)
    assert f"A guest comes on {comes}, 15:00 and leaves on {leaves}, 11:00." in str(said[To.CLEANER].body)
    assert said[To.CLEANER].to == ["alfama@example.org"]
    left = letters.message(Delivery.objects.get(news=News.MOVED_AWAY))
    assert left.to == ["clean@example.org"]
    assert f"The guest leaves on {comes}, 11:00, and not on {leaves}, 11:00." in str(left.body)


def test_sold_hours_that_are_cancelled_for_a_double_booking_go_back_to_the_card(
    crew: Property, link: StayLink, place: Listing
) -> None:
    sale = sold_hours(link, 11, 14)
    Purchase.objects.update(collection="card", guest_email="m@example.org", tiers=[[1, 10]])
    payment = a_payment(sale, goal="capture", session_id="cs_1", intent_id="pi_1")
    guest(Feed.objects.filter(property=crew).first() or cast.a_feed(crew), 3, 2, comes=14.5, leaves=11)
    alert = Alert.objects.open().filter(details__has_key="until").get()
    remedies.cancel(alert, Purchase.objects.select_related("property").get(pk=sale.pk), cast.NOW)
    payment.refresh_from_db()
    assert (payment.to_refund, payment.check_at) == (4_500, cast.NOW)  # all of it: the guest did nothing
    assert [each[1] for each in heard(sale)] == ["cancelled"] * 3
    assert ledger.differences(crew) == []
