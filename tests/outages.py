"""A web server and a database that tests may kill with signal 9, and start again on what is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import requests
from django.core.management import call_command
from django.db import connection

from accounts import walls
from launcher import engines, template
from launcher.run import leashed
from tests.conftest import free_port
from tests.workers import PATIENCE_S, ROOT

DATABASE = "amplistay"
LOCAL = ("--auth=trust", "--encoding=UTF8", "--username=postgres", "--locale=C", "--no-sync")


class Server:
    """One process group that listens; `is_up` says when."""

    def __init__(self, command: list[str], log: Path, is_up: Callable[[], bool], **how: object) -> None:
        self.command, self.log, self.is_up, self.how = command, log, is_up, how
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = begun = subprocess.Popen(  # type: ignore[call-overload]  # of what a caller tells
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                **self.how,
            )
        end = time.monotonic() + PATIENCE_S
        while not self.is_up():
            assert begun.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """End it and everything that it began at once, as the loss of its machine would."""
        if self.process is None or self.process.poll() is not None:
            return
        family = [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]
        for process in family:
            with suppress(psutil.NoSuchProcess):  # one that ended by itself meanwhile
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, PATIENCE_S)
        self.process.wait(PATIENCE_S)


def a_database(folder: Path) -> Server:
    """PostgreSQL with everything on disk before it says so, as in production, on a cluster of its own."""
    user = engines.SYSTEM_USER if os.geteuid() == 0 else "-"
    engines.hand_over(folder)
    if user != "-":
        engines.let_pass(Path(engines.postgres_program("postgres")))
    cluster = str(folder / "cluster")
    init = [engines.postgres_program("initdb"), "-D", cluster, *LOCAL]
    subprocess.run(leashed(init, user), cwd="/", check=True, capture_output=True)

    def is_up() -> bool:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    options = {"listen_addresses": "", "unix_socket_directories": str(folder)}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = [engines.postgres_program("postgres"), "-D", cluster, *words]
    return Server(leashed(command, user), folder.parent / f"{folder.name}.log", is_up, cwd="/")


def fill(folder: Path) -> None:
    """Copy the test run's template into the new database, where there is one: that is quicker than migrations."""
    name = os.environ.get(template.VARIABLE)
    if not name:
        return
    source = template.named(os.environ["DATABASE_URL"], name)
    dump = subprocess.run([engines.postgres_program("pg_dump"), source], check=True, capture_output=True)
    into = ["--host", str(folder), "--username", "postgres", "--dbname", DATABASE]
    words = ["--quiet", "--no-psqlrc", "--single-transaction", "--set", "ON_ERROR_STOP=1", *into]
    subprocess.run(
        [engines.postgres_program("psql"), *words], input=dump.stdout, check=True, capture_output=True
    )


@contextmanager
def moved_to(folder: Path) -> Iterator[None]:
    """Everything of Django's in this process, and the processes that tests start from it, use that database."""
    with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as door:
        door.execute(f"CREATE DATABASE {DATABASE}")
        door.execute(walls.ROLES)
    fill(folder)
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": DATABASE,
        "USER": "postgres",
        "HOST": str(folder),
        "PORT": "",
        "PASSWORD": "",
    }
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def a_site(log: Path, env: dict[str, str]) -> Server:
    """The web server as the image starts it, at the port that SITE_URL names."""
    address = env["SITE_URL"]
    host, port = address.removeprefix("http://").split(":")
    words = ["--interface", "wsgi", "--host", host, "--port", port, "--workers", "2", "--no-ws"]
    words += ["--blocking-threads", "4", "amplistay.wsgi:application"]

    def is_up() -> bool:
        try:
            return requests.get(f"{address}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    return Server(leashed([sys.executable, "-m", "granian", *words]), log, is_up, cwd=ROOT, env=env)


def an_address() -> str:
    """Of a site that doesn't listen yet."""
    return f"http://127.0.0.1:{free_port()}"
