"""Whether a night that is taken here is closed at the systems that the home's units are of, in sentences."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from calendars import closing, sentences
from calendars.models import Block, Closure, Connection, Feed
from properties.dates import moment
from properties.models import Property

State = Closure.State


def told_at_once(organization: Organization, home: Property) -> list[str]:
    """The names of the systems that are told when nights of the home are taken."""
    feeds = Feed.objects.of(organization).filter(property=home).with_turns().defer("url")
    return sorted({unit.source.name for unit in _two_way(feeds, needs_keys=True)})


def said(
    organization: Organization, feeds: Iterable[Feed], night: date, blocks: Sequence[Block]
) -> list[str]:
    """How far the night is closed at each system that is told of it; in one query where there is such a system.

    `feeds` are the home's, with it and their connections; `blocks` what claims the night. Until a closure is written
    down for it, the same rule says that one comes.
    """
    units = _two_way(feeds)
    rows = Closure.objects.of(organization).filter(feed__in=units, first__lte=night, last__gt=night)
    closures = {row.feed_id: row for row in rows.wanted().exclude(state=State.OVER)} if units else {}
    shown = ((unit, closures.get(unit.pk)) for unit in units)
    return [_sentence(unit, row) for unit, row in shown if row or _is_coming(unit, night, blocks)]


def _is_coming(unit: Feed, night: date, blocks: Sequence[Block]) -> bool:
    """Whether the night will be closed there once what is to be closed is worked out."""
    today = unit.property.house.today(timezone.now())
    return any(night in span for span in closing.to_close(unit, blocks, today))


def _two_way(feeds: Iterable[Feed], *, needs_keys: bool = False) -> list[Feed]:
    """The units at whose systems nights are closed."""
    ways = [(feed, feed.connection) for feed in feeds]
    return [
        feed
        for feed, way in ways
        if way and way.two_way and not (needs_keys and way.state == Connection.State.STOPPED)
    ]


def _sentence(unit: Feed, closure: Closure | None) -> str:
    """What became of the closure, or that it is to come."""
    system = {"system": unit.source.name}
    problem = sentences.sentence(closure.problem) if closure else ""
    if closure and closure.state == State.THERE and closure.closed_at:
        at = moment(timezone.localtime(closure.closed_at, unit.property.house.zone))
        return _("Closed at %(system)s since %(time)s.") % {**system, "time": at}
    if closure and closure.state == State.REFUSED:
        return _("%(system)s refuses to close it: “%(reason)s”") % {**system, "reason": problem}
    waits = _("Waiting to be closed at %(system)s.") % system
    return f"{waits} {problem}".strip()
