"""The simulated Escapia as a whole, and what may be done to it; kept as a JSON file that survives a restart."""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator import escapia_rule
from simulator.escapia_traffic import Traffic
from simulator.escapia_world import HOLD_OF_TYPE, Change, Manager, Order, Stay, Unit
from simulator.spans import Span
from simulator.world import UnknownThingError

ENDS = ("departure", "last_night")
STYLES = ("both", "reservation", "work_order", "none")


@dataclass(frozen=True, slots=True)
class Options:
    """What the real system's documents leave open, and how much it lets through; kept over a reset of nothing.

    `non_availability_end` and `work_order_end` say whether an end date is the departure day or the last night,
    `writes` which way of closing nights is permitted. `hsapi_units` is whether HSAPI tells of "all" units or of the
    "distributed" ones, `cancelled` whether a cancelled reservation is still "told" or "gone". Quotas are requests
    per key in `quota_seconds`, 0 for no limit.
    """

    non_availability_end: str = "departure"
    work_order_end: str = "departure"
    writes: str = "both"
    hsapi_units: str = "all"
    cancelled: str = "told"
    changes_at_once: int = 200
    token_seconds: int = 3600
    hsapi_quota: int = 0
    enet_quota: int = 0
    gateway_quota: int = 500
    quota_seconds: int = 60
    quota_tells_when: bool = True


@dataclass(slots=True)
class Escapia:
    """Every manager, the options, and what is under way; kept in `path` when there is one."""

    path: Path | None
    clock: Callable[[], datetime]
    options: Options = field(default_factory=Options)
    managers: dict[str, Manager] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    numbers: int = 0

    def __post_init__(self) -> None:
        """Read what `path` holds, if it exists; raises ValueError or KeyError when it is no state file."""
        self.reset()
        if self.path and self.path.exists():
            self._restore(json.loads(self.path.read_text()))

    def reset(self) -> None:
        """Start again with the managers and units of the rule, whose stays are as of today."""
        self.options = Options()
        self.managers = escapia_rule.managers(self.clock())
        self.traffic = Traffic()
        self.numbers = 0

    def manager(self, manager_id: str) -> Manager:
        """The manager with this id; raises UnknownThingError."""
        try:
            return self.managers[manager_id]
        except KeyError:
            message = f"There is no manager {manager_id}."
            raise UnknownThingError(message) from None

    def unit(self, unit_id: str) -> Unit:
        """The unit with this id; raises UnknownThingError."""
        for manager in self.managers.values():
            if unit_id in manager.units:
                return manager.units[unit_id]
        message = f"There is no unit {unit_id}."
        raise UnknownThingError(message)

    def book(
        self,
        unit: Unit,
        nights: Span,
        *,
        type_id: str,
        hold: str = "",
        guest: str = "",
        partner: str = "",
        note: str = "",
        confirmed: bool = True,
    ) -> Stay:
        """A new reservation; raises NightsTakenError."""
        unit.refuse(nights)
        now = self.clock()
        stay_id = self._number("9")
        unit.stays[stay_id] = Stay(
            stay_id,
            f"RES-{stay_id}",
            *nights,
            hold or HOLD_OF_TYPE[type_id],
            type_id,
            guest,
            now,
            partner,
            note,
            confirmed,
        )
        self._told(unit, stay_id, "Create")
        return unit.stays[stay_id]

    def move(self, unit: Unit, stay: Stay, nights: Span) -> None:
        """The reservation on other nights; raises NightsTakenError."""
        unit.refuse(nights, besides=stay.id)
        stay.arrival, stay.departure = nights
        self._told(unit, stay.id, "Update")

    def cancel(self, unit: Unit, stay: Stay) -> None:
        """The reservation takes its nights no longer; one that was cancelled before stays so."""
        if not stay.cancelled:
            stay.cancelled = True
            self._told(unit, stay.id, "Delete")

    def save_order(self, unit: Unit, wanted: Order) -> Order:
        """The work order in place of the one with its id, or a new one; raises NightsTakenError."""
        if wanted.closes and wanted.span:
            unit.refuse(wanted.span, besides=wanted.id)
        if not wanted.id:
            order_id = self._number("5")
            wanted = replace(wanted, id=order_id, number=f"WO-{order_id}")
        unit.orders[wanted.id] = wanted
        unit.changed = self.clock()
        return wanted

    def end_order(self, unit: Unit, order_id: str) -> None:
        """The work order takes its nights no longer."""
        self.save_order(unit, replace(unit.order(order_id), active=False))

    def _number(self, kind: str) -> str:
        self.numbers += 1
        return f"{kind}{self.numbers:07}"

    def _told(self, unit: Unit, stay_id: str, kind: str) -> None:
        unit.changed = self.clock()
        self.managers[unit.manager].tell(stay_id, kind, unit.changed)

    def save(self) -> None:
        """Write the state file, whole or not at all."""
        if self.path is None:
            return
        whole = {
            "options": asdict(self.options),
            "numbers": self.numbers,
            "managers": [asdict(one) for one in self.managers.values()],
        }
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.draft")
        draft.write_text(json.dumps(whole, default=str))
        draft.replace(self.path)

    def _restore(self, stored: dict[str, Any]) -> None:
        self.options = Options(**stored["options"])
        self.numbers = stored["numbers"]
        self.managers = {one["id"]: _manager(one) for one in stored["managers"]}


def _manager(stored: dict[str, Any]) -> Manager:
    changes = [Change(**(one | {"at": _moment(one["at"])})) for one in stored["changes"].values()]
    units = {one["id"]: _unit(one) for one in stored["units"].values()}
    return Manager(**(stored | {"units": units, "changes": {one.stay: one for one in changes}}))


def _unit(stored: dict[str, Any]) -> Unit:
    stays, orders = (stored[name].values() for name in ("stays", "orders"))
    return Unit(
        **(
            stored
            | {
                "changed": _moment(stored["changed"]),
                "stays": {one["id"]: _stay(one) for one in stays},
                "orders": {one["id"]: _order(one) for one in orders},
            }
        )
    )


def _stay(stored: dict[str, Any]) -> Stay:
    dates = {name: date.fromisoformat(stored[name]) for name in ("arrival", "departure")}
    return Stay(**(stored | dates | {"created": _moment(stored["created"])}))


def _order(stored: dict[str, Any]) -> Order:
    ends = stored["span"] and tuple(date.fromisoformat(day) for day in stored["span"])
    return Order(**(stored | {"span": ends, "created": _moment(stored["created"])}))


def _moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


ESCAPIA = web.AppKey("escapia", Escapia)
