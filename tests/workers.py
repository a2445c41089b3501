"""A real worker with its beat, in processes of its own, on the test database and an own Redis database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60


class Worker:
    """A real worker with its beat on the test database."""

    def __init__(self, folder: Path, port: int, **variables: str) -> None:
        host = connection.settings_dict["HOST"]
        name, user = connection.settings_dict["NAME"], connection.settings_dict["USER"]
        self.command = [
            sys.executable, "-m", "celery", "-A", "amplistay", "worker", "-B", "-c", "1", "-s", str(folder / "beat"),
        ]  # fmt: skip
        self.env = os.environ | {
            "DATABASE_URL": f"postgresql://{user}@/{name}?host={host}",
            "REDIS_URL": broker(),
            "POLL_INTERVAL_SECONDS": "2",
            "LOOPBACK_FEED_PORTS": str(port),
            "DEBUG": "1",
            **variables,
        }
        self.log = folder / "worker.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.env, start_new_session=True, stdout=out, stderr=out
            )

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> None:
        """End it, show what it said (pytest keeps that for a failure), and forget what it had queued."""
        self.kill()
        print(self.log.read_text(errors="replace") if self.log.exists() else "never started")
        redis.Redis.from_url(broker()).flushdb()


def broker() -> str:
    """A database number of its own, so that emptying it disturbs no other test."""
    number = 7 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    return f"{settings.REDIS_URL.rsplit('/', 1)[0]}/{number}"


def within(what: Callable[[], bool]) -> bool:
    """Whether it becomes true within the patience of these tests."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.2)
    return False
