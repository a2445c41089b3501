"""A database that only a benchmark uses: made for it, dropped after it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

from launcher import template
from launcher.template import named, server_of

NAME = "amplistay_bench"
LARGE = "amplistay_bench_large"
ONE_AT_A_TIME = 7_245_101  # the number of an advisory lock
PATIENCE_MS = 300_000


@contextmanager
def own_database(address: str) -> Iterator[str]:
    """The address of a new database on the server that `address` names: empty, or a copy of a test run's template.

    Waits until no other benchmark runs on that server: two at once would falsify each other.
    """
    with server_of(address) as server:
        if not one_alone(server):
            sys.stderr.write("Waiting for another benchmark to end\n")
            server.execute(SQL("SET lock_timeout = {}").format(PATIENCE_MS))
            server.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        drop(server)
        template.create(server, NAME)
        try:
            yield named(address, NAME)
        finally:
            drop(server)


def copy_of_own(address: str) -> str:
    """The address of a copy of that database, which is dropped together with it; nobody may be connected to it."""
    with server_of(address) as server:
        server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(LARGE), Identifier(NAME)))
    return named(address, LARGE)


def one_alone(server: psycopg.Connection) -> bool:
    row = server.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME]).fetchone()
    return bool(row and row[0])


def drop(server: psycopg.Connection) -> None:
    for name in (NAME, LARGE):
        template.drop(server, name)
