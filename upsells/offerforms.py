"""What hosts fill in about an offer: one form for nights, one for hours."""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from domain.channels import CHANNELS
from domain.money import minor_digits
from domain.spans import NIGHT
from properties.fields import (
    HOUR,
    QUARTER,
    Column,
    DayField,
    HoursField,
    MoneyField,
    RowsField,
    time_input,
    to_decimal,
)
from properties.models import Property
from properties.rateforms import WEEK, day_name
from properties.templatetags.stays import named
from upsells import terms
from upsells.models import Offer
from upsells.terms import DAY

MOST_NIGHTS, MOST_DAYS_AHEAD, MOST_MINUTES = 30, 365, 24 * HOUR
USUAL_CHANNELS = ("airbnb", "booking", "vrbo")
STEPS = (15, 30, 60, 120, 180, 240)
PRICED = Offer.PricedBy


class ToolSelect(forms.Select):
    """How money is collected; without an account for cards, these can be seen and not chosen."""

    takes_cards = False

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option, disabled when it can't be chosen."""
        option = super().create_option(*args, **kwargs)
        if str(option["value"]) == Offer.Collection.CARD and not self.takes_cards:
            option["attrs"]["disabled"] = True
        return option


class TermsForm(forms.Form):
    """What nights and hours have in common; `offer` is the draft that a valid form makes."""

    essentials: tuple[str, ...] = ()
    groups: tuple[tuple[Any, tuple[str, ...]], ...] = ()
    priced: Mapping[str, frozenset[str]] = {}

    def __init__(self, offer: Offer, home: Property, channels: Iterable[str], data: Any = None) -> None:
        super().__init__(data, initial=initial(offer, home))
        self.home, self.offer = home, copy(offer)
        if offer.currency != home.currency:
            self.offer.price, self.offer.slots = 0, []
        self.channels = list(dict.fromkeys([*USUAL_CHANNELS, *channels]))
        self.fields |= self.own_fields(home.currency) | shared_fields(home.currency, offer.rounding)
        self.fields |= collection_fields(self.channels, takes_cards=terms.takes_cards(home))
        for name in frozenset().union(*self.priced.values()):
            self.fields[name].required = True  # of the way of pricing that is chosen; see `unasked`

    def own_fields(self, currency: str) -> dict[str, forms.Field]:
        """The fields of this kind of offer alone."""
        raise NotImplementedError

    @property
    def collections(self) -> list[forms.BoundField]:
        """How money is collected, from guests of each site and of all others."""
        return [self[name] for name in self.fields if name.startswith("from_")]

    @property
    def main(self) -> list[tuple[str, forms.BoundField]]:
        """The essential fields, each with the way of pricing that it belongs to, "" for all."""
        return [(self.way_of(name), self[name]) for name in self.essentials]

    @property
    def more(self) -> list[tuple[Any, list[tuple[str, forms.BoundField]], bool]]:
        """The other fields in groups: title, fields, and whether the group is open because one of them is wrong."""
        return [
            (title, [(self.way_of(name), self[name]) for name in names], any(n in self.errors for n in names))
            for title, names in self.groups
        ]

    def way_of(self, name: str) -> str:
        """The way of pricing that a field belongs to, where it belongs to one alone."""
        ways = [way for way, names in self.priced.items() if name in names]
        return " ".join(ways)

    def clean(self) -> dict[str, Any]:
        """Make the draft of what was typed, and refuse what contradicts itself."""
        data = super().clean() or self.cleaned_data
        for name in self.unasked(data):
            self.errors.pop(name, None)  # what stands there doesn't matter
        if self.errors:
            return data
        self.draft(data)
        if why := terms.refusal(self.offer, timezone.now()):
            self.add_error("mode", why)
        for name, sentence in terms.contradictions(self.offer, self.home):
            self.add_error(name, sentence)
        return data

    def unasked(self, data: Mapping[str, Any]) -> frozenset[str]:
        """The fields that this way of pricing doesn't ask for."""
        chosen = self.priced.get(data.get("priced_by", ""), frozenset())
        return frozenset().union(*self.priced.values()) - chosen

    def draft(self, data: Mapping[str, Any]) -> None:
        """Write what was typed into the draft."""
        offer = self.offer
        offer.currency = self.home.currency
        offer.mode, offer.priced_by = data["mode"], data["priced_by"]
        offer.weekdays = sorted(set(data["weekdays"]))
        for name in ("price", "percent"):
            if data.get(name) is not None:
                setattr(offer, name, data[name])
        offer.minimum, offer.last_minute_off = data["minimum"] or 0, data["last_minute_off"] or 0
        offer.last_minute_hours = data["last_minute_hours"] or 0
        offer.rounding = int(data["rounding"])
        offer.blackouts = [[str(first), str(last + NIGHT)] for first, last in data["blackouts"]]
        offer.opens_days, offer.cut_off_minutes = data["opens_days"], data["cut_off"] or 0
        told = {key: data[f"from_{key}"] for key in self.channels} | {"": data["from_others"]}
        offer.collection = {key: how for key, how in (offer.collection | told).items() if how}


class NightsForm(TermsForm):
    """Extra nights, after the stay or before it."""

    essentials = ("mode", "priced_by", "percent", "price", "most_nights")
    groups = (
        (_("Discounts, minimum and rounding"),
         ("steps", "weekend_off", "gap_off", "last_minute_off", "last_minute_hours", "minimum", "rounding")),
        (_("Which nights, and when they are sold"),
         ("least_gap", "weekdays", "blackouts", "opens_days", "cut_off")),
    )  # fmt: skip
    priced = {PRICED.PERCENT: frozenset({"percent"}), PRICED.FIXED: frozenset({"price"})}

    def own_fields(self, currency: str) -> dict[str, forms.Field]:
        """How nights are priced and which of them are sold."""
        ways = [
            (PRICED.PERCENT.value, _("A percentage of the night's usual price")),
            (PRICED.FIXED.value, _("The same amount for every night")),
        ]
        return {
            "priced_by": forms.ChoiceField(label=_("Price"), choices=ways, widget=forms.RadioSelect),
            "percent": _percent(_("Percent of the usual price")),
            "price": _money(_("Price of a night"), currency),
            "most_nights": forms.IntegerField(
                label=_("Nights at most"), min_value=1, max_value=MOST_NIGHTS,
                help_text=_("How many nights one guest may add."),
            ),
            "steps": RowsField(
                Column("from", _("From night"), forms.IntegerField(min_value=2, max_value=MOST_NIGHTS)),
                Column("off", _("Percent off"), forms.IntegerField(min_value=1, max_value=90)),
                label=_("Longer stays cost less"),
                help_text=_("Each night is reduced by the row it falls in. Empty a row to remove it."),
            ),
            "weekend_off": forms.IntegerField(
                label=_("Friday and Saturday nights: percent off"), min_value=-200, max_value=90, required=False,
                help_text=_("With a minus they cost more: -20 makes them dearer by a fifth."),
            ),
            "gap_off": _off(_("Filling a whole gap: percent off"),
                            _("When no free night is left until the next guest.")),
            "least_gap": forms.IntegerField(
                label=_("Shortest gap to leave"), min_value=0, max_value=MOST_NIGHTS, required=False,
                help_text=_("So that no orphan night is left that nobody books: 2 leaves two nights or none."),
            ),
        }  # fmt: skip

    def draft(self, data: Mapping[str, Any]) -> None:
        """Write what was typed into the draft."""
        super().draft(data)
        offer = self.offer
        offer.most_nights, offer.least_gap = data["most_nights"], data["least_gap"] or 0
        offer.steps = data["steps"]
        offer.weekend_off, offer.gap_off = data["weekend_off"] or 0, data["gap_off"] or 0


class HoursForm(TermsForm):
    """A late check-out or an early check-in."""

    essentials = ("mode", "priced_by", "price", "slots", "most_hours", "limit")
    groups = (
        (_("Steps, discounts, minimum and rounding"),
         ("step_minutes", "last_minute_off", "last_minute_hours", "minimum", "rounding")),
        (_("The night it may cost you"), ("closes_night", "adds_lost_night", "percent")),
        (_("Which days, and when it is sold"), ("weekdays", "blackouts", "opens_days", "cut_off")),
    )  # fmt: skip
    priced = {
        PRICED.PER_HOUR: frozenset({"price"}),
        PRICED.FIXED: frozenset({"price"}),
        PRICED.SLOTS: frozenset({"slots"}),
    }

    def own_fields(self, currency: str) -> dict[str, forms.Field]:
        """How hours are priced and how many are sold."""
        late = self.offer.kind == Offer.Kind.LATE_CHECK_OUT
        ways = [
            (PRICED.PER_HOUR.value, _("An amount per hour")),
            (PRICED.SLOTS.value, _("An amount per slot")),
            (PRICED.FIXED.value, _("One amount, however long")),
        ]
        slot = HoursField(least=QUARTER, most=MOST_MINUTES)
        return {
            "priced_by": forms.ChoiceField(label=_("Price"), choices=ways, widget=forms.RadioSelect),
            "price": _money(_("Amount"), currency),
            "slots": RowsField(
                Column("hours", _("Up to hours"), slot),
                Column("amount", _("Amount (%(currency)s)") % {"currency": currency}, MoneyField(currency=currency)),
                label=_("Slots"),
                help_text=_("Empty a row to remove it."),
            ),
            "most_hours": HoursField(label=_("Hours at most"), least=QUARTER, most=MOST_MINUTES),
            "limit": forms.TimeField(
                label=_("Not later than") if late else _("Not earlier than"), required=False, widget=time_input(),
                help_text=_("Never into the time that cleaning needs, whatever you enter here."),
            ),
            "step_minutes": forms.TypedChoiceField(label=_("In steps of"), coerce=int, choices=_steps(self.offer)),
            "closes_night": forms.BooleanField(
                label=_("Sell it even when nobody can arrive that day then") if late
                else _("Sell it even when nobody can have left that day then"),
                required=False,
                help_text=_("Only while that night is free. It is closed on every site at once."),
            ),
            "adds_lost_night": forms.BooleanField(label=_("Charge the night that is lost"), required=False),
            "percent": _percent(_("Percent of its usual price")),
        }  # fmt: skip

    def unasked(self, data: Mapping[str, Any]) -> frozenset[str]:
        """Also not how much of the lost night is charged, where it isn't."""
        return super().unasked(data) | (frozenset() if data.get("adds_lost_night") else {"percent"})

    def draft(self, data: Mapping[str, Any]) -> None:
        """Write what was typed into the draft."""
        super().draft(data)
        offer = self.offer
        offer.most_minutes, offer.step_minutes = data["most_hours"], data["step_minutes"]
        offer.limit, offer.slots = data["limit"], data.get("slots", offer.slots)
        offer.closes_night, offer.adds_lost_night = data["closes_night"], data["adds_lost_night"]


def form_for(offer: Offer, home: Property, channels: Iterable[str], data: Any = None) -> TermsForm:
    """The form of the offer's kind."""
    form = NightsForm if offer.is_nightly else HoursForm
    return form(offer, home, channels, data)


def initial(offer: Offer, home: Property) -> dict[str, Any]:
    """An offer as its form shows it; amounts of another currency than the home's are left out."""
    same = offer.currency == home.currency
    shown = {
        name: getattr(offer, name)
        for name in (
            "mode", "priced_by", "percent", "steps", "weekend_off", "gap_off", "last_minute_off",
            "last_minute_hours", "most_nights", "least_gap", "step_minutes", "limit", "closes_night",
            "adds_lost_night", "weekdays", "opens_days",
        )
    }  # fmt: skip
    blackouts = [
        [date.fromisoformat(first), date.fromisoformat(end) - NIGHT] for first, end in offer.blackouts
    ]
    told = {f"from_{key or 'others'}": how for key, how in offer.collection.items()}
    return {
        **shown,
        "price": offer.price if same and offer.price else None,
        "slots": offer.slots if same else [],
        "minimum": offer.minimum if same else 0,
        "rounding": offer.rounding if same else 1,
        "most_hours": offer.most_minutes,
        "cut_off": offer.cut_off_minutes,
        "blackouts": blackouts,
        **told,
    }


def shared_fields(currency: str, rounding: int) -> dict[str, forms.Field]:
    """The fields that every kind of offer has."""
    modes = [
        (Offer.Mode.INSTANT.value, _("At once, when every calendar says that it is free")),
        (Offer.Mode.APPROVAL.value, _("When I agree, within 24 hours")),
        (Offer.Mode.OFF.value, _("Not on sale")),
    ]
    return {
        "mode": forms.ChoiceField(label=_("How it is sold"), choices=modes, widget=forms.RadioSelect),
        "last_minute_off": _off(_("Bought late: percent off"), ""),
        "last_minute_hours": forms.IntegerField(
            label=_("Late means within so many hours"), required=False, min_value=0, max_value=30_000
        ),
        "minimum": _money(_("Never less than"), currency, means_none=True),
        "rounding": forms.ChoiceField(label=_("Round the price"), choices=_roundings(currency, rounding)),
        "weekdays": forms.TypedMultipleChoiceField(
            label=_("Days"), coerce=int, choices=_days, widget=forms.CheckboxSelectMultiple
        ),
        "blackouts": RowsField(
            Column("first", _("From"), DayField()),
            Column("last", _("To and with"), DayField()),
            label=_("Never on these dates"),
            help_text=_("Empty a row to remove it."),
        ),
        "opens_days": forms.IntegerField(
            label=_("On sale from so many days before"), min_value=1, max_value=MOST_DAYS_AHEAD, required=False,
            help_text=_("Empty: as soon as the calendar knows the stay."),
        ),
        "cut_off": HoursField(
            label=_("Until so many hours before"), least=0, most=90 * DAY, required=False,
            help_text=_("Empty or 0: to the last minute."),
        ),
    }  # fmt: skip


def collection_fields(channels: Iterable[str], *, takes_cards: bool) -> dict[str, forms.Field]:
    """How money is collected from guests of each of the sites, and of all others."""
    ways = [
        (Offer.Collection.PROPERTY.value, _("At the property")),
        (
            Offer.Collection.CARD.value,
            _("By card") if takes_cards else _("By card (set it up under Card payments first)"),
        ),
        (Offer.Collection.CHANNEL.value, _("With the site's own tool")),
    ]
    as_others = ("", _("As from all others"))
    fields = {
        f"from_{key}": ToolField(
            label=_("From %(site)s") % {"site": named(CHANNELS[key])},
            choices=[as_others, *ways],
            takes_cards=takes_cards,
        )
        for key in channels
    }
    others = ToolField(label=_("From all others"), choices=ways, takes_cards=takes_cards)
    return {**fields, "from_others": others}


class ToolField(forms.ChoiceField):
    """How money is collected; cards without an account for them are refused with the way to one."""

    def __init__(self, *, takes_cards: bool, **options: Any) -> None:
        widget = ToolSelect()
        widget.takes_cards = takes_cards
        super().__init__(widget=widget, required=False, **options)
        self.takes_cards = takes_cards

    def validate(self, value: str) -> None:
        """Raises ValidationError."""
        super().validate(value)
        if value == Offer.Collection.CARD and not self.takes_cards:
            raise forms.ValidationError(
                _(
                    "Your account can't take cards yet. Finish it under Card payments, or choose another way "
                    "until then."
                )
            )


def _money(label: Any, currency: str, *, means_none: bool = False) -> MoneyField:
    return MoneyField(currency=currency, label=f"{label} ({currency})", required=False, means_none=means_none)


def _percent(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=1_000)


def _off(label: Any, hint: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=90, required=False, help_text=hint)


def _days() -> list[tuple[int, str]]:
    return [(number, day_name(number)) for number in WEEK]


def _steps(offer: Offer) -> list[tuple[int, str]]:
    found = sorted({*STEPS, offer.step_minutes})
    return [(n, f"{n // HOUR} h" if n % HOUR == 0 else f"{n} min") for n in found]


def _roundings(currency: str, current: int) -> list[tuple[int, Any]]:
    unit = 10 ** minor_digits(currency)
    steps = sorted({unit, 5 * unit, 10 * unit, 100 * unit, current} - {1})
    named = [(step, f"{currency} {to_decimal(step, currency):f}") for step in steps]
    return [(1, _("not at all")), *named]
