from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calendars import ledger
from calendars.models import Alert, Block, Feed
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.conftest import Listing
from upsells import cancelling, checkout, shelves
from upsells.models import Purchase, StayLink
from upsells.shelves import Nothing


def settle(purchase: Purchase) -> Purchase:
    """What the worker does, without the queue."""
    checkout.look_again(purchase, timezone.now())
    checkout.decide(purchase, timezone.now())
    purchase.refresh_from_db()
    return purchase


def held(link: StayLink, nights: int = 2) -> Purchase:
    """Nights after the stay of the `place` fixture, at what they cost there."""
    stay = cast.leaving(link.property)
    return checkout.begin(link, stay, f"extra_nights-{nights}", nights * 9_900, timezone.now())


def booked(link: StayLink, nights: int = 2) -> Purchase:
    purchase = held(link, nights)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    purchase.refresh_from_db()
    return purchase


def test_a_guest_buys_two_nights_and_they_are_closed_in_the_same_commit(
    home: Property, place: Listing, link: StayLink
) -> None:
    export = cast.an_export(home)
    nights = cast.more_nights(home)
    purchase = settle(booked(link))
    export.refresh_from_db()
    assert purchase.state == Purchase.State.CONFIRMED
    assert cast.busy(home) == [(cast.stay_of(home, 0, 3)[0], nights.end)]
    assert f"DTSTART;VALUE=DATE:{nights.start:%Y%m%d}".encode() in bytes(export.body)


def test_a_hold_keeps_the_nights_from_others_but_is_not_exported(
    home: Property, place: Listing, link: StayLink
) -> None:
    export = cast.an_export(home)
    held(link)
    with pytest.raises(ledger.NightsTaken):
        held(link, 1)
    etag = export.etag
    export.refresh_from_db()
    assert export.etag == etag


def test_a_hold_that_nobody_books_is_let_go(home: Property, place: Listing, link: StayLink) -> None:
    before = cast.busy(home)
    purchase = held(link)
    now = purchase.created_at
    assert checkout.release_lapsed(now + checkout.HOLD_FOR - timedelta(seconds=1)) == 0
    assert checkout.release_lapsed(now + checkout.HOLD_FOR) == 1
    purchase.refresh_from_db()
    assert (purchase.state, cast.busy(home)) == (Purchase.State.LAPSED, before)
    with pytest.raises(ledger.Lapsed):
        checkout.book(purchase, name="Marta", email="m@example.org", now=now + checkout.HOLD_FOR)


def test_a_booking_that_a_channel_took_meanwhile_declines_the_sale(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    settled = settle(purchase)
    assert (settled.state, settled.reason) == (Purchase.State.DECLINED, Purchase.Reason.TAKEN)
    assert not Block.objects.ours().exists()


def test_a_feed_that_cannot_be_read_never_becomes_a_guess(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    place.fault("server_error")
    assert settle(purchase).state == Purchase.State.CHECKING
    checkout.decide(purchase, timezone.now() + checkout.ANSWER_WITHIN + timedelta(seconds=1))
    purchase.refresh_from_db()
    assert (purchase.state, purchase.mode) == (Purchase.State.ASKED, "approval")
    assert Block.objects.ours().get().origin == Block.Origin.HOLD
    assert Alert.objects.open().get().kind == Alert.Kind.REQUEST


def test_a_sale_rests_on_reads_made_after_the_guest_pressed_book(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    checkout.decide(purchase, timezone.now())
    purchase.refresh_from_db()
    assert purchase.state == Purchase.State.CHECKING
    assert settle(purchase).state == Purchase.State.CONFIRMED
    assert purchase.requested_at is not None
    assert all(
        read_at >= purchase.requested_at
        for read_at in Feed.objects.values_list("last_good_at", flat=True)
        if read_at
    )


def test_settling_twice_or_pressing_twice_changes_nothing(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    checkout.book(purchase, name="Marta", email="marta@example.org", now=timezone.now())
    settle(purchase)
    settle(purchase)
    assert cast.the_states() == [Purchase.State.CONFIRMED]
    assert Block.objects.ours().count() == 1


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_charged(
    home: Property, place: Listing, link: StayLink
) -> None:
    with pytest.raises(checkout.NotOnSale):
        checkout.begin(link, cast.leaving(home), "extra_nights-2", 2 * 9_800, timezone.now())


def test_a_cancelled_sale_opens_the_nights_and_the_exports(
    home: Property, place: Listing, link: StayLink
) -> None:
    export = cast.an_export(home)
    before, empty = cast.busy(home), export.etag
    purchase = settle(booked(link))
    assert cancelling.cancel(purchase, timezone.now())
    export.refresh_from_db()
    assert (cast.busy(home), export.etag) == (before, empty)
    assert not cancelling.cancel(purchase, timezone.now())


def test_nothing_is_offered_while_a_feed_is_stale_or_paused(home: Property, place: Listing) -> None:
    stay, now = cast.leaving(home), timezone.now()
    assert shelves.shelf(home, stay, now).choices
    assert shelves.shelf(home, stay, now + timedelta(minutes=61)).why is Nothing.STALE
    Feed.objects.update(paused_at=now)
    assert shelves.shelf(home, stay, now).why is Nothing.STALE


def test_a_day_on_which_no_stay_ends_is_not_sold_from(home: Property, place: Listing) -> None:
    assert shelves.shelf(home, cast.leaving(home, 13), timezone.now()).why is Nothing.NO_STAY


def test_the_guest_of_a_direct_booking_whose_nights_the_host_closed_is_offered_more(
    home: Property, place: Listing
) -> None:
    first = home.house.today(timezone.now()) + timedelta(days=11)
    with ledger.changing(home, timezone.now()) as change:
        ledger.close(change, Span(first, first + timedelta(days=2)), "Marta, direct")
    assert shelves.shelf(home, cast.leaving(home, 13), timezone.now()).choices


def test_the_pages_take_a_guest_from_the_link_to_the_confirmation(
    client: Client, home: Property, place: Listing, link: StayLink
) -> None:
    nights = cast.more_nights(home)
    page = client.get(reverse("guest:stay", args=[link.token]), {"departure": str(nights.start)})
    assert page.status_code == 200
    quote = page.context["shelf"].choices[1].quote
    answer = client.post(
        reverse("guest:stay", args=[link.token]),
        {"departure": str(nights.start), "choice": f"{quote.key}:{quote.price.total.amount}"},
    )
    assert answer.status_code == 302
    booked = client.post(answer.url, {"name": "Marta", "email": "marta@example.org"})
    assert booked.status_code == 302
    purchase = Purchase.objects.get()
    assert purchase.state == Purchase.State.CHECKING
    settle(purchase)
    assert "€198.00" in client.get(answer.url).content.decode()


def test_a_guest_who_changes_their_mind_frees_the_nights_at_once(
    client: Client, home: Property, place: Listing, link: StayLink
) -> None:
    before = cast.busy(home)
    purchase = held(link)
    address = reverse("guest:purchase", args=[link.token, purchase.public_id])
    assert client.post(address, {"let_go": "1"}).status_code == 302
    assert (cast.the_states(), cast.busy(home)) == ([Purchase.State.LAPSED], before)
    booked(link)
    assert not checkout.let_go(Purchase.objects.latest("pk"), timezone.now())


def test_a_feed_removed_while_a_guest_holds_nights_asks_the_host(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    with ledger.changing(home, timezone.now()) as change:
        ledger.remove_feed(change, Feed.objects.get())
    assert settle(purchase).state == Purchase.State.CHECKING
    checkout.decide(purchase, timezone.now() + checkout.ANSWER_WITHIN + timedelta(seconds=1))
    purchase.refresh_from_db()
    assert purchase.state == Purchase.State.ASKED


def test_a_home_archived_while_a_guest_holds_nights_sells_nothing(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    Property.objects.update(archived_at=timezone.now())
    settled = settle(purchase)
    assert (settled.state, settled.reason) == (Purchase.State.DECLINED, Purchase.Reason.WITHDRAWN)


def test_a_price_in_the_old_currency_is_not_offered_in_a_new_one(home: Property, place: Listing) -> None:
    Property.objects.update(currency="JPY")
    home.refresh_from_db()
    assert shelves.shelf(home, cast.leaving(home), timezone.now()).why is Nothing.OFF
