"""Ways out of a double booking that are clicked too late, twice, or at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from calendars import ledger
from calendars.models import Alert, Block, Feed
from properties.models import Property
from tests import cast
from tests.upsells.conflicts import NIGHTS, a_sale, alert, click, is_true, sale, the_alert, words
from upsells import remedies
from upsells.models import Purchase

__all__ = ["alert", "sale"]  # fixtures


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
