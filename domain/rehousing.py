"""What is known of a property's time when its clock is set anew: another zone, other hours of arrival and departure."""

from collections.abc import Iterable, Iterator

from domain.events import Event, Kind
from domain.house import House
from domain.ics import Reading, State, Window
from domain.moments import INSTANT
from domain.spans import NIGHT, Period, Span
from domain.sync import Claim


def on_the_wall(period: Period, before: House, after: House) -> Period:
    """The same hours on the walls of another zone: what people agreed on. Never empty; a skipped hour is the next."""
    start, end = (
        after.instant(local.date(), local.time().replace(fold=local.fold))
        for local in (at.astimezone(before.zone) for at in (period.start, period.end))
    )
    return Period(start, end if end > start else start + (period.end - period.start))


def reckoned_anew(claims: Iterable[Claim], before: House, after: House, window: Window) -> Reading:
    """What a feed last said, as far as its claims tell, with other times of the house.

    Dates stay dates. Hours close the nights that they reach by the new times; in a new zone nobody can tell from the
    claims which of them moved with it, so both readings are closed. DEGRADED, since it is no evidence that any night
    is free: only the next read is.
    """
    events = tuple(_event(claim, before, after, window) for claim in claims if not claim.missing)
    return Reading(State.DEGRADED, events)


def _event(claim: Claim, before: House, after: House, window: Window) -> Event:
    nights, period, kind = claim.nights, claim.period, claim.kind
    if period is None:
        return _of(claim, kind, nights, None)
    readings = [period]
    if before.zone != after.zone:
        readings.append(on_the_wall(period, before, after))
    period = Period(min(each.start for each in readings), max(each.end for each in readings))
    nights = _inside(list(_closed(readings, after)), nights, window)
    if (nights is None) != (kind is Kind.HOURS):
        kind = Kind.HOURS if nights is None else Kind.BLOCK
    return _of(claim, kind, nights, period)


def _of(claim: Claim, kind: Kind, nights: Span | None, period: Period | None) -> Event:
    edges = period or nights
    if edges is None:
        message = f"a claim on nothing: {claim.uid}"
        raise ValueError(message)
    return Event(claim.uid, kind, claim.summary, edges.start, edges.end, nights, period)


def _closed(readings: Iterable[Period], house: House) -> Iterator[Span]:
    """The nights of each reading; one that is as short as a time without length closes that of its day at least."""
    for period in readings:
        if nights := house.nights_of(period):
            yield nights
        elif period.end - period.start <= INSTANT:
            day = period.start.astimezone(house.zone).date()
            yield Span(day, day + NIGHT)


def _inside(spans: list[Span], known: Span | None, window: Window) -> Span | None:
    """All of the spans as one, no farther than was read: what begins or ends beyond was clipped there."""
    if not spans:
        return None
    start = min(window.start, known.start) if known else window.start
    end = max(window.end, known.end) if known else window.end
    return Span(min(span.start for span in spans), max(span.end for span in spans)).clip(Span(start, end))
