"""A sale that the host must agree to: because they want it so, or because a calendar can't be read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from calendars import ledger
from calendars.models import Alert, Block, Feed
from properties.models import Property
from tests import cast
from tests.conftest import Listing
from tests.stories.test_a_purchase import booked, held, settle
from upsells import checkout
from upsells.models import Offer, Purchase, StayLink

LATE = checkout.ANSWER_WITHIN + timedelta(seconds=1)


@pytest.fixture
def asked(home: Property, place: Listing, link: StayLink) -> Purchase:
    Offer.objects.update(mode="approval")
    return booked(link)


def questions() -> list[str]:
    return list(Alert.objects.open().filter(kind=Alert.Kind.REQUEST).values_list("details__guest", flat=True))


def test_what_needs_a_yes_is_kept_and_asked_and_not_yet_sold(home: Property, asked: Purchase) -> None:
    assert asked.state == Purchase.State.ASKED
    assert questions() == ["Marta"]
    assert Block.objects.ours().get().held_until == asked.answer_by
    assert settle(asked).state == Purchase.State.ASKED
    with pytest.raises(ledger.NightsTaken):
        held(asked.stay_link, 1)


def test_a_yes_is_looked_at_once_more_and_then_a_sale(home: Property, asked: Purchase) -> None:
    assert checkout.agree(asked, timezone.now())
    asked.refresh_from_db()
    assert asked.state == Purchase.State.CHECKING
    assert settle(asked).state == Purchase.State.CONFIRMED
    assert questions() == []
    assert not checkout.agree(asked, timezone.now())
    assert not checkout.refuse(asked, timezone.now())


def test_a_yes_cannot_sell_what_was_taken_meanwhile(home: Property, place: Listing, asked: Purchase) -> None:
    place.book(*cast.stay_of(home, 4, 6), guest="Quick")
    checkout.agree(asked, timezone.now())
    settled = settle(Purchase.objects.get())
    assert (settled.state, settled.reason) == (Purchase.State.DECLINED, Purchase.Reason.TAKEN)


def test_a_no_frees_the_time_at_once(home: Property, asked: Purchase) -> None:
    assert checkout.refuse(asked, timezone.now())
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == (Purchase.State.DECLINED, Purchase.Reason.REFUSED)
    assert not Block.objects.ours().exists()
    assert questions() == []
    assert not checkout.agree(asked, timezone.now())


def test_no_answer_in_time_is_a_no(home: Property, asked: Purchase) -> None:
    assert asked.answer_by is not None
    assert checkout.release_lapsed(asked.answer_by - timedelta(seconds=1)) == 0
    assert checkout.release_lapsed(asked.answer_by) == 1
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == (Purchase.State.DECLINED, Purchase.Reason.UNANSWERED)
    assert not Block.objects.ours().exists()
    assert not checkout.agree(asked, asked.answer_by)
    assert questions() == []


def test_a_yes_that_comes_too_late_sells_nothing(home: Property, asked: Purchase) -> None:
    assert asked.answer_by is not None
    assert not checkout.agree(asked, asked.answer_by)
    assert cast.the_states() == [Purchase.State.ASKED]


def test_a_guest_may_take_the_question_back(home: Property, asked: Purchase) -> None:
    assert checkout.let_go(asked, timezone.now())
    assert (cast.the_states(), questions()) == ([Purchase.State.LAPSED], [])
    assert not Block.objects.ours().exists()


def test_the_answer_is_due_within_a_day_and_before_the_guest_must_leave(
    home: Property, place: Listing, link: StayLink
) -> None:
    Offer.objects.update(mode="approval")
    house, stay = home.house, cast.leaving(home)
    leaves = house.instant(stay.day, house.check_out)
    for before, expected in [
        (timedelta(hours=40), leaves - timedelta(hours=16)),
        (timedelta(hours=5), leaves),
        (timedelta(minutes=5), leaves + timedelta(minutes=10)),
    ]:
        now = leaves - before
        Feed.objects.update(last_good_at=now)
        purchase = checkout.begin(link, stay, "extra_nights-1", 9_900, now)
        checkout.book(purchase, name="Marta", email="marta@example.org", now=now)
        purchase.refresh_from_db()
        assert purchase.answer_by == expected
        checkout.let_go(purchase, now)


def test_calendars_that_are_not_quite_fresh_make_a_question_of_an_instant_sale(
    home: Property, place: Listing, link: StayLink
) -> None:
    Feed.objects.update(last_good_at=timezone.now() - timedelta(minutes=30))
    assert booked(link).state == Purchase.State.ASKED


def test_a_host_who_agrees_is_believed_while_a_calendar_cannot_be_read(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    place.fault("server_error")
    settle(purchase)
    checkout.decide(purchase, timezone.now() + LATE)
    assert cast.the_states() == [Purchase.State.ASKED]
    purchase.refresh_from_db()
    assert checkout.agree(purchase, timezone.now())
    purchase.refresh_from_db()
    assert settle(purchase).state == Purchase.State.CHECKING
    assert checkout.decide(purchase, timezone.now() + LATE) == Purchase.State.CONFIRMED


def test_a_host_who_agrees_cannot_sell_what_is_known_to_be_taken(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    place.fault("server_error")
    settle(purchase)
    checkout.decide(purchase, timezone.now() + LATE)
    purchase.refresh_from_db()
    checkout.agree(purchase, timezone.now())
    purchase.refresh_from_db()
    other = cast.a_feed(home, "https://ical.booking.com/v1/export?t=2", last_good_at=timezone.now())
    cast.an_import(other, cast.more_nights(home, 1))
    assert checkout.decide(purchase, timezone.now() + LATE) == Purchase.State.DECLINED


def test_a_hold_that_is_gone_when_nobody_could_be_asked_in_time_ends_the_purchase(
    home: Property, place: Listing, link: StayLink
) -> None:
    purchase = booked(link)
    place.fault("server_error")
    settle(purchase)
    late = timezone.now() + checkout.GIVE_UP_AFTER + timedelta(minutes=1)
    assert checkout.decide(purchase, late) == Purchase.State.DECLINED
    purchase.refresh_from_db()
    assert purchase.reason == Purchase.Reason.LAPSED
