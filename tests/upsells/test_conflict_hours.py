"""A booking elsewhere that leaves no time to clean beside what we sold: the alert, its sentence, the ways out."""

from datetime import timedelta
from typing import Any

from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from calendars import alerts, ledger
from calendars.models import Alert, Block, Feed
from calendars.models.rows import EMPTY_NIGHTS
from calendars.sentences import headline, relief
from domain.events import Kind
from domain.spans import NIGHT, Period
from properties.models import Property
from tests import cast
from tests.upsells.conflicts import a_sale, click, is_true, page, the_alert, words
from tests.upsells.pages import a_purchase, instants
from upsells.models import Purchase, StayLink

DAY = cast.nights(3).start
HOUR = timedelta(hours=1)


def hours(home: Property, start: float, end: float) -> Period:
    midnight = home.house.instant(DAY, home.check_out) - 11 * HOUR
    return Period(midnight + start * HOUR, midnight + end * HOUR)


def sold_hours(link: StayLink, start: float, end: float, kind: str = "late_check_out") -> Purchase:
    home = link.property
    Property.objects.filter(pk=home.pk).update(turnaround=60)
    home.refresh_from_db()
    period = hours(home, start, end)
    sale = a_purchase(
        link, "confirmed", kind=kind, day=DAY, nights=EMPTY_NIGHTS, period=instants(period), amount=4_500
    )
    with ledger.changing(home, cast.NOW) as change:
        ledger.hold(change, None, hours=period, until=cast.NOW + HOUR, reference=sale.public_id)
        ledger.confirm(change, sale.public_id)
    return sale


def guest(feed: Feed, start: int, count: int, comes: float, leaves: float) -> Block:
    """A guest of another site from and to the hour."""
    home, nights = feed.property, cast.nights(start, count)
    midnight = [home.house.instant(day, home.check_out) - 11 * HOUR for day in (nights.start, nights.end)]
    period = (midnight[0] + comes * HOUR, midnight[1] + leaves * HOUR)
    return cast.an_import(feed, nights, period=period, summary="Reserved - Ann", uid=f"ann {start}")


def conflicts() -> list[Alert]:
    """The open ones of hours; two sites that sell the same nights are none of these."""
    return list(Alert.objects.open().filter(kind=Alert.Kind.CONFLICT, details__has_key="until"))


def month(client: Client, home: Property, night: Any) -> str:
    path = reverse("calendars:month", args=[home.public_id])
    answer = client.get(path, {"month": f"{night:%Y-%m}", "night": str(night)})
    content: str = answer.content.decode()
    return content


def test_a_guest_who_comes_before_the_home_is_clean_after_a_late_check_out_is_told_at_once(
    alice: User, home: Property, link: StayLink, vrbo: Feed
) -> None:
    sold_hours(link, 11, 14)
    assert conflicts() == []
    guest(vrbo, 3, 2, comes=14.5, leaves=11)
    (alert,) = conflicts()
    assert headline(alert) == (
        "No time to clean at Casa Gràcia: your sale until 4 Dec, 14:00, Vrbo from 4 Dec, 14:30"
    )
    assert alerts.tell(cast.NOW) == 1
    assert mail.outbox[0].subject == headline(alert)
    assert "Agree on other hours with one of them" in str(mail.outbox[0].body)


def test_a_guest_who_leaves_too_late_for_an_early_check_in_is_told(link: StayLink, vrbo: Feed) -> None:
    sold_hours(link, 12, 15, "early_check_in")
    guest(vrbo, 1, 2, comes=15, leaves=11.5)
    (alert,) = conflicts()
    assert headline(alert) == (
        "No time to clean at Casa Gràcia: Vrbo until 4 Dec, 11:30, your sale from 4 Dec, 12:00"
    )


def test_guests_who_leave_time_to_clean_are_none(link: StayLink, vrbo: Feed, home: Property) -> None:
    sold_hours(link, 11, 14)
    guest(vrbo, 3, 2, comes=15, leaves=11)
    guest(vrbo, 0, 3, comes=15, leaves=13)  # Marta's own stay, as the host has noted her hours there
    assert conflicts() == []


def test_a_cleaning_that_somebody_puts_into_sold_hours_is_told(
    link: StayLink, home: Property, vrbo: Feed
) -> None:
    sold_hours(link, 11, 14)
    taken = hours(home, 12, 13)
    cast.an_import(vrbo, cast.nights(30), uid="far")
    with ledger.changing(home, cast.NOW) as change:
        Block.objects.filter(uid="far").update(
            nights=EMPTY_NIGHTS, period=(taken.start, taken.end), kind=Kind.HOURS
        )
        change.touched = True
    (alert,) = conflicts()
    assert "your sale until 4 Dec, 14:00, Vrbo from 4 Dec, 12:00" in headline(alert)


def test_sold_nights_whose_turnaround_a_timed_arrival_breaks_are_told(link: StayLink, vrbo: Feed) -> None:
    a_sale(link)
    guest(vrbo, 6, 2, comes=12, leaves=11)
    (alert,) = conflicts()
    assert "your sale until 7 Dec, 11:00, Vrbo from 7 Dec, 12:00" in headline(alert)


def test_a_booking_that_moves_from_too_near_to_the_same_nights_is_one_alert(
    home: Property, link: StayLink, vrbo: Feed
) -> None:
    a_sale(link)
    guest(vrbo, 6, 2, comes=12, leaves=11)
    (alert,) = conflicts()
    with ledger.changing(home, cast.NOW) as change:
        Block.objects.filter(feed=vrbo).delete()
        change.touched = True
    guest(vrbo, 5, 3, comes=15, leaves=11)
    again = Alert.objects.open().get()
    assert headline(again).startswith("Double booking at Casa Gràcia")
    assert again.key.split(":")[0] == alert.key.split(":")[0]


def test_it_lasts_through_the_day_and_no_longer(home: Property, link: StayLink, vrbo: Feed) -> None:
    sold_hours(link, 12, 15, "early_check_in")
    guest(vrbo, 1, 2, comes=15, leaves=11.5)
    for days, lasts in ((3, True), (4, False)):
        now = cast.NOW + days * NIGHT
        with ledger.changing(home, now) as change:
            change.touched = True
        alerts.watch(now)
        assert bool(conflicts()) is lasts


def test_it_is_over_as_soon_as_the_other_booking_moves(home: Property, link: StayLink, vrbo: Feed) -> None:
    sold_hours(link, 11, 14)
    guest(vrbo, 3, 2, comes=14, leaves=11)
    (alert,) = conflicts()
    with ledger.changing(home, cast.NOW) as change:
        Block.objects.filter(feed=vrbo).delete()
        change.touched = True
    assert conflicts() == []
    assert relief(alert).startswith("There is time to clean again at Casa Gràcia between your sale and Vrbo")


# The page


def test_the_page_tells_both_sides_by_the_hour_and_the_month_leads_there(
    alices: Client, home: Property, link: StayLink, vrbo: Feed
) -> None:
    cast.an_import(vrbo, cast.nights(0, 3), uid="Marta herself", summary="Reserved - Marta")
    sold_hours(link, 11, 14)
    guest(vrbo, 3, 2, comes=14, leaves=11)
    alert = the_alert()
    says = words(alices.get(page(alert)))
    assert "One comes too soon after the other" in says
    assert "your sale until 4 Dec, 14:00, Vrbo from 4 Dec, 14:00" in says
    assert "Late check-out, until 14:00" in says
    assert "“Reserved - Ann” 4–6 Dec 2026 (4 Dec, 14:00–6 Dec, 11:00)" in says
    assert "Reserved - Marta" not in says
    for night in (DAY - NIGHT, DAY):
        shown = month(alices, home, night)
        assert f'href="{page(alert)}"' in shown
        assert "No time to clean at Casa Gràcia" in shown


def test_one_click_takes_the_hours_back_and_the_letter_says_why(
    alices: Client, home: Property, link: StayLink, vrbo: Feed
) -> None:
    sale = sold_hours(link, 11, 14)
    guest(vrbo, 3, 2, comes=14, leaves=11)
    says = words(click(alices, "cancel", the_alert()))
    sale.refresh_from_db()
    assert sale.state == Purchase.State.CANCELLED
    assert conflicts() == []
    assert "There is time to clean again" in says
    assert "somebody else's booking leaves no time to clean beside yours" in says
    assert is_true(home)


def test_sold_nights_are_shortened_by_the_one_that_the_next_guest_comes_too_soon_after(
    alices: Client, home: Property, link: StayLink, vrbo: Feed
) -> None:
    sale = a_sale(link)
    guest(vrbo, 6, 2, comes=12, leaves=11)
    alert = the_alert()
    assert "Shorten to 4–6 Dec 2026" in words(alices.get(page(alert)))
    says = words(click(alices, "shorten", alert, nights="2", amount="24200"))
    sale.refresh_from_db()
    assert sale.span == cast.nights(3, 2)
    assert conflicts() == []
    assert "You shortened the sale to 4–6 Dec 2026" in says
    assert is_true(home)


def test_a_sale_that_nobody_changed_is_not_called_shortened_when_it_is_over(
    alices: Client, home: Property, link: StayLink, vrbo: Feed
) -> None:
    a_sale(link)
    guest(vrbo, 6, 2, comes=12, leaves=11)
    alert = the_alert()
    with ledger.changing(home, cast.NOW) as change:
        Block.objects.filter(feed=vrbo).delete()
        change.touched = True
    says = words(alices.get(page(alert)))
    assert "The two are no longer too near to each other. Nothing is left to do." in says
    assert "shortened" not in says


def test_a_double_booking_of_nights_leads_from_the_month_to_its_page_too(
    alices: Client, home: Property, link: StayLink, vrbo: Feed
) -> None:
    a_sale(link)
    cast.an_import(vrbo, cast.nights(5, 2))
    shown = month(alices, home, cast.nights(5).start)
    assert f'href="{page(the_alert())}"' in shown
