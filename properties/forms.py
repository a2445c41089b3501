"""Forms for a property: its name, clock and price."""

import re
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from babel.numbers import get_currency_name
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.limits import why_not_add
from properties.dates import numbers
from properties.fields import LongSelect, NumberField, time_input, to_decimal, to_minor
from properties.models import Property

COMMON_CURRENCIES = ("EUR", "USD", "GBP", "CHF")
ZONE_AREAS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@cache
def tender() -> tuple[str, ...]:
    """ISO 4217 codes that are legal tender somewhere today, the usual ones first."""
    today = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _begun, ended, is_tender in uses
        if is_tender and ended is None
    }
    return (*COMMON_CURRENCIES, *sorted(today.difference(COMMON_CURRENCIES)))


def currencies() -> list[tuple[str, str]]:
    """Codes of today's currencies with their names in the reader's language."""
    return _currencies(numbers())


@cache
def _currencies(locale: str) -> list[tuple[str, str]]:
    return [(code, f"{code} · {get_currency_name(code, locale=locale)}") for code in tender()]


@cache
def zone_names() -> tuple[str, ...]:
    """The IANA time zones that a home may be in, by area."""
    return tuple(
        sorted(name for name in available_timezones() if name.startswith(ZONE_AREAS) or name == "UTC")
    )


HIDDEN = re.compile("[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what comes after them."""


def zones() -> list[tuple[str, str]]:
    """The time zones to choose from."""
    names = ((name, name.replace("_", " ")) for name in zone_names())
    return [("", gettext("Choose a time zone")), *names]


class PropertyForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """Everything the arithmetic needs to know about a home."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zones,
        widget=LongSelect,
        help_text=_("Where the home is: nights begin and end there."),
    )
    check_in = forms.TimeField(label=_("Check-in from"), widget=time_input())
    check_out = forms.TimeField(label=_("Check-out until"), widget=time_input())
    turnaround = forms.IntegerField(
        label=_("Cleaning takes"),
        min_value=0,
        max_value=1440,
        help_text=_(
            "Minutes between two guests. Late check-outs and early check-ins take what is left of the time "
            "between check-out and check-in."
        ),
    )
    cleaner_email = forms.EmailField(
        label=_("E-mail of the cleaners"),
        required=False,
        help_text=_("They get the new time when a guest leaves later or comes earlier."),
    )
    cleaner_language = forms.ChoiceField(
        label=_("Language of that e-mail"), choices=settings.LANGUAGES, required=False
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currencies, widget=LongSelect)
    rate = NumberField(
        label=_("Usual price per night"),
        min_value=Decimal(0),
        help_text=_("What a night costs on your channels. Offers start from it."),
    )

    class Meta:
        model = Property
        fields = [
            "name",
            "time_zone",
            "check_in",
            "check_out",
            "turnaround",
            "cleaner_email",
            "cleaner_language",
            "currency",
        ]
        labels = {"name": _("Name")}
        help_texts = {"name": _("Guests see it on their page.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before = self.instance.currency if self.instance.pk else None
        if self.instance.pk:
            self.fields["rate"].initial = to_decimal(self.instance.nightly_rate, self.instance.currency)

    def refusal(self) -> str:
        """Why no property can be added now; empty where one can."""
        return why_not_add(self.instance.organization_id, timezone.now())

    def clean_name(self) -> str:
        """A name that looks everywhere as it was typed: pages and mails carry it in sentences of theirs."""
        name: str = self.cleaned_data["name"]
        if HIDDEN.search(name):
            raise ValidationError(_("There is a sign in it that can't be printed."))
        return name

    def clean_time_zone(self) -> str:
        """A zone that this machine's tables know."""
        name: str = self.cleaned_data["time_zone"]
        ZoneInfo(name)
        return name

    def clean_cleaner_language(self) -> str:
        """The language that was chosen, else the one from before."""
        code: str = self.cleaned_data["cleaner_language"] or self.instance.cleaner_language
        return code

    def clean_currency(self) -> str:
        """Another currency only while no other amount stands in the old one."""
        code: str = self.cleaned_data["currency"]
        if self._before not in (None, code) and self.instance.has_other_amounts:
            words = _("Seasons, weekdays or taxes have amounts in %(currency)s. Remove those first.")
            raise ValidationError(words, params={"currency": self._before})
        return code

    def clean(self) -> dict[str, Any]:
        """Nights must not overlap, and the price must fit the currency."""
        data = super().clean() or {}
        if self.instance.pk is None and (why := self.refusal()):
            self.add_error("name", why)
        check_in, check_out = data.get("check_in"), data.get("check_out")
        if check_in and check_out and check_out > check_in:
            self.add_error(
                "check_out",
                _("Check-out must not be later than check-in, or two stays would be in the home at once."),
            )
        if data.get("rate") is not None and data.get("currency"):
            try:
                self.instance.nightly_rate = to_minor(data["rate"], data["currency"])
            except ValidationError as error:
                self.add_error("rate", error)
        return data


class PhotoForm(forms.Form):
    """A photo of a home, and what it shows in words."""

    file = forms.FileField(
        label=_("Image file"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=_(
            "JPEG, PNG or WebP, at least 640 × 400 pixels, at most 12 MB. Wide ones look best. "  # noqa: RUF001 - times
            "Where and when it was taken isn't kept."
        ),
        error_messages={
            "required": _("Choose a photo."),
            "missing": _("Choose a photo."),
            "empty": _("This file is empty. Choose another one."),
            "max_length": _("The name of this file is too long."),
        },
    )
    words = forms.CharField(
        label=_("What it shows"),
        max_length=160,
        required=False,
        help_text=_(
            "Read aloud to guests who can't see it, for example: the terrace with a view of the sea."
        ),
    )

    def __init__(self, *args: Any, too_big: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if too_big:
            self.fields["file"].error_messages["required"] = gettext(
                "This file is larger than 12 MB. Save it smaller, or choose another one."
            )
