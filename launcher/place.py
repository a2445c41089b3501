"""Where a launcher keeps its things, who holds them, and the environment that the parts get."""

import base64
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from launcher.engines import DURABLE, postgres, valkey
from launcher.run import ROOT, Crew

PATIENCE_SECONDS = 30.0
ENGINE_VARIABLES = ("DATABASE_URL", "REDIS_URL")


class TakenError(Exception):
    """Another launcher holds the data folder; `holder` says who, as far as it has said so."""

    def __init__(self, holder: "Holder | None") -> None:
        super().__init__(holder)
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Holder:
    """Who runs the engines of the data folder, and how to reach them."""

    pid: int
    command: str
    address: str | None
    since: str
    env: dict[str, str]


def data_folder() -> Path:
    """The folder that keeps the databases and secrets of this checkout; AMPLISTAY_DATA moves it."""
    folder = Path(os.environ.get("AMPLISTAY_DATA", ROOT / ".data")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def development_secrets(data: Path) -> dict[str, str]:
    """The secrets of this checkout, made at the first start."""
    file = data / "secrets.env"
    if not file.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "EXPORT_KEYS": secrets.token_urlsafe(32),
        }
        write_private(file, "".join(f"{name}={value}\n" for name, value in made.items()))
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def write_private(file: Path, text: str) -> None:
    """Writes a file whole or not at all, readable by its owner only."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        out.write(text)
    draft.rename(file)


def note(data: Path) -> Path:
    return data / "up.json"


def write_holder(data: Path, command: str, address: str | None, env: Mapping[str, str]) -> None:
    """Tells other launchers who runs here."""
    since = time.strftime("%H:%M:%S")
    holder = Holder(pid=os.getpid(), command=command, address=address, since=since, env=dict(env))
    write_private(note(data), json.dumps(asdict(holder), indent=1))


def read_holder(data: Path) -> Holder | None:
    """What the holder of the folder wrote; None before it wrote anything."""
    try:
        return Holder(**json.loads(note(data).read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def holding(data: Path) -> Iterator[None]:
    """Holds the data folder while the process lives; raises TakenError when another launcher does."""
    with (data / "lock").open("w") as lock:
        take(lock, data)
        note(data).unlink(missing_ok=True)
        try:
            yield
        finally:
            note(data).unlink(missing_ok=True)


def take(lock: IO[str], data: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TakenError(read_holder(data)) from None


@contextmanager
def as_guest(data: Path) -> Iterator[dict[str, str] | None]:
    """Stays on the engines of whoever holds the folder: gives its environment, or None.

    The lock that marks a guest outlives exec, so that the host can wait for it.
    """
    with (data / "guests").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.set_inheritable(lock.fileno(), True)
        yield await_engines(data)


def await_engines(data: Path) -> dict[str, str] | None:
    """The holder's environment once its engines run; None when nobody holds the folder."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_held(data) and time.monotonic() < deadline:
        holder = read_holder(data)
        if holder and all(name in holder.env for name in ENGINE_VARIABLES):
            return holder.env
        time.sleep(0.1)
    return None


def is_held(data: Path) -> bool:
    with (data / "lock").open("w") as lock:
        try:
            take(lock, data)
        except TakenError:
            return True
        return False


def await_guests(data: Path) -> None:
    """Waits until no other command uses our engines."""
    with (data / "guests").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@contextmanager
def engines(crew: Crew, data: Path, settings: Mapping[str, str] = DURABLE) -> Iterator[dict[str, str]]:
    """Runs the engines that the environment doesn't name already; gives DATABASE_URL and REDIS_URL."""
    with ExitStack() as stack:
        env = {name: os.environ[name] for name in ENGINE_VARIABLES if os.environ.get(name)}
        if "DATABASE_URL" not in env:
            env["DATABASE_URL"] = stack.enter_context(postgres(crew, data, settings))
        if "REDIS_URL" not in env:
            env["REDIS_URL"] = stack.enter_context(valkey(crew, data))
        yield env
