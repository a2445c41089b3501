"""The way to systems that we trust: what it refuses to do, and how long it waits."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import ical, registry
from connectors.api_words import LONGEST, their_words
from connectors.contract import Account, AuthFailed, BadReply, RateLimited, Rejected, Temporary, Tools
from connectors.tokens import bearer
from connectors.transport import STANDARD, Ask, Transport
from tests.connectors.plays import HOUSE
from tests.connectors.strangers import Handler, Server, header_of, reply
from tests.connectors.test_http import certificate

TOOLS = Tools(spend=lambda _: None, today=date(2026, 11, 21), user_agent="Amplistay tests")
HASTY = replace(STANDARD, connect_s=2, silence_s=0.2, total_s=0.4)


@pytest.fixture
def served() -> Iterator[Callable[[Handler], Server]]:
    servers: list[Server] = []

    def serve(handler: Handler) -> Server:
        servers.append(Server(handler).__enter__())
        return servers[-1]

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def ask(server: Server, **changed: object) -> Ask:
    return replace(Ask("x.Read", "GET", server.url(), {"X-Key": "k"}), **changed)


def always(answer: bytes) -> Handler:
    def handler(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer)

    return handler


def test_an_answer_comes_whole_with_its_head(served: Callable[[Handler], Server]) -> None:
    server = served(always(reply(b"hello", "X-Thing: 7")))
    answer = Transport(TOOLS).send(ask(server))
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (200, b"hello", "7")
    assert header_of(server.requests[0], "User-Agent") == "Amplistay tests"
    assert header_of(server.requests[0], "X-Key") == "k"


def test_a_proxy_and_the_keys_of_this_machine_are_not_used(
    served: Callable[[Handler], Server],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    server = served(always(reply(b"hello")))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Transport(TOOLS).send(ask(server)).body == b"hello"
    assert header_of(server.requests[0], "Authorization") is None


def test_who_says_nothing_isnt_waited_for(served: Callable[[Handler], Server]) -> None:
    server = served(lambda connection, request: None)
    with pytest.raises(Temporary):
        Transport(TOOLS, HASTY).send(ask(server))


def test_who_speaks_a_letter_at_a_time_is_not_listened_to_for_ever(
    served: Callable[[Handler], Server],
) -> None:
    gone = threading.Event()

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not gone.wait(0.05):
            connection.sendall(b"x")

    with pytest.raises(Temporary) as caught:
        Transport(TOOLS, HASTY).send(ask(served(drip)))
    gone.set()
    assert caught.value.detail == "x.Read: too slow"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Temporary):
        Transport(TOOLS, HASTY).send(Ask("x.Read", "GET", f"http://127.0.0.1:{port}/", {}))


def test_a_certificate_that_nobody_vouches_for_is_no_answer(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "127.0.0.1"))
    with Server(always(reply(b"hello")), tls=context) as server:
        address = server.url().replace("http:", "https:")
        with pytest.raises(Temporary) as caught:
            Transport(TOOLS).send(Ask("x.Read", "GET", address, {"X-Key": "k"}))
    assert caught.value.detail == "x.Read: SSLError"
    assert server.requests == []


@pytest.mark.parametrize(
    ("heads", "wait"),
    [
        (["Retry-After: 90"], timedelta(seconds=90)),
        (
            ["Date: Sat, 21 Nov 2026 08:00:00 GMT", "Retry-After: Sat, 21 Nov 2026 08:02:00 GMT"],
            timedelta(minutes=2),
        ),
        (["X-RateLimit-Window: 60000"], timedelta(minutes=1)),
        (["Retry-After: 5", "X-RateLimit-Window: 60000"], timedelta(seconds=5)),
        (["X-RateLimit-Window: soon"], None),
        (["Retry-After: -5"], None),
        ([], None),
    ],
)
def test_how_long_to_wait(
    served: Callable[[Handler], Server], heads: list[str], wait: timedelta | None
) -> None:
    server = served(always(reply(b"", *heads, status="429 Too Many Requests")))
    with pytest.raises(RateLimited) as caught:
        Transport(TOOLS).send(ask(server))
    assert caught.value.wait == wait


def test_after_the_last_request_of_a_window_none_goes_out(served: Callable[[Handler], Server]) -> None:
    server = served(always(reply(b"{}", "X-RateLimit-Remaining: 0", "X-RateLimit-Window: 3600000")))
    spent: list[str] = []
    transport = Transport(replace(TOOLS, spend=spent.append))
    transport.send(ask(server))
    with pytest.raises(RateLimited) as caught:
        transport.send(ask(server))
    assert caught.value.wait
    assert caught.value.wait <= timedelta(hours=1)
    assert len(server.requests) == len(spent) == 1


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_what_is_packed_otherwise_than_was_asked_for_is_a_bad_reply(
    served: Callable[[Handler], Server], encoding: str
) -> None:
    server = served(always(reply(b"hello", f"Content-Encoding: {encoding}")))
    with pytest.raises(BadReply):
        Transport(TOOLS).send(ask(server))


def test_a_status_that_is_expected_is_an_answer(served: Callable[[Handler], Server]) -> None:
    server = served(always(reply(b"gone", status="404 Not Found")))
    with pytest.raises(Rejected):
        Transport(TOOLS).send(ask(server))
    assert Transport(TOOLS).send(ask(server, also=frozenset({404}))).status == 404


@pytest.mark.parametrize(
    "address",
    [
        "http://hsapi.example.com/hsapi",
        "http://127.0.0.1:8000/x",
        "http://127.0.0.1/x",
        "ftp://127.0.0.1:9000/x",
        "file:///etc/passwd",
        "//127.0.0.1:9000",
    ],
)
def test_a_system_is_asked_over_https_or_on_a_simulators_port(address: str) -> None:
    tools = replace(TOOLS, loopback_ports=frozenset({9000}), base_urls={"x": address})
    with pytest.raises(ValueError, match="https"):
        Transport(tools).base("x", "https://api.example.com")


def test_addresses_are_the_systems_own_unless_there_is_a_simulator() -> None:
    tools = replace(TOOLS, loopback_ports=frozenset({9000}), base_urls={"x": "http://127.0.0.1:9000/x/"})
    assert Transport(tools).base("x", "https://api.example.com") == "http://127.0.0.1:9000/x"
    assert Transport(tools).base("y", "https://api.example.com/v1/") == "https://api.example.com/v1"


# Tokens and words.


@pytest.mark.parametrize(
    "value", ["", "Basic x", "Bearer ", "Bearer a\r\nX: y", "Bearer é", "Bearer " + "x" * 9000]
)
def test_a_token_that_cant_be_sent_is_a_bad_reply(value: str) -> None:
    with pytest.raises(BadReply):
        bearer(value, "", "x.token")


@pytest.mark.parametrize(
    ("until", "read"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-12-21T12:19:40.097Z", datetime(2026, 12, 21, 12, 19, 40, 97_000, UTC)),
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_when_a_token_runs_out(until: str, read: datetime | None) -> None:
    assert bearer("Bearer x", until, "x.token").until == read


@given(st.text())
def test_their_words_are_one_short_line(text: str) -> None:
    words = their_words(text)
    assert len(words) <= LONGEST
    assert words.isprintable() or not any(letter in words for letter in "\r\n\t\x00\u2028")


def test_their_words_tell_no_secret() -> None:
    assert their_words("key  s3cret\nis wrong", ("s3cret", "")) == "key … is wrong"


# The registry and iCal's own.


def test_a_system_that_there_isnt() -> None:
    with pytest.raises(KeyError):
        registry.connect("nobody", Account({}, {}), TOOLS)


def test_a_calendar_isnt_read_by_nobodys_clock() -> None:
    with pytest.raises(ValueError, match="clock"):
        registry.connect("ical", Account({"link": "https://example.com/a.ics"}, {}), TOOLS)


@pytest.mark.parametrize("link", ["", "nothing", "ftp://example.com/a.ics", "http://10.0.0.1/a.ics"])
def test_a_link_that_is_none_is_a_wrong_key(link: str) -> None:
    connector = ical.connect(Account({"link": link}, {}), replace(TOOLS, house=HOUSE))
    with pytest.raises(AuthFailed):
        connector.listings()
