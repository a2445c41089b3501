"""No link of a stranger ever reaches the inside, however it is written, resolved or redirected."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import transfers
from connectors.http import Answer, Failure, Limits, Target, fetch, fetch_many
from connectors.links import BadLink, normalise
from tests.connectors.strangers import Server, path_of, reply

CORPUS = [
    line.replace("{TAB}", "\t").replace("{LONG}", "a" * 300)
    for line in (Path(__file__).parent / "ssrf_corpus.txt").read_text().splitlines()
    if not line.startswith("#")
]
CODES = (301, 302, 303, 307, 308)
QUICK = Limits(connect_s=2, total_s=4)
AGENT = "Tests/1"
_PORTLESS = re.compile(r"(https?)://([^/?#\\]*[^/?#\\:0-9]|[^/?#\\:]+|[^/?#\\]*\])(?=[/?#\\]|$)(.*)")
_NAME = re.compile(r"https?://([A-Za-z.*-][A-Za-z0-9.*-]*)(?=[:/\\])")


@pytest.fixture
def inside() -> Iterator[tuple[Server, Server]]:
    """Listeners on both loopback addresses, at one port that fetches may otherwise use."""
    with (
        Server(lambda conn, _: conn.sendall(reply(b"secret"))) as four,
        Server(lambda conn, _: conn.sendall(reply(b"secret")), "::1", four.port) as six,
    ):
        yield four, six


def variants(links: list[str], port: int) -> list[str]:
    """Every link as it stands, over TLS, and with the port on which somebody inside is listening."""
    found = []
    for link in links:
        found += [link, link.replace("http:", "https:", 1)]
        if parts := _PORTLESS.fullmatch(link):
            scheme, host, rest = parts.groups()
            found += [f"{scheme}://{host}:{port}{rest}", f"https://{host}:{port}{rest}"]
    return list(dict.fromkeys(found))


def pins(links: list[str], *ports: int) -> list[str]:
    """DNS answers that send every name in the corpus to this machine."""
    names = {match[1] for link in links if (match := _NAME.match(link)) and match[1] != "*"}
    return [f"{name}:{port}:127.0.0.1,[::1]" for name in sorted(names) for port in (22, 80, 443, *ports)]


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) * (1 + len(CODES)) >= 250
    assert len(set(CORPUS)) == len(CORPUS)


@pytest.mark.parametrize("link", CORPUS)
def test_a_link_of_the_corpus_is_not_even_stored(link: str) -> None:
    with pytest.raises(BadLink):
        normalise(link)


def test_a_link_of_the_corpus_never_reaches_the_inside_directly(inside: tuple[Server, Server]) -> None:
    port = inside[0].port
    links = variants(CORPUS, port)
    outcomes = fetch_many(
        [Target(link) for link in links],
        user_agent=AGENT,
        limits=QUICK,
        ports=frozenset({80, 443, port}),
        per_host=50,
        resolve=pins(CORPUS, port),
    )
    assert len(links) >= 250
    assert [link for link, got in zip(links, outcomes, strict=True) if isinstance(got, Answer)] == []
    assert sum(isinstance(got, Failure) and got.code == "address" for got in outcomes) >= 200
    assert (inside[0].connections, inside[1].connections) == (0, 0)


@pytest.mark.parametrize("code", CODES)
def test_a_link_of_the_corpus_never_reaches_the_inside_by_redirect(
    inside: tuple[Server, Server], code: int
) -> None:
    port = inside[0].port
    links = variants(CORPUS, port)

    def send_on(conn: socket.socket, request: bytes) -> None:
        path = path_of(request)
        location = links[int(path[1:])].encode() if path[1:].isdigit() else None
        conn.sendall(
            b"HTTP/1.1 404 Not here\r\nContent-Length: 0\r\n\r\n"
            if location is None
            else b"HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (code, location)
        )

    with Server(send_on) as outside:
        outcomes = fetch_many(
            [Target(outside.url(f"/{number}")) for number in range(len(links))],
            user_agent=AGENT,
            limits=QUICK,
            loopback_ports=frozenset({outside.port}),
            ports=frozenset({80, 443, port}),
            per_host=50,
            resolve=pins(CORPUS, port),
        )
    answered = {link: got for link, got in zip(links, outcomes, strict=True) if isinstance(got, Answer)}
    # Only what is a relative reference leads anywhere: back to where it came from.
    assert {got.status for got in answered.values()} <= {404}
    assert len(answered) <= 4
    assert sum(isinstance(got, Failure) and got.code == "address" for got in outcomes) >= 100
    assert (inside[0].connections, inside[1].connections) == (0, 0)


def test_the_listener_inside_would_have_noticed(inside: tuple[Server, Server]) -> None:
    port = inside[0].port
    for link in (f"http://127.0.0.1:{port}/", f"http://[::1]:{port}/", f"http://2130706433:{port}/"):
        got = fetch(Target(link), user_agent=AGENT, loopback_ports=frozenset({port}))
        assert isinstance(got, Answer), link
        assert got.body == b"secret"
    assert (inside[0].connections, inside[1].connections) == (1, 1)  # the first connection is used again


def test_an_allowed_loopback_port_opens_no_other_port(inside: tuple[Server, Server]) -> None:
    port = inside[0].port
    got = fetch(Target(f"http://127.0.0.1:{port}/"), user_agent=AGENT, loopback_ports=frozenset({port + 1}))
    assert isinstance(got, Failure)
    assert got.code == "address"
    assert inside[0].connections == 0


def test_a_kept_connection_does_not_outlive_the_permission_it_was_opened_under(
    inside: tuple[Server, Server],
) -> None:
    target = Target(inside[0].url())
    allowed = fetch(target, user_agent=AGENT, loopback_ports=frozenset({inside[0].port}))
    refused = fetch(target, user_agent=AGENT)
    assert isinstance(allowed, Answer)
    assert isinstance(refused, Failure)
    assert refused.code == "address"


@pytest.fixture
def two_worlds(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server]]:
    """127.0.0.2 plays the public internet, so that no test sends a packet to the real one."""
    monkeypatch.setattr(transfers, "is_public", lambda address: address == "127.0.0.2")
    with (
        Server(lambda conn, _: conn.sendall(reply(b"secret"))) as inner,
        Server(lambda conn, _: conn.sendall(reply(b"calendar")), "127.0.0.2", inner.port) as outer,
    ):
        yield inner, outer


@pytest.mark.parametrize(
    "answers",
    [
        "127.0.0.1,127.0.0.2",
        "127.0.0.2,127.0.0.1",
        "[::1],127.0.0.1,10.0.0.1,127.0.0.2",
        "[::ffff:127.0.0.1],127.0.0.2",
        ",".join(["127.0.0.1"] * 999 + ["127.0.0.2"]),
    ],
)
def test_of_mixed_dns_answers_only_the_public_one_is_connected_to(
    two_worlds: tuple[Server, Server], answers: str
) -> None:
    inner, outer = two_worlds
    got = fetch(
        Target(f"http://feeds.example.org:{inner.port}/"),
        user_agent=AGENT,
        ports=frozenset({inner.port}),
        limits=QUICK,
        resolve=[f"feeds.example.org:{inner.port}:{answers}"],
    )
    assert isinstance(got, Answer)
    assert got.body == b"calendar"
    assert (inner.connections, outer.connections) == (0, 1)


def test_a_public_address_is_reached_on_web_ports_only(two_worlds: tuple[Server, Server]) -> None:
    outer = two_worlds[1]
    for ports in (frozenset({80, 443}), frozenset({outer.port})):
        got = fetch(
            Target(f"http://127.0.0.2:{outer.port}/"),
            user_agent=AGENT,
            ports=ports,
            loopback_ports=frozenset({outer.port}),
        )
        assert isinstance(got, Answer) == (outer.port in ports)
    assert outer.connections == 1


def test_a_name_whose_public_address_is_dead_does_not_fall_back_to_its_private_one(
    two_worlds: tuple[Server, Server],
) -> None:
    inner, outer = two_worlds
    outer.__exit__(None, None, None)
    for answers in ("127.0.0.2,127.0.0.1", "127.0.0.1,127.0.0.2"):
        got = fetch(
            Target(f"http://feeds.example.org:{inner.port}/"),
            user_agent=AGENT,
            ports=frozenset({inner.port}),
            limits=QUICK,
            resolve=[f"feeds.example.org:{inner.port}:{answers}"],
        )
        assert isinstance(got, Failure)
        assert got.code in {"address", "connect"}
    assert inner.connections == 0


def test_a_name_that_is_public_first_and_private_later_is_judged_each_time(
    two_worlds: tuple[Server, Server],
) -> None:
    inner, outer = two_worlds
    outer.handler = lambda conn, _: conn.sendall(reply(b"calendar", "Connection: close"))
    outcomes = [
        fetch(
            Target(f"http://feeds.example.org:{inner.port}/{turn}"),
            user_agent=AGENT,
            ports=frozenset({inner.port}),
            resolve=[f"feeds.example.org:{inner.port}:{address}"],
        )
        for turn in range(20)
        for address in ("127.0.0.2", "127.0.0.1", "[::1]")
    ]
    assert [isinstance(got, Answer) for got in outcomes] == [True, False, False] * 20
    assert {got.code for got in outcomes if isinstance(got, Failure)} == {"address"}
    assert (inner.connections, outer.connections) == (0, 20)


def test_a_redirect_from_public_over_private_to_public_ends_at_the_private_hop(
    two_worlds: tuple[Server, Server],
) -> None:
    inner, outer = two_worlds
    location = f"Location: https://hop.example.org:{inner.port}/"
    outer.handler = lambda conn, _: conn.sendall(reply(b"", location, status="302 Found"))
    got = fetch(
        Target(f"http://feeds.example.org:{inner.port}/"),
        user_agent=AGENT,
        ports=frozenset({inner.port}),
        resolve=[
            f"feeds.example.org:{inner.port}:127.0.0.2",
            f"hop.example.org:{inner.port}:127.0.0.1",
        ],
    )
    assert isinstance(got, Failure)
    assert got.code == "address"
    assert inner.connections == 0


def test_proxies_named_in_the_environment_are_not_used(
    inside: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, inside[0].url())
    monkeypatch.setenv("no_proxy", "")
    with Server(lambda conn, _: conn.sendall(reply(b"calendar"))) as outside:
        got = fetch(Target(outside.url()), user_agent=AGENT, loopback_ports=frozenset({outside.port}))
    assert isinstance(got, Answer)
    assert got.body == b"calendar"
    assert inside[0].connections == 0
