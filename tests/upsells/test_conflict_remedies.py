"""Ways out of a double booking: what each of them does to the sale, to nights and exports."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from calendars import ledger
from calendars.models import Alert, Block, ExportLink, Feed
from domain.events import Kind
from domain.spans import Period
from properties.models import Property
from tests import cast
from tests.stories.test_an_export import nights_of
from tests.upsells.conflicts import (
    FREE,
    LINES,
    NIGHTS,
    a_sale,
    alert,
    click,
    is_true,
    page,
    sale,
    the_alert,
    words,
)
from tests.upsells.pages import instants, page_of, text
from upsells import remedies
from upsells.models import Purchase, StayLink

__all__ = ["alert", "sale"]  # fixtures


def exported(link: ExportLink, client: Client) -> list[Any]:
    return nights_of(client.get(cast.path_of(link)).content)


# Cancel


def test_one_click_cancels_the_sale_and_the_double_booking_is_over(
    alices: Client, home: Property, sale: Purchase, alert: Alert, export: ExportLink
) -> None:
    assert exported(export, alices) == [(NIGHTS.start, NIGHTS.end)]
    page_says = words(click(alices, "cancel", alert))
    sale.refresh_from_db()
    alert.refresh_from_db()
    assert (sale.state, sale.decided_at) == (Purchase.State.CANCELLED, cast.NOW)
    assert alert.resolved_at == cast.NOW
    assert "This double booking is over" in page_says
    assert "You took the sale back." in page_says
    assert "You check out on Fri, 4 Dec 2026 at 11:00, as before." in page_says
    assert exported(export, alices) == []
    assert cast.busy(home)[0] == (cast.nights(-2).start, cast.nights(3).start)
    assert is_true(home)


def test_the_letter_to_the_guest_is_a_mail_with_everything_in_it(alices: Client, alert: Alert) -> None:
    page_html = text(click(alices, "cancel", alert))
    (letter,) = re.findall(r'href="(mailto:[^"]+subject[^"]+)"', page_html)
    assert letter.startswith(
        "mailto:marta%2B1@example.org?subject=Your%20booking%20at%20Casa%20Gr%C3%A0cia&body="
    )
    assert "Dear%20Marta%20Puig%2C%0D%0A%0D%0A" in letter
    assert " " not in letter


# Shorten


def test_one_click_shortens_the_sale_to_its_own_price_of_what_is_left(
    alices: Client, client: Client, home: Property, sale: Purchase, alert: Alert, export: ExportLink
) -> None:
    Property.objects.filter(pk=home.pk).update(taxes=[["VAT", 1_000, 0, False]])
    before = words(alices.get(page(alert)))
    assert "Marta Puig keeps 4–6 Dec 2026, next to the stay, for €242.00 instead of €330.00." in before
    page_says = words(click(alices, "shorten", alert, nights="2", amount="24200"))
    sale.refresh_from_db()
    assert (sale.span, sale.amount, sale.state) == (FREE, 24_200, Purchase.State.CONFIRMED)
    assert sale.takes == home.house.stay(FREE)
    assert sale.lines == [*LINES[:2], ["tax", 2_200, "", "VAT"]]
    assert Block.objects.ours().get().span == FREE
    assert "You can stay until Sun, 6 Dec 2026" in page_says
    assert exported(export, client) == [(FREE.start, FREE.end)]
    assert not Alert.objects.open().exists()
    assert is_true(home)
    guests_page = words(client.get(page_of(sale)))
    assert "€242.00" in guests_page
    assert "Your host had to shorten this" in guests_page
    assert "You had booked Fri 4 Dec – Mon 7 Dec" in guests_page
    assert "shortened from 4–7 Dec" in words(alices.get(reverse("upsells:sales", args=[home.public_id])))


def test_an_early_arrival_keeps_the_nights_next_to_its_stay(
    alices: Client, home: Property, link: StayLink, vrbo: Feed
) -> None:
    nights = cast.nights(8, 4)
    sale = a_sale(link, nights, kind="nights_before", day=nights.end, lines=[], amount=10_001)
    cast.an_import(vrbo, cast.nights(6, 3))
    click(alices, "shorten", the_alert(), nights="3", amount="7501")
    sale.refresh_from_db()
    assert (sale.span, sale.amount) == (cast.nights(9, 3), 7_501)
    assert is_true(home)


@pytest.mark.parametrize(
    "body", [{}, {"nights": "two", "amount": "1"}, {"nights": "2", "amount": "1"}, {"nights": "3", "amount": "27273"},
             {"nights": "-2", "amount": "22000"}, {"nights": "9" * 400, "amount": "²"}]
)  # fmt: skip
def test_what_the_host_was_not_shown_is_not_done(
    alices: Client, sale: Purchase, alert: Alert, body: dict[str, str]
) -> None:
    page_says = words(click(alices, "shorten", alert, **body))
    assert "Nothing was done; this is how it stands now." in page_says
    sale.refresh_from_db()
    assert (sale.span, sale.amount) == (NIGHTS, 33_000)


def test_a_sale_of_which_no_night_next_to_the_stay_is_free_cannot_be_shortened(
    alices: Client, sale: Purchase, vrbo: Feed
) -> None:
    cast.an_import(vrbo, cast.nights(3, 1))
    page_says = words(alices.get(page(the_alert())))
    assert "no night next to the stay would be left" in page_says
    assert "Shorten" not in page_says


def test_what_a_site_reads_back_from_us_does_not_shorten_a_sale(
    alices: Client, home: Property, sale: Purchase, alert: Alert
) -> None:
    mirror = cast.a_feed(home, "https://www.airbnb.com/calendar/ical/7.ics",
                         echoes=[[str(NIGHTS.start), str(NIGHTS.end)]])  # fmt: skip
    cast.an_import(mirror, NIGHTS, kind=Kind.BLOCK)
    left = remedies.shorter(sale)
    assert left is not None
    assert left.nights == FREE


# Move


def test_one_click_moves_the_guest_to_another_home_at_the_same_price(
    alices: Client, client: Client, home: Property, sale: Purchase, alert: Alert, export: ExportLink, beach: Property
) -> None:  # fmt: skip
    theirs = cast.an_export(beach, "vrbo")
    assert f'value="{beach.public_id}"' in text(alices.get(page(alert)))
    page_says = words(click(alices, "move", alert, home=beach.public_id))
    sale.refresh_from_db()
    assert (sale.property, sale.state) == (home, Purchase.State.CANCELLED)
    moved = Purchase.objects.get(property=beach)
    assert (moved.span, moved.amount, moved.lines, moved.state) == (
        NIGHTS,
        33_000,
        LINES,
        Purchase.State.CONFIRMED,
    )
    assert (moved.guest_name, moved.guest_email) == (sale.guest_name, sale.guest_email)
    assert "You moved the guest to Casa Playa." in page_says
    assert cast.busy(beach) == [(NIGHTS.start, NIGHTS.end)]
    assert exported(export, client) == []
    assert exported(theirs, client) == [(NIGHTS.start, NIGHTS.end)]
    assert not Alert.objects.open().exists()
    assert is_true(home, beach)
    assert page_of(moved) in page_says
    assert "Casa Playa" in words(client.get(page_of(moved)))
    answer = client.get(page_of(sale))
    assert "Your host has moved you to Casa Playa" in words(answer)
    assert page_of(moved) in text(answer)


def test_a_moved_guest_gets_the_times_of_the_new_home(
    alices: Client, sale: Purchase, alert: Alert, beach: Property
) -> None:
    Property.objects.filter(pk=beach.pk).update(time_zone="Atlantic/Canary")
    click(alices, "move", alert, home=beach.public_id)
    moved = Purchase.objects.get(property=beach)
    assert moved.takes == moved.property.house.stay(NIGHTS) != sale.takes
    assert Block.objects.ours().get().period == moved.period


def of_another(organization: Organization, mallory: User, home: Property) -> None:
    Property.objects.filter(pk=home.pk).update(organization=mallory.organizations.get())


def sold_in_yen(home: Property) -> None:
    Property.objects.filter(pk=home.pk).update(currency="JPY")


def archived(home: Property) -> None:
    Property.objects.filter(pk=home.pk).update(archived_at=cast.NOW)


def closed(home: Property) -> None:
    with ledger.changing(home, cast.NOW) as change:
        ledger.close(change, cast.nights(5))


def read_long_ago(home: Property) -> None:
    Feed.objects.filter(property=home).update(last_good_at=cast.NOW - timedelta(minutes=61))


def paused(home: Property) -> None:
    Feed.objects.filter(property=home).update(paused_at=cast.NOW)


def without_calendars(home: Property) -> None:
    Feed.objects.filter(property=home).delete()


@pytest.mark.parametrize(
    "spoil", [sold_in_yen, archived, closed, read_long_ago, paused, without_calendars], ids=lambda spoil: spoil.__name__
)  # fmt: skip
def test_a_home_that_cannot_take_the_guest_is_not_offered_and_not_taken(
    alices: Client, home: Property, sale: Purchase, alert: Alert, beach: Property, spoil: Callable[[Property], None]
) -> None:  # fmt: skip
    spoil(beach)
    page_says = words(alices.get(page(alert)))
    assert "None of your other homes is free for these nights" in page_says
    busy = cast.busy(beach)
    click(alices, "move", alert, home=beach.public_id)
    sale.refresh_from_db()
    assert (sale.property, cast.busy(beach)) == (home, busy)
    assert Block.objects.ours().get().property == home
    assert is_true(home, beach)


def test_another_organizations_home_does_not_exist(
    alices: Client, home: Property, sale: Purchase, alert: Alert, mallory: User
) -> None:
    villa = cast.a_property(mallory.organizations.get(), "Villa Mallory")
    cast.a_feed(villa, "https://www.airbnb.com/calendar/ical/9.ics", last_good_at=cast.NOW)
    assert "Villa Mallory" not in text(alices.get(page(alert)))
    for asked in (villa.public_id, "", "x" * 500, "\x00"):
        page_says = words(click(alices, "move", alert, home=asked))
        assert "Choose the home that the guest shall get." in page_says
    sale.refresh_from_db()
    assert sale.property == home


def test_a_guest_who_is_there_already_cannot_be_moved(
    alices: Client, link: StayLink, vrbo: Feed, beach: Property
) -> None:
    nights = cast.nights(-1, 4)
    with ledger.changing(link.property, cast.NOW) as change:
        Block.objects.all().delete()
        change.touched = True
    a_sale(link, nights, lines=[])
    cast.an_import(vrbo, cast.nights(2, 2))
    page_says = words(alices.get(page(the_alert())))
    assert "It has begun, so the guest can't be moved." in page_says
    assert "Shorten to 30 Nov – 3 Dec 2026" in page_says


def test_hours_that_close_a_night_can_only_be_cancelled(
    alices: Client, home: Property, link: StayLink, vrbo: Feed, beach: Property
) -> None:
    night = cast.nights(3)
    house = home.house
    late = instants(
        Period(house.instant(night.start, house.check_out), house.instant(night.start, house.check_in))
    )
    a_sale(link, night, kind="late_check_out", period=late, lines=[["hours", 6_000, "", ""]], amount=6_000)
    cast.an_import(vrbo, cast.nights(3, 2))
    alert = the_alert()
    page_says = words(alices.get(page(alert)))
    assert "Late check-out, until 15:00" in page_says
    assert "Hours can't be shortened or moved." in page_says
    assert "Shorten" not in page_says
    click(alices, "cancel", alert)
    assert not Block.objects.ours().exists()
    assert is_true(home)
