"""Forms of offers and of the guest's page."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from domain.spans import Span
from properties.forms import to_decimal, to_minor
from upsells.models import Offer

MOST_NIGHTS = 30
ISO_DAY = "%Y-%m-%d"


class OfferForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """Extra nights: on or off, the price, how many at most."""

    price = forms.DecimalField(
        label=_("Price of an extra night"),
        min_value=Decimal(0),
        help_text=_("What the guest pays per night, all included."),
    )
    max_nights = forms.IntegerField(
        label=_("Nights at most"),
        min_value=1,
        max_value=MOST_NIGHTS,
        help_text=_("How many nights one guest may add."),
    )

    class Meta:
        model = Offer
        fields = ["active", "max_nights"]
        labels = {"active": _("Sell extra nights")}
        help_texts = {"active": _("Guests see them on the property's guest page.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        home = self.instance.property
        priced = self.instance.nightly_price and self.instance.currency == home.currency
        self.fields["price"].initial = to_decimal(
            self.instance.nightly_price if priced else home.nightly_rate, home.currency
        )

    def clean_price(self) -> Decimal:
        """The price in the property's currency."""
        price: Decimal = self.cleaned_data["price"]
        self.instance.currency = self.instance.property.currency
        self.instance.nightly_price = to_minor(price, self.instance.currency)
        return price


class DayInput(forms.DateInput):
    """The browser's own day picker; it takes an ISO date or nothing."""

    def format_value(self, value: Any) -> str | None:
        """The date as ISO; nothing for what isn't one."""
        try:
            return date.fromisoformat(super().format_value(value) or "").isoformat()
        except ValueError:
            return None


class DepartureForm(forms.Form):
    """The day the guest was going to leave."""

    departure = forms.DateField(
        label=_("Your check-out day"),
        input_formats=[ISO_DAY],
        widget=DayInput(attrs={"type": "date"}, format=ISO_DAY),
        help_text=_("As it was booked. It is in your confirmation."),
        error_messages={
            "required": _("Enter the day you check out."),
            "invalid": _("Enter the day as a date, for example 2026-12-06."),
        },
    )


class ChoiceForm(forms.Form):
    """The nights the guest chose and the price they saw, in one value that a radio button can carry: 2:17800."""

    departure = forms.DateField(input_formats=[ISO_DAY])
    choice = forms.RegexField(r"^[1-9][0-9]?:[1-9][0-9]{0,9}\Z")

    def clean(self) -> dict[str, Any]:
        """Take the choice apart into `nights` (a Span) and `amount` (minor units)."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "departure" in cleaned and "choice" in cleaned:
            count, amount = map(int, cleaned["choice"].split(":"))
            first: date = cleaned["departure"]
            try:
                cleaned["nights"] = Span(first, first + timedelta(days=count))
            except OverflowError:
                self.add_error("departure", _("Enter the day you check out."))
            cleaned["amount"] = amount
        return cleaned


class GuestForm(forms.Form):
    """Who books."""

    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("Your e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Your host writes to you here, and only about this stay."),
    )

    def clean_name(self) -> str:
        """A name with at least one letter or digit in it."""
        name: str = self.cleaned_data["name"].strip()
        if not any(sign.isalnum() for sign in name):
            raise ValidationError(_("Enter the name your booking is under."))
        return name
