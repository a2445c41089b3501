"""The host's forms of purchases: what narrows down the list, how much a cancelled sale gives back, an address."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import DateRange

from domain.channels import CHANNELS
from domain.house import House
from domain.money import Money
from properties.fields import MoneyField, day_input
from properties.models import Property
from properties.templatetags.stays import money, named
from upsells.models import Offer, Purchase
from upsells.models.purchases import PurchaseQuerySet

ALL, UNKNOWN = "all", "unknown"  # every state, whatever became of it; no channel that we know of
State = Purchase.State
ONLY_TRIED = (State.HELD, State.PAYING, State.LAPSED)
FIRST, LAST = date(1970, 1, 1), date(9000, 1, 1)  # what instants can be reckoned for in every zone
DAY = timedelta(days=1)


def _day(label: Any, **options: Any) -> forms.DateField:
    wrong = {"invalid": _("Enter the day as a date, for example 2026-12-06.")}
    return forms.DateField(
        label=label, required=False, widget=day_input(), input_formats=["%Y-%m-%d"], error_messages=wrong, **options
    )  # fmt: skip


class FilterForm(forms.Form):
    """Which purchases to list, out of the organization's `homes` and the `channels` they came by.

    Days of buying are those of each property's own zone, both ends included; a stay matches when one of its days
    does. Without a state, whatever was booked or asked for is listed.
    """

    q = forms.CharField(label=_("Guest or reference"), required=False, max_length=120,
                        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}))  # fmt: skip
    state = forms.ChoiceField(label=_("State"), required=False)
    home = forms.ChoiceField(label=_("Property"), required=False)
    kind = forms.ChoiceField(label=_("Offer"), required=False)
    channel = forms.ChoiceField(label=_("Guest came through"), required=False)
    collection = forms.ChoiceField(label=_("Paid"), required=False)
    bought_from = _day(_("Bought from"))
    bought_to = _day(_("Bought until"))
    stay_from = _day(_("Stay from"))
    stay_to = _day(_("Stay until"))

    ALWAYS_SHOWN = ("q", "state")

    def __init__(self, data: Any, homes: Sequence[Property], channels: Iterable[str]) -> None:
        super().__init__(data)
        self.zones = sorted({home.time_zone for home in homes})
        states = [("", _("Booked or asked for")), (ALL, _("All, also what wasn't booked"))]
        self._choose("state", states + [(value, capfirst(label)) for value, label in State.choices])
        self._choose("home", [("", _("All")), *((home.public_id, home.name) for home in homes)])
        self._choose("kind", [("", _("All")), *Offer.Kind.choices])
        self._choose("collection", [("", _("All")), *((v, capfirst(w)) for v, w in Offer.Collection.choices)])
        known = sorted((key, named(CHANNELS[key])) for key in channels if key in CHANNELS)
        self._choose("channel", [("", _("All")), *known, (UNKNOWN, _("Not known"))])

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def without_homes(self) -> None:
        """Don't ask for the property: the page is one property's own."""
        del self.fields["home"]

    @property
    def is_narrow(self) -> bool:
        """Whether anything was asked for."""
        return any(self.data.get(name, "").strip() for name in self.fields)

    @property
    def narrowed(self) -> int:
        """How many of the fields that fold away are filled."""
        return sum(
            bool(self.data.get(name, "").strip()) for name in self.fields if name not in self.ALWAYS_SHOWN
        )

    def clean(self) -> dict[str, Any]:
        """Each first day is on or before its last."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for first, last in (("bought_from", "bought_to"), ("stay_from", "stay_to")):
            start, end = cleaned.get(first), cleaned.get(last)
            if start and end and start > end:
                self.add_error(last, ValidationError(_("This day comes before the first one.")))
            for name, day in ((first, start), (last, end)):
                if day and not FIRST <= day <= LAST:
                    self.add_error(name, ValidationError(_("No stay can be that far away.")))
        return cleaned

    def chosen(self, rows: PurchaseQuerySet) -> PurchaseQuerySet:
        """Those of the rows that a valid form asks for."""
        asked = self.cleaned_data
        state = asked["state"]
        if not state:
            rows = rows.exclude(state__in=ONLY_TRIED)
        elif state != ALL:
            rows = rows.filter(state=state)
        columns = {"home": "property__public_id", "kind": "kind", "collection": "collection"}
        rows = rows.filter(**{column: asked[name] for name, column in columns.items() if asked.get(name)})
        if channel := asked["channel"]:
            rows = rows.filter(channel="" if channel == UNKNOWN else channel)
        if text := asked["q"]:
            named = Q(guest_name__icontains=text) | Q(guest_email__icontains=text)
            rows = rows.filter(named | Q(public_id__istartswith=text))
        return rows.filter(self._bought(), _staying(asked["stay_from"], asked["stay_to"]))

    def _bought(self) -> Q:
        """Bought on one of the days, by each property's own clock."""
        first, last = self.cleaned_data["bought_from"], self.cleaned_data["bought_to"]
        if not (first or last):
            return Q()
        found = Q(pk__in=())
        for zone in self.zones:
            clock = House(ZoneInfo(zone))
            days = Q(property__time_zone=zone)
            if first:
                days &= Q(created_at__gte=clock.instant(first, time.min))
            if last:
                days &= Q(created_at__lt=clock.instant(last + DAY, time.min))
            found |= days
        return found


def _staying(first: date | None, last: date | None) -> Q:
    """What takes place on one of the days: a night of them, or the check-out or check-in that is moved."""
    if not (first or last):
        return Q()
    nights = Q(kind__in=Offer.NIGHTLY, nights__overlap=DateRange(first, last + DAY if last else None, "[)"))
    hours = ~Q(kind__in=Offer.NIGHTLY)
    if first:
        hours &= Q(day__gte=first)
    if last:
        hours &= Q(day__lte=last)
    return nights | hours


class CancelSaleForm(forms.Form):
    """How much a guest gets back, or needn't pay, whose sale the host cancels: all, by their terms, or an amount.

    The form carries what the terms gave when it was shown; it is refused once they give another amount.
    """

    ALL, TERMS, PART = "all", "terms", "part"

    how = forms.ChoiceField(
        label=_("What the guest gets back"),
        widget=forms.RadioSelect,
        help_text=_(
            "Guests are told that they get everything when you cancel. Choose less only if they asked you to."
        ),
        error_messages={"required": _("Choose how much the guest gets back.")},
    )
    shown = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, purchase: Purchase, now: datetime, data: Any = None) -> None:
        self.purchase, self.terms = purchase, purchase.refund_at(now)
        super().__init__(data, initial={"how": self.ALL, "shown": self.terms.amount})
        words = {"all": money(purchase.price), "terms": money(self.terms)}
        choices: list[tuple[str, Any]] = [(self.ALL, _("everything: %(all)s") % words)]
        if self.terms != purchase.price:
            choices.append((self.TERMS, _("by the terms they were shown: %(terms)s") % words))
        choices.append((self.PART, _("another amount")))
        self.fields["how"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["amount"] = MoneyField(
            currency=purchase.currency,
            required=False,
            label=_("The other amount, in %(currency)s") % {"currency": purchase.currency},
            help_text=_("At most %(all)s.") % words,
        )
        if not purchase.by_card:
            self.fields["how"].label = _("What the guest needn't pay")

    def clean_amount(self) -> int | None:
        """The amount where it is asked for. Raises ValidationError above what the guest paid."""
        if self.cleaned_data.get("how") != self.PART:
            return None
        amount: int | None = self.cleaned_data["amount"]
        if amount is None:
            raise ValidationError(_("Enter the amount."))
        if amount > self.purchase.amount:
            most = money(self.purchase.price)
            raise ValidationError(_("Enter %(most)s or less: the guest paid no more."), params={"most": most})
        return amount

    def clean(self) -> dict[str, Any]:
        """The terms still give what was shown."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("how") == self.TERMS and cleaned.get("shown") != self.terms.amount:
            words = _("By the terms it is %(terms)s by now. Please look at it once more.")
            self.add_error("how", ValidationError(words, params={"terms": money(self.terms)}))
        return cleaned

    @property
    def refund(self) -> Money:
        """What a valid form says."""
        amount = {self.ALL: self.purchase.amount, self.TERMS: self.terms.amount}.get(self.cleaned_data["how"])
        return Money(self.cleaned_data["amount"] if amount is None else amount, self.purchase.currency)


class AddressForm(forms.Form):
    """Where the guest really is written to."""

    email = forms.EmailField(
        label=_("The guest's e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter the guest's e-mail address.")},
    )
