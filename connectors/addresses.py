"""Which numeric addresses belong to the public internet."""

import socket
from ipaddress import IPv4Network, IPv6Network

# Own tables, because the standard library's is_global lets NAT64, IPv4-compatible,
# site-local and unassigned addresses through, and changes between Python versions.
_CLOSED_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",  # the metadata and DNS address of one large cloud
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
_OPEN_V6 = "2000::/3"
_CLOSED_V6 = (
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
)


def _span(network: IPv4Network | IPv6Network) -> tuple[int, int]:
    """First and last address of a network as integers."""
    return int(network.network_address), int(network.broadcast_address)


_SPANS_V4 = tuple(_span(IPv4Network(text)) for text in _CLOSED_V4)
_FIRST_V6, _LAST_V6 = _span(IPv6Network(_OPEN_V6))
_SPANS_V6 = tuple(_span(IPv6Network(text)) for text in _CLOSED_V6)


def is_public(address: str) -> bool:
    """Whether a numeric IPv4 or IPv6 address may be reached for a stranger; anything else is False."""
    six = ":" in address
    try:
        packed = socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, address)
    except (OSError, ValueError):
        return False
    number = int.from_bytes(packed)
    if six and not _FIRST_V6 <= number <= _LAST_V6:
        return False
    return not any(first <= number <= last for first, last in (_SPANS_V6 if six else _SPANS_V4))
