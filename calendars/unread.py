"""Links that nobody reads: a channel that doesn't learn what is sold here may sell it again.

One alert per link and kind: never read, no longer read, a sale that takes too long to be read. After we were away
ourselves nobody can have read us, so silence only counts from when links are answered again; an alert that is open
stays as it is meanwhile. Links for people are never waited for, nor is a sale that a link leaves out on purpose.
"""

import json
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import (
    BigIntegerField,
    DateTimeField,
    DurationField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce, Greatest
from psycopg.types.range import TimestamptzRange

from calendars.alerts import AT_ONCE, follow
from calendars.models import Alert, Block, ExportLink, ExportRead, Feed, Readership, Suspension
from calendars.models.alerts import AlertQuerySet
from calendars.receipts import counting
from calendars.sentences import kept
from domain.channels import CHANNELS, OTHER
from domain.pulls import LEAST_WAIT, PATIENCE, plan

Kind = Alert.Kind
NEW = timedelta(hours=24)  # time to paste a link
LEAST_S = int(LEAST_WAIT.total_seconds())


class Seconds(Func):
    """So many seconds, as a duration."""

    template = "make_interval(secs => %(expressions)s)"
    output_field = DurationField()


class Looked(Func):
    """The number that an object in JSON has under a name; one parameter, however many names there are."""

    template, arg_joiner = "(%(expressions)s)::integer", "::jsonb ->> "
    output_field = IntegerField()


def watch(now: datetime, up_since: datetime | None) -> None:
    """Open alerts for links that aren't read as they should be, and resolve those that are, or matter no more.

    `up_since` is since when links have been answered; None where they aren't, or nobody knows.
    """
    up = now - up_since if up_since else timedelta()
    _follow(Kind.UNREAD, unread(now), unread(now), now)
    _follow(Kind.STOPPED, stopped(now), stopped(now, up), now)
    _follow(Kind.UNSEEN, _but_stopped(unseen(now)), _but_stopped(unseen(now, up)), now)
    _keep_up(now)


def _but_stopped(links: QuerySet[ExportLink]) -> QuerySet[ExportLink]:
    """Those whose host isn't told already that nobody reads them any more."""
    told = Alert.objects.open().filter(kind=Kind.STOPPED, link=OuterRef("pk"))
    return links.exclude(Exists(told))


def in_use() -> QuerySet[ExportLink]:
    """The links that a site should read, with what to expect of it."""
    return ExportLink.objects.live().of_channels().filter(property__archived_at=None).defer("body")


def unread(now: datetime) -> QuerySet[ExportLink]:
    """Those that were never read: for a day, or for longer than their site takes at its slow end to read a sale.

    Not those that come with a mirrored unit: whether any site is to read one is for the host to say.
    """
    mirrored = Feed.objects.mirrored().filter(property=OuterRef("property"))
    links = in_use().exclude(Exists(_readers())).exclude(Exists(mirrored), channel=OTHER.key)
    with_sale = waiting(now).filter(told_at__lte=_ago(now, _planned("slow")))
    return links.filter(Q(created_at__lte=now - NEW) | Exists(with_sale.filter(pk=OuterRef("pk"))))


def stopped(now: datetime, up: timedelta | None = None) -> QuerySet[ExportLink]:
    """Those whose readers have all been silent for four of their usual intervals, in which we have answered.

    `up` is for how long we have; None where that doesn't matter.
    """
    usual = Coalesce(F("usual_s"), _planned("slow", "made_for")) * PATIENCE
    readers = _readers().alias(wait_s=Greatest(usual, Value(LEAST_S)))
    reading = Q(last_at__gt=_ago(now, F("wait_s")))
    if up is not None:
        reading |= Q(wait_s__gt=int(up.total_seconds()))
    return in_use().filter(Exists(_readers())).exclude(Exists(readers.filter(reading)))


def unseen(now: datetime, up: timedelta | None = None) -> QuerySet[Any]:
    """Those that are read, but haven't been since a sale, for longer than their readers take at the slow end.

    Once for each such sale.
    """
    learnt = _readers().filter(slow_s__isnull=False).order_by("-visits", "pk")
    slow = Coalesce(learnt.values("slow_s")[:1], _planned("slow"), output_field=IntegerField())
    links: QuerySet[Any] = waiting(now).alias(wait_s=Greatest(slow, Value(LEAST_S)))
    links = links.filter(Exists(_readers()))
    links = links.filter(told_at__lte=_ago(now, F("wait_s")))
    return links if up is None else links.filter(wait_s__lte=int(up.total_seconds()))


def _readers() -> QuerySet[Readership]:
    """Of the link in the query around it: those who may be the site it is for."""
    return counting(Readership.objects.filter(link=OuterRef("pk")), OuterRef("channel"))


def waiting(now: datetime) -> QuerySet[Any]:
    """The links with each sale that they tell of since `told_at` and weren't read with, while it isn't over."""
    links = in_use().filter(
        property__blocks__origin=Block.Origin.SALE,
        property__blocks__period__overlap=TimestamptzRange(now, None),
        property__blocks__nights__isempty=False,
    )
    links = links.annotate(sale=F("property__blocks__pk"), nights=F("property__blocks__nights"))
    left = Suspension.objects.filter(block=OuterRef("sale"), link=OuterRef("pk"))
    version, sold_at = F("property__blocks__version"), F("property__blocks__changed_at")
    links = links.annotate(
        told_from=Coalesce(left.values("back_version")[:1], version, output_field=BigIntegerField()),
        told_at=Greatest(Coalesce(left.values("back_at")[:1], sold_at), F("created_at")),
    )
    reads = ExportRead.objects.filter(link=OuterRef("pk"), body_version__gte=OuterRef("told_from"))
    links = links.filter(told_from__lte=F("body_version")).exclude(Exists(left.left_out()))
    return links.exclude(Exists(counting(reads, OuterRef("channel"))))


def _planned(figure: str, channel: str = "channel") -> Coalesce:
    """What to expect of the site, in seconds."""
    expected = {key: getattr(plan(CHANNELS[key]), figure) for key in CHANNELS}
    each = {key: int(time.total_seconds()) for key, time in expected.items()}
    return Coalesce(Looked(Value(json.dumps(each)), F(channel)), Value(each[OTHER.key]))


def _ago(now: datetime, seconds: Any) -> Any:
    return Value(now, DateTimeField()) - Seconds(seconds)


# Alerts


def _follow(kind: Kind, true: QuerySet[ExportLink], due: QuerySet[ExportLink], now: datetime) -> None:
    """Make the open alerts of one kind those that are `true`; new ones are opened for what is `due`."""
    with transaction.atomic():
        found = partial(_found, kind, due, now)
        over, _begun = follow(kind, Exists(true.filter(pk=OuterRef("link"))), found, now)
        since = Readership.objects.filter(link=OuterRef("link"), last_at__gte=OuterRef("opened_at"))
        over.exclude(Exists(counting(since.filter(link__revoked_at=None)))).update(cleared_at=now)


def _found(kind: Kind, due: QuerySet[ExportLink], now: datetime, alive: AlertQuerySet) -> list[Alert]:
    new = due.exclude(Exists(alive.filter(link=OuterRef("pk")))).select_related("property")
    return [
        Alert(
            organization_id=link.organization_id,
            property=link.property,
            link=link,
            kind=kind,
            key=f"{kind} {link.pk}",
            details=_details(kind, link),
            opened_at=now,
        )
        for link in _told(kind, new).values()
    ]


def _told(kind: Kind, links: QuerySet[ExportLink]) -> dict[int, ExportLink]:
    """The links with what their alert tells; of several sales that which has waited longest."""
    if kind == Kind.STOPPED:
        links = links.annotate(read_at=_readers().order_by("-last_at").values("last_at")[:1])
    order = ("told_at", "sale") if kind == Kind.UNSEEN else ("pk",)
    found: dict[int, ExportLink] = {}
    for link in links.order_by(*order)[:AT_ONCE]:
        found.setdefault(link.pk, link)
    return found


def _details(kind: Kind, link: Any) -> dict[str, str]:
    """What fills the sentences: the link's name, since when, and the nights of the sale."""
    match kind:
        case Kind.STOPPED:
            return {"link": kept(link), "since": link.read_at.isoformat()}
        case Kind.UNSEEN:
            nights = {"arrival": str(link.nights.lower), "departure": str(link.nights.upper)}
            return {"link": kept(link), "since": link.told_at.isoformat(), **nights}
        case _:
            return {"link": kept(link), "since": link.created_at.isoformat()}


def _keep_up(now: datetime) -> None:
    """Let the open alerts of unseen sales name one that is still waited for."""
    rows = Alert.objects.open().filter(kind=Kind.UNSEEN)[:AT_ONCE]
    alerts = {alert.link_id: alert for alert in rows if alert.link_id}
    changed = []
    for pk, link in _told(Kind.UNSEEN, unseen(now).filter(pk__in=list(alerts))).items():
        alert, details = alerts[pk], _details(Kind.UNSEEN, link)
        if alert.details != details:
            alert.details = details
            changed.append(alert)
    Alert.objects.bulk_update(changed, ["details"])
