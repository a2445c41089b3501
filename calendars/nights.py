"""Each night of a home as one cell: what of the claims on it is drawn, and the double bookings among them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from accounts.models import Organization
from accounts.statements import Given, Statement
from calendars import conflicts
from calendars.lineage import PRECEDENCE, channel_of, state_of
from calendars.models import Alert, Block, date_range
from calendars.sentences import advice, headline
from domain.channels import Channel
from domain.spans import NIGHT, Span, merge
from properties.models import Property


@dataclass(frozen=True, slots=True)
class Day:
    """One cell; where claims overlap, the first by precedence is drawn. `in_month`: whether it is of what is shown."""

    night: date
    state: str
    in_month: bool
    is_today: bool
    is_past: bool
    is_chosen: bool
    channels: tuple[Channel, ...]
    starts: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nights that two claims can't both have, what the host is told about it, and the alert with what can be done."""

    alert_id: str
    nights: Span
    headline: str
    advice: str


def _claims() -> QuerySet[Block]:
    rows = Block.objects.of(Given("org")).filter(property=Given("home"), nights__overlap=Given("window"))
    unsaid = ("feed__url", "feed__connection__secrets", "feed__connection__units")
    return rows.select_related("feed__connection").defer(*unsaid).order_by("since")


def _conflicts() -> QuerySet[Alert]:
    rows = Alert.objects.of(Given("org")).open().filter(property=Given("home"), kind=Alert.Kind.CONFLICT)
    return rows.order_by("opened_at")


_CLAIMS, _CONFLICTS = Statement(_claims), Statement(_conflicts)


def claims(organization: Organization, home: Property, window: Span) -> list[Block]:
    """What claims nights of the window, with whose calendar says so; in one query."""
    return _CLAIMS(org=organization.pk, home=home.pk, window=date_range(window))


def troubles(organization: Organization, home: Property, window: Span) -> list[Trouble]:
    """The double bookings of the home that touch the window; in one query."""
    found = []
    for alert in _CONFLICTS(org=organization.pk, home=home.pk):
        alert.property = home
        nights = conflicts.nights(alert)
        if nights.overlaps(window):
            found.append(Trouble(alert.public_id, nights, headline(alert), advice(alert)))
    return found


def cell(
    night: date,
    blocks: Iterable[Block],
    troubles: Sequence[Trouble],
    *,
    today: date,
    in_month: bool = True,
    chosen: date | None = None,
) -> Day:
    """How the night is drawn among these claims and double bookings."""
    there = [(span, block) for block in blocks if (span := block.span) and night in span]
    there.sort(key=lambda claim: (PRECEDENCE.index(state_of(claim[1])), claim[0].start))
    span, drawn = there[0] if there else (None, None)
    state = state_of(drawn) if drawn else "free"
    disputed = merge(trouble.nights for trouble in troubles)
    if drawn and (dispute := next((nights for nights in disputed if night in nights), None)):
        span, state = dispute, "conflict"
    elif span:
        span = next(part for part in span.minus(disputed) if night in part)
    return Day(
        night=night,
        state=state,
        in_month=in_month,
        is_today=night == today,
        is_past=night < today,
        is_chosen=night == chosen,
        channels=tuple(dict.fromkeys(channel_of(block) for _span, block in there)),
        starts=span is not None and span.start == night,
        ends=span is not None and span.end == night + NIGHT,
    )
