"""Whatever the other side does, a fetch ends in time, within its caps, and names what was wrong."""

import gzip
import socket
import time
from collections.abc import Callable

import pytest

from connectors.http import Answer, Failure, Limits, Target, fetch, fetch_many
from tests.connectors.strangers import Server, header_of, path_of, reply

AGENT = "Tests/1"
SHORT = Limits(connect_s=0.6, total_s=0.6, wire_bytes=200_000, body_bytes=500_000)
GRACE_S = 0.4


def attempt(
    handler: Callable[[socket.socket, bytes], None], limits: Limits = SHORT, scheme: str = "http"
) -> Answer | Failure:
    """Fetch from such a server; a fetch that outlives its deadline fails the test."""
    with Server(handler) as server:
        began = time.monotonic()
        link = server.url("/secret").replace("http:", f"{scheme}:")
        got = fetch(Target(link), user_agent=AGENT, limits=limits, loopback_ports=frozenset({server.port}))
        assert time.monotonic() - began < limits.total_s + GRACE_S
    assert "secret" not in repr(got)
    return got


def code_of(got: Answer | Failure) -> str:
    assert isinstance(got, Failure), got
    return got.code


def forever(conn: socket.socket, chunk: bytes, pause: float = 0.0) -> None:
    while True:
        conn.sendall(chunk)
        time.sleep(pause)


def packed(body: bytes, encoding: str, times: int = 1) -> bytes:
    for _ in range(times):
        body = gzip.compress(body, 9)
    return reply(body, f"Content-Encoding: {encoding}")


def test_a_server_that_never_answers_is_given_up_after_the_deadline() -> None:
    got = attempt(lambda _conn, _: time.sleep(3))
    assert code_of(got) == "timeout"
    assert 0.5 <= got.seconds <= 1


def test_headers_that_drip_do_not_extend_the_deadline() -> None:
    def drip(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        forever(conn, b"a", 0.02)

    assert code_of(attempt(drip)) == "timeout"


def test_a_body_that_drips_does_not_extend_the_deadline() -> None:
    def drip(conn: socket.socket, _: bytes) -> None:
        conn.sendall(reply(length=100_000))
        forever(conn, b"a", 0.02)

    assert code_of(attempt(drip)) == "timeout"


def test_hops_share_one_deadline() -> None:
    def slow_hop(conn: socket.socket, _: bytes) -> None:
        time.sleep(0.25)
        conn.sendall(reply(b"", "Location: /next", status="302 Found"))

    assert code_of(attempt(slow_hop)) == "timeout"


def test_tls_that_never_finishes_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        got = fetch(
            Target(f"https://127.0.0.1:{port}/"),
            user_agent=AGENT,
            limits=SHORT,
            loopback_ports=frozenset({port}),
        )
        assert time.monotonic() - began < SHORT.total_s + GRACE_S
    assert code_of(got) == "timeout"


def test_a_plain_server_asked_for_tls_is_a_tls_failure() -> None:
    class Plain(Server):
        def answer(self, connection: socket.socket) -> None:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Plain(lambda _conn, _: None) as server:
        got = fetch(
            Target(f"https://127.0.0.1:{server.port}/"),
            user_agent=AGENT,
            limits=SHORT,
            loopback_ports=frozenset({server.port}),
        )
    assert code_of(got) == "tls"


def test_headers_without_end_stop_at_their_cap() -> None:
    def endless(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\n")
        forever(conn, b"X-Header: some value or other\r\n" * 50)

    assert code_of(attempt(endless)) == "headers"


def test_a_hundred_thousand_headers_stop_at_their_cap() -> None:
    assert code_of(attempt(lambda conn, _: conn.sendall(reply(b"x", *["A: b"] * 100_000)))) == "headers"


def test_one_header_line_without_end_stops_at_a_cap() -> None:
    def endless(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        forever(conn, b"a" * 10_000)

    assert code_of(attempt(endless)) == "headers"


def test_interim_responses_without_end_stop_at_the_header_cap() -> None:
    assert (
        code_of(attempt(lambda conn, _: forever(conn, b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" * 100)))
        == "headers"
    )


def test_trailers_without_end_stop_at_the_header_cap() -> None:
    def endless(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
        forever(conn, b"X-Trailer: some value or other\r\n" * 50)

    assert code_of(attempt(endless)) == "headers"


def test_headers_of_all_hops_count_together() -> None:
    padding = [f"X: {'a' * 1000}"] * 30

    def padded(conn: socket.socket, _: bytes) -> None:
        conn.sendall(reply(b"", "Location: /next", *padding, status="302 Found"))

    assert code_of(attempt(padded)) == "headers"


def test_a_body_that_announces_too_much_is_not_even_read() -> None:
    sent = 0

    def huge(conn: socket.socket, _: bytes) -> None:
        nonlocal sent
        conn.sendall(reply(length=10**12))
        sent = 1

    assert code_of(attempt(huge)) == "too_big"


def test_a_body_without_end_stops_at_the_wire_cap() -> None:
    def endless(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        forever(conn, b"2710\r\n" + b"a" * 10_000 + b"\r\n")

    assert code_of(attempt(endless)) == "too_big"


def test_a_body_that_ends_with_the_connection_stops_at_the_wire_cap_too() -> None:
    def endless(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        forever(conn, b"a" * 10_000)

    assert code_of(attempt(endless)) == "too_big"


def test_a_gzip_bomb_stops_at_the_cap_for_unpacked_bytes() -> None:
    bomb = packed(b"\0" * 100_000_000, "gzip")
    assert len(bomb) < SHORT.wire_bytes
    assert code_of(attempt(lambda conn, _: conn.sendall(bomb))) == "too_big"


def test_a_body_of_exactly_the_cap_is_an_answer() -> None:
    body = b"a" * SHORT.body_bytes
    exact, over = packed(body, "gzip"), packed(body + b"a", "gzip")
    assert isinstance(attempt(lambda conn, _: conn.sendall(exact)), Answer)
    assert code_of(attempt(lambda conn, _: conn.sendall(over))) == "too_big"


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip, gzip", "br", "zstd", "deflate", "compress", "gzip\r\nContent-Encoding: gzip"]
)
def test_an_encoding_nobody_asked_for_is_refused_unread(encoding: str) -> None:
    bomb = packed(b"\0" * 1_000_000, encoding, times=3)
    assert code_of(attempt(lambda conn, _: conn.sendall(bomb))) == "protocol"


def test_what_calls_itself_gzip_and_is_not_is_refused() -> None:
    assert (
        code_of(attempt(lambda conn, _: conn.sendall(reply(b"BEGIN:VCALENDAR", "Content-Encoding: gzip"))))
        == "protocol"
    )


def test_a_body_shorter_than_announced_is_not_taken_for_whole() -> None:
    def lie(conn: socket.socket, _: bytes) -> None:
        conn.sendall(reply(b"BEGIN:VCALENDAR", length=500))
        conn.shutdown(socket.SHUT_WR)

    assert code_of(attempt(lie)) == "protocol"


def test_a_chunked_body_that_breaks_off_is_not_taken_for_whole() -> None:
    def lie(conn: socket.socket, _: bytes) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\nBEGIN:VCALENDAR\r\n")
        conn.shutdown(socket.SHUT_WR)

    assert code_of(attempt(lie)) == "protocol"


def test_a_compressed_body_that_breaks_off_is_not_taken_for_whole() -> None:
    whole = gzip.compress(bytes(range(256)) * 100)

    def lie(conn: socket.socket, _: bytes) -> None:
        conn.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
            + whole[: len(whole) // 2]
        )
        conn.shutdown(socket.SHUT_WR)

    assert code_of(attempt(lie)) == "protocol"


def test_more_body_than_announced_is_cut_off_and_poisons_nothing() -> None:
    calls = iter([reply(b"first") + reply(b"smuggled"), reply(b"second")])
    with Server(lambda conn, _: conn.sendall(next(calls))) as server:
        ports = frozenset({server.port})
        got = [
            fetch(Target(server.url(path)), user_agent=AGENT, loopback_ports=ports) for path in ("/1", "/2")
        ]
    assert [one.body for one in got if isinstance(one, Answer)] == [b"first", b"second"]


@pytest.mark.parametrize(
    "noise", [b"SSH-2.0-OpenSSH_9.2\r\n", b"-ERR unknown command\r\n", b"\0" * 100, b"HTTP/9.9 hello\r\n\r\n"]
)  # fmt: skip
def test_what_is_no_http_is_a_protocol_failure(noise: bytes) -> None:
    def speak(conn: socket.socket, _: bytes) -> None:
        conn.sendall(noise)
        conn.shutdown(socket.SHUT_WR)

    assert code_of(attempt(speak)) == "protocol"


def test_a_server_that_hangs_up_is_a_protocol_failure() -> None:
    assert code_of(attempt(lambda conn, _: conn.shutdown(socket.SHUT_RDWR))) == "protocol"


def test_a_port_where_nobody_listens_is_a_connect_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    got = fetch(
        Target(f"http://127.0.0.1:{port}/"), user_agent=AGENT, limits=SHORT, loopback_ports=frozenset({port})
    )
    assert code_of(got) == "connect"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_loop_ends_after_the_third_hop(code: int) -> None:
    with Server(lambda conn, _: conn.sendall(reply(b"", "Location: /", status=f"{code} Round"))) as server:
        got = fetch(Target(server.url()), user_agent=AGENT, loopback_ports=frozenset({server.port}))
    assert code_of(got) == "redirects"
    assert len(server.requests) == 4


def test_a_hundred_hops_end_after_the_third() -> None:
    def next_hop(conn: socket.socket, request: bytes) -> None:
        number = int(path_of(request)[1:] or 0)
        conn.sendall(
            reply(b"", f"Location: /{number + 1}", status="302 Found") if number < 100 else reply(b"end")
        )

    with Server(next_hop) as server:
        got = fetch(Target(server.url("/0")), user_agent=AGENT, loopback_ports=frozenset({server.port}))
    assert code_of(got) == "redirects"
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://127.0.0.1/", "scheme"),
        ("gopher://127.0.0.1:6379/_INFO", "scheme"),
        ("http://example.org/plain", "scheme"),
        ("http://127.0.0.1/", "scheme"),
        ("https://127.0.0.1/", "address"),
        ("https://127.0.0.1:22/", "address"),
        ("https://me:pw@127.0.0.1/", "address"),
        ("https://[v1.x]/", "protocol"),
        ("https://127.0.0.1:99999/", "protocol"),
        ("", "redirects"),
    ],
)
def test_a_redirect_to_where_nobody_may_go_is_not_followed(location: str, code: str) -> None:
    got = attempt(lambda conn, _: conn.sendall(reply(b"", f"Location: {location}", status="302 Found")))
    assert code_of(got) == code


def test_credentials_in_a_redirect_are_not_sent() -> None:
    def away(conn: socket.socket, request: bytes) -> None:
        location = f"Location: http://me:pw@127.0.0.1:{server.port}/2"
        conn.sendall(reply(b"", location, status="302 Found") if path_of(request) == "/1" else reply(b"x"))

    with Server(away) as server:
        fetch(Target(server.url("/1")), user_agent=AGENT, loopback_ports=frozenset({server.port}))
    assert [header_of(request, "Authorization") for request in server.requests] == [None, None]


def test_a_redirect_without_a_place_is_an_answer() -> None:
    got = attempt(lambda conn, _: conn.sendall(reply(b"x", status="302 Found")))
    assert isinstance(got, Answer)
    assert got.status == 302


def test_a_refresh_by_header_or_page_is_not_followed() -> None:
    page = b'<meta http-equiv="refresh" content="0; url=/elsewhere">'
    with Server(lambda conn, _: conn.sendall(reply(page, "Refresh: 0; url=/elsewhere"))) as server:
        got = fetch(Target(server.url()), user_agent=AGENT, loopback_ports=frozenset({server.port}))
    assert isinstance(got, Answer)
    assert got.body == page
    assert len(server.requests) == 1


def test_a_demand_for_credentials_is_not_met() -> None:
    refusal = reply(b"", 'WWW-Authenticate: Basic realm="x"', "WWW-Authenticate: Negotiate", status="401 Who")
    with Server(lambda conn, _: conn.sendall(refusal)) as server:
        got = fetch(Target(server.url()), user_agent=AGENT, loopback_ports=frozenset({server.port}))
    assert isinstance(got, Answer)
    assert got.status == 401
    assert [header_of(request, "Authorization") for request in server.requests] == [None]


@pytest.mark.parametrize(
    "url",
    ["", "x", "http://", "http://a\0b/", "http://a b/", "http://\ud800/", "http://ä:x/", "http://[::1/"],
)
def test_a_link_that_was_never_normalised_fails_alone(url: str) -> None:
    with Server(lambda conn, _: conn.sendall(reply(b"x"))) as server:
        got = fetch_many(
            [Target(url), Target(server.url())],
            user_agent=AGENT,
            limits=SHORT,
            loopback_ports=frozenset({server.port}),
        )
    assert isinstance(got[0], Failure)
    assert isinstance(got[1], Answer)


def test_a_batch_that_is_interrupted_leaves_a_door_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    def handle(conn: socket.socket, request: bytes) -> None:
        if path_of(request) == "/slow":
            time.sleep(8)
        conn.sendall(reply(b"x"))

    with Server(handle) as server:
        ports = frozenset({server.port})
        with monkeypatch.context() as patch:
            patch.setattr("connectors.http.Door.wait", interrupt)
            with pytest.raises(Interrupted):
                fetch(Target(server.url("/slow")), user_agent=AGENT, loopback_ports=ports)
        began = time.monotonic()
        got = fetch_many([Target(server.url())] * 20, user_agent=AGENT, loopback_ports=ports)
        assert time.monotonic() - began < 6
    assert [one.body for one in got if isinstance(one, Answer)] == [b"x"] * 20


def test_failures_say_nothing_about_link_or_content() -> None:
    fields = set(Failure.__dataclass_fields__)
    assert fields == {"code", "seconds"}
