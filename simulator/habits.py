"""How often a channel reads the calendars that hosts pasted into it: never on a fixed beat, and sped up for us."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from simulator.world import Import, Listing, token

SPEED = 60.0  # Airbnb's 3 to 4 hours become minutes

_UNITS = ((7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (0.0, 1.0, "s"))
_DIGITS = 8
_EAGER = 10  # a pasted link that was never read well is tried again so many times sooner


@dataclass(frozen=True, slots=True)
class Habit:
    """The seconds that pass between two reads, at least and at most."""

    least: float
    most: float

    def faster(self, speed: float) -> Self:
        """The same habit where time is pressing."""
        return type(self)(self.least / speed, self.most / speed)

    def __str__(self) -> str:
        """In words: ``3 to 4 min``."""
        scale, unit = next((scale, unit) for bound, scale, unit in _UNITS if self.most >= bound)
        least, most = (f"{seconds / scale:.3g}" for seconds in (self.least, self.most))
        return f"{most} {unit}" if least == most else f"{least} to {most} {unit}"


def next_read(listing: Listing, link: Import, habit: Habit) -> datetime | None:
    """When the channel reads the link by itself; None where it doesn't, the past for a link that was never read.

    The seconds until then are drawn from what listing, link and number of reads are, the same on every run.
    """
    if link.stopped or listing.import_interval == 0:
        return None
    if link.last_read is None:
        return datetime.min.replace(tzinfo=UTC)
    drawn = int(token(listing, f"read/{link.url}/{link.reads}", _DIGITS), 16) / 16**_DIGITS
    pace = habit if link.last_ok else habit.faster(_EAGER)
    seconds = listing.import_interval or pace.least + drawn * (pace.most - pace.least)
    return link.last_read + timedelta(seconds=seconds)
