"""A system played from a recording, over a real socket: what it is asked, what it answers, and how it fails.

A recording is a file of `tests/connectors/recordings`. Each exchange says what is asked for ("POST /path", and texts
that stand in its address or body) and what is answered; `in` and `to` name what has happened meanwhile, so that a
write changes what is read. `always` marks what goes on working when the rest fails (tokens), `write` what changes
something there. Everything in it is made up.
"""

import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors import registry
from connectors.contract import Account, Connector, Spec, Tools
from domain.house import House
from domain.spans import Span, nights_in

RECORDINGS = Path(__file__).parent / "recordings"
HOUSE = House(ZoneInfo("America/New_York"))
MEGABYTES_300 = 300 * 1024 * 1024
BLOCK = b"A" * 65_536

type Answer = tuple[int, dict[str, str], bytes]


def span(pair: list[str]) -> Span:
    return Span(date.fromisoformat(pair[0]), date.fromisoformat(pair[1]))


class Recording:
    """One system's half of a conversation, and what is true of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.whole: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
        self.spec: Spec = registry.SPECS[self.whole["system"]]
        self.window = span(self.whole["window"])
        self.taken = nights_in(span(pair) for pair in self.whole["taken"])
        self.block: dict[str, Any] | None = self.whole.get("block")
        self.can_change = "changed" in self.whole


@dataclass
class Play:
    """The system while a test asks it."""

    recording: Recording
    base: str = ""
    state: str = "start"
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    fault: Callable[[BaseHTTPRequestHandler, Answer], bool] | None = None  # True: it has answered by itself
    loses_writes: bool = False
    sent: int = 0

    def tools(self, **changed: Any) -> Tools:
        port = int(self.base.rpartition(":")[2])
        tools = Tools(
            spend=self.spent.append,
            today=date.fromisoformat(self.recording.whole["today"]),
            user_agent="Amplistay tests",
            loopback_ports=frozenset({port}),
            base_urls={name: self.base + path for name, path in self.recording.whole["base_urls"].items()},
            house=HOUSE,
        )
        return replace(tools, **changed)

    @property
    def credentials(self) -> dict[str, str]:
        given: dict[str, str] = self.recording.whole["credentials"]
        return {name: value.replace("{base}", self.base) for name, value in given.items()}

    @property
    def secrets(self) -> list[str]:
        """What must be seen nowhere: the secrets that are entered, and the tokens that are made of them."""
        entered = [
            self.credentials.get(each.name, "") for each in self.recording.spec.credentials if each.is_secret
        ]
        return [text for text in entered if text] + list(self.recording.whole["tokens"])

    def connector(self, tools: Tools | None = None, switches: dict[str, str] | None = None) -> Connector:
        account = Account(self.credentials, self.recording.whole["switches"] | (switches or {}))
        return registry.connect(self.recording.spec.key, account, tools or self.tools())

    @property
    def listing(self) -> str:
        """The unit of which the recording tells, found by its name."""
        found = self.connector().listings().listings
        self.spent.clear()
        self.asked.clear()
        return next(one.id for one in found if one.name == self.recording.whole["name"])

    def exchange(self, asked: str, body: str) -> dict[str, Any] | None:
        """What is recorded for that question as things stand."""
        for one in self.recording.whole["exchanges"]:
            if (
                asked.partition("?")[0] == one["ask"]
                and all(text in asked + body for text in one.get("has", ()))
                and self.state in one.get("in", [self.state])
            ):
                return dict(one)
        return None


def answer_of(exchange: dict[str, Any] | None) -> Answer:
    """The recorded answer; 404 where nothing is recorded."""
    if exchange is None:
        return 404, {}, b"{}"
    told = exchange["answer"]
    body = json.dumps(told["json"]) if "json" in told else told.get("text", "")
    return (
        told.get("status", 200),
        {"Date": "Sat, 21 Nov 2026 08:00:00 GMT", **told.get("headers", {})},
        body.encode(),
    )


def handler(play: Play) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or the reader waits for the second

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked, body = f"{self.command} {self.path}", self.rfile.read(length).decode()
            exchange = play.exchange(asked, body)
            play.asked.append(asked)
            play.bodies.append(body)
            recorded = exchange or {}
            fails = play.fault is not None and not recorded.get("always")
            if recorded.get("write") and not fails:
                play.written.append(asked)
            if not fails:
                play.state = recorded.get("to", play.state)
            with contextlib.suppress(OSError):
                if recorded.get("write") and play.loses_writes:
                    play.loses_writes = False
                    self.close_connection = True
                elif not (fails and play.fault and play.fault(self, answer_of(exchange))):
                    tell(self, *answer_of(exchange))

        do_POST = do_PUT = do_GET  # noqa: N815 - as the standard library calls them

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def tell(to: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    """A whole answer."""
    to.send_response_only(status)
    headers = {"Content-Length": str(len(body)), **headers}
    for name, value in headers.items():
        to.send_header(name, value)
    to.end_headers()
    to.wfile.write(body)


@contextlib.contextmanager
def played(name: str) -> Iterator[Play]:
    """The recording on a free port of this machine."""
    play = Play(Recording(name))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(play))
    server.daemon_threads = True
    play.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield play
    finally:
        server.shutdown()
        server.server_close()


# Ways to fail.


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler, Answer], bool]:
    def play(to: BaseHTTPRequestHandler, _: Answer) -> bool:
        tell(to, code, {name.replace("_", "-"): value for name, value in headers.items()}, b"out of order")
        return True

    return play


def cut(to: BaseHTTPRequestHandler, recorded: Answer) -> bool:
    """Half of the answer, and then nobody there."""
    code, headers, body = recorded
    to.close_connection = True
    tell(to, code, {**headers, "Content-Length": str(len(body))}, body[: len(body) // 2])
    return True


def web_page(to: BaseHTTPRequestHandler, _: Answer) -> bool:
    tell(to, 200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><body>Please log in</body></html>")
    return True


def empty(to: BaseHTTPRequestHandler, _: Answer) -> bool:
    tell(to, 200, {}, b"")
    return True


def silence(to: BaseHTTPRequestHandler, _: Answer) -> bool:
    to.close_connection = True
    return True


class Flood:
    """300 MB without end, in pieces and without saying how many."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, to: BaseHTTPRequestHandler, _: Answer) -> bool:
        to.close_connection = True
        to.send_response_only(200)
        to.send_header("Transfer-Encoding", "chunked")
        to.end_headers()
        while self.sent < MEGABYTES_300:
            to.wfile.write(b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK))
            self.sent += len(BLOCK)
        return True


def zipped(to: BaseHTTPRequestHandler, recorded: Answer) -> bool:
    code, headers, body = recorded
    tell(to, code, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body))
    return True


def bomb(to: BaseHTTPRequestHandler, _: Answer) -> bool:
    """300 MB of nothing in 300 KB."""
    tell(to, 200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(MEGABYTES_300), compresslevel=1))
    return True
