"""Samples for the style guide: a purchase by card in each of its states, its story, and what hosts see of sales."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg.types.range import TimestamptzRange

from calendars.models import date_range
from domain.channels import CHANNELS, Channel
from domain.money import Money
from domain.offers import Kind
from domain.prices import Item, Line, Price
from domain.spans import NIGHT, Span
from properties.models import Property
from upsells import bars
from upsells.forms import GuestForm
from upsells.models import Offer, Payment, PayoutAccount, Purchase, StayLink
from upsells.payforms import CountryForm
from upsells.paypages import asked
from upsells.revenue import Cell, Figures, Tally
from upsells.timeline import Step

NOW = datetime(2026, 12, 5, 9, tzinfo=UTC)
LEAVES = date(2026, 12, 6)
STAYS = Span(LEAVES, LEAVES + 2 * NIGHT)
A_NIGHT, AMOUNT = 8_900, 17_800
CARD = "Visa ···· 4242"
STANDINGS = ("unavailable", "none", "asking", "refused", "wanting", "waiting", "ready")
State = Purchase.State


def purchases(home: Property, link: StayLink, now: datetime) -> dict[str, Any]:
    """All of purchases and of the host's account for cards; `now` is the clock of the countdowns."""
    pages = [*_to_pay(home, link, now), *_answered(home, link), *_over(home, link)]
    return {
        "pages": pages,
        "states": [_purchase(home, link, state) for state in State.values],
        "standings": [(state, account, asked(account.due)) for state, account in _accounts()],
        "country_form": CountryForm(),
        "steps": _steps(),
        "charts": [*bars.sold(_figures(), "EUR"), *bars.reached(_figures())],
        "today": LEAVES,
        "stays": _stays(home),
    }


def _purchase(home: Property, link: StayLink, state: str, **columns: Any) -> Purchase:
    """Two nights by card; whatever a page asks of it is there without a database."""
    period = home.house.stay(STAYS)
    lines = Price(
        tuple(Line(Item.NIGHT, Money(A_NIGHT, "EUR"), LEAVES + number * NIGHT) for number in range(2)), "EUR"
    )
    values = {
        "collection": Offer.Collection.CARD,
        "tiers": [[48, 100], [24, 50]],
        "answer_by": NOW + timedelta(hours=24),
        **columns,
    }
    return Purchase(
        property=home,
        stay_link=link,
        state=state,
        kind=Kind.EXTRA_NIGHTS,
        day=LEAVES,
        nights=date_range(STAYS),
        period=TimestamptzRange(period.start, period.end, "[)"),
        lines=Purchase.kept_lines(lines),
        amount=AMOUNT,
        currency="EUR",
        guest_name="Marta Puig",
        guest_email="marta@example.org",
        **values,
    )


def _page(name: str, purchase: Purchase, state: str = "", **context: Any) -> dict[str, Any]:
    """The guest's page of the purchase; `state` where the page's isn't the row's."""
    return {
        "name": name,
        "state": state or purchase.state,
        "purchase": purchase,
        "price": purchase.made_of,
        "form": GuestForm(),
        "can_cancel": purchase.state == State.CONFIRMED and purchase.wished_at is None,
        "back_now": Money(A_NIGHT, "EUR"),
        **context,
    }


def _payment(purchase: Purchase, state: str, **columns: Any) -> Payment:
    """Its money, so far that it is reserved or charged."""
    return Payment(purchase=purchase, state=state, amount=AMOUNT, url="#pages", card=CARD, **columns)


def _to_pay(home: Property, link: StayLink, now: datetime) -> list[dict[str, Any]]:
    """Held, then every step at the payment page."""
    until = now + timedelta(minutes=10)
    held, paying = (_purchase(home, link, state, held_until=until) for state in (State.HELD, State.PAYING))
    open_ = _payment(paying, "open")
    return [
        _page("Kept for the guest", held),
        _page("Opening the payment page", paying, payment=_payment(paying, "new"), stage="-opening"),
        _page("At the payment page", paying, payment=open_, stage="-open"),
        _page(
            "The card was declined",
            paying,
            payment=_payment(paying, "open", trouble="Declined."),
            stage="-open",
        ),
        _page("Back from the payment page", paying, payment=open_, stage="-returned"),
        _page("The time to pay is over", paying, payment=open_, stage="-ending"),
    ]


def _answered(home: Property, link: StayLink) -> list[dict[str, Any]]:
    """Being checked, asked, charged, confirmed; and what the guest may wish then."""
    checking, asked, capturing, confirmed, wished, kept = (
        _purchase(home, link, State.CHECKING),
        _purchase(home, link, State.ASKED),
        _purchase(home, link, State.CAPTURING, agreed_at=NOW),
        _purchase(home, link, State.CONFIRMED),
        _purchase(home, link, State.CONFIRMED, wished_at=NOW, refund=A_NIGHT),
        _purchase(home, link, State.CONFIRMED, wish_refused_at=NOW),
    )
    charged = {"captured": AMOUNT, "captured_at": NOW}
    return [
        _page("Asking every site", checking, payment=_payment(checking, "authorised"), slow=True),
        _page("The host is asked", asked, payment=_payment(asked, "authorised")),
        _page("Being charged", capturing, payment=_payment(capturing, "authorised")),
        _page(
            "Confirmed", confirmed, payment=_payment(confirmed, "captured", **charged), cancels_at_once=True
        ),
        _page("The guest asked to cancel", wished, payment=_payment(wished, "captured", **charged)),
        _page("The host keeps it", kept, payment=_payment(kept, "captured", **charged)),
    ]


def _over(home: Property, link: StayLink) -> list[dict[str, Any]]:
    """Every end without a booking."""
    declined, by_guest, by_host, lapsed = (
        _purchase(home, link, State.DECLINED, reason=Purchase.Reason.TAKEN),
        _purchase(home, link, State.CANCELLED, cancelled_by="guest", refund=A_NIGHT),
        _purchase(home, link, State.CANCELLED, cancelled_by="host", refund=AMOUNT),
        _purchase(home, link, State.LAPSED),
    )
    charged = {"captured": AMOUNT, "captured_at": NOW}
    part = _payment(by_guest, "captured", to_refund=A_NIGHT, **charged)
    whole = _payment(by_host, "refunded", refunded=AMOUNT, to_refund=AMOUNT, **charged)
    return [
        _page("Somebody was quicker", declined, payment=_payment(declined, "voided", authorised_at=NOW)),
        _page("The guest cancelled, half is coming back", by_guest, payment=part),
        _page("The host took it back", by_host, payment=whole),
        _page("Not paid in time", lapsed, payment=_payment(lapsed, "expired")),
    ]


def _accounts() -> list[tuple[str, PayoutAccount]]:
    return [(state, _account(state)) for state in STANDINGS]


def _account(state: str) -> PayoutAccount:
    """The host's account as Stripe tells of it in that state."""
    if state == "none":
        return PayoutAccount()
    due = ["business_profile.url"] if state == "wanting" else []
    trouble = "Accounts can't be made now." if state == "refused" else ""
    return PayoutAccount(stripe_id="acct_sample", due=due, trouble=trouble)


def _steps() -> list[Step]:
    """One step of each tone, and one that is being waited for."""
    return [
        Step(NOW, "hourglass", "Kept for the guest, at €178.00"),
        Step(
            NOW + timedelta(minutes=1), "triangle-alert", "Vrbo couldn't be read", "It answered 404.", "bad"
        ),
        Step(NOW + timedelta(minutes=2), "circle-check", "Confirmed", "", "ok"),
        Step(
            NOW + timedelta(hours=1), "ban", "Cancelled by the guest", "What was sold is open again.", "warn"
        ),
        Step(None, "hourglass", "Waiting for your answer until 6 Dec, 10:00", "", "info"),
    ]


def _figures() -> Figures:
    """Three months of two offers."""
    months = (date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1))
    tallies = {
        (months[0], "extra_nights"): Tally(held=9, booked=6, sales=5, cancelled=1, sold=89_000, back=17_800),
        (months[2], "extra_nights"): Tally(held=4, booked=4, sales=4, sold=71_200),
        (months[1], "late_check_out"): Tally(held=3, booked=1, sales=1, sold=3_000),
    }
    return Figures(months, tuple(Cell(month, kind, "EUR", tally) for (month, kind), tally in tallies.items()))


def _stays(home: Property) -> list[tuple[StayLink, Span, Channel | None]]:
    """A stay under way, one to come, one that no calendar names any more, one whose link was stopped."""
    found = []
    for start, site, columns in (
        (-2, "airbnb", {"guest": "Marta"}),
        (4, "", {}),
        (9, "vrbo", {"gone_at": NOW}),
        (14, "booking", {"revoked_at": NOW}),
    ):
        nights = Span(LEAVES + start * NIGHT, LEAVES + (start + 4) * NIGHT)
        link = StayLink(property=home, nights=date_range(nights), channel=site, **columns)
        found.append((link, nights, CHANNELS.get(site)))
    return found
