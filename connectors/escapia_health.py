"""What an Escapia account's keys are good for; every question here only reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from connectors import api_words
from connectors.contract import Cap, ConnectorError, Health, RateLimited
from connectors.escapia_blocks import Blocks
from connectors.escapia_enet import Enet
from connectors.escapia_gateway import Gateway
from connectors.escapia_hsapi import Hsapi
from connectors.safe_xml import Element
from connectors.shapes import Record, text
from domain.spans import Span

_WEEK = timedelta(days=7)


@dataclass(slots=True)
class _Findings:
    """What answered, and what didn't and why."""

    works: set[Cap] = field(default_factory=set)
    troubles: dict[str, str] = field(default_factory=dict)

    def tries(self, name: str, question: Callable[[], object]) -> bool:
        """Whether a question was answered; a capability counts when one interface has it. Raises RateLimited."""
        try:
            question()
        except RateLimited:
            raise
        except ConnectorError as error:
            self.troubles[name] = str(error)
            return False
        if name in Cap:
            self.works.add(Cap(name))
        return True

    def health(self) -> Health:
        """The findings, without the troubles of one interface that another one makes up for."""
        return Health(
            frozenset(self.works),
            {name: said for name, said in self.troubles.items() if name not in self.works},
        )


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Those of which there are all keys; `keys` are those that were entered, by group."""

    keys: Mapping[str, list[str]]
    hsapi: Hsapi | None
    enet: Enet | None
    gateway: Gateway | None
    blocks: Callable[[], Blocks]


def health(having: Interfaces, today: date) -> Health:
    """Each group of which there is a key, and the capabilities that it brings. Raises RateLimited."""
    found = _Findings()
    for group, given in having.keys.items():
        if any(given) and not all(given):
            found.troubles[group] = api_words.MISSING_KEYS
    if not any(any(given) for given in having.keys.values()):
        found.troubles["hsapi"] = api_words.MISSING_KEYS
    week = Span(today, today + _WEEK)
    if having.hsapi:
        _look_at_hsapi(found, having.hsapi, having, week)
    if having.enet:
        _look_at_enet(found, having.enet, week)
    if having.gateway:
        found.tries("gateway", having.gateway.managers)
    return found.health()


def _look_at_hsapi(found: _Findings, hsapi: Hsapi, having: Interfaces, week: Span) -> None:
    managers: list[str] = []
    if not found.tries("hsapi", lambda: managers.extend(hsapi.managers())):
        return
    if having.keys["hsapi"][-1] not in managers:
        found.troubles["hsapi"] = api_words.NO_ACCESS_YET
        return
    units: list[Record] = []
    found.tries(Cap.LISTINGS, lambda: units.extend(hsapi.units(1, size=1)[0]))
    if units:
        number = text(units[0], "nativePMSID", "SearchUnitSummaries")
        found.tries(Cap.CALENDAR, lambda: hsapi.non_availability(number, week.start, week.end))
    found.tries(Cap.CHANGES, lambda: hsapi.changes(0))
    found.tries(Cap.BLOCK, lambda: having.blocks().check())


def _look_at_enet(found: _Findings, enet: Enet, week: Span) -> None:
    """The group, and those capabilities that HSAPI doesn't bring."""
    units: list[Element] = []
    if not found.tries("enet", lambda: units.extend(enet.units())):
        return
    found.works.add(Cap.LISTINGS)
    if units and Cap.CALENDAR not in found.works:
        code = units[0].attributes.get("UnitCode", "")
        found.tries(Cap.CALENDAR, lambda: enet.taken(code, week))
    if Cap.CHANGES not in found.works:
        found.tries(Cap.CHANGES, lambda: enet.changed(enet.now()))
