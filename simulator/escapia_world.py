"""A simulated Escapia's managers, units and what takes a unit's nights.

A unit has one truth: its stays and work orders. HSAPI's ranges, ENET's letters and the list of changes are all made
from it, so they can't disagree. Spans are half-open ``[arrival, departure)``, moments UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from simulator.spans import Span, merged, overlap
from simulator.world import NightsTakenError, UnknownThingError

GUEST_STAY, OWNER_STAY, OWNERS_GUEST = "1", "2", "3"  # ids of reservation types
HOLD_OF_TYPE = {GUEST_STAY: "None", OWNER_STAY: "Owner", OWNERS_GUEST: "GuestOfOwner"}
HOLDS = ("None", "Owner", "Maintenance", "SoftBlock", "GroupSoftBlock", "GuestOfOwner", "Unavailable")
SOFT = frozenset(
    {"SoftBlock", "GroupSoftBlock"}
)  # left out of ENET's letters where ShowHolds isn't asked for
FIRST_VERSION = 64_000_000


@dataclass(slots=True)
class Stay:
    """A reservation: a guest's where `hold` is "None", else what `HOLDS` calls it. A cancelled one takes no night."""

    id: str
    number: str
    arrival: date
    departure: date
    hold: str
    type_id: str
    guest: str
    created: datetime
    partner: str = ""
    note: str = ""
    confirmed: bool = True
    cancelled: bool = False

    @property
    def span(self) -> Span:
        """Its nights."""
        return self.arrival, self.departure


@dataclass(slots=True)
class Order:
    """A work order; it takes the nights of `span` while it is active and removes the unit from availability."""

    id: str
    number: str
    span: Span | None
    description: str
    removes: bool
    active: bool
    status: str
    priority: str
    created: datetime

    @property
    def closes(self) -> bool:
        """Whether it takes nights."""
        return self.removes and self.active and self.span is not None


@dataclass(frozen=True, slots=True)
class Change:
    """What happened last to a reservation: Create, Update or Delete."""

    version: int
    stay: str
    kind: str
    at: datetime


@dataclass(slots=True)
class Unit:
    """One home; `changed` is when its calendar last changed."""

    id: str
    manager: str
    code: str
    name: str
    headline: str
    city: str
    bedrooms: int
    min_nights: int
    distributed: bool
    active: bool
    changed: datetime
    stays: dict[str, Stay] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)

    def taken(self, *, soft: bool = True) -> list[Span]:
        """What takes its nights, a span for each cause, in order; no two share a night."""
        stays = [one.span for one in self.stays.values() if not one.cancelled]
        if not soft:
            stays = [one.span for one in self.stays.values() if not one.cancelled and one.hold not in SOFT]
        return sorted([*stays, *(one.span for one in self.orders.values() if one.closes and one.span)])

    def nights(self) -> list[Span]:
        """Its taken nights, merged."""
        return merged(self.taken())

    def stay(self, stay_id: str) -> Stay:
        """The reservation with this id; raises UnknownThingError."""
        try:
            return self.stays[stay_id]
        except KeyError:
            message = f"{self.name} has no reservation {stay_id}."
            raise UnknownThingError(message) from None

    def order(self, order_id: str) -> Order:
        """The work order with this id; raises UnknownThingError."""
        try:
            return self.orders[order_id]
        except KeyError:
            message = f"{self.name} has no work order {order_id}."
            raise UnknownThingError(message) from None

    def refuse(self, wanted: Span, besides: str = "") -> None:
        """Raise NightsTakenError where a reservation or work order other than `besides` takes one of the nights."""
        for stay in self.stays.values():
            if not stay.cancelled and stay.id != besides and overlap(stay.span, wanted):
                message = f"{stay.arrival} to {stay.departure} is taken by reservation {stay.number}."
                raise NightsTakenError(message)
        for order in self.orders.values():
            if order.closes and order.span and order.id != besides and overlap(order.span, wanted):
                message = f"{order.span[0]} to {order.span[1]} is closed by work order {order.number}."
                raise NightsTakenError(message)


@dataclass(slots=True)
class Manager:
    """A property-management company (PMC) with its units and the last change of each of its reservations.

    `code` is what ENET knows it by, `gateway_id` what Gateway does. Where `granted` is false it has withdrawn what it
    had admitted its keys to.
    """

    id: str
    name: str
    code: str
    gateway_id: int
    granted: bool = True
    version: int = FIRST_VERSION
    units: dict[str, Unit] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)

    def tell(self, stay: str, kind: str, at: datetime) -> None:
        """Put the change at the end of the list, in place of what happened to the reservation before."""
        self.version += 1
        self.changes.pop(stay, None)
        self.changes[stay] = Change(self.version, stay, kind, at)

    def after(self, version: int, most: int) -> tuple[list[Change], int]:
        """The first `most` changes after that version, and the version to go on from."""
        later = [one for one in self.changes.values() if one.version > version][:most]
        return later, later[-1].version if later else version

    def unit_of(self, stay_id: str) -> Unit | None:
        """The unit whose reservation has this id."""
        return next((unit for unit in self.units.values() if stay_id in unit.stays), None)


def free(unit: Unit, wanted: Span) -> bool:
    """Whether nothing takes any of the nights."""
    return not any(overlap(span, wanted) for span in unit.taken())


def distributed(units: Iterable[Unit]) -> list[Unit]:
    """The units that were handed to us and are let."""
    return [unit for unit in units if unit.distributed and unit.active]
