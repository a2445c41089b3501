"""Forms for what nights cost when it isn't the usual rate, and for the taxes on top."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from domain.prices import HUNDRED
from domain.spans import NIGHT, Span
from properties.dates import when
from properties.fields import DayField, MoneyField, NumberField
from properties.models import Property

MOST_SEASONS, MOST_TAXES = 40, 10
WEEK = range(7)
MONDAY = date(2024, 1, 1)


def day_name(number: int) -> str:
    """The day of the week, 0 for Monday, in the reader's language."""
    return when(MONDAY + number * NIGHT, "cccc").capitalize()


class WeekForm(forms.Form):
    """What the nights of each day of the week cost; an empty field is the usual rate."""

    def __init__(self, *args: Any, currency: str, rates: dict[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in WEEK:
            self.fields[f"day_{number}"] = MoneyField(
                label=day_name(number),
                currency=currency,
                required=False,
                initial=(rates or {}).get(str(number)),
            )

    @property
    def days(self) -> list[forms.BoundField]:
        """The seven fields."""
        return [self[f"day_{number}"] for number in WEEK]

    @property
    def rates(self) -> dict[str, int]:
        """What was typed, as the property keeps it."""
        found = {str(number): self.cleaned_data.get(f"day_{number}") for number in WEEK}
        return {number: amount for number, amount in found.items() if amount is not None}


class SeasonForm(WeekForm):
    """Nights from one day to another with rates of their own."""

    first = DayField(label=_("First night"))
    last = DayField(label=_("Last night"))

    def __init__(self, *args: Any, season: Any = None, currency: str, **kwargs: Any) -> None:
        week: dict[str, int] = {}
        kwargs["initial"] = {}
        if season:
            start, end, base, week = season
            kwargs["initial"] = {
                "first": date.fromisoformat(start),
                "last": date.fromisoformat(end) - NIGHT,
                "rate": base,
            }
        super().__init__(*args, currency=currency, rates=week, **kwargs)
        self.fields["rate"] = MoneyField(label=_("Price per night"), currency=currency)

    @property
    def essentials(self) -> list[forms.BoundField]:
        """From when to when, and the rate of most nights."""
        return [self["first"], self["last"], self["rate"]]

    def clean(self) -> dict[str, Any]:
        """The last night isn't before the first."""
        data = super().clean() or self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last night can't be before the first."))
        return data

    @property
    def span(self) -> Span:
        """The nights of the season."""
        return Span(self.cleaned_data["first"], self.cleaned_data["last"] + NIGHT)

    @property
    def row(self) -> list[Any]:
        """The season as the property keeps it."""
        return [str(self.span.start), str(self.span.end), self.cleaned_data["rate"], self.rates]


class TaxForm(forms.Form):
    """A tax on top of every sale: a percentage, an amount per night, or both."""

    name = forms.CharField(label=_("Name"), max_length=40, help_text=_("As the guest shall read it."))
    percent = NumberField(
        label=_("Percent of the price"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(HUNDRED),
        decimal_places=2,
    )
    per_person = forms.BooleanField(label=_("The amount is for each person"), required=False)

    def __init__(self, *args: Any, currency: str, tax: Any = None, **kwargs: Any) -> None:
        kwargs["initial"] = {}
        if tax:
            name, percent, per_night, per_person = tax
            shown = f"{Decimal(percent) / HUNDRED:f}" if percent else ""
            kwargs["initial"] = {
                "name": name,
                "percent": shown,
                "per_night": per_night,
                "per_person": per_person,
            }
        super().__init__(*args, **kwargs)
        amount = MoneyField(label=_("Amount per night (%(currency)s)") % {"currency": currency},
                            currency=currency, required=False, means_none=True)  # fmt: skip
        self.fields["per_night"] = amount
        self.order_fields(["name", "percent", "per_night", "per_person"])

    def clean(self) -> dict[str, Any]:
        """A tax is something, and persons only count for an amount."""
        data = super().clean() or self.cleaned_data
        if not self.errors and not data["percent"] and not data["per_night"]:
            self.add_error("percent", _("Enter a percentage, an amount per night, or both."))
        if data.get("per_person") and not data.get("per_night") and "per_night" not in self.errors:
            self.add_error("per_person", _("Only an amount per night can be for each person."))
        return data

    @property
    def row(self) -> list[Any]:
        """The tax as the property keeps it."""
        data = self.cleaned_data
        percent = int((data["percent"] or Decimal(0)) * HUNDRED)
        return [data["name"], percent, data["per_night"] or 0, data["per_person"]]


class Rows[Row: (SeasonForm, TaxForm)]:
    """Forms of one kind below each other: one per row that is there, one more to add; `rows` is what they say.

    A row is removed with its tick box, or left out by leaving all of its fields empty.
    """

    def __init__(self, kind: type[Row], key: str, argument: str, home: Property, data: Any = None) -> None:
        self.data: Any = data
        self.key: str = key
        saved: list[Any] = home.seasons if argument == "season" else home.taxes
        most = MOST_SEASONS if argument == "season" else MOST_TAXES
        count: int = self._posted(most) if data is not None else min(len(saved) + 1, most)
        known = [*saved, *([None] * count)][:count]
        self.forms: list[Row] = [
            kind(data, prefix=f"{key}-{number}", currency=home.currency, empty_permitted=True,
                 use_required_attribute=False, **{argument: row if data is None else None})
            for number, row in enumerate(known)
        ]  # fmt: skip
        for form in self.forms:
            form.fields["remove"] = forms.BooleanField(label=_("Remove"), required=False)

    def _posted(self, most: int) -> int:
        return next(
            (n for n in range(most) if not any(k.startswith(f"{self.key}-{n}-") for k in self.data)), most
        )

    def __iter__(self) -> Iterator[Row]:
        return iter(self.forms)

    @property
    def errors(self) -> bool:
        """Whether anything is wrong."""
        return any(form.errors for form in self._kept())

    def _kept(self) -> list[Row]:
        """The filled-in forms that aren't to be removed."""
        if self.data is None:
            return []
        return [
            form for form in self.forms if form.has_changed() and not form.data.get(form.add_prefix("remove"))
        ]

    def is_valid(self) -> bool:
        """Whether every row can be saved."""
        kept = self._kept()
        return self.data is not None and not any(form.errors for form in kept) and self._apart(kept)

    def _apart(self, kept: list[Row]) -> bool:
        """Whether no two seasons share a night; the later one is told otherwise."""
        seasons: list[Any] = list(kept) if self.key == "season" else []
        for number, form in enumerate(seasons):
            if any(form.span.overlaps(other.span) for other in seasons[:number]):
                form.add_error("first", ValidationError(_("Another season above has some of these nights.")))
        return not any(form.errors for form in seasons)

    @property
    def rows(self) -> list[list[Any]]:
        """What the forms say, as the property keeps it."""
        found = [form.row for form in self._kept()]
        return sorted(found, key=lambda row: str(row[0])) if self.key == "season" else found
