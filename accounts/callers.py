"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_CUSTOMER = 64  # bits of an IPv6 address that one connection shares


def address(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The client's address: the nearest proxy's word when there is one. None where nothing like one was told."""
    told = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    try:
        return ipaddress.ip_address(
            told.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
        )
    except ValueError:
        return None


def network(request: HttpRequest) -> str:
    """The client as limits count it: an IPv6 address cut to what one connection shares; empty where none was told."""
    found = address(request)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, IPV6_CUSTOMER), strict=False))
    return str(found or "")
