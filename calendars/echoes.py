"""Nights that a feed closes only because its site reads our export: ours, not somebody else's."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from calendars import exports
from calendars.models import Feed, LoopCheck
from domain.channels import WORDED
from domain.conflicts import echoed
from domain.events import Kind
from domain.spans import NIGHT, Span, nights_in, runs
from domain.sync import Plan
from properties.models import Property

LATE = 7 * NIGHT  # a site may give a loop check's mark back days after the check has ended


def listen(property: Property, feed: Feed, plan: Plan, new: frozenset[date], today: date) -> None:
    """Remember which nights the feed only reads back, for as long as it closes them.

    A guest who booked exactly our nights there is none of it, where the site's words tell. `new` are the nights that
    the feed didn't name before, those that are over among them. To be called under the lock of the property, once the
    plan is applied.
    """
    marks = _marks(property, today)
    own = [*exports.told(property, feed), *marks]
    still = nights_in(claim.nights for claim in plan.claims if claim.nights)
    guests = (claim.nights for claim in plan.claims if claim.nights and claim.kind is Kind.RESERVATION)
    ours = nights_in(own)
    booked = nights_in(span for span in guests if feed.channel in WORDED and ours.issuperset(span.nights()))
    found = echoed(runs(plan.closed - booked), still, own, feed.echo_spans, today)
    found += tuple(_marked(marks, new - booked, ours))
    left = [
        [str(run.start), str(run.end)] for span in found for run in runs(still.intersection(span.nights()))
    ]
    if left != feed.echoes:
        feed.echoes = left
        feed.save(update_fields=["echoes"])


def is_mark(feed: Feed, night: date) -> bool:
    """Whether a loop check's mark lay on the night."""
    return LoopCheck.objects.filter(property=feed.property_id, night=night).exists()


def _marks(property: Property, today: date) -> list[Span]:
    """The nights of the loop check that runs and of those that ended a while ago."""
    lately = Q(ended_at=None) | Q(night__gte=today - LATE)
    rows = LoopCheck.objects.filter(lately, property=property).values_list("night", flat=True)
    return [Span(night, night + NIGHT) for night in rows.distinct().order_by("night")]


def _marked(marks: Iterable[Span], new: frozenset[date], ours: frozenset[date]) -> list[Span]:
    """The marks that the feed names anew, but for those within a longer stay, which is somebody's booking."""
    own = nights_in(run for run in runs(new) if ours.issuperset(run.nights()))
    return [mark for mark in marks if mark.start in own]
