"""The small forms of the Offers tab: the day to try offers on, what is copied where, the cleaners' limit."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from properties.fields import day_input
from properties.models import Property
from upsells.models import Offer


class DayForm(forms.Form):
    """The check-out or check-in day to try an offer on."""

    day = forms.DateField(
        label=_("Day"),
        widget=day_input(),
        error_messages={"required": _("Choose a day."), "invalid": _("Enter the day as a date.")},
    )

    def clean_day(self) -> date:
        """A day that arithmetic can reach."""
        day: date = self.cleaned_data["day"]
        edge = timedelta(days=1_000)
        if not date.min + edge < day < date.max - edge:
            raise forms.ValidationError(_("Enter the day as a date."))
        return day


class CopyForm(forms.Form):
    """Which offers go to which other homes."""

    kinds = forms.MultipleChoiceField(label=_("Offers"), widget=forms.CheckboxSelectMultiple)
    homes = forms.MultipleChoiceField(label=_("To"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, offers: Iterable[Offer], homes: Iterable[Property], data: Any = None) -> None:
        saved = [(offer.kind, offer.get_kind_display()) for offer in offers]
        super().__init__(data, initial={"kinds": [kind for kind, _name in saved]})
        self.fields["kinds"].choices = saved  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["homes"].choices = [(home.public_id, home.name) for home in homes]  # type: ignore[attr-defined]  # ditto


class CleanersForm(forms.Form):
    """How many changed turnovers the cleaners of all homes can take on one day."""

    cleanings = forms.IntegerField(
        label=_("Changed turnovers a day, over all homes"), min_value=0, max_value=1_000, required=False,
        help_text=_("A late check-out or an early check-in changes a cleaning. Empty: any number."),
    )  # fmt: skip
