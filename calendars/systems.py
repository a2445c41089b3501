"""The systems that a connection may be to, and the way from its row to a connector: the only place that knows both."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings

from calendars.models import Connection
from connectors import registry
from connectors.contract import Account, Connector, NotPermitted, Spec, Spend, Tools
from domain.house import House

REQUEST = (
    "Our channel partner Amplistay synchronises our calendars with iCal. "
    "Please connect our account to the EscapiaNET API and to HSAPI via Amplistay."
)
"""What a manager writes to Escapia's support, who read English."""


@dataclass(frozen=True, slots=True)
class System:
    """One kind of system: what there is to know of it, and how an account there is opened. Nothing is asked yet."""

    spec: Spec
    open: Callable[[Account, Tools], Connector]


SYSTEMS: MutableMapping[str, System] = {
    key: System(spec, partial(registry.connect, key)) for key, spec in registry.SPECS.items()
}


def spec_of(connection: Connection) -> Spec:
    """What there is to know of the connection's system. Raises NotPermitted where this installation lost it."""
    return _system(connection).spec


def title_of(connection: Connection) -> str:
    """The system's own name."""
    known = SYSTEMS.get(connection.system)
    return known.spec.title if known else connection.system


def opened(
    connection: Connection,
    spend: Spend,
    now: datetime,
    *,
    house: House | None = None,
    has_blocks: bool = False,
) -> Connector:
    """The connector of the host's account there; each request that it makes is announced to `spend` first.

    `house` is the clock of the units that it is asked for; `has_blocks` when we may have closed nights of theirs.
    """
    system = _system(connection)
    choices = {switch.name: switch.default for switch in system.spec.switches}
    account = Account(
        dict(connection.credentials), choices | _settled(connection.system) | connection.switches
    )
    tools = Tools(
        spend,
        now.date(),
        settings.USER_AGENT,
        settings.LOOPBACK_FEED_PORTS,
        settings.MIRROR_BASE_URLS.get(connection.system),
        house,
        has_blocks=has_blocks,
    )
    return system.open(account, tools)


def _settled(system: str) -> dict[str, str]:
    """What operators found out about the system on the first live day, for every account there."""
    told = (each.partition("=") for each in settings.MIRROR_SWITCHES)
    ours = f"{system}."
    return {name.removeprefix(ours): choice for name, _, choice in told if name.startswith(ours)}


def _system(connection: Connection) -> System:
    system = SYSTEMS.get(connection.system)
    if system is None:
        message = f"This installation doesn't know {connection.system} any more."
        raise NotPermitted(message)
    return system
