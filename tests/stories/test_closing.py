"""Two ways: what is taken here is closed at the other system, once, recognised when it comes back, and opened again."""

import pytest

from calendars import closing, ledger, mirrors
from calendars.models import Block, Closure, Feed
from domain.events import Kind
from domain.spans import Span
from tests import cast
from tests.mirrored import MINUTE, Mirror

pytestmark = pytest.mark.django_db(transaction=True)

State = Closure.State


@pytest.fixture
def airbnb(mirror: Mirror) -> Feed:
    return cast.a_feed(mirror.home)


def a_stay(mirror: Mirror, feed: Feed, nights: Span, **columns: object) -> Block:
    return cast.an_import(feed, nights, mirror.now, **columns)


def ends(mirror: Mirror, block: Block) -> None:
    with ledger.changing(mirror.home, mirror.now) as change:
        block.delete()
        change.touched = True


def states() -> list[str]:
    return list(Closure.objects.order_by("pk").values_list("state", flat=True))


def test_nights_that_another_calendar_takes_are_closed_there_and_opened_when_it_lets_go(
    mirror: Mirror, airbnb: Feed
) -> None:
    stay = mirror.days(10, 3)
    block = a_stay(mirror, airbnb, stay)
    assert mirror.tell() == 1
    assert (mirror.there(), states()) == ([stay], [State.THERE])
    assert mirror.tell() == 0
    ends(mirror, block)
    mirror.later(MINUTE)
    mirror.tell()
    assert (mirror.there(), states()) == ([], [State.OVER])


def test_our_own_closure_comes_back_and_is_nobodys_reason(mirror: Mirror, airbnb: Feed) -> None:
    stay = mirror.days(10, 3)
    block = a_stay(mirror, airbnb, stay)
    mirror.tell()
    mirror.later()
    assert mirror.read() is not None
    assert not Block.objects.filter(feed=mirror.feed).exists()
    ends(mirror, block)
    assert mirror.busy() == []
    mirror.tell()
    mirror.later()
    mirror.read()
    assert (mirror.busy(), mirror.there()) == ([], [])


def test_a_stay_there_beside_ours_is_theirs(mirror: Mirror, airbnb: Feed) -> None:
    a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.tell()
    theirs = mirror.days(13, 2)
    mirror.book(theirs)
    mirror.later()
    mirror.read()
    assert [block.span for block in Block.objects.filter(feed=mirror.feed)] == [theirs]


def test_a_sale_is_closed_there(mirror: Mirror) -> None:
    sold = mirror.days(20, 2)
    cast.a_sale(mirror.home, sold)
    mirror.tell()
    assert mirror.there() == [sold]


def test_a_lost_reply_closes_once(mirror: Mirror, airbnb: Feed) -> None:
    stay = mirror.days(10, 3)
    block = a_stay(mirror, airbnb, stay)
    mirror.escapia.fault("drop_reply", on="CreateReservation", count=1)
    mirror.tell()
    assert (mirror.there(), states()) == ([stay], [State.SENT])
    mirror.later()
    mirror.read()
    assert not Block.objects.filter(feed=mirror.feed).exists()
    mirror.tell()
    assert (mirror.there(), states()) == ([stay], [State.THERE])
    assert len(mirror.escapia.state(mirror.unit)["stays"]) == 1
    ends(mirror, block)
    mirror.tell()
    assert mirror.there() == []


def test_a_stay_that_ends_while_the_reply_is_lost_is_opened_all_the_same(
    mirror: Mirror, airbnb: Feed
) -> None:
    block = a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.escapia.fault("drop_reply", on="CreateReservation", count=1)
    mirror.tell()
    ends(mirror, block)
    mirror.later(MINUTE)
    mirror.tell()
    assert (mirror.there(), states()) == ([], [State.OVER])


def test_a_shorter_stay_is_closed_anew_once_the_longer_one_is_opened(mirror: Mirror, airbnb: Feed) -> None:
    block = a_stay(mirror, airbnb, mirror.days(10, 5))
    mirror.tell()
    ends(mirror, block)
    a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.tell()
    mirror.later(MINUTE)
    mirror.tell()
    assert (mirror.there(), states()) == ([mirror.days(10, 3)], [State.OVER, State.THERE])


def test_a_longer_stay_adds_its_nights_alone(mirror: Mirror, airbnb: Feed) -> None:
    block = a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.tell()
    ends(mirror, block)
    a_stay(mirror, airbnb, mirror.days(10, 5))
    mirror.tell()
    assert (mirror.there(), states()) == ([mirror.days(10, 5)], [State.THERE, State.THERE])


def test_what_is_taken_there_already_is_not_closed_again(mirror: Mirror, airbnb: Feed) -> None:
    mirror.book(mirror.days(10, 3))
    mirror.later()
    mirror.read()
    a_stay(mirror, airbnb, mirror.days(10, 3))
    assert (mirror.tell(), states()) == (0, [])


def test_nights_that_a_site_only_reads_back_from_us_are_not_closed_there(
    mirror: Mirror, airbnb: Feed
) -> None:
    theirs = mirror.days(10, 3)
    stay = mirror.book(theirs)
    mirror.later()
    mirror.read()
    Feed.objects.filter(pk=airbnb.pk).update(echoes=[[str(theirs.start), str(theirs.end)]])
    a_stay(mirror, airbnb, theirs)
    mirror.escapia.cancel(mirror.unit, stay)
    with ledger.changing(mirror.home, mirror.now) as change:
        Block.objects.filter(feed=mirror.feed).delete()
        change.touched = True
    assert (mirror.tell(), mirror.there()) == (0, [])


@pytest.mark.parametrize("kind", [Kind.ADVANCE_NOTICE, Kind.PREPARATION, Kind.BOOKING_WINDOW, Kind.GAP])
def test_what_a_site_closes_by_a_rule_of_its_own_stays_its_own(
    mirror: Mirror, airbnb: Feed, kind: Kind
) -> None:
    a_stay(mirror, airbnb, mirror.days(1, 2), kind=kind)
    assert (mirror.tell(), states()) == (0, [])


def test_what_cannot_be_told_now_is_told_later(mirror: Mirror, airbnb: Feed) -> None:
    a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.escapia.fault("server_error")
    mirror.tell()
    assert mirror.tell() == 0
    mirror.escapia.mended()
    mirror.later()
    assert mirror.tell() == 1
    assert (mirror.there(), states()) == ([mirror.days(10, 3)], [State.THERE])


def test_a_refusal_is_kept_and_not_repeated(mirror: Mirror, airbnb: Feed) -> None:
    mirror.book(mirror.days(11, 1))  # not known here yet
    a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.tell()
    assert states() == [State.REFUSED]
    mirror.later()
    assert mirror.tell() == 0
    mirror.read()
    mirror.tell()
    assert mirror.there() == [mirror.days(10, 3)]
    assert sorted(states()) == [State.OVER, State.THERE, State.THERE]


@pytest.mark.parametrize("way", ["one way", "archived", "removed"])
def test_whoever_gives_it_up_leaves_nothing_closed_there(mirror: Mirror, airbnb: Feed, way: str) -> None:
    a_stay(mirror, airbnb, mirror.days(10, 3))
    mirror.tell()
    match way:
        case "one way":
            mirrors.set_two_way(mirror.connection, two_way=False)
        case "archived":
            mirrors.archive(mirror.connection, mirror.now)
        case _:
            with ledger.changing(mirror.home, mirror.now) as change:
                ledger.remove_feed(change, mirror.feed)
    mirror.tell()
    assert (mirror.there(), states()) == ([], [State.OVER])


def test_two_workers_close_once(mirror: Mirror, airbnb: Feed) -> None:
    a_stay(mirror, airbnb, mirror.days(10, 3))
    closing.follow(mirror.now)
    closing.follow(mirror.now)
    assert states() == [State.DUE]
    assert [closing.send_due(mirror.now), closing.send_due(mirror.now)] == [1, 0]
    assert len(mirror.escapia.state(mirror.unit)["stays"]) == 1
