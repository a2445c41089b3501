"""How the service is doing, from what it wrote down itself: counts over all tenants, and nothing of any of them.

Every figure can be missing, and then it is said that nobody knows; a guess would be worse than a gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.core.cache import cache
from django.db.models import Case, Count, F, FloatField, Max, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Extract, Greatest, Round, TruncMinute

from calendars import uptime
from calendars.models import Alert, ExportLink, Feed, FeedRead, Readership

KEY, LASTS_S = "vitals", 60
DAY = timedelta(hours=24)
LONGEST_LINE = timedelta(hours=26)  # reads without news share a line of the log for a day, and one interval
INCIDENTS = timedelta(days=90)
TOGETHER = timedelta(hours=1)  # calendars that are late within it are one incident
MINUTE = timedelta(minutes=1)
SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which calendars were read late without a fault of theirs; `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    calendars: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """The figures at one moment. A delay, an age or an instant is None where nothing tells it."""

    at: datetime
    calendars: int
    failing: int
    overdue: timedelta | None
    age: timedelta | None  # since their last good read, of all but the oldest twentieth
    reads: dict[str, int]  # in the last day, by outcome
    pause: timedelta | None  # in the last day there was no longer one between two reads
    links: int
    links_read: int
    last_pull: datetime | None
    answering_since: datetime | None
    incident: Incident | None


def vitals(now: datetime) -> Vitals:
    """The figures, at most a minute old. Raises DatabaseError while the database is away."""
    found: Vitals | None = cache.get(KEY)
    if found is None:
        found = measured(now)
        cache.set(KEY, found, LASTS_S)
    return found


def measured(now: datetime) -> Vitals:
    """The figures as they are now."""
    reading = Feed.objects.in_use().reading()
    # A unit of another system is read as often as its account's budget says, which is no delay of ours
    by_link = Q(connection=None)
    due = reading.aggregate(number=Count("pk"), oldest=Min("next_poll_at", filter=by_link))
    good = reading.filter(failures=0)
    lines = FeedRead.objects.filter(at__gte=now - DAY - LONGEST_LINE)
    links = ExportLink.objects.filter(revoked_at=None, property__archived_at=None)
    pulls = Readership.objects.filter(link__in=links)
    return Vitals(
        at=now,
        calendars=due["number"],
        failing=due["number"] - good.count(),
        overdue=max(now - due["oldest"], timedelta()) if due["oldest"] else None,
        age=_age(good.filter(by_link).values_list("last_good_at", flat=True), now),
        reads=_by_outcome(lines.filter(until__gte=now - DAY), now - DAY),
        pause=_longest_pause(lines, now),
        links=links.count(),
        links_read=pulls.filter(last_at__gte=now - DAY).values("link").distinct().count(),
        last_pull=pulls.aggregate(last=Max("last_at"))["last"],
        answering_since=uptime.since(),
        incident=_incident(now),
    )


def _age(instants: Iterable[datetime | None], now: datetime) -> timedelta | None:
    newest_first = sorted((instant for instant in instants if instant), reverse=True)
    if not newest_first:
        return None
    return max(now - newest_first[int(SHARE * (len(newest_first) - 1))], timedelta())


def _by_outcome(lines: QuerySet[FeedRead], since: datetime) -> dict[str, int]:
    """How many reads ended how; of a line that began before, the part of them that its share of time tells."""
    inside, whole = Extract(F("until") - Value(since), "epoch"), Extract(F("until") - F("at"), "epoch")
    share = Case(
        When(at__lt=since, until__gt=F("at"), then=inside / whole),
        default=Value(1.0),
        output_field=FloatField(),
    )
    number = Sum(Greatest(Value(1.0), Round(F("times") * share)), output_field=FloatField())
    found = lines.order_by().values_list("outcome").annotate(number=number)
    return dict.fromkeys(FeedRead.Outcome.values, 0) | {outcome: int(count) for outcome, count in found}


def _longest_pause(lines: QuerySet[FeedRead], now: datetime) -> timedelta | None:
    """A bound from above, in whole minutes: of each of its lines the log tells the first read and the last.

    None where it doesn't reach over the whole day.
    """
    known: set[datetime] = {
        minute
        for end in ("at", "until")
        for minute in lines.order_by().values_list(TruncMinute(end), flat=True).distinct()
    }
    instants = sorted(known)
    if not instants or instants[0] > now - DAY:
        return None
    around = ((max(earlier, now - DAY), later) for earlier, later in pairwise([*instants, now]))
    return max(later - earlier for earlier, later in around if later > earlier) + MINUTE


def _incident(now: datetime) -> Incident | None:
    """The last time that calendars were late: the alerts of that kind, those close together as one."""
    late = Alert.objects.filter(kind=Alert.Kind.LATE, opened_at__gte=now - INCIDENTS)
    rows = list(late.order_by("-opened_at").values_list("opened_at", "resolved_at", "feed")[:1000])
    if not rows:
        return None
    start, together = rows[0][0], []
    for opened, resolved, feed in rows:
        if opened < start - TOGETHER:
            break
        start = opened
        together.append((resolved, feed))
    ends = [resolved for resolved, _ in together]
    end = None if None in ends else max(each for each in ends if each)
    return Incident(start, end, len({feed for _, feed in together}))
