"""What needs the host, the most urgent first.

Two guests for one night come before a guest who waits for an answer, that before what a site may sell a second time,
before what nobody can read, and that before what only waits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Exists, F, IntegerField, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from accounts.statements import Given, Number, Statement
from amplistay.channelhealth import Health, Unseen
from calendars.models import Alert
from calendars.models.alerts import AlertQuerySet
from calendars.sentences import advice, headline, kept
from properties.dates import between, whole
from properties.models import Property
from properties.templatetags.stays import money
from upsells.models import Delivery, Purchase
from upsells.models.deliveries import DeliveryQuerySet
from upsells.models.purchases import PurchaseQuerySet
from upsells.sentences import bought

Kind = Alert.Kind
MOST = 20  # alerts, questions and mails each
AT_ONCE = 6  # seen without opening the rest
HURRY = timedelta(hours=2)
ANSWER, UNKNOWN, MAIL = 1, 2, 5
RANKS = {
    Kind.CONFLICT: 0, Kind.UNSEEN: 2, Kind.STOPPED: 3, Kind.FAILING: 4, Kind.QUARANTINED: 4, Kind.LATE: 4,
    Kind.UNREAD: 4, Kind.HELD: 6, Kind.KEYS: 3, Kind.BUDGET: 6, Kind.REFUSED: 2,
}  # fmt: skip
OF_FEEDS = frozenset({Kind.FAILING, Kind.LATE, Kind.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs the host: an alert, or else a guest's question or a mail, with a page to go to.

    `left` is the time to answer in words, `is_soon` whether that is short.
    """

    rank: int
    order: float
    headline: str
    advice: str
    alert: Alert | None = None
    home: Property | None = None
    icon: str = ""
    href: str = ""
    action: str = ""
    until: datetime | None = None
    left: str = ""
    is_soon: bool = False


@dataclass(frozen=True, slots=True)
class Urgent:
    """What needs the host, as much of it as is shown, how much more there is, and how many feeds need somebody."""

    needs: tuple[Need, ...]
    more: int
    unread: int

    @property
    def first(self) -> tuple[Need, ...]:
        """Those that are seen at once; one more is no longer than the line that would open it."""
        return self.needs[:AT_ONCE] if len(self.needs) > AT_ONCE + 1 else self.needs

    @property
    def rest(self) -> tuple[Need, ...]:
        """Those that open below."""
        return self.needs[len(self.first) :]


def urgent(
    organization: Organization, now: datetime, home: Property | None = None, health: Health | None = None
) -> Urgent:
    """All that needs the host of the organization, or of one of its homes; in one query where nothing does.

    `health` is that of their calendars, for whom it is to tell of links never read, in and out.
    """
    which = {"org": organization.pk} | ({} if home is None else {"home": home.pk})
    ((number, unread, has_questions, has_mails),) = (_OF_ALL if home is None else _OF_ONE)(**which)
    alerts = list(_alerts(_open(**which))) if number else []
    questions = _questions(_asking(**which), now) if has_questions else ()
    mails = _mails(_undelivered(**which)) if has_mails else ()
    told = [need.alert for need in alerts if need.alert]
    unknown = list(_unknown(health, told)) if health else []
    never = list(_never_read(health, told)) if health else []
    needs = [*alerts, *unknown[:MOST], *never[:MOST], *questions, *mails]
    needs.sort(key=lambda need: (need.rank, need.order))
    more = max(0, number - MOST) + len(unknown[MOST:]) + len(never[MOST:])
    return Urgent(tuple(needs), more, unread + len(never))


def _open(org: int | Given, home: int | Given | None = None) -> AlertQuerySet:
    """The alerts; a guest's question isn't among them, as the purchase itself tells more of it."""
    rows = Alert.objects.of(org).open().filter(property__archived_at=None)
    rows = rows.exclude(kind=Kind.REQUEST)
    return rows if home is None else rows.filter(property=home)


def _asking(org: int | Given, home: int | Given | None = None) -> PurchaseQuerySet:
    """The purchases whose guests wait for the host's word."""
    rows = Purchase.objects.of(org)
    rows = rows.filter(state=Purchase.State.ASKED) | rows.wished_back()
    return rows if home is None else rows.filter(property=home)


def _undelivered(org: int | Given, home: int | Given | None = None) -> DeliveryQuerySet:
    """The mails about purchases that met with trouble."""
    rows = Delivery.objects.of(org).filter(delivered_at=None).exclude(trouble="")
    return rows if home is None else rows.filter(purchase__property=home)


def _waits(**which: Given) -> QuerySet[Organization, tuple[int, int, bool, bool]]:
    """How many alerts, how many feeds nobody reads, whether a guest waits, whether a mail does."""
    unread = _open(**which).filter(kind__in=OF_FEEDS, feed__isnull=False).values("feed").distinct()
    return Organization.objects.filter(pk=Given("org")).values_list(
        Number(_open(**which).values("pk")),
        Number(unread),
        Exists(_asking(**which)),
        Exists(_undelivered(**which)),
    )


_OF_ALL = Statement(lambda: _waits(org=Given("org")))
_OF_ONE = Statement(lambda: _waits(org=Given("org"), home=Given("home")))


def _alerts(rows: AlertQuerySet) -> Iterator[Need]:
    whens = [When(kind=kind, then=Value(rank)) for kind, rank in RANKS.items()]
    rank = Case(*whens, default=Value(MAIL), output_field=IntegerField())
    for alert in rows.to_say().annotate(rank=rank).order_by("rank", "-opened_at", "pk")[:MOST]:
        order = -alert.opened_at.timestamp()
        yield Need(RANKS.get(Kind(alert.kind), MAIL), order, headline(alert), advice(alert), alert)


def _never_read(health: Health, told: Iterable[Alert]) -> Iterator[Need]:
    """Links that couldn't be read even once, from the first try on: guests are offered nothing, whoever just came.

    An alert tells of each once that lasts; those of which one does are `told` already.
    """
    known = {alert.feed_id for alert in told}
    for feed, _state in health.feeds:
        if not feed.failures or feed.paused_at or feed.was_read or feed.is_mirror or feed.pk in known:
            continue
        since = feed.failing_since or feed.last_read_at
        alert = Alert(kind=Kind.FAILING, property=feed.property, feed=feed, details={"feed": kept(feed)})
        yield Need(
            rank=RANKS[Kind.FAILING],
            order=-since.timestamp() if since else 0,
            headline=headline(alert),
            advice=advice(alert),
            home=feed.property,
            icon="calendar-x",
            href=reverse("calendars:log", args=[feed.property.public_id, feed.public_id]),
            action=_("See what to do"),
        )


def _unknown(health: Health, told: Iterable[Alert]) -> Iterator[Need]:
    """Homes with sales that no site knows of, as none has ever read its link, from the sale on.

    An alert tells of each such link once it should have been read; the homes where one does are `told` already.
    """
    homes = health.unread_homes - {alert.property_id for alert in told if alert.kind == Kind.UNREAD}
    sales: dict[int, dict[int, Unseen]] = {}
    for each in health.unseen:
        if each.link.property_id in homes:
            sales.setdefault(each.link.property_id, {}).setdefault(each.sale, each)
    for found in sales.values():
        first = next(iter(found.values()))
        home, nights = first.link.property, first.nights
        said = ngettext(
            "No site has read your sale of %(nights)s at %(home)s",
            "No site has read your %(count)s sales at %(home)s, the first of %(nights)s",
            len(found),
        )
        days = between(nights.start, nights.end, "MMMd")
        yield Need(
            rank=UNKNOWN,
            order=home.house.instant(nights.start, home.house.check_in).timestamp(),
            headline=said % {"home": home.name, "count": len(found), "nights": days},
            advice=_("Those nights are still open there. Paste the Amplistay link into each site."),
            home=home,
            icon="unlink",
            href=first.href,
            action=_("Copy the links"),
        )


def _questions(rows: PurchaseQuerySet, now: datetime) -> Iterator[Need]:
    """Guests who wait for the host's word: on what they want, or on cancelling what they bought."""
    rows = rows.select_related("property").order_by(F("answer_by").asc(nulls_last=True), "wished_at", "pk")
    for purchase in rows[:MOST]:
        asks = purchase.state == Purchase.State.ASKED
        until = purchase.answer_by if asks and purchase.answer_by else purchase.takes.start
        said, tip = _asked(purchase) if asks else _wished(purchase)
        yield Need(
            rank=ANSWER,
            order=until.timestamp(),
            headline=said,
            advice=tip,
            home=purchase.property,
            icon="message-circle-question-mark",
            href=_page(purchase),
            action=_("Answer"),
            until=until,
            left=_("%(time)s left") % {"time": whole(until - now)} if until > now else "",
            is_soon=until - now < HURRY,
        )


def _asked(purchase: Purchase) -> tuple[str, str]:
    said = _("%(guest)s asks at %(home)s: %(what)s, %(when)s, for %(price)s")
    return said % _words(purchase), _("It is kept free until you answer. Say yes or no.")


def _wished(purchase: Purchase) -> tuple[str, str]:
    said = _("%(guest)s asks to cancel at %(home)s: %(what)s, %(when)s, sold for %(price)s")
    return said % _words(purchase), _("The sale stands until you take it back.")


def _words(purchase: Purchase) -> dict[str, str]:
    what, when = bought(purchase, purchase.property.house)
    return {
        "guest": purchase.guest_name or _("A guest"),
        "home": purchase.property.name,
        "what": what,
        "when": when,
        "price": money(purchase.price),
    }


def _mails(rows: DeliveryQuerySet) -> Iterator[Need]:
    """Mails about purchases that couldn't be delivered, once for each purchase; those given up first."""
    rows = rows.select_related("purchase__property").order_by(
        F("given_up_at").asc(nulls_last=True), "created_at"
    )
    seen: set[int] = set()
    for row in rows[:MOST]:
        if row.purchase_id in seen:
            continue
        seen.add(row.purchase_id)
        words = {"address": row.address, "home": row.purchase.property.name}
        has_ended = row.given_up_at is not None
        yield Need(
            rank=MAIL if has_ended else MAIL + 2,
            order=row.created_at.timestamp(),
            headline=_("An e-mail to %(address)s about %(home)s can't be delivered") % words,
            advice=(
                _("Nobody tries any more. Correct the address, or send it again.")
                if has_ended
                else _("We try again for three days. Look whether the address is right.")
            ),
            home=row.purchase.property,
            icon="mail-warning",
            href=_page(row.purchase),
            action=_("See the purchase"),
        )


def _page(purchase: Purchase) -> str:
    return reverse("upsells:purchase", args=[purchase.property.public_id, purchase.public_id])
