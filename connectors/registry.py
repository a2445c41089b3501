"""The systems that there are; a new one is a line."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from connectors import escapia, ical
from connectors.contract import Account, Connector, Spec, Tools

type Factory = Callable[[Account, Tools], Connector]

_ALL: tuple[tuple[Spec, Factory], ...] = (
    (ical.SPEC, ical.connect),
    (escapia.SPEC, escapia.connect),
)
SPECS: Mapping[str, Spec] = MappingProxyType({spec.key: spec for spec, _ in _ALL})
_FACTORIES: Mapping[str, Factory] = MappingProxyType({spec.key: factory for spec, factory in _ALL})


def connect(key: str, account: Account, tools: Tools) -> Connector:
    """The connector of an account at the system with that key. Raises KeyError where there is none."""
    return _FACTORIES[key](account, tools)
