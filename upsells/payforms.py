"""Forms of the host's payments: where they are at home, and what guests get back who cancel."""

from itertools import pairwise
from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from properties.dates import numbers
from properties.fields import Column, RowsField
from upsells.models import CancelTerms

# Where the provider opens accounts (stripe.com/global).
COUNTRIES = (
    "AE AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GI GR HK HR HU IE IT JP LI LT LU LV MT MX MY NL NO NZ PL PT "
    "RO SE SG SI SK TH US"
)


def _countries() -> list[tuple[str, str]]:
    names = Locale.parse(numbers()).territories
    named = sorted(((code, names.get(code, code)) for code in COUNTRIES.split()), key=lambda each: each[1])
    return [("", gettext("Choose a country")), *named]


MOST_TIERS, MOST_HOURS = 6, 24 * 365
WHOLE = 100


class CancelForm(forms.Form):
    """The tiers of a property and who decides."""

    tiers = RowsField(
        Column(
            "hours",
            _("Hours before it begins, at least"),
            forms.IntegerField(min_value=0, max_value=MOST_HOURS),
        ),
        Column("percent", _("Percent back"), forms.IntegerField(min_value=0, max_value=WHOLE)),
        label=_("What a guest gets back who cancels"),
        help_text=_("Later than the last row: nothing. Empty a row to remove it; no rows: never anything."),
    )
    automatic = forms.TypedChoiceField(
        label=_("When a guest cancels"),
        coerce=lambda text: text == "yes",
        choices=[
            ("yes", _("it is done at once, by these terms")),
            ("no", _("I am asked, and the booking stands until I agree")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, saved: CancelTerms, data: Any = None) -> None:
        super().__init__(
            data, initial={"tiers": saved.tiers, "automatic": "yes" if saved.automatic else "no"}
        )

    def clean_tiers(self) -> list[list[int]]:
        """The tiers with the longest notice first. Raises ValidationError where a longer notice would give less."""
        tiers: list[list[int]] = sorted(self.cleaned_data["tiers"], reverse=True)
        if len(tiers) > MOST_TIERS:
            raise forms.ValidationError(_("Six rows are enough for anybody."))
        for (hours, percent), (later, less) in pairwise(tiers):
            if hours == later:
                words = ngettext("%(n)s hour stands there twice.", "%(n)s hours stand there twice.", hours)
                raise forms.ValidationError(words, params={"n": hours})
            if percent < less:
                words = ngettext(
                    "Who cancels %(n)s hour before would get less back than who cancels later.",
                    "Who cancels %(n)s hours before would get less back than who cancels later.",
                    hours,
                )
                raise forms.ValidationError(words, params={"n": hours})
        return tiers

    @property
    def terms(self) -> dict[str, Any]:
        """The columns that a valid form says."""
        return {"tiers": self.cleaned_data["tiers"], "automatic": self.cleaned_data["automatic"]}


class CountryForm(forms.Form):
    """Where the host's business is at home."""

    country = forms.ChoiceField(
        label=_("Where are you, or your company, at home?"),
        choices=_countries,
        help_text=_("Stripe asks for different papers in each country. It can't be changed later."),
        error_messages={
            "required": _("Choose the country."),
            "invalid_choice": _("Choose a country from the list."),
        },
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
