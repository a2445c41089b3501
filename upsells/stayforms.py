"""Forms of stay links and of the sheet for the home."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from domain.channels import CHANNELS, OTHER
from upsells.forms import ISO_DAY, DayInput
from upsells.homesheet import SIZES

MOST_NIGHTS = 365
FARTHEST = timedelta(days=730)


def sites() -> list[tuple[str, str]]:
    """The sites a stay may have been booked at."""
    booked_at = (site for site in CHANNELS.values() if site != OTHER and not site.is_manager)
    return [("", gettext("Directly, or I don't know")), *((site.key, site.name) for site in booked_at)]


class StayLinkForm(forms.Form):
    """A stay that its host names: its days, where it was booked, and whose it is."""

    arrival = forms.DateField(
        label=_("Check-in day"),
        input_formats=[ISO_DAY],
        widget=DayInput(attrs={"type": "date"}, format=ISO_DAY),
        error_messages={
            "required": _("Enter the day your guest comes."),
            "invalid": _("Enter the day as a date."),
        },
    )
    departure = forms.DateField(
        label=_("Check-out day"),
        input_formats=[ISO_DAY],
        widget=DayInput(attrs={"type": "date"}, format=ISO_DAY),
        error_messages={
            "required": _("Enter the day your guest leaves."),
            "invalid": _("Enter the day as a date."),
        },
    )
    channel = forms.ChoiceField(
        label=_("Booked at"),
        required=False,
        help_text=_("It decides how the guest pays, as your offers say."),
    )
    guest = forms.CharField(
        label=_("First name of the guest"),
        max_length=60,
        required=False,
        help_text=_("Only you see it, and it stands in the message that you copy."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["channel"].choices = sites()  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """At least one night, of a stay that isn't over."""
        data = super().clean() or self.cleaned_data
        arrival, departure = data.get("arrival"), data.get("departure")
        if departure and departure < self.today:
            self.add_error("departure", _("This stay is over."))
        elif arrival and departure and departure <= arrival:
            self.add_error("departure", _("The check-out day must be after the check-in day."))
        elif arrival and departure and (departure - arrival).days > MOST_NIGHTS:
            self.add_error("departure", _("A stay can't be longer than a year."))
        elif departure and departure > self.today + FARTHEST:
            self.add_error("departure", _("That is more than two years away."))
        return data

    def clean_guest(self) -> str:
        """A name in one line."""
        name: str = " ".join(self.cleaned_data["guest"].split())
        if any(not sign.isprintable() for sign in name):
            raise ValidationError(_("Enter a name without special characters."))
        return name


class SheetForm(forms.Form):
    """How the sheet for the home is printed."""

    size = forms.ChoiceField(choices=[(key, key.upper()) for key in SIZES])
    language = forms.MultipleChoiceField(choices=settings.LANGUAGES)
