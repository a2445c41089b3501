"""Posting to strangers' addresses: what arrives, what is refused, and that fetching is none the looser for it."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import Answer, Failure, Limits, Target, fetch, fetch_many
from tests.connectors.strangers import Server, header_of, reply
from tests.connectors.test_ssrf import AGENT, CODES, CORPUS, QUICK, pins, variants

BODY = '{"type":"sale.confirmed","name":"Gràcia"}'.encode()


def post(server: Server, body: bytes = BODY, path: str = "/", **headers: str) -> Answer | Failure:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    target = Target(server.url(path), body=body, headers=named)
    return fetch(target, user_agent=AGENT, loopback_ports=frozenset({server.port}), limits=QUICK)


class Reader(Server):
    """Reads each request with its whole body before it answers."""

    def answer(self, connection: socket.socket) -> None:
        pending = b""
        while chunk := connection.recv(65_536):
            pending += chunk
            head, blank, rest = pending.partition(b"\r\n\r\n")
            length = int(header_of(head + blank, "Content-Length") or 0)
            if blank and len(rest) >= length:
                request, pending = head + blank + rest[:length], rest[length:]
                self.requests.append(request)
                self.handler(connection, request)


def test_what_is_posted_arrives_byte_for_byte_with_its_headers() -> None:
    with Reader(lambda conn, _: conn.sendall(reply(b"thanks"))) as server:
        got = post(server, path="/a%2b?key=%2F", webhook_id="msg_1", Content_Type="application/json")
    assert isinstance(got, Answer)
    assert (got.status, got.body) == (200, b"thanks")
    (request,) = server.requests
    assert request.startswith(b"POST /a%2b?key=%2F HTTP/1.1\r\n")
    assert request.partition(b"\r\n\r\n")[2] == BODY
    assert header_of(request, "webhook-id") == "msg_1"
    assert header_of(request, "Content-Type") == "application/json"
    for absent in ("Expect", "Transfer-Encoding", "Cookie", "Authorization", "Referer", "If-None-Match"):
        assert header_of(request, absent) is None


@pytest.mark.parametrize("body", [b"", b"\0\r\n\r\n", b"x" * 300_000])
def test_any_body_arrives_whole(body: bytes) -> None:
    with Reader(lambda conn, _: conn.sendall(reply())) as server:
        assert isinstance(post(server, body), Answer)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == body


def test_fetching_after_posting_on_the_same_connection_is_fetching_again() -> None:
    with Reader(lambda conn, _: conn.sendall(reply(b"x"))) as server:
        ports = {"user_agent": AGENT, "loopback_ports": frozenset({server.port}), "limits": QUICK}
        post(server)
        fetch(Target(server.url("/calendar"), etag='"1"'), **ports)  # type: ignore[arg-type]  # mixed values
        post(server, b"{}")
    methods = [request.split(b" ", 1)[0] for request in server.requests]
    assert methods == [b"POST", b"GET", b"POST"]
    assert server.requests[1].partition(b"\r\n\r\n")[2] == b""
    assert header_of(server.requests[1], "Content-Length") is None
    assert header_of(server.requests[1], "Accept") == "text/calendar, text/plain;q=0.9, */*;q=0.5"
    assert server.connections == 1


@pytest.mark.parametrize("code", CODES)
def test_no_redirect_of_what_was_posted_is_followed(code: int) -> None:
    with Reader(lambda conn, _: conn.sendall(reply())) as there:
        location = f"Location: {there.url()}"
        with Reader(lambda conn, _: conn.sendall(reply(b"", location, status=f"{code} Go"))) as here:
            target = Target(here.url(), body=BODY)
            ports = frozenset({here.port, there.port})
            got = fetch(target, user_agent=AGENT, loopback_ports=ports, limits=Limits(redirects=3))
    assert isinstance(got, Failure)
    assert got.code == "redirects"
    assert (len(here.requests), there.connections) == (1, 0)


def test_nothing_is_posted_to_a_link_of_the_corpus() -> None:
    with (
        Server(lambda conn, _: conn.sendall(reply(b"secret"))) as four,
        Server(lambda conn, _: conn.sendall(reply(b"secret")), "::1", four.port) as six,
    ):
        links = variants(CORPUS, four.port)
        outcomes = fetch_many(
            [Target(link, body=BODY) for link in links],
            user_agent=AGENT,
            limits=QUICK,
            ports=frozenset({80, 443, four.port}),
            per_host=50,
            resolve=pins(CORPUS, four.port),
        )
        assert [link for link, got in zip(links, outcomes, strict=True) if isinstance(got, Answer)] == []
        assert sum(isinstance(got, Failure) and got.code == "address" for got in outcomes) >= 200
        assert (four.connections, six.connections) == (0, 0)


@given(st.sampled_from("\r\n\0\x7f\u2603"), st.booleans())
def test_a_header_that_could_begin_another_one_is_refused(sign: str, in_name: bool) -> None:
    header = (f"a{sign}b", "c") if in_name else ("a", f"b{sign}c")
    with pytest.raises(ValueError, match="can't be sent"):
        fetch(Target("https://example.org/", body=b"", headers=(header,)), user_agent=AGENT)


def test_a_server_that_takes_everything_and_never_answers_is_left_at_the_deadline() -> None:
    with Reader(lambda *_: None) as server:
        got = post(server)
    assert isinstance(got, Failure)
    assert (got.code, got.seconds < 10) == ("timeout", True)


def test_an_endless_answer_is_cut_off() -> None:
    def floods(conn: socket.socket, _: bytes) -> None:
        conn.sendall(reply(b"", length=10_000_000))
        for _ in range(100):
            conn.sendall(b"x" * 100_000)

    with Reader(floods) as server:
        got = post(server)
    assert isinstance(got, Failure)
    assert got.code == "too_big"


def test_neither_body_nor_headers_are_in_any_trace() -> None:
    target = Target("https://example.org/canary", body=b"canary", headers=(("webhook-signature", "canary"),))
    assert "canary" not in repr(target)
