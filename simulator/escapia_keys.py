"""The fixed keys of the simulated Escapia, one set for each manager: they open nothing else."""

from dataclasses import dataclass

DEMO_MANAGER = "1020"
EVERY_MANAGER = "all"  # the name of a set of keys that every manager has admitted
PATHS = {
    "hsapi": "/escapia/dragomanadapter/hsapi",
    "enet": "/escapia/enet",
    "gateway": "/escapia/gateway",
}


@dataclass(frozen=True, slots=True)
class Key:
    """An id with its secret, for one of the three APIs (a key of `PATHS`), and the manager who handed it out."""

    api: str
    id: str
    secret: str
    manager: str


def key_of(api: str, manager: str) -> Key:
    """The manager's key for this API; `EVERY_MANAGER` has one, too."""
    return Key(api, f"simulated-{api}-{manager}", f"not-secret-{api}-{manager}", manager)


def base_urls(address: str) -> dict[str, str]:
    """Where the three APIs are at a simulator with this address; an operation's name follows after a slash."""
    return {api: f"{address}{path}" for api, path in PATHS.items()}
