"""Following one feed from read to read: what is kept between two reads, and what the next one makes of it.

Polling keeps its memory in the database and `replay` in a value; the rules of both are these.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from domain import ics, sync
from domain.house import House
from domain.ics import Reading, State, Window
from domain.spans import Span, merge, nights_in
from domain.switches import PLAIN, Switches
from domain.sync import Claim, Plan, Rules

PAST = timedelta(days=30)
AHEAD = timedelta(days=730)
STANDARD = Rules()


class Recognisable(Protocol):
    """Content as it was last read: its digest, "" when it must be read again, and what it was read for."""

    @property
    def digest(self) -> str: ...
    @property
    def read_for(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a feed between two reads; nothing before the first."""

    claims: tuple[Claim, ...] = ()
    digest: str = ""
    read_for: str = ""

    @property
    def busy(self) -> tuple[Span, ...]:
        """The nights the feed closes, merged: history and what waits included, not those that may be sold."""
        return merge(claim.nights for claim in self.claims if claim.nights and not claim.yields)

    def held(self, today: date) -> frozenset[date]:
        """The nights from today on that stay closed until their removal is confirmed."""
        waiting = nights_in(claim.nights for claim in self.claims if claim.missing and claim.nights)
        return frozenset(night for night in waiting if night >= today)


@dataclass(frozen=True, slots=True)
class Step:
    """One read: how far it could be trusted, which nights it closed and opened, and what is known after it.

    `is_unchanged` when the content was recognised and not read again.
    """

    memory: Memory
    state: State
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()
    held: frozenset[date] = frozenset()
    is_unchanged: bool = False


def window(today: date) -> Window:
    """The nights that are read on the property's own date `today`: from 30 days back to 730 ahead."""
    return Window(today - PAST, today + AHEAD)


def circumstances(house: House, today: date, switches: Switches = PLAIN) -> str:
    """What the meaning of the same content depends on: the day, the property's clock, the host's switches."""
    turned = (switches.sells_around, switches.sells_tentative, switches.ends_inclusive)
    marks = "".join("1" if on else "0" for on in turned)
    return f"{today} {house.zone} {house.check_in} {house.check_out} {marks}"


def is_unchanged(last: Recognisable, digest: str, read_for: str) -> bool:
    """Whether content with this digest would be read as it was last time."""
    return bool(digest) and (last.digest, last.read_for) == (digest, read_for)


def is_settled(reading: Reading, plan: Plan) -> bool:
    """Whether the same content needs no second reading: it was understood, and no night waits for more reads."""
    return reading.frees and not plan.held


def step(
    memory: Memory,
    body: bytes,
    house: House,
    *,
    now: datetime,
    channel: str = "",
    switches: Switches = PLAIN,
    rules: Rules = STANDARD,
) -> Step:
    """The read of an answer with this body at the instant `now`, given what is known of the feed so far."""
    today = house.today(now)
    digest, read_for = ics.content_digest(body), circumstances(house, today, switches)
    if is_unchanged(memory, digest, read_for):
        return Step(memory, State.OK, is_unchanged=True)
    reading = ics.read(body, house, window(today), channel=channel, today=today, switches=switches)
    if reading.state is State.REFUSED:
        return Step(memory, State.REFUSED, held=memory.held(today))
    made = sync.plan(memory.claims, reading, now=now, today=today, rules=rules, yielding=switches.yielding)
    after = Memory(made.claims, digest if is_settled(reading, made) else "", read_for)
    return Step(after, reading.state, made.closed, made.opened, made.held)
