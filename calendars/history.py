"""What reading a feed came to over time: the lines of its sync log as sentences, its closed nights as a chart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calendars.models import Feed, FeedRead
from calendars.sentences import sentence
from domain.spans import Span
from properties.dates import when
from properties.templatetags.stays import percent

Outcome = FeedRead.Outcome

REACH = timedelta(days=30)
MOST_POINTS = 500
MUCH = 20  # per cent
MOST_STAYS = 40  # listed of one kind in one line
LEAST_TIME = timedelta(hours=1)
WIDTH, HEIGHT = 1000, 100  # the chart's own units, which the page stretches
SCALES = (2, 4, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800)
LEAST_BAND = 0.4  # per cent of the width
BAD = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Change:
    """The stays that one read closed, opened or held back; `more` are left out of the list."""

    kind: str
    stays: tuple[Span, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    read: FeedRead
    said: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A time in which the feed told us nothing; `left` and `width` in per cent of the chart."""

    outcome: str
    left: str
    width: str
    said: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the number of closed nights stayed the same, or no read told it."""

    start: datetime
    end: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Closed nights over time as steps; `top` is the end of the scale."""

    start: datetime
    end: datetime
    line: str
    area: str
    top: int
    marks: tuple[Mark, ...]
    stretches: tuple[Stretch, ...]
    said: str

    @property
    def half(self) -> int:
        """The middle of the scale."""
        return self.top // 2

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The kinds of marks in it, for the legend."""
        return tuple(dict.fromkeys(mark.outcome for mark in self.marks))


def line(read: FeedRead) -> Line:
    """One line of the log in words; times are those of the active zone."""
    nights: dict[str, Any] = read.nights or {}
    changes = (
        _change(kind, nights[kind]) for kind in ("closed", "opened", "held", "back") if nights.get(kind)
    )
    return Line(read, _said(read), tuple(changes))


def chart(feed: Feed, now: datetime) -> Chart | None:
    """The last 30 days of a feed, at most 500 lines of its log; None when it wasn't read in that time."""
    rows = feed.reads.filter(until__gte=now - REACH).order_by("-at", "-pk")
    latest = rows.only("feed_id", "at", "until", "times", "outcome", "closed_nights")[:MOST_POINTS]
    return drawn(list(latest)[::-1], now)


def drawn(reads: Sequence[FeedRead], now: datetime) -> Chart | None:
    """The chart of these reads, the oldest first; None of no read."""
    if not reads:
        return None
    start = min(max(reads[0].at, now - REACH), now - LEAST_TIME)
    levels = [(next(same).at, nights) for nights, same in groupby(reads, lambda read: read.closed_nights)]
    troubles = tuple(_troubles(reads, now))
    top = _scale(max(nights for _at, nights in levels))
    steps = [(_share(at, start, now) * WIDTH, (1 - nights / top) * HEIGHT) for at, nights in levels]
    path = f"M{steps[0][0]:.1f} {steps[0][1]:.1f}"
    path += "".join(f"H{x:.1f}V{y:.1f}" for x, y in steps[1:]) + f"H{WIDTH}"
    return Chart(
        start=start,
        end=now,
        line=path,
        area=f"{path}V{HEIGHT}H{steps[0][0]:.1f}Z",
        top=top,
        marks=tuple(_mark(trouble, start, now) for trouble in troubles),
        stretches=_stretches(levels, troubles, now),
        said=_summary([nights for _at, nights in levels], troubles),
    )


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Reads in a row that failed in the same way, until the next read of another kind."""

    outcome: Outcome
    start: datetime
    end: datetime
    reads: int

    @property
    def said(self) -> str:
        return ngettext("%(outcome)s in %(count)s read", "%(outcome)s in %(count)s reads", self.reads) % {
            "outcome": capfirst(self.outcome.label),
            "count": self.reads,
        }


def _troubles(reads: Iterable[FeedRead], now: datetime) -> Iterator[_Trouble]:
    runs = [(Outcome(outcome), list(same)) for outcome, same in groupby(reads, lambda read: read.outcome)]
    ends = [same[0].at for _outcome, same in runs[1:]] + [now]
    for (outcome, same), end in zip(runs, ends, strict=True):
        if outcome in BAD:
            yield _Trouble(outcome, same[0].at, end, sum(read.times for read in same))


def _mark(trouble: _Trouble, start: datetime, end: datetime) -> Mark:
    left, right = (_share(at, start, end) * 100 for at in (trouble.start, trouble.end))
    return Mark(trouble.outcome, f"{left:.2f}%", f"{max(right - left, LEAST_BAND):.2f}%", trouble.said)


def _share(at: datetime, start: datetime, end: datetime) -> float:
    """How far along from start to end, 0 to 1."""
    return min(max((at - start) / (end - start), 0.0), 1.0)


def _scale(most: int) -> int:
    """A round even number that holds the highest value."""
    return next((top for top in SCALES if top >= most), -(-most // 1000) * 1000)


def _stretches(
    levels: Sequence[tuple[datetime, int]], troubles: Iterable[_Trouble], now: datetime
) -> tuple[Stretch, ...]:
    """The chart as a table, the latest first."""
    ends = [at for at, _nights in levels[1:]] + [now]
    closed = [
        Stretch(
            at, end, ngettext("%(count)s closed night", "%(count)s closed nights", nights) % {"count": nights}
        )
        for (at, nights), end in zip(levels, ends, strict=True)
    ]
    unread = [Stretch(trouble.start, trouble.end, trouble.said) for trouble in troubles]
    return tuple(sorted(closed + unread, key=lambda stretch: stretch.start, reverse=True))


def _summary(levels: Sequence[int], troubles: Iterable[_Trouble]) -> str:
    """The chart in a sentence or two."""
    last, least, most = levels[-1], min(levels), max(levels)
    said = [
        ngettext("%(count)s night is closed now.", "%(count)s nights are closed now.", last) % {"count": last}
    ]
    if least != most:
        between = _("In this time there were between %(least)s and %(most)s.")
        said.append(between % {"least": least, "most": most})
    if failed := sum(trouble.reads for trouble in troubles):
        nothing = ngettext("%(count)s read brought nothing.", "%(count)s reads brought nothing.", failed)
        said.append(nothing % {"count": failed})
    return " ".join(said)


def _change(kind: str, pairs: Sequence[tuple[str, str]]) -> Change:
    stays = [Span(date.fromisoformat(start), date.fromisoformat(end)) for start, end in pairs[:MOST_STAYS]]
    return Change(kind, tuple(stays), max(0, len(pairs) - MOST_STAYS))


def _said(read: FeedRead) -> str:
    """What came of it, in a sentence."""
    problem = sentence(read.problem)
    if read.outcome in BAD:
        return problem
    found = _counts(read) or _("nothing new")
    if share := _missing_share(read):
        problem = f"{share} {problem}".strip()
    if read.times > 1:
        said = ngettext(
            "Read %(times)s time from %(start)s to %(end)s: %(found)s.",
            "Read %(times)s times from %(start)s to %(end)s: %(found)s.",
            read.times,
        ) % {
            "times": read.times,
            "start": _at(read.at, read.until),
            "end": _at(read.until, read.at),
            "found": found,
        }
    else:
        said = f"{found[:1].upper()}{found[1:]}."
    return f"{said} {problem}".strip()


def _missing_share(read: FeedRead) -> str:
    """How much of what was closed is missing, where that is much."""
    missing = read.held * 100 // read.closed_nights if read.closed_nights else 0
    if read.times > 1 or not (read.nights or {}).get("held") or missing < MUCH:
        return ""
    words = _("%(percent)s of its closed nights were missing; they stay closed until more reads agree.")
    return words % {"percent": percent(missing)}


def _counts(read: FeedRead) -> str:
    """How many nights it closed, opened and held back; the noun stands with the first number."""
    full = {
        "closed": lambda n: ngettext("%(count)s night closed", "%(count)s nights closed", n),
        "opened": lambda n: ngettext("%(count)s night opened", "%(count)s nights opened", n),
        "held": lambda n: ngettext("%(count)s night held back", "%(count)s nights held back", n),
        "back": lambda n: ngettext("%(count)s night named again", "%(count)s nights named again", n),
    }
    rest = {
        "opened": lambda n: ngettext("%(count)s opened", "%(count)s opened", n),
        "held": lambda n: ngettext("%(count)s held back", "%(count)s held back", n),
        "back": lambda n: ngettext("%(count)s named again", "%(count)s named again", n),
    }
    numbers = {"closed": read.closed, "opened": read.opened, "held": read.held, "back": _back(read)}
    counts = [(name, n) for name, n in numbers.items() if n]
    words = [(rest if place else full)[name](n) for place, (name, n) in enumerate(counts)]
    return ", ".join(word % {"count": n} for word, (_name, n) in zip(words, counts, strict=True))


def _back(read: FeedRead) -> int:
    """How many nights that waited are named again."""
    pairs = (read.nights or {}).get("back", ())
    return sum((date.fromisoformat(end) - date.fromisoformat(start)).days for start, end in pairs)


def _at(moment: datetime, other: datetime) -> str:
    """The time of day, with the day where the other moment is on another one."""
    here, there = localtime(moment), localtime(other)
    return when(here, "Hm" if here.date() == there.date() else "MMMd Hm")
