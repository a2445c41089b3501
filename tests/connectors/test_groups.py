"""Outcomes come as they are ready: a server that hangs delays nobody else's, nor does a busy caller cost them any."""

import math
import socket
import threading
import time
from collections.abc import Generator
from typing import Any

import pytest

from connectors import http
from connectors.http import Answer, Failure, Limits, Target, fetch, fetch_groups
from tests.connectors.strangers import Server, path_of, reply

AGENT = "Tests/1"
PATIENCE_S = 20
type Group = list[tuple[int, Answer | Failure]]


def groups_of(*servers: Server, **options: Any) -> Generator[Group, None, None]:
    """Fetch /0, /1, … from the servers in turn."""
    count = options.pop("count", len(servers))
    targets = [Target(servers[place % len(servers)].url(f"/{place}")) for place in range(count)]
    ports = frozenset(server.port for server in servers)
    return fetch_groups(targets, user_agent=AGENT, loopback_ports=ports, **options)


def echo(conn: socket.socket, request: bytes) -> None:
    conn.sendall(reply(path_of(request)[1:].encode()))


class Gate:
    """A handler that answers no request before it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def __call__(self, conn: socket.socket, request: bytes) -> None:
        self.opened.wait(PATIENCE_S)
        echo(conn, request)


def body_of(got: Answer | Failure) -> str:
    assert isinstance(got, Answer), got
    return got.body.decode()


def idle_doors() -> list[http.Door]:
    return http._kept.doors


def test_a_server_that_hangs_delays_nobody_elses_outcome() -> None:
    gate = Gate()
    with Server(gate) as hanging, Server(echo) as quick:
        groups = groups_of(hanging, *[quick] * 9, count=40, per_host=8, linger_s=0.05)
        held = {place for place in range(40) if place % 10 == 0}
        got: dict[int, str] = {}
        while got.keys() != set(range(40)) - held:
            got |= {place: body_of(answer) for place, answer in next(groups)}
        gate.opened.set()
        got |= {place: body_of(answer) for group in groups for place, answer in group}
    assert got == {place: str(place) for place in range(40)}


def test_every_outcome_comes_once_with_its_place() -> None:
    def dawdle(conn: socket.socket, request: bytes) -> None:
        number = int(path_of(request)[1:])
        time.sleep(0.01 * (number % 7))
        if number % 5 == 0:
            conn.sendall(reply(b"", f"Location: /{number + 1001}", status="302 Found"))
        else:
            conn.sendall(reply(b"%d" % (number % 1000)))

    with Server(dawdle) as server:
        places: list[int] = []
        bodies: dict[int, int] = {}
        for group in groups_of(server, count=60, per_host=6, linger_s=0.02):
            assert group
            places += [place for place, _ in group]
            bodies |= {place: int(body_of(answer)) for place, answer in group}
    assert sorted(places) == list(range(60))
    assert bodies == {place: place + 1 if place % 5 == 0 else place for place in range(60)}


def test_a_link_that_may_not_be_asked_for_comes_with_the_others() -> None:
    gate = Gate()
    with Server(gate) as server:
        targets = [Target("gopher://example.org/"), Target(server.url("/1")), Target("")]
        groups = fetch_groups(targets, user_agent=AGENT, loopback_ports=frozenset({server.port}), linger_s=0)
        first = next(groups)
        assert [(place, answer.code) for place, answer in first if isinstance(answer, Failure)] == [
            (0, "scheme"),
            (2, "scheme"),
        ]
        gate.opened.set()
        ((place, answer),) = [pair for group in groups for pair in group]
    assert (place, body_of(answer)) == (1, "1")


def test_no_targets_give_no_group() -> None:
    assert list(fetch_groups([], user_agent=AGENT)) == []


def test_what_ends_together_comes_together_and_at_once() -> None:
    with Server(echo) as server:
        began = time.monotonic()
        (group,) = groups_of(server, count=30, linger_s=math.inf)
        assert time.monotonic() - began < PATIENCE_S
        assert len(group) == 30
        assert len(list(groups_of(server, count=30, linger_s=PATIENCE_S))) == 1


def test_a_batch_without_end_keeps_handing_over() -> None:
    """Each answer of the slow server starts its next request, so that something is always under way."""

    def trickle(conn: socket.socket, request: bytes) -> None:
        time.sleep(0.1)
        echo(conn, request)

    with Server(trickle) as server:
        groups = list(groups_of(server, count=20, per_host=1, linger_s=0.3))
    assert 3 <= len(groups) < 20
    assert [place for group in groups for place, _ in group] == list(range(20))


def test_the_time_that_the_caller_takes_is_nobodys_fault() -> None:
    """The server has answered long ago, and the deadline has passed, when the caller comes back."""
    asked, answered = threading.Event(), threading.Event()

    def first(conn: socket.socket, request: bytes) -> None:
        asked.wait(PATIENCE_S)
        echo(conn, request)

    def soon(conn: socket.socket, request: bytes) -> None:
        asked.set()
        time.sleep(0.2)
        conn.sendall(reply(b"x" * 100_000))
        answered.set()

    with Server(first) as quick, Server(soon) as slower:
        groups = groups_of(quick, slower, linger_s=0, limits=Limits(connect_s=0.6, total_s=0.6))
        assert [place for place, _ in next(groups)] == [0]
        assert answered.wait(PATIENCE_S)
        time.sleep(1.5)
        ((place, answer),) = [pair for group in groups for pair in group]
    assert (place, body_of(answer)) == (1, "x" * 100_000)
    assert answer.seconds < 0.6


def test_a_hop_that_follows_the_callers_pause_has_what_is_left_of_its_own_time() -> None:
    def away(conn: socket.socket, request: bytes) -> None:
        if path_of(request) == "/1":
            time.sleep(0.1)
            conn.sendall(reply(b"", "Location: /end", status="302 Found"))
        else:
            time.sleep(0.2)
            conn.sendall(reply(b"there"))

    with Server(echo) as quick, Server(away) as slower:
        groups = groups_of(quick, slower, linger_s=0, limits=Limits(connect_s=1, total_s=1))
        next(groups)
        time.sleep(1.5)
        ((_, answer),) = [pair for group in groups for pair in group]
    assert body_of(answer) == "there"


def test_a_server_that_hangs_is_given_up_though_the_caller_pauses() -> None:
    with Server(echo) as quick, Server(lambda _conn, _: time.sleep(PATIENCE_S)) as hanging:
        groups = groups_of(quick, hanging, linger_s=0, limits=Limits(connect_s=0.5, total_s=0.5))
        next(groups)
        time.sleep(1)
        began = time.monotonic()
        ((_, answer),) = [pair for group in groups for pair in group]
        assert time.monotonic() - began < PATIENCE_S / 2
    assert isinstance(answer, Failure)
    assert answer.code == "timeout"
    assert answer.seconds < PATIENCE_S / 2


def test_closing_early_gives_up_what_is_under_way_and_leaves_a_door_that_works() -> None:
    gate = Gate()
    with Server(gate) as hanging, Server(echo) as quick:
        groups = groups_of(quick, hanging, hanging, linger_s=0)
        next(groups)
        groups.close()
        (door,) = [door for door in idle_doors() if hanging.port in door.rules.loopback_ports]
        assert not door.busy
        assert next(groups, None) is None
        for group in groups_of(quick, hanging, count=1):
            assert body_of(group[0][1]) == "0"
        gate.opened.set()
        ends = time.monotonic() + PATIENCE_S
        while hanging.open and time.monotonic() < ends:
            time.sleep(0.01)
        assert hanging.open == 0


def test_a_group_that_is_not_taken_gives_everything_back_too() -> None:
    with Server(lambda _conn, _: time.sleep(PATIENCE_S)) as hanging, Server(echo) as quick:
        for _ in groups_of(quick, hanging, linger_s=0):
            break
        (door,) = [door for door in idle_doors() if hanging.port in door.rules.loopback_ports]
        assert not door.busy


def test_the_caller_may_fetch_something_else_between_two_groups() -> None:
    gate = Gate()
    with Server(gate) as hanging, Server(echo) as quick:
        ports = frozenset({hanging.port, quick.port})
        got = []
        for group in groups_of(quick, hanging, hanging, count=3, linger_s=0):
            between = fetch(Target(quick.url("/between")), user_agent=AGENT, loopback_ports=ports)
            assert body_of(between) == "between"
            gate.opened.set()
            got += [(place, body_of(answer)) for place, answer in group]
        doors = [door for door in idle_doors() if hanging.port in door.rules.loopback_ports]
        assert not any(door.busy for door in doors)
    assert sorted(got) == [(0, "0"), (1, "1"), (2, "2")]


def test_doors_in_use_and_out_of_use_are_few() -> None:
    with Server(echo) as server:
        for total_s in range(1, 30):
            fetch(
                Target(server.url()),
                user_agent=AGENT,
                limits=Limits(total_s=total_s),
                loopback_ports=frozenset({server.port}),
            )
    assert len(idle_doors()) <= 8


@pytest.mark.parametrize("per_host", [1, 3])
def test_one_host_is_never_asked_more_at_once_than_it_may_be_while_the_caller_is_busy(per_host: int) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def handle(conn: socket.socket, request: bytes) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.01)
        with lock:
            busy -= 1
        echo(conn, request)

    with Server(handle) as server:
        count = 0
        for group in groups_of(server, count=20, per_host=per_host, linger_s=0):
            count += len(group)
            time.sleep(0.03)
    assert count == 20
    assert most == per_host
