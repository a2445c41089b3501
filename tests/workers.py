"""Real workers with their beat, in processes of their own, on the test database and an own Redis database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import redis
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60


class Worker:
    """A real worker of some pool processes, and its beat, on the test database; `app` as `celery -A` takes it."""

    def __init__(
        self, folder: Path, port: int, *, app: str = "amplistay", processes: int = 1, **variables: str
    ) -> None:
        host = connection.settings_dict["HOST"]
        name, user = connection.settings_dict["NAME"], connection.settings_dict["USER"]
        celery = [sys.executable, "-m", "celery", "-A", app]
        self.commands = [
            [*celery, "worker", "-c", str(processes)],
            [*celery, "beat", "--schedule", str(folder / "beat"), "--pidfile="],
        ]
        self.env = os.environ | {
            "DATABASE_URL": f"postgresql://{user}@/{name}?host={host}",
            "REDIS_URL": broker(),
            "POLL_INTERVAL_SECONDS": "2",
            "LOOPBACK_FEED_PORTS": str(port),
            "DEBUG": "1",
            **variables,
        }
        self.log = folder / "worker.log"
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.running = [
                subprocess.Popen(
                    command, cwd=ROOT, env=self.env, start_new_session=True, stdout=out, stderr=out
                )
                for command in self.commands
            ]

    def pool(self) -> list[psutil.Process]:
        """The processes that do the work, the oldest first."""
        pool = [
            process
            for process in psutil.Process(self.running[0].pid).children()
            if process.status() != psutil.STATUS_ZOMBIE
        ]
        return sorted(pool, key=lambda process: (process.create_time(), process.pid))

    def kill(self) -> None:
        """End all of it at once, as the loss of its machine would."""
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.running:
            process.wait(10)

    def stop(self) -> None:
        """End it, show what it said (pytest keeps that for a failure), and forget what it had queued."""
        self.kill()
        print(self.log.read_text(errors="replace") if self.log.exists() else "never started")
        redis.Redis.from_url(broker()).flushdb()


def broker() -> str:
    """A database number of its own, so that emptying it disturbs no other test."""
    number = 7 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    return f"{settings.REDIS_URL.rsplit('/', 1)[0]}/{number}"


def within(what: Callable[[], bool], *, every_s: float = 0.2) -> bool:
    """Whether it becomes true within the patience of these tests."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(every_s)
    return False
