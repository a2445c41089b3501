"""The notices of a member: what happened in their organization, the latest first, and how much of it is unread.

No table holds notices. Each is an alert, or a piece of news in the outbox of sales, and both are written in the
transaction that makes them true: nothing is told that wasn't so, and nothing that was so goes untold.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import CharField, F, Min, Q, QuerySet, Value
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import bell
from accounts.models import ONLY_BY_MAIL, Level, Membership, Organization, Topic
from accounts.statements import Given, Number, Statement
from calendars import alerts
from calendars.models import Alert
from calendars.sentences import advice, headline, relief
from properties.templatetags.stays import money
from upsells import deliveries, receipts
from upsells.models import Delivery, Purchase

News = Delivery.News
ALERT, SALE = "alert", "sale"  # where a notice comes from
ICONS: Mapping[Topic, str] = {
    Topic.CONFLICT: "users",
    Topic.REQUEST: "message-circle-question-mark",
    Topic.SALE: "receipt-text",
    Topic.CANCELLED: "undo-2",
    Topic.MONEY: "credit-card",
    Topic.CALENDAR: "calendar-x",
    Topic.LINKS: "unlink",
}
HEADLINES: Mapping[str, Any] = {
    News.CONFIRMED: gettext_lazy("Sold at %(property)s: %(what)s for %(amount)s"),
    News.CANCEL_WISHED: gettext_lazy("%(guest)s asks to cancel at %(property)s"),
    News.CANCELLED: gettext_lazy("Cancelled at %(property)s: %(what)s"),
    News.SHORTENED: gettext_lazy("Shortened at %(property)s: %(what)s for %(amount)s"),
    News.MOVED: gettext_lazy("Moved to %(property)s: %(what)s"),
    News.STUCK: gettext_lazy("Please look at a payment at %(property)s: %(what)s"),
}


class Row(NamedTuple):
    """Where one notice stands: when it began, its table, and the row (of several mails, the first)."""

    at: datetime
    source: str
    pk: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice in words."""

    at: datetime
    topic: Topic
    headline: str
    says: str
    url: str
    is_over: bool
    is_unread: bool = False

    @property
    def icon(self) -> str:
        """The lucide name of its topic's icon."""
        return ICONS[self.topic]


def topics(member: Membership, *levels: Level) -> set[Topic]:
    """What the member wishes to be told at one of these levels, as far as the app tells it."""
    return {topic for topic in Topic if topic not in ONLY_BY_MAIL and member.level(topic) in levels}


def listed(member: Membership) -> QuerySet[Any, Any]:
    """Every notice of the member, as Rows, the latest first."""
    rows = _alerts(member, _heard(member)).union(_sales(member, _heard(member)), all=True)
    return rows.order_by("-at", "came_from", "-row")


def unread(member: Membership, now: datetime) -> int:
    """How many notices the member hasn't opened: one query."""
    heard = _heard(member)
    (found,) = _UNREAD(
        org=member.organization_id,
        since=member.unread_since(now),
        kinds=_kinds(heard),
        news=_news(heard),
        alerts=member.opened_rows(ALERT),
        sales=member.opened_rows(SALE),
    )
    return found


def between(member: Membership, wished: Collection[Topic], since: datetime, until: datetime) -> list[Row]:
    """What began after `since` and not after `until`, about these topics, the oldest first."""
    found = _alerts(member, wished, since).filter(at__lte=until)
    rows = found.union(_sales(member, wished, since).filter(at__lte=until), all=True)
    return [Row(*row) for row in rows.order_by("at", "came_from", "row")]


def still_open(member: Membership, wished: Collection[Topic]) -> list[Row]:
    """The alerts about these topics that aren't over, the oldest first."""
    return [Row(*row) for row in _alerts(member, wished).filter(resolved_at=None).order_by("at", "row")]


def entries(rows: Iterable[tuple[datetime, str, int]], member: Membership, now: datetime) -> list[Entry]:
    """The notices in words, in the same order: two queries, and none for each."""
    named = [Row(*row) for row in rows]
    wanted = {source: [row.pk for row in named if row.source == source] for source in (ALERT, SALE)}
    news = Delivery.objects.select_related("purchase__property")
    found_alerts, found_sales = Alert.objects.to_say().in_bulk(wanted[ALERT]), news.in_bulk(wanted[SALE])
    since = member.unread_since(now)
    opened = {source: set(member.opened_rows(source)) for source in wanted}
    said = []
    for row in named:
        is_unread = row.at > since and row.pk not in opened[row.source]
        if row.source == ALERT and row.pk in found_alerts:
            said.append(_of_alert(found_alerts[row.pk], is_unread))
        elif row.source == SALE and row.pk in found_sales:
            said.append(_of_sale(found_sales[row.pk], is_unread))
    return said


def open_sale(member: Membership, purchase: Purchase, now: datetime) -> None:
    """The member has opened what is told about this purchase."""
    told = _sales(member, set(Topic)).filter(purchase=purchase)
    bell.open_some(member, SALE, [row for _at, _source, row in told], now)


def _heard(member: Membership) -> set[Topic]:
    return topics(member, Level.APP, Level.DIGEST, Level.MAIL)


def _alerts(
    member: Membership, wished: Collection[Topic], since: datetime | None = None
) -> QuerySet[Any, Any]:  # as in the next one: django-stubs doesn't know what is annotated
    """Alerts as Rows."""
    rows = _of_alerts(member.organization_id, _kinds(wished))
    rows = rows.filter(opened_at__gt=since) if since else rows
    named = rows.annotate(at=F("opened_at"), came_from=_named(ALERT), row=F("pk"))
    return named.values_list("at", "came_from", "row")


def _of_alerts(organization: int | Given, kinds: Collection[str] | Given) -> QuerySet[Alert]:
    """Alerts of these kinds; what was over before anybody could be told is no notice."""
    rows = Alert.objects.of(organization).filter(kind__in=kinds, property__archived_at=None)
    return rows.filter(Q(resolved_at=None) | Q(told_at__isnull=False))


def _kinds(wished: Collection[Topic]) -> list[str]:
    return [str(kind) for kind, topic in alerts.TOPICS.items() if topic in wished]


def _sales(
    member: Membership, wished: Collection[Topic], since: datetime | None = None
) -> QuerySet[Any, Any]:
    """News for hosts as Rows."""
    rows = _of_sales(member.organization_id, _news(wished))
    rows = rows.filter(created_at__gt=since) if since else rows
    named: QuerySet[Any, Any] = _once(rows).annotate(at=Min("created_at"), came_from=_named(SALE))
    return named.values_list("at", "came_from", "row")


def _of_sales(organization: int | Given, news: Collection[str] | Given) -> QuerySet[Delivery]:
    return Delivery.objects.of(organization).filter(to=Delivery.To.HOST, news__in=news)


def _once(rows: QuerySet[Delivery]) -> QuerySet[Any, Any]:
    """Each piece of news once, to however many members it was written down."""
    found: QuerySet[Any, Any] = rows.values("purchase", "news", "step").annotate(row=Min("pk"))
    return found


def _news(wished: Collection[Topic]) -> list[str]:
    return [str(each) for each, topic in deliveries.TOPICS.items() if topic in wished]


def _numbers() -> QuerySet[Any, int]:
    told = _of_alerts(Given("org"), Given("kinds")).filter(opened_at__gt=Given("since"))
    told = told.exclude(pk__in=Given("alerts"))
    sold = _of_sales(Given("org"), Given("news")).filter(created_at__gt=Given("since"))
    sales = _once(sold).exclude(row__in=Given("sales"))
    rows = Organization.objects.filter(pk=Given("org"))
    return rows.values_list(Number(told.values("pk")) + Number(sales), flat=True)


_UNREAD = Statement(_numbers)


def _named(source: str) -> Value:
    return Value(source, output_field=CharField())


def _of_alert(alert: Alert, is_unread: bool) -> Entry:
    is_over = alert.resolved_at is not None
    return Entry(
        alert.opened_at,
        alerts.TOPICS[Alert.Kind(alert.kind)],
        headline(alert),
        relief(alert) if is_over and alert.is_good_news else "" if is_over else advice(alert),
        reverse("calendars:alert", args=[alert.public_id]),
        is_over,
        is_unread,
    )


def _of_sale(delivery: Delivery, is_unread: bool) -> Entry:
    purchase = delivery.purchase
    what, when = receipts.bought(purchase)
    words = {
        "property": purchase.property.name,
        "what": what,
        "amount": money(purchase.price),
        "guest": purchase.guest_name or _("A guest"),
    }
    return Entry(
        delivery.created_at,
        deliveries.TOPICS[delivery.news],
        str(HEADLINES[delivery.news]) % words,
        " · ".join(filter(None, (when, purchase.guest_name))),
        reverse("notices:sale", args=[purchase.public_id]),
        is_over=False,
        is_unread=is_unread,
    )
