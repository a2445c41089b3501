"""A manager's side of the simulated Escapia in the tests: units, stays, faults, and the requests that it counted."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import requests

from simulator.escapia_keys import DEMO_MANAGER, base_urls


@dataclass(frozen=True, slots=True)
class Pmc:
    """A manager with the keys of each API: "hsapi", "enet" and "gateway", each with an "id" and a "secret"."""

    id: str
    name: str
    property_manager_code: str
    property_manager_id: int
    keys: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Unit:
    """One of a manager's units; `enet_code` is its name in ENET."""

    id: str
    manager: str
    code: str
    name: str
    enet_code: str
    is_distributed: bool


class Escapia:
    """One simulated Escapia, given by the simulator's address."""

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def base_urls(self) -> dict[str, str]:
        """Where its APIs are: "hsapi", "enet" and "gateway"."""
        return base_urls(self.address)

    def call(self, method: str, path: str = "", **body: object) -> Any:
        """One call of its control API, which must succeed."""
        answer = requests.request(method, f"{self.address}/api/escapia{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def pmc(self, manager: str = DEMO_MANAGER) -> Pmc:
        found = self.call("GET", f"/managers/{manager}")
        return Pmc(**{name: found[name] for name in Pmc.__slots__})

    def units(self, manager: str = DEMO_MANAGER) -> list[Unit]:
        """All of the manager's units that are let."""
        found = self.call("GET", f"/managers/{manager}")["units"]
        return [_unit(one) for one in found if one["active"]]

    def unit(self, manager: str = DEMO_MANAGER, place: int = 0, *, distributed: bool = True) -> Unit:
        """A unit of the manager's without stays; another `place`, another unit."""
        found = self.call("GET", f"/managers/{manager}")["units"]
        idle = [one for one in found if one["active"] and not one["stays"] and not one["orders"]]
        return _unit([one for one in idle if one["distributed"] == distributed][place])

    def state(self, unit: Unit) -> dict[str, Any]:
        """Everything about the unit: "stays", "orders", "distributed", "changed" …"""
        found: dict[str, Any] = self.call("GET", f"/units/{unit.id}")
        return found

    def nights(self, unit: Unit) -> list[tuple[date, date]]:
        """Its taken nights, merged and half-open."""
        return [
            (date.fromisoformat(start), date.fromisoformat(end)) for start, end in self.state(unit)["nights"]
        ]

    def distribute(self, unit: Unit, *, distributed: bool = True) -> None:
        self.call("PATCH", f"/units/{unit.id}", distributed=distributed)

    def grant(self, manager: str = DEMO_MANAGER, *, granted: bool = True) -> None:
        """The manager admits our keys, or doesn't any more."""
        self.call("PATCH", f"/managers/{manager}", granted=granted)

    def book(
        self, unit: Unit, arrival: object, departure: object, guest: str = "Marta Puig", hold: str = "None"
    ) -> str:
        """A stay that the manager enters; "Owner", "SoftBlock" … are holds. Gives its id."""
        made = self.call(
            "POST",
            f"/units/{unit.id}/stays",
            arrival=str(arrival),
            departure=str(departure),
            guest=guest,
            hold=hold,
        )
        return str(made["id"])

    def move(self, unit: Unit, stay: str, arrival: object, departure: object) -> None:
        self.call("PATCH", f"/units/{unit.id}/stays/{stay}", arrival=str(arrival), departure=str(departure))

    def cancel(self, unit: Unit, stay: str) -> None:
        self.call("DELETE", f"/units/{unit.id}/stays/{stay}")

    def end_order(self, unit: Unit, order: str) -> None:
        """The manager gives back the nights of a work order."""
        self.call("DELETE", f"/units/{unit.id}/orders/{order}")

    def requests(self, **narrowed: str) -> list[dict[str, Any]]:
        """What was asked of its three APIs, oldest first; by api, operation, key, manager, unit or since."""
        answer = requests.get(f"{self.address}/api/escapia/requests", params=narrowed, timeout=10)
        found: list[dict[str, Any]] = answer.json()["requests"]
        return found

    def requests_of(self, unit: Unit, **narrowed: str) -> list[dict[str, Any]]:
        """The requests that named the unit."""
        return self.requests(unit=unit.id, **narrowed)

    def forget_requests(self) -> None:
        self.call("DELETE", "/requests")

    def fault(self, kind: str, **options: object) -> None:
        """A kind of `simulator.escapia_traffic.FAULTS`; count, on (operation), key, unit, seconds, retry_after."""
        self.call("POST", "/fault", kind=kind, **options)

    def mended(self) -> None:
        self.fault("none")

    def options(self, **chosen: object) -> None:
        """See `simulator.escapia_state.Options`."""
        self.call("POST", "/options", **chosen)

    def expire_tokens(self) -> None:
        self.call("POST", "/tokens/expire")


def _unit(found: dict[str, Any]) -> Unit:
    names = ("id", "manager", "code", "name", "enet_code")
    return Unit(**{name: found[name] for name in names}, is_distributed=found["distributed"])
