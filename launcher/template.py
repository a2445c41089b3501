"""A migrated database that others are copied from: one run of the migrations serves all that a test run makes."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Composable, Identifier

from launcher.run import ROOT, Crew, Part

VARIABLE = "TEMPLATE_DATABASE"  # its name, on the server that DATABASE_URL names
SERVERS_OWN = "postgres"


def named(address: str, database: str) -> str:
    """The same server's other database."""
    return urlsplit(address)._replace(path=f"/{database}").geturl()


def server_of(address: str) -> psycopg.Connection:
    """A connection that can make and drop databases on that server."""
    return psycopg.connect(named(address, SERVERS_OWN), autocommit=True)


def create(server: psycopg.Connection, name: str) -> None:
    """Makes a database: a copy of the template where the environment names one, empty otherwise."""
    template = os.environ.get(VARIABLE)
    copied: Composable = SQL(" TEMPLATE {}").format(Identifier(template)) if template else SQL("")
    server.execute(SQL("CREATE DATABASE {}{}").format(Identifier(name), copied))


def drop(server: psycopg.Connection, name: str) -> None:
    """Drops a database, if it exists, whoever is connected to it."""
    server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


@contextmanager
def migrating(crew: Crew, address: str, env: Mapping[str, str]) -> Iterator[tuple[str, Part]]:
    """The name of a new database, gone afterwards, and the step that migrates it: wait for it before using it."""
    name = f"{urlsplit(address).path.lstrip('/')}_template"
    with server_of(address) as server:
        drop(server, name)
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    words = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    try:
        yield (
            name,
            crew.start("template", words, env={**env, "DATABASE_URL": named(address, name)}, lasting=False),
        )
    finally:
        with suppress(psycopg.OperationalError), server_of(address) as server:  # one that died keeps nothing
            drop(server, name)
