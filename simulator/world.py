"""What the simulated channels know: listings, bookings, imported calendars, and the fault to play."""

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from simulator.spans import NIGHT, Span, merged, overlap, without

type Kind = Literal["booking", "block"]


class NightsTakenError(Exception):
    """The channel refuses to sell or close nights that are closed already; its text is the reason."""


class UnknownThingError(Exception):
    """Nothing has this id; its text says what was looked for."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A stay or a host's block on `[arrival, departure)`; `created` and `changed` are UTC."""

    id: str
    arrival: date
    departure: date
    kind: Kind
    guest: str
    source: str
    created: datetime
    changed: datetime
    sequence: int = 0

    @property
    def span(self) -> Span:
        """The nights it takes."""
        return self.arrival, self.departure


@dataclass(slots=True)
class Import:
    """A calendar link a host pasted into the channel, with the nights of its last good read.

    `etag` and `last_modified` came with that read; `stopped`, when the channel has silently given it up.
    """

    id: str
    url: str
    label: str
    nights: list[Span] = field(default_factory=list)
    last_read: datetime | None = None
    last_ok: datetime | None = None
    last_status: str = "never read"
    reads: int = 0
    stopped: bool = False
    etag: str | None = None
    last_modified: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)


@dataclass(slots=True)
class Reads:
    """How often, by whom and when (UTC) the listing's feed was last asked for."""

    count: int = 0
    last_user_agent: str | None = None
    last_read: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """How the feed misbehaves; `for_reads` None means until it is changed."""

    mode: str = "none"
    for_reads: int | None = None
    retry_after: int | None = None
    location: str | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Listing:
    """One rental on one channel; an `import_interval` of None is the channel's habit, 0 only when told to."""

    id: str
    channel: str
    name: str
    timezone: str
    import_interval: int | None = None
    reexports_imports: bool = False
    exports_blocks: bool = True
    validators: bool = False
    bookings: dict[str, Booking] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)
    fault: Fault = field(default_factory=Fault)

    @property
    def zone(self) -> ZoneInfo:
        """The zone its check-in and check-out hours are meant in."""
        return ZoneInfo(self.timezone)

    def imported_nights(self) -> list[Span]:
        """The nights closed by imported calendars, merged."""
        return merged(span for link in self.imports.values() for span in link.nights)

    def closed_nights(self) -> list[Span]:
        """Every closed night, whatever closed it, merged."""
        return merged([*(booking.span for booking in self.bookings.values()), *self.imported_nights()])

    def booking(self, booking_id: str) -> Booking:
        """The booking with this id; raises UnknownThingError."""
        try:
            return self.bookings[booking_id]
        except KeyError:
            message = f"{self.name} has no booking {booking_id}."
            raise UnknownThingError(message) from None

    def imported(self, import_id: str) -> Import:
        """The imported calendar with this id; raises UnknownThingError."""
        try:
            return self.imports[import_id]
        except KeyError:
            message = f"{self.name} has no imported calendar {import_id}."
            raise UnknownThingError(message) from None

    def place(self, wanted: Booking) -> Booking:
        """Keep the booking in place of the one with its id; raises NightsTakenError for a closed night.

        An imported calendar is no obstacle on nights that the booking holds already.
        """
        reason = self._what_closes(wanted)
        if reason:
            raise NightsTakenError(reason)
        self.bookings[wanted.id] = wanted
        return wanted

    def _what_closes(self, wanted: Booking) -> str:
        for other in self.bookings.values():
            if other.id != wanted.id and overlap(other.span, wanted.span):
                taken_by = (
                    "a block" if other.kind == "block" else f"the booking of {other.guest or 'a guest'}"
                )
                return f"{other.arrival} to {other.departure} is taken by {taken_by}."
        held = self.bookings.get(wanted.id)
        more = without([wanted.span], [held.span] if held else [])
        for link in self.imports.values():
            for start, end in link.nights:
                if any(overlap((start, end), span) for span in more):
                    return f"{start} to {end} is closed by the imported calendar {link.label}."
        return ""

    def exported(self, now: datetime) -> list[Booking]:
        """What goes into the feed: bookings, then blocks and what is passed on of imports, unless it tells only of
        bookings.
        """
        own = sorted(self.bookings.values(), key=lambda booking: booking.span)
        stays = [booking for booking in own if booking.kind == "booking"]
        blocks = [booking for booking in own if booking.kind == "block" and self.exports_blocks]
        passes_on = self.reexports_imports and self.exports_blocks
        return [*stays, *blocks, *(self._echoes(own, now) if passes_on else [])]

    def _echoes(self, own: Iterable[Booking], now: datetime) -> list[Booking]:
        """The imported nights from the one that ended today on, as blocks."""
        over = date.min, now.astimezone(self.zone).date() - NIGHT
        spans = without(self.imported_nights(), [over, *(booking.span for booking in own)])
        return [Booking(f"echo-{start}-{end}", start, end, "block", "", "", now, now) for start, end in spans]

    def take_fault(self) -> Fault:
        """The fault to play on this read, counted off; back to none after the last read it was meant for."""
        current = self.fault
        if current.for_reads is not None:
            left = current.for_reads - 1
            self.fault = replace(current, for_reads=left) if left > 0 else Fault()
        return current


def token(listing: Listing, purpose: str, length: int = 32) -> str:
    """Hex digits that depend on the listing's channel and id alone, so that addresses outlive a reset."""
    seed = f"{listing.channel}/{listing.id}/{purpose}".encode()
    return hashlib.sha256(seed).hexdigest()[:length]
