"""Who reads a calendar, as far as its User-Agent tells; the address that was read tells for whom it was made."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from domain.channels import CHANNELS, OTHER, Channel

NAMELESS = "?"
LONGEST = 40
# Booking sites don't document what they call themselves: any mention of their name has to do.
_SITES: Mapping[str, str] = MappingProxyType(
    {host: channel.name for channel in CHANNELS.values() for host in channel.hosts}
    | {"google-calendar-importer": "Google Calendar"}
)
_PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "dataaccessd": "Apple Calendar",
        "calendaragent": "Apple Calendar",
        "microsoft exchange": "Outlook",
        "outlook": "Outlook",
        "thunderbird": "Thunderbird",
        "nextcloud": "Nextcloud",
        "icsx5": "ICSx5",
        "fastmail": "Fastmail",
    }
)
_KNOWN = frozenset({*_SITES.values(), *_PROGRAMS.values()})
KNOWN = frozenset({*_SITES.values(), *_PROGRAMS.values()})
_KIN = (frozenset({"vrbo", "expedia"}),)  # sites of one house, that may read for each other
_PRODUCT = re.compile(r"[A-Za-z][^\s/(;]*")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]+")


def reader(agent: str) -> str:
    """A name for the program behind a User-Agent: a site's or a program's, else its own first word."""
    lower = agent.lower()
    for word, name in (*_PROGRAMS.items(), *sorted(_SITES.items(), key=_longest_first)):
        if re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", lower):
            return name
    found = _PRODUCT.search(_UNPRINTABLE.sub(" ", agent))
    return found[0][:LONGEST] if found else NAMELESS


def own(channel: Channel) -> frozenset[str]:
    """The names that the channel itself may read under, of those we know; a nameless program may be anybody's."""
    if channel.key == OTHER.key:
        return KNOWN
    kin = next((kin for kin in _KIN if channel.key in kin), frozenset({channel.key}))
    return frozenset(CHANNELS[key].name for key in kin)


def is_stranger(name: str, channel: Channel) -> bool:
    """Whether who reads the channel's link under this name is surely not the channel."""
    return name in KNOWN and name not in own(channel)


def _longest_first(item: tuple[str, str]) -> tuple[int, str]:
    return -len(item[0]), item[0]
