"""A simulated Escapia on a real socket, what a manager does there, and our connector to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests

from connectors import escapia, tokens
from connectors.contract import Account, Tools
from connectors.escapia import Escapia
from domain.spans import Span, nights_in
from simulator.escapia_keys import base_urls, key_of

PATIENCE_S = 20
TODAY = datetime.now(UTC).date()  # the simulator's stays lie around today
WINDOW = Span(TODAY, TODAY + timedelta(days=365))
EVERYTHING = ("hsapi", "enet", "gateway")
MANAGER = "1020"


@dataclass
class Office:
    """The simulator's address, and how we ask it."""

    address: str
    spent: list[str] = field(default_factory=list)

    def control(self, method: str, path: str, **values: Any) -> Any:
        answer = requests.request(method, f"{self.address}/api{path}", json=values, timeout=PATIENCE_S)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Everything as at the beginning, tokens there and here included."""
        self.control("POST", "/reset")
        tokens._kept.clear()

    def options(self, **values: Any) -> None:
        self.control("POST", "/escapia/options", **values)

    def fault(self, kind: str, on: str = "", count: int = 1, **more: Any) -> None:
        self.control("POST", "/escapia/fault", kind=kind, on=on, count=count, **more)

    def asked(self, **narrowed: str) -> list[str]:
        """The operations that were asked for, oldest first."""
        query = "&".join(f"{name}={value}" for name, value in narrowed.items())
        found = requests.get(f"{self.address}/api/escapia/requests?{query}", timeout=PATIENCE_S).json()
        return [one["operation"] for one in found["requests"]]

    def units(self, manager: str = MANAGER) -> list[dict[str, Any]]:
        return list(self.control("GET", f"/escapia/managers/{manager}")["units"])

    def unit(self, number: str) -> dict[str, Any]:
        return dict(self.control("GET", f"/escapia/units/{number}"))

    def free_unit(self, manager: str = MANAGER) -> dict[str, Any]:
        """A unit that is handed to us and in which nobody stays."""
        return next(
            one for one in self.units(manager) if not one["nights"] and one["distributed"] and one["active"]
        )

    def book(self, unit: str, arrival: int, departure: int, **more: Any) -> str:
        """A stay from so many days after today to so many."""
        span = {"arrival": str(day(arrival)), "departure": str(day(departure))}
        return str(self.control("POST", f"/escapia/units/{unit}/stays", **span, **more)["id"])

    def truth(self, unit: str, window: Span = WINDOW) -> frozenset[date]:
        """The nights that are taken there."""
        spans = (Span(*map(date.fromisoformat, pair)) for pair in self.unit(unit)["nights"])
        return nights_in(clipped for each in spans if (clipped := each.clip(window)))

    def tools(self, **changed: Any) -> Tools:
        tools = Tools(
            spend=self.spent.append,
            today=TODAY,
            user_agent="Amplistay tests",
            loopback_ports=frozenset({int(self.address.rpartition(":")[2])}),
            base_urls=base_urls(self.address),
        )
        return replace(tools, **changed)

    def credentials(self, *groups: str, manager: str = MANAGER) -> dict[str, str]:
        keys = {group: key_of(group, manager) for group in groups}
        given = {f"{group}_id": key.id for group, key in keys.items()}
        given |= {
            f"{group}_{'password' if group == 'enet' else 'secret'}": key.secret
            for group, key in keys.items()
        }
        code = self.control("GET", f"/escapia/managers/{manager}")["property_manager_code"]
        return given | {"hsapi_manager": manager, "enet_manager": code} if given else {}

    def connect(
        self,
        *groups: str,
        manager: str = MANAGER,
        switches: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        **tools: Any,
    ) -> Escapia:
        groups = groups or ("hsapi",)
        given = {
            name: value
            for name, value in self.credentials(*groups, manager=manager).items()
            if name.partition("_")[0] in groups
        }
        return escapia.connect(Account({**given, **(keys or {})}, switches or {}), self.tools(**tools))


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def days(*numbers: int) -> frozenset[date]:
    return frozenset(map(day, numbers))
