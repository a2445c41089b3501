"""Each rule that stops an offer has its sentence, whatever is offered."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.house import House
from domain.offers import NIGHTLY, Kind
from domain.stops import Stop, Why
from upsells import sentences

HOUSE = House(ZoneInfo("Europe/Madrid"))
OF_BOTH = (Why.OVER, Why.CUT_OFF, Why.NOT_YET, Why.MOST, Why.WEEKDAY, Why.BLACKOUT, Why.TURNAROUND, Why.HOURS)
OF_NIGHTS = (Why.TAKEN, Why.ORPHAN)
OF_HOURS = (Why.LIMIT, Why.CLOSES_NIGHT, Why.SOLD, Why.CLEANERS)


def test_every_rule_belongs_to_nights_or_hours() -> None:
    assert {*OF_BOTH, *OF_NIGHTS, *OF_HOURS} == set(Why)


@pytest.mark.parametrize("kind", Kind)
def test_every_rule_has_a_sentence_of_its_own_that_says_what_it_knows(kind: Kind) -> None:
    rules: Sequence[Why] = (*OF_BOTH, *(OF_NIGHTS if kind in NIGHTLY else OF_HOURS))
    stops = [Stop(why, date(2026, 12, 4), datetime(2026, 12, 4, 10, tzinfo=UTC), count=3) for why in rules]
    found = [sentences.stopped(kind, stop, HOUSE, some=False) for stop in stops]
    assert len(set(found)) == len(rules)
    for why, sentence in zip(rules, found, strict=True):
        assert sentence[0].isupper() or sentence[0].isdigit(), why
        assert sentence.endswith("."), why
        known = ("4 Dec", "11:00", "Friday", " 2 nights", "3 nights", "Your latest", "Your earliest")
        assert any(fact in sentence for fact in known), sentence


def test_what_stops_only_more_says_so() -> None:
    stop = Stop(Why.TAKEN, date(2026, 12, 6), count=3)
    assert sentences.stopped(Kind.EXTRA_NIGHTS, stop, HOUSE, some=True) == (
        "Why not more: the night of Sun, 6 Dec 2026 is taken."
    )


def test_what_a_guest_is_about_to_buy_isnt_called_sold() -> None:
    kept = Stop(Why.SOLD, date(2026, 12, 4), datetime(2026, 12, 4, 9, 37, tzinfo=UTC))
    said = sentences.stopped(Kind.LATE_CHECK_OUT, kept, HOUSE, some=False)
    assert (
        said
        == "Its guest is booking nights or hours beside Fri, 4 Dec 2026; they are kept until 4 Dec, 10:37."
    )
    sold = sentences.stopped(Kind.LATE_CHECK_OUT, Stop(Why.SOLD, date(2026, 12, 4)), HOUSE, some=False)
    assert sold == "Nights or hours beside Fri, 4 Dec 2026 are already sold to its guest."
