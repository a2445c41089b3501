"""Is the loop closed? What a check has found at one channel so far, and what that says of it.

While a check runs, the link of each channel holds a marker on a night that is over. A channel that reads the link gets
it; one that passes on what it reads gives it back in its own calendar.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

LONGEST = timedelta(hours=48)
INSTANTS = ("since", "at", "due", "read_at", "good_at", "last_good_at", "echo_at")
READING = timedelta(hours=1)  # for a calendar that we read: we try again within minutes


class Way(StrEnum):
    """How one of the two ways stands; MISSING where there is no link to go by, UNKNOWN where the time was too short."""

    OPEN = "open"
    SHUT = "shut"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    MISSING = "missing"


class Verdict(StrEnum):
    """What is known of a channel."""

    BOTH = "both"
    IMPORTS_US = "imports us"
    EXPORTS_TO_US = "exports to us"
    NEITHER = "neither"
    WAITING = "waiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a check has found at one calendar of a channel.

    `good_at` is the first good read since the start and `last_good_at` the latest, whenever that was; `echo_at` when
    it gave the marker back. Where it may have closed that night `anyway`, nobody can tell an echo.
    """

    good_at: datetime | None = None
    last_good_at: datetime | None = None
    echo_at: datetime | None = None
    is_paused: bool = False
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What a check that began at `since` has found at one channel by the instant `at`; `is_over` once it has ended.

    `read_at` is when the channel first got the marker by its own link, `due` by when it usually does. `strangers` are
    others who got it by that link, `elsewhere` says that the channel reads a link made for another.
    """

    since: datetime
    at: datetime
    due: datetime
    is_over: bool = False
    has_link: bool = True
    read_at: datetime | None = None
    strangers: tuple[str, ...] = ()
    elsewhere: bool = False
    feeds: tuple[Heard, ...] = ()

    @property
    def imports(self) -> Way:
        """The way from us to the channel: whether it reads our link."""
        if not self.has_link:
            return Way.MISSING
        if self.read_at:
            return Way.OPEN
        if self.elsewhere or self.at >= self.due or (self.is_over and self.strangers):
            return Way.SHUT
        return Way.UNKNOWN if self.is_over else Way.WAITING

    @property
    def exports(self) -> Way:
        """The way from the channel to us: whether we read each of its calendars."""
        if not self.feeds:
            return Way.MISSING
        if any(feed.is_paused and not feed.good_at for feed in self.feeds):
            return Way.SHUT
        if all(feed.good_at for feed in self.feeds):
            return Way.OPEN
        if self.at >= self.since + READING:
            return Way.SHUT
        return Way.UNKNOWN if self.is_over else Way.WAITING

    @property
    def verdict(self) -> Verdict:
        """Both ways in one word."""
        ways = self.imports, self.exports
        if Way.WAITING in ways:
            return Verdict.WAITING
        if Way.UNKNOWN in ways:
            return Verdict.UNKNOWN
        found = {
            (True, True): Verdict.BOTH,
            (True, False): Verdict.IMPORTS_US,
            (False, True): Verdict.EXPORTS_TO_US,
        }
        return found.get((ways[0] is Way.OPEN, ways[1] is Way.OPEN), Verdict.NEITHER)

    @property
    def passes_on(self) -> bool:
        """Whether a calendar of the channel gave back what was only in our links."""
        return any(feed.echo_at for feed in self.feeds)

    @property
    def is_settled(self) -> bool:
        """Whether waiting brings nothing more: once the channel has our marker, its calendar is read again."""
        return self.is_over or (self.verdict is not Verdict.WAITING and not self.may_echo)

    @property
    def may_echo(self) -> bool:
        """Whether a calendar of the channel wasn't read yet since the channel got the marker."""
        if self.read_at is None or self.at >= self.read_at + READING:
            return False
        unread = [feed for feed in self.feeds if not feed.is_paused and not feed.anyway]
        return any(not feed.last_good_at or feed.last_good_at <= self.read_at for feed in unread)


def written(sight: Sight) -> dict[str, Any]:
    """The sight in JSON's own types, its instants in ISO 8601."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(sight), default=datetime.isoformat))
    return found


def read_back(found: Mapping[str, Any]) -> Sight:
    """The sight that was written so."""
    heard = (Heard(**_with_instants(each)) for each in found["feeds"])
    rest = {"strangers": tuple(found["strangers"]), "feeds": tuple(heard)}
    return Sight(**_with_instants(found) | rest)


def _with_instants(found: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: datetime.fromisoformat(found[name]) for name in INSTANTS if found.get(name)}
    return {**found, **named}


def due(since: datetime, slow: timedelta) -> datetime:
    """By when a channel has read that takes so long when it is slow; no check lasts longer than two days."""
    return since + min(slow, LONGEST)
