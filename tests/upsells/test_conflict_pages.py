"""The page of a double booking: what both say, the ways out, and what each of them does to nights and exports."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from calendars import ledger
from calendars.models import Alert, Block, ExportLink, Feed, date_range
from domain.events import Kind
from domain.spans import Period, Span
from properties.models import Property
from tests import cast
from tests.stories.test_an_export import nights_of
from tests.upsells.pages import a_purchase, instants, page_of, text
from upsells import remedies
from upsells.models import Purchase, StayLink

VRBO = "https://www.vrbo.com/icalendar/1.ics"
NIGHTS = cast.nights(3, 3)
FREE, WANTED = cast.nights(3, 2), cast.nights(5, 2)
LINES = [["night", 10_000, "2026-12-04", ""], ["night", 12_000, "2026-12-05", ""],
         ["night", 8_000, "2026-12-06", ""], ["tax", 3_000, "", "VAT"]]  # fmt: skip


def a_sale(link: StayLink, nights: Span = NIGHTS, **columns: Any) -> Purchase:
    """A confirmed sale of these nights, in the ledger and as a purchase."""
    home = link.property
    values = {"lines": LINES, "amount": 33_000, "guest_email": "marta+1@example.org", "decided_at": cast.NOW}
    sale = a_purchase(
        link,
        "confirmed",
        **values | {"nights": date_range(nights), "period": instants(home.house.stay(nights))} | columns,
    )
    with ledger.changing(home, cast.NOW) as change:
        hours = None if sale.is_nightly else sale.takes
        ledger.hold(change, nights, hours=hours, until=cast.NOW, reference=sale.public_id)
        ledger.confirm(change, sale.public_id)
    return Purchase.objects.get(pk=sale.pk)


def the_alert() -> Alert:
    return Alert.objects.filter(kind=Alert.Kind.CONFLICT).latest("pk")


def page(alert: Alert) -> str:
    return reverse("upsells:conflict", args=[alert.public_id])


def click(client: Client, remedy: str, alert: Alert, **body: Any) -> Any:
    return client.post(reverse(f"upsells:conflict-{remedy}", args=[alert.public_id]), body, follow=True)


def words(answer: Any) -> str:
    """The page's words on one line, without the markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(answer)))


def is_true(*homes: Property) -> bool:
    """Whether Busy and every export say what the blocks say."""
    call_command("verify_ledger")
    return [ledger.differences(home) for home in homes] == [[] for _ in homes]


@pytest.fixture
def vrbo(home: Property) -> Feed:
    return cast.a_feed(home, VRBO, last_good_at=cast.NOW)


@pytest.fixture
def export(home: Property) -> ExportLink:
    return cast.an_export(home)


@pytest.fixture
def sale(link: StayLink, export: ExportLink) -> Purchase:
    return a_sale(link)


@pytest.fixture
def alert(sale: Purchase, vrbo: Feed) -> Alert:
    """Somebody else has booked the last of the three nights that were sold, and one more."""
    cast.an_import(vrbo, WANTED, summary="Reserved - Ann")
    return the_alert()


@pytest.fixture
def beach(organization: Organization) -> Property:
    """Another home, free, with a calendar that was just read."""
    home = cast.a_property(organization, "Casa Playa")
    cast.a_feed(home, "https://www.airbnb.com/calendar/ical/2.ics", last_good_at=cast.NOW)
    return home


def exported(link: ExportLink, client: Client) -> list[Any]:
    return nights_of(client.get(cast.path_of(link)).content)


# What is known


def test_the_page_tells_both_sides_of_a_sale_and_an_outside_booking(alices: Client, alert: Alert) -> None:
    page_says = words(alices.get(page(alert)))
    assert "Both want the night 6–7 Dec 2026" in page_says
    assert "Your sale" in page_says
    assert "3 extra nights · 4–7 Dec 2026" in page_says
    assert "Marta Puig · marta+1@example.org" in page_says
    assert "€330.00, at the property" in page_says
    assert "“Reserved - Ann” 6–8 Dec 2026 · a booking" in page_says
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


# Too late, twice, at once


@pytest.mark.parametrize("remedy", ["cancel", "shorten", "move"])
def test_a_click_for_nights_that_are_free_again_does_nothing(
    alices: Client, home: Property, sale: Purchase, alert: Alert, beach: Property, remedy: str
) -> None:  # fmt: skip
    with ledger.changing(home, cast.NOW) as change:
        Block.objects.filter(feed__channel="vrbo").delete()
        change.touched = True
    page_says = words(click(alices, remedy, alert, home=beach.public_id, nights="2", amount="24200"))
    assert "Nothing was done" in page_says
    sale.refresh_from_db()
    assert (sale.state, sale.span, sale.property) == (Purchase.State.CONFIRMED, NIGHTS, home)
    assert Block.objects.ours().get().property == home


@pytest.mark.parametrize("second", ["cancel", "shorten", "move", "settle"])
@pytest.mark.parametrize("first", ["cancel", "shorten", "move"])
def test_a_second_click_does_nothing_more(
    alices: Client, home: Property, sale: Purchase, alert: Alert, beach: Property, first: str, second: str
) -> None:  # fmt: skip
    body = {"home": beach.public_id, "nights": "2", "amount": "24200"}
    click(alices, first, alert, **body)
    sale.refresh_from_db()
    once = list(Purchase.objects.order_by("pk").values())
    assert (sale.state, sale.span) != (Purchase.State.CONFIRMED, NIGHTS)
    page_says = words(click(alices, second, alert, **body))
    assert "Nothing was done" in page_says
    assert list(Purchase.objects.order_by("pk").values()) == once
    assert is_true(home, beach)


def at_once(*stories: Callable[[], object]) -> list[str]:
    """What became of stories that begin at the same moment."""
    ready = Barrier(len(stories))

    def run(story: Callable[[], object]) -> str:
        try:
            ready.wait(10)
            story()
        except (remedies.Over, ledger.NightsTaken) as error:
            return type(error).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(stories)) as pool:
        return sorted(pool.map(run, stories))


@pytest.mark.django_db(transaction=True)
def test_of_all_remedies_clicked_at_once_one_is_done(
    home: Property, sale: Purchase, alert: Alert, beach: Property
) -> None:
    stories = (
        lambda: remedies.cancel(alert, sale, cast.NOW),
        lambda: remedies.shorten(alert, sale, (2, 24_200), cast.NOW),
        lambda: remedies.move(alert, sale, beach, cast.NOW),
    )
    assert at_once(*stories, *stories) == ["Over"] * 5 + ["done"]
    alive = Purchase.objects.filter(state=Purchase.State.CONFIRMED)
    assert [(block.reference, block.property, block.span) for block in Block.objects.ours()] == [
        (left.public_id, left.property, left.span) for left in alive
    ]
    assert is_true(home, beach)


@pytest.mark.django_db(transaction=True)
def test_moves_both_ways_at_once_do_not_wait_for_each_other_in_a_circle(
    home: Property, sale: Purchase, alert: Alert, beach: Property
) -> None:
    theirs = a_sale(cast.a_stay_link(beach), cast.nights(30, 2), lines=[])
    cast.an_import(Feed.objects.get(property=beach), cast.nights(31, 2))
    other = the_alert()
    Feed.objects.update(last_good_at=cast.NOW)
    assert at_once(
        lambda: remedies.move(alert, sale, beach, cast.NOW),
        lambda: remedies.move(other, theirs, home, cast.NOW),
    ) == ["done", "done"]
    for sold, to in ((sale, beach), (theirs, home)):
        sold.refresh_from_db()
        assert sold.state == Purchase.State.CANCELLED
        moved = Purchase.objects.get(property=to, state=Purchase.State.CONFIRMED)
        assert (moved.span, moved.amount) == (sold.span, sold.amount)
        assert Block.objects.ours().get(property=to).reference == moved.public_id
    assert is_true(home, beach)


@pytest.mark.django_db(transaction=True)
def test_a_move_that_is_killed_on_its_way_has_not_begun(
    home: Property, sale: Purchase, alert: Alert, beach: Property, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(ledger, "confirm", kill)
    with pytest.raises(Killed):
        remedies.move(alert, sale, beach, cast.NOW)
    assert Block.objects.ours().get().property == home
    assert cast.busy(beach) == []
    assert is_true(home, beach)
    monkeypatch.undo()
    remedies.move(alert, sale, beach, cast.NOW)
    assert Block.objects.ours().get().property == beach
