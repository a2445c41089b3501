"""How fast the servers that feeds come from are asked, by all workers together."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from calendars.models import Feed, Server
from connectors.http import Answer, Failure
from domain import pace
from domain.pace import Leave, Pace

OURS_TO_BLAME = frozenset({"address", "scheme", "too_big", "redirects"})  # the link's fault, not the server's
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500

type Postponed = list[tuple[Feed, datetime, bool]]


def admit(feeds: Sequence[Feed], now: datetime) -> tuple[list[Feed], Postponed]:
    """The feeds that may be read now, and the others with when and whether their server is being left alone."""
    by_server: dict[str, list[Feed]] = defaultdict(list)
    for feed in feeds:
        by_server[feed.host].append(feed)
    with transaction.atomic():
        rows = _locked(by_server, now)
        leaves = {
            row.name: pace.ask(
                row.pace, len(by_server[row.name]), now, per_second=settings.READS_PER_SECOND_AND_SERVER
            )
            for row in rows
        }
        _save(rows, {name: leave.pace for name, leave in leaves.items()})
    admitted: list[Feed] = []
    postponed: Postponed = []
    for name, wanting in by_server.items():
        leave = leaves[name]
        admitted += wanting[: leave.granted]
        postponed += _later(wanting[leave.granted :], leave)
    return admitted, postponed


def _later(feeds: Sequence[Feed], leave: Leave) -> Postponed:
    """One after the other from when the server may be asked again."""
    each = timedelta(seconds=1 / settings.READS_PER_SECOND_AND_SERVER)
    shut = leave.pace.shut_until is not None
    return [(feed, leave.again_at + each * number, shut) for number, feed in enumerate(feeds)]


def rests_until(host: str, now: datetime) -> datetime | None:
    """Until when the server is left alone; None when it may be asked."""
    rows = Server.objects.filter(name=host, shut_until__gt=now)
    return rows.values_list("shut_until", flat=True).first()


def learn(outcomes: Iterable[tuple[Feed, Answer | Failure]], now: datetime) -> None:
    """Take note of how the servers answered: which failed, which asked for rest."""
    by_server: dict[str, list[tuple[Feed, Answer | Failure]]] = defaultdict(list)
    for feed, answer in outcomes:
        by_server[feed.host].append((feed, answer))
    troubled = Server.objects.filter(name__in=by_server).exclude(failing=[], shut_until=None)
    known = set(troubled.values_list("name", flat=True))
    news = {
        name: told
        for name, told in by_server.items()
        if name in known or any(_failed(answer) or _rest(answer) for _, answer in told)
    }
    if not news:
        return
    with transaction.atomic():
        rows = _locked(news, now)
        _save(rows, {row.name: _heard(row.pace, news[row.name], now) for row in rows})


def _heard(before: Pace, told: list[tuple[Feed, Answer | Failure]], now: datetime) -> Pace:
    failed = [feed.pk for feed, answer in told if _failed(answer)]
    return pace.heard(
        before,
        good=len(told) - len(failed),
        failed=failed,
        now=now,
        rest_s=max((_rest(answer) for _, answer in told), default=0),
    )


def _failed(answer: Answer | Failure) -> bool:
    """Whether the server is to blame, not the link."""
    if isinstance(answer, Failure):
        return answer.code not in OURS_TO_BLAME
    return answer.status >= SERVER_ERROR or answer.status == TOO_MANY_REQUESTS


def _rest(answer: Answer | Failure) -> int:
    """The seconds that the server asked us to stay away altogether."""
    if isinstance(answer, Answer) and answer.status == TOO_MANY_REQUESTS:
        return answer.retry_after or 0
    return 0


def _locked(names: Iterable[str], now: datetime) -> list[Server]:
    """The servers' rows, locked in the order of their names; made where they are missing."""
    wanted = sorted(names)
    rows = _rows(wanted)
    found = list(rows)
    if len(found) < len(wanted):
        missing = set(wanted) - {row.name for row in found}
        Server.objects.bulk_create(
            [Server(name=name, free_at=now) for name in sorted(missing)], ignore_conflicts=True
        )
        found = list(_rows(wanted))
    return found


def _rows(names: list[str]) -> QuerySet[Server]:
    return Server.objects.filter(name__in=names).select_for_update(no_key=True).order_by("name")


def _save(rows: Iterable[Server], paces: dict[str, Pace]) -> None:
    changed = [(row.pk, paces[row.name]) for row in rows if paces[row.name] != row.pace]
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE calendars_server s
               SET free_at = v.free_at, failing = v.failing, shut_until = v.shut_until
               FROM unnest(%s::bigint[], %s::timestamptz[], %s::jsonb[], %s::timestamptz[])
                 AS v(id, free_at, failing, shut_until)
               WHERE s.id = v.id""",
            [
                [server for server, _ in changed],
                [pace.free_at for _, pace in changed],
                [json.dumps(pace.failing) for _, pace in changed],
                [pace.shut_until for _, pace in changed],
            ],
        )
