"""Forms of the guest's page."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from properties.models import Property
from upsells.shelves import Side, Stay

MOST_PERSONS = 30
ISO_DAY = "%Y-%m-%d"


class DayInput(forms.DateInput):
    """The browser's own day picker; it takes an ISO date or nothing."""

    def format_value(self, value: Any) -> str | None:
        """The date as ISO; nothing for what isn't one."""
        try:
            return date.fromisoformat(super().format_value(value) or "").isoformat()
        except ValueError:
            return None


class StayForm(forms.Form):
    """The day the guest was going to leave, or the one they arrive on, as it was booked; persons where a tax asks."""

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
    arrival = forms.DateField(
        label=_("Your check-in day"),
        input_formats=[ISO_DAY],
        widget=DayInput(attrs={"type": "date"}, format=ISO_DAY),
        help_text=_("As it was booked. It is in your confirmation."),
        error_messages={
            "required": _("Enter the day you check in."),
            "invalid": _("Enter the day as a date, for example 2026-12-06."),
        },
    )
    persons = forms.IntegerField(
        label=_("How many of you stay?"),
        min_value=1,
        max_value=MOST_PERSONS,
        help_text=_("A local tax is counted per person."),
        error_messages={
            "required": _("Enter how many of you stay."),
            **dict.fromkeys(("invalid", "min_value", "max_value"), _("Enter a number from 1 to 30.")),
        },
    )

    def __init__(self, *args: Any, side: Side, home: Property, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.side = side
        del self.fields["arrival" if side is Side.LEAVING else "departure"]
        if not any(tax.per_person for tax in home.tax_rules):
            del self.fields["persons"]

    @property
    def stay(self) -> Stay:
        """What a valid form names; one person where nobody needs to know how many."""
        day = self.cleaned_data["departure" if self.side is Side.LEAVING else "arrival"]
        return Stay(day, self.side, self.cleaned_data.get("persons", 1))


class ChoiceForm(forms.Form):
    """What the guest chose and the price they saw, in one value that a radio button can carry: KEY:17800."""

    choice = forms.RegexField(r"^[a-z_]{1,16}(?:-[0-9TZ]{1,16}){1,2}:[0-9]{1,15}\Z")

    def clean(self) -> dict[str, Any]:
        """Take the choice apart into `key` and `amount` (minor units)."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "choice" in cleaned:
            cleaned["key"], amount = cleaned["choice"].split(":")
            cleaned["amount"] = int(amount)
        return cleaned


class GuestForm(forms.Form):
    """Who books."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
    )
    email = forms.EmailField(
        label=_("Your e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Your host writes to you here, and only about this stay."),
        error_messages={"required": _("Enter your e-mail address.")},
    )

    def clean_name(self) -> str:
        """A name of one line, with at least one letter or digit in it."""
        name = " ".join(self.cleaned_data["name"].split())
        if not any(sign.isalnum() for sign in name):
            raise ValidationError(_("Enter the name your booking is under."))
        return name
