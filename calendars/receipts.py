"""Read receipts: which reader got which state of an export link, and so who has seen a sale.

Answering a channel never waits for its receipt. A pull is noted in memory, and a thread of the web process writes
what was noted every two seconds, all links at once. What can't be written is kept for the next time, up to a bound;
what is lost beyond it, or with a killed process, makes a sale look unseen until the channel reads again, never seen
too early.
"""

import atexit
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Min

from calendars.models import Block, ExportLink, ExportRead, Suspension
from domain.readers import reader

log = structlog.get_logger()

MOST_WAITING = 20_000
STOPS_WITHIN_S = 5.0
BROWSER = "browser"  # a person who looks at the address is no site that reads it
WRITE = """
INSERT INTO calendars_exportread (organization_id, link_id, body_version, reader, at, until, times)
SELECT l.organization_id, l.id, p.body_version, p.reader, min(p.at), max(p.at), count(*)
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::timestamptz[]) AS p (public_id, body_version, reader, at)
JOIN calendars_exportlink l ON l.public_id = p.public_id
GROUP BY l.organization_id, l.id, p.body_version, p.reader
ORDER BY l.id, p.body_version, p.reader
ON CONFLICT (link_id, body_version, reader) DO UPDATE SET
    at = least(calendars_exportread.at, excluded.at),
    until = greatest(calendars_exportread.until, excluded.until),
    times = calendars_exportread.times + excluded.times
"""


class Pull(NamedTuple):
    """One answer that a reader got: the link, the calendar's version that its bytes are of, who, and when."""

    public_id: str
    body_version: int
    agent: str
    at: datetime


_noted: deque[Pull] = deque(maxlen=MOST_WAITING)


def note(pull: Pull) -> None:
    """Remember that an answer went out; at no more cost than that of a list."""
    _noted.append(pull)
    if settings.RECEIPTS_EVERY:
        writer.start()


def flush() -> int:
    """Write what was noted so far; how many answers that were. What can't be written now waits for the next time."""
    pulls = []
    while _noted:
        pulls.append(_noted.popleft())
    try:
        write(pulls)
    except (DatabaseError, InterfaceError) as error:
        log.warning("receipts wait", count=len(pulls), error=type(error).__name__)
        _noted.extendleft(reversed(pulls[: MOST_WAITING - len(_noted)]))
        connection.close()
        return 0
    return len(pulls)


def write(pulls: Iterable[Pull]) -> None:
    """Add the pulls to their links' receipts; those of links that are gone are dropped."""
    rows = [(one.public_id, one.body_version, reader_of(one.agent), one.at) for one in pulls]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [list(column) for column in zip(*rows, strict=True)])


def reader_of(agent: str) -> str:
    """The reader's name as receipts keep it."""
    return BROWSER if agent == BROWSER else reader(agent)


def seen(block: Block) -> dict[ExportLink, datetime | None]:
    """The live channel links that tell of the block, and when each was first read with it; None where not yet.

    A link that it was left out of for a while counts from its coming back.
    """
    links = (
        ExportLink.objects.live()
        .of_channels()
        .filter(property=block.property_id)
        .defer("body")
        .order_by("pk")
    )
    back = dict(Suspension.objects.filter(block=block).values_list("link", "back_version"))
    found: dict[ExportLink, datetime | None] = {}
    for link in links:
        since = back.get(link.pk, block.version)
        if since is not None:
            reads = ExportRead.objects.filter(link=link, body_version__gte=since).exclude(reader=BROWSER)
            found[link] = reads.aggregate(first=Min("at"))["first"]
    return found


class Writer:
    """The thread that writes what is noted; started by the first answer, after the server has forked."""

    def __init__(self) -> None:
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Have it run."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End it, with everything written that it had noted."""
        with self._lock:
            if self._thread is not None:
                self._ended.set()
                self._thread.join(STOPS_WITHIN_S)
                self._ended.clear()
                self._thread = None

    def _run(self) -> None:
        while not self._ended.wait(settings.RECEIPTS_EVERY):
            flush()
        flush()
        connection.close()


writer = Writer()
atexit.register(writer.stop)
