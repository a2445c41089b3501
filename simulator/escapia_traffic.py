"""What goes through the simulated Escapia's door: requests counted, quotas, tokens, and the faults to play."""

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from simulator.escapia_keys import EVERY_MANAGER, Key, key_of

REQUESTS_KEPT: Final = 100_000
HANG_SECONDS: Final = 600.0

FAULTS = {
    "drop_request": "the connection closes before anything is done",
    "drop_reply": "the connection closes after it is done",
    "too_many": "status 429, and nothing is done; Retry-After where retry_after is given",
    "slow": "it is done at once, and answered so many seconds later",
    "hang": "nothing is done, and nothing answered for ten minutes",
    "server_error": "status 500, and nothing is done",
    "unavailable": "status 503, and nothing is done; Retry-After where retry_after is given",
    "unauthorised": "status 401 (in ENET an error inside status 200), as for keys that were taken back",
    "forbidden": "status 403 (in ENET an error inside status 200)",
    "html": "a page for people with status 200, and nothing is done",
    "malformed": "it is done, and the answer is no JSON (XML)",
    "truncated": "it is done, and the answer stops in the middle",
    "refused": "status 200 with a reason why it isn't done",
    "soap_fault": "ENET answers with a SOAP fault",
    "warning": "CreateReservation answers 412 until the warning is agreed to",
    "no_units": "every list of units is empty",
    "no_nights": "every night is told to be free",
    "half": "every other stretch of taken nights is missing, the first one included",
    "empty_days": "ENET's DailyAvailability is empty",
    "short_days": "ENET's DailyAvailability lacks its last letter",
}


class Refused(Exception):
    """Not done, with this status and sentence; with status 200 the sentence is inside what is answered."""

    def __init__(self, status: int, text: str) -> None:
        """The status is HTTP's."""
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Fault:
    """A fault for the next `left` occasions (None: until told); operation, key and unit narrow it where given."""

    kind: str
    left: int | None
    on: str = ""
    key: str = ""
    unit: str = ""
    seconds: float = 0.0
    retry_after: int | None = None


@dataclass(slots=True)
class Asked:
    """One request: when it came (UTC), by which key, for what, and what became of it (0: no answer)."""

    at: datetime
    api: str
    operation: str
    key: str = ""
    manager: str = ""
    unit: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """What a key was given, until when."""

    text: str
    key: Key
    expires: datetime


@dataclass(slots=True)
class Window:
    """How many requests a key has made since `began`."""

    began: datetime
    used: int = 0


@dataclass(slots=True)
class Traffic:
    """Everything about requests; forgotten when the simulator ends."""

    requests: deque[Asked] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))
    faults: list[Fault] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)

    def take(self, kind: str, asked: Asked) -> Fault | None:
        """The fault of this kind that is to be played on the request, counted off."""
        for fault in self.faults:
            meant = ((fault.on, asked.operation), (fault.key, asked.key), (fault.unit, asked.unit))
            if fault.kind == kind and all(wanted in ("", given) for wanted, given in meant):
                if fault.left is not None:
                    fault.left -= 1
                    if fault.left <= 0:
                        self.faults.remove(fault)
                return fault
        return None

    def token(self, key: Key, now: datetime, seconds: int, *, again: bool = False) -> Token:
        """A token for the key; `again`: the one that it has, as long as that one lives."""
        if again:
            for known in self.tokens.values():
                if known.key == key and known.expires > now:
                    return known
        made = Token(f"Bearer {secrets.token_urlsafe(24)}", key, now + timedelta(seconds=seconds))
        self.tokens[made.text] = made
        return made

    def spend(self, key: str, now: datetime, quota: int, seconds: int) -> tuple[int, float]:
        """Count a request; how many the key has left (below 0: this was one too many), seconds to the next window."""
        window = self.windows.get(key)
        if window is None or now >= window.began + timedelta(seconds=seconds):
            window = self.windows[key] = Window(now)
        window.used += 1
        return quota - window.used, seconds - (now - window.began).total_seconds()


def known_key(api: str, key_id: str, secret: str, managers: list[str]) -> Key | None:
    """The key of this API that has the id and the secret."""
    for manager in (*managers, EVERY_MANAGER):
        key = key_of(api, manager)
        if (key.id, key.secret) == (key_id, secret):
            return key
    return None


def page_for_people() -> web.Response:
    """A page with status 200 where data was asked for."""
    text = (
        "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Maintenance</h1></body></html>"
    )
    return web.Response(text=text, content_type="text/html")


def cut(request: web.Request) -> web.Response:
    """No answer: the connection is gone."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


async def instead(traffic: Traffic, request: web.Request, asked: Asked) -> web.Response | None:
    """What is answered in place of doing anything; None when it is to be done."""
    if traffic.take("drop_request", asked):
        return cut(request)
    if traffic.take("hang", asked):
        await asyncio.sleep(HANG_SECONDS)
        return web.Response(status=504)
    if traffic.take("html", asked):
        return page_for_people()
    for kind, status in (("too_many", 429), ("unavailable", 503), ("server_error", 500)):
        if fault := traffic.take(kind, asked):
            wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return web.Response(status=status, text="<h1>Sorry</h1>", content_type="text/html", headers=wait)
    return None


async def afterwards(
    traffic: Traffic, request: web.Request, asked: Asked, response: web.Response
) -> web.Response:
    """What becomes of an answer on its way out."""
    if slow := traffic.take("slow", asked):
        await asyncio.sleep(slow.seconds)
    if traffic.take("drop_reply", asked):
        return cut(request)
    body = response.body
    if isinstance(body, bytes):
        if traffic.take("malformed", asked):
            response.body = body.replace(b'"', b"'").replace(b"</", b"< /") + b"}"
        elif traffic.take("truncated", asked):
            response.body = body[: len(body) // 2]
    return response
