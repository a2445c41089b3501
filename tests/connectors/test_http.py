"""Fetching as it goes when the other side behaves."""

import gzip
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.http import Answer, Failure, Limits, Target, fetch, fetch_many
from tests.connectors.strangers import Server, header_of, path_of, reply

AGENT = "Amplistay-Calendar/1.0 (+https://example.org/bot)"
CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


def read(server: Server, path: str = "/", **validators: str) -> Answer:
    got = fetch(
        Target(server.url(path), **validators), user_agent=AGENT, loopback_ports=frozenset({server.port})
    )
    assert isinstance(got, Answer), got
    return got


def test_a_calendar_arrives_with_what_describes_it() -> None:
    headers = (
        "Content-Type: text/calendar; charset=utf-8",
        'ETag: W/"a,\xe4"',
        "Last-Modified: Sat, 21 Nov 2026 04:00:00 GMT",
    )
    response = reply(CALENDAR, *headers).replace("\xe4".encode(), b"\xe4")
    with Server(lambda conn, _: conn.sendall(response)) as server:
        got = read(server)
    assert got.status == 200
    assert got.body == CALENDAR
    assert got.content_type == "text/calendar; charset=utf-8"
    assert got.etag == 'W/"a,\xe4"'
    assert got.last_modified == "Sat, 21 Nov 2026 04:00:00 GMT"
    assert got.retry_after is None
    assert not got.not_modified
    assert 0 < got.seconds < 5


def test_a_request_says_who_asks_and_carries_nothing_else() -> None:
    with Server(lambda conn, _: conn.sendall(reply(b"x", "Set-Cookie: a=b"))) as server:
        read(server)
        read(server)
    for request in server.requests:
        assert header_of(request, "User-Agent") == AGENT
        assert header_of(request, "Accept-Encoding") == "gzip"
        for absent in ("Cookie", "Authorization", "Referer", "Range", "If-None-Match", "If-Modified-Since"):
            assert header_of(request, absent) is None


@pytest.mark.parametrize(
    "path", ["/a%2bB%2F?key=%2b%2F%3d+&x=1", "/a/../b/./c//d", "/?q", "/x?y=[1]{2}|^", "/%c3%A4"]
)
def test_path_and_query_are_asked_byte_for_byte(path: str) -> None:
    with Server(lambda conn, _: conn.sendall(reply())) as server:
        read(server, path)
    assert path_of(server.requests[0]) == path


def test_validators_are_sent_back_byte_for_byte_and_a_304_is_an_answer() -> None:
    with Server(lambda conn, _: conn.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n')) as server:
        got = read(server, etag='W/"a,\xe4"', last_modified="Sat, 21 Nov 2026 04:00:00 GMT")
    assert got.not_modified
    assert got.body == b""
    assert b'\r\nIf-None-Match: W/"a,\xe4"\r\n' in server.requests[0]
    assert header_of(server.requests[0], "If-Modified-Since") == "Sat, 21 Nov 2026 04:00:00 GMT"


def test_validators_of_one_target_are_not_sent_for_the_next() -> None:
    with Server(lambda conn, _: conn.sendall(reply())) as server:
        read(server, "/1", etag='"one"')
        read(server, "/2")
    assert header_of(server.requests[1], "If-None-Match") is None


@pytest.mark.parametrize("etag", ['"a"\r\nX-Evil: 1', "a\0b", "snow\u2603"])
def test_a_validator_that_cannot_be_sent_is_left_out(etag: str) -> None:
    with Server(lambda conn, _: conn.sendall(reply())) as server:
        read(server, etag=etag)
    assert header_of(server.requests[0], "If-None-Match") is None
    assert header_of(server.requests[0], "X-Evil") is None


def test_a_compressed_calendar_is_unpacked() -> None:
    body = CALENDAR * 1000
    with Server(lambda conn, _: conn.sendall(reply(gzip.compress(body), "Content-Encoding: gzip"))) as server:
        assert read(server).body == body


def test_a_compressed_calendar_may_unpack_to_more_than_the_wire_allows() -> None:
    body = b"".join(b"%08d" % number for number in range(400_000))
    with Server(lambda conn, _: conn.sendall(reply(gzip.compress(body), "Content-Encoding: gzip"))) as server:
        assert len(gzip.compress(body)) < Limits().wire_bytes < len(body) < Limits().body_bytes
        assert read(server).body == body


@pytest.mark.parametrize(
    "status",
    [
        "200 OK",
        "204 None",
        "206 Part",
        "300 Many",
        "403 No",
        "404 No",
        "410 Gone",
        "429 Slow",
        "500 Oh",
        "503 Busy",
    ],
)
def test_every_status_is_an_answer_for_the_caller_to_judge(status: str) -> None:
    with Server(lambda conn, _: conn.sendall(reply(status=status))) as server:
        assert read(server).status == int(status[:3])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 120"], 120),
        (["Retry-After: 0"], 0),
        (["Retry-After: 999999999999999999999"], 86_400),
        (["Retry-After: Sat, 21 Nov 2026 04:02:00 GMT", "Date: Sat, 21 Nov 2026 04:00:00 GMT"], 120),
        (["Retry-After: Sat, 21 Nov 2026 03:00:00 GMT", "Date: Sat, 21 Nov 2026 04:00:00 GMT"], 0),
        (["Retry-After: Sat, 21 Nov 2099 03:00:00 GMT"], 86_400),
        (["Retry-After: -5"], None),
        (["Retry-After: soon"], None),
        (["Retry-After: Sat, 99 Nov 99999 03:00:00 GMT"], None),
        (["Retry-After:"], None),
        ([], None),
    ],
)
def test_retry_after_is_read_as_seconds(headers: list[str], seconds: int | None) -> None:
    with Server(lambda conn, _: conn.sendall(reply(b"", *headers, status="429 Slow down"))) as server:
        assert read(server).retry_after == seconds


def test_a_retry_date_without_the_senders_clock_counts_from_now() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    with Server(
        lambda conn, _: conn.sendall(reply(b"", f"Retry-After: {then}", status="503 Busy"))
    ) as server:
        assert 295 <= (read(server).retry_after or 0) <= 300


def test_a_redirect_is_followed_with_the_validators_and_ends_in_one_answer() -> None:
    def handle(conn: socket.socket, request: bytes) -> None:
        step = path_of(request)
        away = {
            "/1": "/2",
            "/2": server.url("/3%2b?key=%2b"),
            "/3%2b?key=%2b": f"//127.0.0.1:{server.port}/4",
        }.get(step)
        conn.sendall(reply(b"gone", f"Location: {away}", status="302 Found") if away else reply(CALENDAR))

    with Server(handle) as server:
        got = read(server, "/1", etag='"x"')
    assert got.body == CALENDAR
    assert [path_of(request) for request in server.requests] == ["/1", "/2", "/3%2b?key=%2b", "/4"]
    assert {header_of(request, "If-None-Match") for request in server.requests} == {'"x"'}


def test_outcomes_come_in_the_order_of_their_targets() -> None:
    def handle(conn: socket.socket, request: bytes) -> None:
        number = int(path_of(request)[1:])
        time.sleep(0.02 * (number % 3))
        conn.sendall(reply(b"%d" % number))

    with Server(handle) as server:
        targets = [Target(server.url(f"/{number}")) for number in range(40)]
        targets[7] = Target("gopher://example.org/")
        got = fetch_many(targets, user_agent=AGENT, loopback_ports=frozenset({server.port}), per_host=8)
    bodies = [int(one.body) if isinstance(one, Answer) else one.code for one in got]
    assert bodies == [*range(7), "scheme", *range(8, 40)]


def test_no_targets_give_no_outcomes() -> None:
    assert fetch_many([], user_agent=AGENT) == []


@pytest.mark.parametrize("per_host", [1, 2, 5])
def test_one_host_is_never_asked_more_at_once_than_it_may_be(per_host: int) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def handle(conn: socket.socket, _: bytes) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.01)
        with lock:
            busy -= 1
        conn.sendall(reply(b"x"))

    with Server(handle) as server:
        targets = [Target(server.url(f"/{number}")) for number in range(30)]
        got = fetch_many(
            targets, user_agent=AGENT, loopback_ports=frozenset({server.port}), per_host=per_host
        )
    assert all(isinstance(one, Answer) for one in got)
    assert most == per_host
    assert server.most_open == server.connections == per_host


def test_waiting_for_a_turn_at_a_host_is_not_held_against_anybody() -> None:
    def handle(conn: socket.socket, _: bytes) -> None:
        time.sleep(0.1)
        conn.sendall(reply(b"x"))

    with Server(handle) as server:
        targets = [Target(server.url(f"/{number}")) for number in range(10)]
        got = fetch_many(
            targets,
            user_agent=AGENT,
            loopback_ports=frozenset({server.port}),
            limits=Limits(connect_s=0.5, total_s=0.5),
            per_host=1,
        )
    assert all(isinstance(one, Answer) and one.seconds < 0.5 for one in got)


def test_a_slow_host_does_not_hold_up_the_others() -> None:
    with (
        Server(lambda _conn, _: time.sleep(2)) as slow,
        Server(lambda conn, _: conn.sendall(reply(b"x"))) as fast,
    ):
        targets = [Target(slow.url(f"/{n}")) for n in range(4)] + [
            Target(f"http://localhost:{fast.port}/{n}") for n in range(50)
        ]
        got = fetch_many(
            targets,
            user_agent=AGENT,
            loopback_ports=frozenset({slow.port, fast.port}),
            limits=Limits(total_s=0.5),
        )
    assert [one.code for one in got[:4] if isinstance(one, Failure)] == ["timeout"] * 4
    assert all(isinstance(one, Answer) and one.seconds < 0.4 for one in got[4:])


def test_connections_are_kept_from_batch_to_batch() -> None:
    with Server(lambda conn, _: conn.sendall(reply(b"x"))) as server:
        for _ in range(3):
            read(server)
        assert server.connections == 1


def test_a_kept_connection_that_the_server_has_closed_is_replaced() -> None:
    def handle(conn: socket.socket, _: bytes) -> None:
        conn.sendall(reply(b"x"))
        conn.close()

    with Server(handle) as server:
        for _ in range(5):
            assert read(server).body == b"x"
            time.sleep(0.02)


def test_threads_do_not_share_a_door() -> None:
    got: list[Answer | Failure] = []
    with Server(lambda conn, request: conn.sendall(reply(path_of(request).encode()))) as server:

        def work(name: int) -> None:
            targets = [Target(server.url(f"/{name}/{number}")) for number in range(50)]
            outcomes = fetch_many(targets, user_agent=AGENT, loopback_ports=frozenset({server.port}))
            got.extend(outcomes)
            assert [one.body.decode() for one in outcomes if isinstance(one, Answer)] == [
                f"/{name}/{number}" for number in range(50)
            ]

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sum(isinstance(one, Answer) for one in got) == 200


def certificate(folder: Path, address: str) -> Path:
    """A self-signed certificate for one address, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(hours=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{address}.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return file


def over_tls(file: Path) -> Answer | Failure:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with Server(lambda conn, _: conn.sendall(reply(CALENDAR)), tls=context) as server:
        link = server.url().replace("http:", "https:")
        return fetch(Target(link), user_agent=AGENT, loopback_ports=frozenset({server.port}))


def test_a_certificate_that_the_system_trusts_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    got = over_tls(file)
    assert isinstance(got, Answer), got
    assert got.body == CALENDAR


def test_a_certificate_for_another_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path, "127.0.0.9")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    got = over_tls(file)
    assert isinstance(got, Failure)
    assert got.code == "tls"


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    got = over_tls(certificate(tmp_path, "127.0.0.1"))
    assert isinstance(got, Failure)
    assert got.code == "tls"
