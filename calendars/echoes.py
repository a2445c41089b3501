"""Nights that a feed closes only because its site reads our export: ours, not somebody else's."""

from datetime import date

from calendars import exports
from calendars.models import Feed
from domain.conflicts import echoed
from domain.events import Kind
from domain.spans import nights_in, runs
from domain.sync import Plan
from properties.models import Property

WORDED = frozenset({"airbnb", "vrbo", "expedia"})  # they name their guests otherwise than what they read


def listen(property: Property, feed: Feed, plan: Plan, today: date) -> None:
    """Remember which nights the feed only reads back, for as long as it closes them.

    A guest who booked exactly our nights there is none of it, where the site's words tell. To be called under the
    lock of the property, once the plan is applied.
    """
    own = exports.told(property, feed)
    still = nights_in(claim.nights for claim in plan.claims if claim.nights)
    guests = (claim.nights for claim in plan.claims if claim.nights and claim.kind is Kind.RESERVATION)
    ours = nights_in(own)
    booked = [span for span in guests if feed.channel in WORDED and ours.issuperset(span.nights())]
    found = echoed(runs(plan.closed - nights_in(booked)), still, own, feed.echo_spans, today)
    left = [
        [str(run.start), str(run.end)] for span in found for run in runs(still.intersection(span.nights()))
    ]
    if left != feed.echoes:
        feed.echoes = left
        feed.save(update_fields=["echoes"])
