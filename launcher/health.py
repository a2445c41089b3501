"""Health checks for containers: `python -m launcher.health web|beat`, exit status 0 when well.

Standard library only: the image has none of the launcher's own requirements.
"""

import os
import sys
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

WEB_PORT = 8000
ANSWER_SECONDS = 5
BEAT_SCHEDULE = Path("/var/lib/amplistay/celerybeat-schedule")
BEAT_SECONDS = 600  # beat writes its schedule down every three minutes


def web() -> bool:
    """Whether the web process and its database answer."""
    host = urlsplit(os.environ.get("SITE_URL", "")).netloc or "localhost"
    door = HTTPConnection("127.0.0.1", WEB_PORT, timeout=ANSWER_SECONDS)
    try:
        door.request("GET", "/healthz", headers={"Host": host})
        return door.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        door.close()


def beat(schedule: Path = BEAT_SCHEDULE, now: float | None = None) -> bool:
    """Whether the scheduler has written its schedule down lately."""
    written = [file.stat().st_mtime for file in schedule.parent.glob(f"{schedule.name}*")]
    return bool(written) and (now or time.time()) - max(written) < BEAT_SECONDS


if __name__ == "__main__":
    sys.exit(0 if {"web": web, "beat": beat}[sys.argv[1]]() else 1)
