"""How often one address may ask one stay link: fixed windows, counted in Redis, open while Redis is away."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

IPV6_CUSTOMER = 64  # bits of an IPv6 address that one connection shares


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many of one kind within each window."""

    kind: str
    most: int
    window: timedelta


LOOK_UPS = Limit("look-up", 30, timedelta(minutes=10))
REPEATS = Limit("repeat", 60, LOOK_UPS.window)
HOLDS = Limit("hold", 10, timedelta(hours=1))


def wait(limit: Limit, request: HttpRequest, token: str, now: datetime) -> int:
    """Count this request; 0 when it is within the limit, else the seconds until the window is over."""
    seconds = int(limit.window.total_seconds())
    window, passed = divmod(int(now.timestamp()), seconds)
    count = _count(f"limit:{limit.kind}:{_digest(token, _caller(request))}:{window}", seconds)
    return seconds - passed if count > limit.most else 0


def wait_to_look(day: str, request: HttpRequest, token: str, now: datetime) -> int:
    """The same for looking at a day. One that was shown within the window may be asked again far more often.

    So an open page can follow what happens, and still nobody reads the calendar day by day.
    """
    seconds = int(LOOK_UPS.window.total_seconds())
    shown = f"shown:{_digest(token, _caller(request), day)}:{int(now.timestamp()) // seconds}"
    if cache.get(shown):
        return wait(REPEATS, request, token, now)
    left = wait(LOOK_UPS, request, token, now)
    if not left:
        cache.set(shown, 1, timeout=seconds)
    return left


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


def _count(key: str, seconds: int) -> int:
    try:
        return cache.incr(key)
    except ValueError:  # the first of its window
        pass
    if cache.add(key, 1, timeout=seconds):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # evicted between the two, or Redis is just coming back
        return 1


def _caller(request: HttpRequest) -> str:
    """The client's address: the nearest proxy's word when there is one, an IPv6 one cut to its network."""
    told = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    text = told.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, IPV6_CUSTOMER), strict=False))
    return text
