"""Read receipts: which reader got which state of an export link, and so who has seen a sale.

Answering a channel never waits for its receipt. A pull is noted in memory, and a thread of the web process writes
what was noted every two seconds, all links at once. What can't be written is kept for the next time, up to a bound;
what is lost beyond it, or with a killed process, makes a sale look unseen until the channel reads again, never seen
too early.
"""

import atexit
import threading
import time
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import (
    BooleanField,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Concat
from django.utils import timezone

from accounts.statements import Given, Statement
from calendars import uptime
from calendars.models import Block, ExportLink, ExportRead, Readership, Suspension
from domain.channels import CHANNELS, OTHER
from domain.pulls import LEAST_GAPS, MOST_GAPS, SLOW, USUAL, VISIT, slices
from domain.readers import KNOWN, VISITORS, own, reader

log = structlog.get_logger()

MOST_WAITING = 20_000
STOPS_WITHIN_S = 5.0
CHANNEL = F("link__channel")
OWN = [f"{key}/{name}" for key, channel in CHANNELS.items() if key != OTHER.key for name in own(channel)]
BROWSER = "browser"  # a person who looks at the address is no site that reads it
NO_SITES = [BROWSER, *sorted(VISITORS)]
# One statement, so that both are written or neither; rows are locked in order, so that processes don't block each
# other for good. What it is given spans no more than a visit (see `domain.pulls.slices`).
WRITE = """
WITH pull AS (
    SELECT l.organization_id, l.id AS link_id, p.body_version, p.reader,
           min(p.at) AS at, max(p.at) AS until, count(*) AS times
    FROM unnest(%(links)s::text[], %(versions)s::bigint[], %(readers)s::text[], %(instants)s::timestamptz[])
         AS p (public_id, body_version, reader, at)
    JOIN calendars_exportlink l ON l.public_id = p.public_id
    GROUP BY l.organization_id, l.id, p.body_version, p.reader
), states AS (
    INSERT INTO calendars_exportread (organization_id, link_id, body_version, reader, at, until, times)
    SELECT organization_id, link_id, body_version, reader, at, until, times FROM pull
    ORDER BY link_id, body_version, reader
    ON CONFLICT (link_id, body_version, reader) DO UPDATE SET
        at = least(calendars_exportread.at, excluded.at),
        until = greatest(calendars_exportread.until, excluded.until),
        times = calendars_exportread.times + excluded.times
)
INSERT INTO calendars_readership AS known (organization_id, link_id, reader, first_at, last_at, visits, gaps)
SELECT organization_id, link_id, reader, min(at), max(until), 1, '{}' FROM pull
GROUP BY organization_id, link_id, reader ORDER BY link_id, reader
ON CONFLICT (link_id, reader) DO UPDATE SET
    first_at = least(known.first_at, excluded.first_at),
    last_at = greatest(known.last_at, excluded.last_at),
    visits = known.visits + (excluded.first_at > known.last_at + %(visit)s)::integer,
    (gaps, usual_s, slow_s) = (
        SELECT next.gaps, CASE WHEN learns THEN round(share[1]) END, CASE WHEN learns THEN round(share[2]) END
        FROM (SELECT CASE WHEN excluded.first_at > known.last_at + %(visit)s
            THEN known.gaps[cardinality(known.gaps) + 2 - %(most)s:]
                 || floor(extract(epoch FROM excluded.first_at - known.last_at))::integer
            ELSE known.gaps END AS gaps) AS next,
        LATERAL (SELECT count(*) >= %(least)s AS learns,
            percentile_cont(%(shares)s::float8[]) WITHIN GROUP (ORDER BY gap) AS share
            FROM unnest(next.gaps) AS gap) AS taught)
"""
LEARNING = {"visit": VISIT, "most": MOST_GAPS, "least": LEAST_GAPS, "shares": [USUAL, SLOW]}


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
    serving()


def serving() -> None:
    """Requests are answered here: have this process write receipts, and say that it is there."""
    if settings.RECEIPTS_EVERY:
        writer.start()


def flush() -> int:
    """Write what was noted so far; how many answers that were. What can't be written now waits for the next time."""
    pulls = []
    while _noted:
        pulls.append(_noted.popleft())
    parts = deque(_parts(pulls))
    try:
        while parts:
            _write(parts[0])
            parts.popleft()
    except (DatabaseError, InterfaceError) as error:
        left = [pull for part in parts for pull in part]
        log.warning("receipts wait", count=len(left), error=type(error).__name__)
        _noted.extendleft(reversed(left[: MOST_WAITING - len(_noted)]))
        connection.close()
        return len(pulls) - len(left)
    return len(pulls)


def write(pulls: Iterable[Pull]) -> None:
    """Add the pulls to their links' receipts and readers' habits; those of links that are gone are dropped."""
    for part in _parts(list(pulls)):
        _write(part)


def _parts(pulls: list[Pull]) -> list[list[Pull]]:
    """The pulls in order and in parts that span no more than a visit."""
    return [[pulls[place] for place in places] for places in slices(pull.at for pull in pulls)]


def _write(pulls: list[Pull]) -> None:
    given: dict[str, Any] = {
        "links": [pull.public_id for pull in pulls],
        "versions": [pull.body_version for pull in pulls],
        "readers": [reader_of(pull.agent) for pull in pulls],
        "instants": [pull.at for pull in pulls],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, given | LEARNING)


@lru_cache(maxsize=1024)
def reader_of(agent: str) -> str:
    """The reader's name as receipts keep it."""
    return BROWSER if agent == BROWSER else reader(agent)


class Among(Func):
    """Whether a text is one of these, as one parameter: hundreds, in each of nested queries, take longer to bind."""

    template, arg_joiner = "%(expressions)s)", " = ANY ("
    output_field = BooleanField()

    def __init__(self, text: Any, these: Collection[str] | Value, **extra: Any) -> None:
        given = these if isinstance(these, Value) else Value(sorted(these), ArrayField(TextField()))
        super().__init__(text, given, **extra)


def counting[Row: (ExportRead, Readership)](
    rows: QuerySet[Row], channel: F | OuterRef = CHANNEL
) -> QuerySet[Row]:
    """Of the reads, or readers, those that are taken for the site a link is for (see `domain.readers.counted`).

    A query around this one may give the link's channel, which saves a join.
    """
    named = Readership.objects.filter(link=OuterRef("link")).alias(
        own_pair=Concat("link__channel", Value("/"), "reader")
    )
    rows = rows.filter(~Q(Among(F("reader"), NO_SITES))).alias(
        made_for=ExpressionWrapper(channel, CharField())
    )
    rows = rows.alias(pair=Concat("made_for", Value("/"), "reader"))
    may_be = ~Q(Among(F("reader"), KNOWN)) & ~Exists(named.filter(Among(F("own_pair"), OWN)))
    return rows.filter(may_be | Q(made_for=OTHER.key) | Q(Among(F("pair"), OWN)))


def _links() -> QuerySet[ExportLink]:
    rows = ExportLink.objects.live().of_channels().filter(property__in=Given("homes"))
    return rows.defer("body").order_by("pk")


def _left() -> QuerySet[Suspension, tuple[int, int, int | None]]:
    return Suspension.objects.filter(block__in=Given("blocks")).values_list("block", "link", "back_version")


def _reads() -> QuerySet[ExportRead, tuple[int, int, datetime]]:
    rows = ExportRead.objects.filter(link__in=Given("links"), body_version__gte=Given("since"))
    return counting(rows).values_list("link", "body_version", "at")


_LINKS, _LEFT, _READS = Statement(_links), Statement(_left), Statement(_reads)


def seen(block: Block) -> dict[ExportLink, datetime | None]:
    """The live channel links that tell of the block, and when each was first read with it; None where not yet."""
    return seen_each([block])[block.pk]


def seen_each(blocks: Collection[Block]) -> dict[int, dict[ExportLink, datetime | None]]:
    """The same for several blocks of one property, by their ids.

    A link that one was left out of for a while counts from its coming back. What changes nothing in a link, as other
    bookings close the same nights, isn't told there.
    """
    links = _LINKS(homes=list({block.property_id for block in blocks})) if blocks else []
    left = _LEFT(blocks=[block.pk for block in blocks]) if links else []
    told_from = {(sale, pk): version for sale, pk, version in left}
    reads: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    since = min((block.version for block in blocks), default=0)
    for pk, version, at in _READS(links=[link.pk for link in links], since=since) if links else ():
        reads[pk].append((version, at))
    found: dict[int, dict[ExportLink, datetime | None]] = {block.pk: {} for block in blocks}
    for block, link in product(blocks, links):
        first = told_from.get((block.pk, link.pk), block.version)
        if first is not None and link.body_version >= first:
            found[block.pk][link] = min(
                (at for version, at in reads[link.pk] if version >= first), default=None
            )
    return found


def _beat() -> None:
    """Say that links are answered, if they are: without the database, none is."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
    else:
        uptime.beat(timezone.now())


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
        beats_at = time.monotonic()
        while not self._ended.wait(settings.RECEIPTS_EVERY):
            flush()
            if time.monotonic() >= beats_at:
                _beat()
                beats_at = time.monotonic() + uptime.BEAT_S
        flush()
        connection.close()


writer = Writer()
atexit.register(writer.stop)
