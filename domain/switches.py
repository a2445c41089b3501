"""What a host may decide about one feed: how its dates are meant, and which closed nights may still be sold."""

from dataclasses import dataclass

from domain.events import Kind

AROUND = frozenset({Kind.PREPARATION, Kind.GAP})


@dataclass(frozen=True, slots=True)
class Switches:
    """Each is off unless the host turns it on, and off is always the reading that closes more or the usual one.

    `sells_around`: preparation nights and gaps between reservations may be sold as extra nights.
    `sells_tentative`: tentative entries may be sold over. `ends_inclusive`: all-day entries name the last night
    as their end instead of the departure day (RFC 5545 §3.6.1 has it exclusive), so one night more is closed.
    """

    sells_around: bool = False
    sells_tentative: bool = False
    ends_inclusive: bool = False

    @property
    def yielding(self) -> frozenset[Kind]:
        """The kinds of entries whose nights may be sold though the feed closes them."""
        return (AROUND if self.sells_around else frozenset()) | (
            {Kind.TENTATIVE} if self.sells_tentative else frozenset()
        )


PLAIN = Switches()
