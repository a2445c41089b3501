"""Requests to systems that we trust: one answer whole and in time, or one of the contract's errors.

Nothing is tried twice and no redirect is followed. Who is asked is fixed by the connector, never by a stranger;
strangers' links go through `connectors.http`. No error holds an address, a key or a body, nor does its traceback.
"""

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from connectors import api_words
from connectors.answers import retry_after
from connectors.contract import (
    AuthFailed,
    BadReply,
    ConnectorError,
    NotPermitted,
    RateLimited,
    Rejected,
    Temporary,
    Tools,
)

_CHUNK = 65_536
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OK, _MULTIPLE, _BAD, _SERVER = 200, 300, 400, 500
_UNAUTHORISED, _FORBIDDEN, _TIMEOUT, _TOO_MANY = 401, 403, 408, 429
_MOST_DIGITS = 9
_REFUSALS: Mapping[int, tuple[type[ConnectorError], str]] = MappingProxyType(
    {
        _UNAUTHORISED: (AuthFailed, api_words.WRONG_KEYS),
        _FORBIDDEN: (NotPermitted, api_words.NOT_ALLOWED),
    }
)


@dataclass(frozen=True, slots=True)
class Patience:
    """What one answer may cost."""

    connect_s: float = 10.0
    silence_s: float = 20.0  # without a sign of life
    total_s: float = 25.0  # a worker ends a task after a minute
    wire_bytes: int = 8_000_000
    body_bytes: int = 32_000_000


STANDARD = Patience()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; `operation` is its name in budgets and logs. `also` are statuses besides 2xx that are an answer."""

    operation: str
    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    also: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """The way to one system for one account; for one thread at a time."""

    def __init__(self, tools: Tools, patience: Patience = STANDARD) -> None:
        self._tools = tools
        self._patience = patience
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor a .netrc of this machine
        self._quiet_until = 0.0

    def base(self, name: str, usual: str) -> str:
        """The address that paths are appended to. Raises ValueError where it is neither https nor a known simulator."""
        address = (self._tools.base_urls or {}).get(name, usual).rstrip("/")
        parts = urlsplit(address)
        is_near = parts.hostname in _LOOPBACK and parts.port in self._tools.loopback_ports
        if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
            message = f"{name} must be asked over https"
            raise ValueError(message)
        return address

    def send(self, ask: Ask) -> Reply:
        """The answer to one request, which is counted first. Raises ConnectorError."""
        left_s = self._quiet_until - time.monotonic()
        if left_s > 0:
            raise RateLimited(api_words.TOO_MANY, timedelta(seconds=left_s), detail=ask.operation)
        self._tools.spend(ask.operation)
        failure = None
        try:
            reply = self._exchange(ask)
        except (requests.RequestException, HTTPError, OSError) as error:
            failure = Temporary(api_words.SILENT, detail=f"{ask.operation}: {type(error).__name__}")
        if failure:
            raise failure  # not inside: the error in between holds the request, and so the keys
        self._heed(reply)
        trouble = _trouble(reply.status, ask, reply.headers)
        if trouble:
            raise trouble
        return reply

    def _exchange(self, ask: Ask) -> Reply:
        began = time.monotonic()
        headers = {
            "User-Agent": self._tools.user_agent,
            "Accept-Encoding": "gzip",
            **ask.headers,
        }
        with self._session.request(
            ask.method,
            ask.url,
            headers=headers,
            data=ask.body,
            stream=True,
            allow_redirects=False,
            timeout=(self._patience.connect_s, self._patience.silence_s),
        ) as response:
            wire = self._whole(response, ask.operation, began + self._patience.total_s)
            named = {name.lower(): value for name, value in response.headers.items()}
            return Reply(
                response.status_code, named, self._unpacked(wire, named.get("content-encoding", ""), ask)
            )

    def _whole(self, response: requests.Response, operation: str, deadline: float) -> bytes:
        """The bytes as they came over the wire."""
        said = response.headers.get("Content-Length", "")
        if said.isdecimal() and (len(said) > _MOST_DIGITS or int(said) > self._patience.wire_bytes):
            raise BadReply(api_words.ODD, detail=f"{operation}: too big")
        wire = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            wire += chunk
            if len(wire) > self._patience.wire_bytes:
                raise BadReply(api_words.ODD, detail=f"{operation}: too big")
            if time.monotonic() > deadline:
                raise Temporary(api_words.SILENT, detail=f"{operation}: too slow")
        return bytes(wire)

    def _unpacked(self, wire: bytes, encoding: str, ask: Ask) -> bytes:
        """The body as its sender had it; never more of it in memory than it may be."""
        encoding = encoding.strip().lower()
        if not wire or encoding in {"", "identity"}:
            return wire
        if encoding not in {"gzip", "x-gzip"}:
            raise BadReply(api_words.ODD, detail=f"{ask.operation}: encoding")
        unpacker, cap = zlib.decompressobj(wbits=31), self._patience.body_bytes
        try:
            body = unpacker.decompress(wire, cap + 1)
        except zlib.error:
            raise BadReply(api_words.ODD, detail=f"{ask.operation}: gzip") from None
        if len(body) > cap or not unpacker.eof:
            raise BadReply(api_words.ODD, detail=f"{ask.operation}: gzip")
        return body

    def _heed(self, reply: Reply) -> None:
        """Ask nothing more until the window is over where the answer says that nothing is left in it."""
        window = reply.headers.get("x-ratelimit-window", "")
        if reply.headers.get("x-ratelimit-remaining", "").strip() == "0" and _is_number(window):
            self._quiet_until = time.monotonic() + int(window) / 1000


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _trouble(status: int, ask: Ask, headers: Mapping[str, str]) -> ConnectorError | None:
    """What a status means in the contract's words; None for an answer."""
    detail = f"{ask.operation}: HTTP {status}"
    if _OK <= status < _MULTIPLE or status in ask.also:
        return None
    if status == _TOO_MANY:
        return RateLimited(api_words.TOO_MANY, _wait(headers), detail=detail)
    if status >= _SERVER or status == _TIMEOUT:
        return Temporary(api_words.OUT_OF_ORDER, detail=detail)
    kind, words = _REFUSALS.get(
        status, (Rejected, api_words.REFUSED) if status >= _BAD else (BadReply, api_words.ODD)
    )
    return kind(words, detail=detail)


def _wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long to leave it alone: `Retry-After` (RFC 9110 §10.2.3), or one `X-RateLimit-Window` of milliseconds."""
    named = {
        name.encode("latin-1", "replace"): value.encode("latin-1", "replace")
        for name, value in headers.items()
    }
    seconds = retry_after(named)
    if seconds is not None:
        return timedelta(seconds=seconds)
    window = headers.get("x-ratelimit-window", "")
    return timedelta(milliseconds=int(window)) if _is_number(window) else None
