"""What may be sold to a guest, and for how much: pure rules over the merged calendar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.money import Money
from domain.spans import Span, free_from

FRESH = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Terms:
    """A host's rules for extra nights: the price of a night and how many at most."""

    nightly: Money
    max_nights: int


@dataclass(frozen=True, slots=True)
class Quote:
    """Nights a guest can buy and what they cost altogether."""

    nights: Span
    price: Money


def extra_nights(departure: date, busy: Iterable[Span], terms: Terms, *, today: date) -> tuple[Quote, ...]:
    """One quote per length: the free nights that begin on the departure day, from one up to the most allowed.

    Empty when the night of the departure day is taken or that day is over. Prices rise with the length.
    """
    if departure < today:
        return ()
    free = free_from(departure, busy, terms.max_nights)
    if free is None:
        return ()
    return tuple(
        Quote(Span(departure, departure + timedelta(days=count)), terms.nightly * count)
        for count in range(1, len(free) + 1)
    )


def fresh_enough(last_good_reads: Iterable[datetime | None], now: datetime) -> bool:
    """Whether every feed was read well within the last hour; no feed at all is not enough to sell on."""
    reads = list(last_good_reads)
    return bool(reads) and all(read is not None and now - read <= FRESH for read in reads)
