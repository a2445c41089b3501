"""What workers do for calendars. Any of these may run twice, or only at the next sweep, with the same result."""

import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from calendars import alerts, closing, leases, linking, loops, mirroring, mirrors, polling, unread, uptime
from calendars.models import Closure, Connection, ExportRead, FeedRead, LoopCheck, Snapshot, Spending
from connectors.broker import hint

KEPT = timedelta(days=400)
TICK_S = 5
TURN_S = 10.0  # a turn claims until then; its last batch may take 48 s more, and the time limit is 60 s
MOST_TURNS = 16


@shared_task
def read_due_feeds() -> None:
    """Call as many readers as there is work for; each claims for itself when it begins."""
    count, has_suspects = leases.due(timezone.now(), MOST_TURNS * leases.BATCH)
    if has_suspects:
        hint(
            read_suspects, expires=TICK_S
        )  # before the others, or a backlog would keep them from ever being read
    for _ in range(-(-count // leases.BATCH)):
        hint(read_some, expires=TICK_S)


@shared_task
def read_some() -> None:
    """Claim and read batches until nothing is due or the turn is over."""
    end = time.monotonic() + TURN_S
    while time.monotonic() < end:
        now = timezone.now()
        lease, ids = leases.claim_due(now)
        if not ids:
            return
        polling.read(ids, lease, now)


@shared_task
def read_suspects() -> None:
    """Read feeds whose last attempt came to nothing, each alone."""
    end = time.monotonic() + TURN_S
    while time.monotonic() < end:
        now = timezone.now()
        lease, ids = leases.claim_suspect(now)
        if not ids:
            return
        polling.read(ids, lease, now)


@shared_task
def read_now(ids: list[int]) -> None:
    """Read these feeds whether due or not: somebody is waiting."""
    now = timezone.now()
    lease, claimed = leases.claim_these(ids, now)
    polling.read(claimed, lease, now, somebody_waits=True)


@shared_task
def read_mirrors() -> None:
    """Claim and read units of other systems until nothing is due or the turn is over."""
    end = time.monotonic() + TURN_S
    while time.monotonic() < end:
        now = timezone.now()
        lease, ids = leases.claim_mirrors(now)
        if not ids:
            return
        polling.read(ids, lease, now)


@shared_task
def ask_what_changed() -> None:
    """Have units read that changed, as far as their systems tell."""
    mirroring.ask_what_changed(timezone.now())


@shared_task
def close_elsewhere() -> None:
    """Close at other systems what is taken here, and open it again."""
    closing.follow(timezone.now())
    closing.send_due(timezone.now())


@shared_task
def watch_connections() -> None:
    """See whose keys are refused and whose requests are nearly used up."""
    mirrors.watch(timezone.now())


@shared_task
def look_at_connection(pk: int) -> None:
    """Ask a system which capabilities work with a host's keys, and which units there are."""
    connection = Connection.objects.live().get(pk=pk)
    mirrors.look(connection, timezone.now())


@shared_task
def watch() -> None:
    """Let end what has its time, open and resolve what hosts must know, and tell them."""
    now = timezone.now()
    linking.end_suspensions(now)
    if ids := loops.sweep(now):
        hint(read_now, ids)
    alerts.watch(now)
    alerts.tell(now)


@shared_task
def watch_links() -> None:
    """The same for the links that channels read."""
    unread.watch(timezone.now(), uptime.since())


@shared_task
def prune() -> None:
    """Drop history older than thirteen months."""
    before = timezone.now() - KEPT
    FeedRead.objects.filter(at__lt=before, until__lt=before).delete()
    Snapshot.objects.filter(at__lt=before).delete()
    ExportRead.objects.filter(until__lt=before).delete()
    LoopCheck.objects.filter(ended_at__lt=before).delete()
    Spending.objects.filter(since__lt=before.date()).delete()
    Closure.objects.filter(last__lt=before.date()).delete()
