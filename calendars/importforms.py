"""Forms of the import: the list itself, what holds for its lines, and the rules of one line."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from domain import listsheet
from domain.listsheet import Fault
from domain.listwords import Column
from properties.fields import to_decimal
from properties.forms import PropertyForm, tender, zone_names

FAULTS: Mapping[Fault, Any] = {
    Fault.EMPTY: _("Paste a list or choose a file: one home per line, first its name, then its links."),
    Fault.TOO_BIG: _("This list is larger than 900 kB. Import it in parts."),
    Fault.TOO_MANY: _("This list has more than 500 lines. Import it in parts."),
    Fault.WORKBOOK: _(
        "This is a spreadsheet, not a CSV file. Save it as CSV, or copy its cells and paste them into the box."
    ),
    Fault.NOT_TEXT: _("This file isn't a list in plain text. Save it as CSV (UTF-8), or paste its lines."),
}


class SheetForm(forms.Form):
    """A list of homes, pasted or as a file; a file takes the place of what is in the box."""

    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
        help_text=_("From any spreadsheet. It takes the place of what is in the box."),
        error_messages={"empty": FAULTS[Fault.EMPTY]},
    )
    text = forms.CharField(
        label=_("Paste the list"),
        strip=False,
        error_messages={"required": FAULTS[Fault.EMPTY]},
        widget=forms.Textarea(
            attrs={
                "rows": 8,
                "spellcheck": "false",
                "autocapitalize": "off",
                "autocomplete": "off",
                "maxlength": listsheet.MOST_OCTETS,
                "placeholder": "Casa del Mar, https://www.airbnb.com/calendar/ical/…, https://ical.booking.com/…",
            }
        ),
        help_text=_(
            "One home per line: its name, then its calendar links. Commas, semicolons or tabs in between, or cells "
            "copied from a spreadsheet. At most 500 lines with 20 links each."
        ),
    )

    def __init__(self, *args: Any, too_big: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.too_big = too_big
        self.fields["text"].required = not (too_big or self.files)
        self.sheet = listsheet.Sheet(())

    def clean(self) -> dict[str, Any]:
        """The lines of the list, in `sheet`; what was in a file is in the box from now on."""
        data = super().clean() or {}
        file = data.get("file")
        if self.too_big:
            self.add_error("file", FAULTS[Fault.TOO_BIG])
        if self.errors:
            return data
        try:
            if file:
                data["text"] = listsheet.decode(file.read(listsheet.MOST_OCTETS + 1))
            data["text"] = listsheet.canonical(data["text"])
            self.sheet = listsheet.read(data["text"])
        except listsheet.Unreadable as problem:
            self.add_error("file" if file else "text", FAULTS[problem.fault])
        return data


class DefaultsForm(PropertyForm):
    """What holds for every new home of the list that says nothing else."""

    cleaner_email = None  # type: ignore[assignment]  # Django's way to leave a field out
    cleaner_language = None  # type: ignore[assignment]  # ditto

    class Meta(PropertyForm.Meta):
        fields = ["time_zone", "check_in", "check_out", "turnaround", "currency"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("time_zone", "rate"):
            self.fields[name].required = False

    def refusal(self) -> str:
        """Nothing: it makes no home."""
        return ""

    def clean_time_zone(self) -> str:
        """A zone, or none where each line has its own."""
        name: str = self.cleaned_data["time_zone"]
        return name


class HousesForm(DefaultsForm):
    """What holds for all units that become homes at once: none says itself what a night costs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, said in (("time_zone", _("Choose a time zone.")), ("rate", _("Enter a usual price."))):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = said
        if self.instance.nightly_rate is not None:
            self.fields["rate"].initial = to_decimal(self.instance.nightly_rate, self.instance.currency)


class LineForm(PropertyForm):
    """A new home of the list. Whether it may be stored is for the database to say when it is: a list has hundreds."""

    # Nobody chooses here from hundreds of zones and currencies.
    time_zone = forms.CharField()  # type: ignore[assignment]  # Django lets a field be another
    currency = forms.CharField()  # type: ignore[assignment]  # ditto

    def validate_unique(self) -> None:
        """Ask nothing of the database."""

    def validate_constraints(self) -> None:
        """Ask nothing of the database; the form's own rules say the same in words."""

    def refusal(self) -> str:
        """Nothing: whoever plans the list asks once for all its lines."""
        return ""

    def clean_time_zone(self) -> str:
        """The zone's own spelling. Raises ValidationError with the one that was probably meant."""
        said: str = self.cleaned_data["time_zone"]
        name = listsheet.known(said, _zones())
        if name:
            return name
        near = listsheet.nearest(said, zone_names())
        raise ValidationError(NO_ZONE_BUT if near else NO_ZONE, params={"said": said[:40], "near": near})

    def clean_currency(self) -> str:
        """A currency of today. Raises ValidationError."""
        code: str = self.cleaned_data["currency"]
        if code not in tender():
            raise ValidationError(NO_CURRENCY, params={"said": code[:40]})
        return code

    def wrong(self) -> dict[Column, list[str]]:
        """What is wrong, by the column where it can be put right."""
        found: dict[Column, list[str]] = {}
        for name, errors in self.errors.as_data().items():
            column = Column(name) if name in Column else Column.NAME
            found[column] = [message for error in errors for message in self._words(column, error)]
        return found

    def _words(self, column: Column, error: ValidationError) -> list[str]:
        if error.code == "required" and column in MISSING:
            return [str(MISSING[column])]
        if error.code == "invalid" and column in UNREAD:
            return [str(UNREAD[column] % {"said": str(self.data.get(column, ""))[:40]})]
        return list(error.messages)


@cache
def _zones() -> Mapping[str, str]:
    return listsheet.by_spelling(zone_names())


MISSING: Mapping[Column, Any] = {
    Column.NAME: _("The name of the home is missing."),
    Column.TIME_ZONE: _("Choose a time zone for all homes below, or give this one its own."),
    Column.RATE: _("Enter a usual price for all homes below, or give this one its own."),
}
UNREAD: Mapping[Column, Any] = {
    Column.CHECK_IN: _("“%(said)s” isn't a time. Write it like 15:00."),
    Column.CHECK_OUT: _("“%(said)s” isn't a time. Write it like 11:00."),
    Column.RATE: _("“%(said)s” isn't a price. Write it like 120 or 120.50."),
}
NO_ZONE = _("“%(said)s” isn't a time zone. Write it like Europe/Madrid.")
NO_ZONE_BUT = _("“%(said)s” isn't a time zone. Did you mean %(near)s?")
NO_CURRENCY = _("“%(said)s” isn't a currency of today. Write its three letters, such as EUR.")
FOREIGN_PRICE = _("Give the price in %(currency)s, too: the usual one below is in %(usual)s.")
