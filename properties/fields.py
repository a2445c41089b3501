"""Form fields for what hosts type in numbers: amounts of a currency, percentages, rows of a small table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from domain.money import minor_digits

MOST = 10**11  # minor units of one amount: a dear night in rials has that many
MOST_ROWS = 60
MOST_DIGITS = 15
HOUR, QUARTER = 60, 15  # minutes
ISO_DAY = "%Y-%m-%d"
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
PLAIN = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")
GROUPED = re.compile(
    r"(?P<whole>[+-]?\d{1,3}(?P<mark>[\s'\u2019.,])(?:\d{2,3}(?P=mark))*\d{3})(?:(?!(?P=mark))[.,](?P<part>\d*))?"
)


def to_minor(amount: Decimal, currency: str) -> int:
    """The decimal amount in minor units.

    Raises ValidationError for more decimals than the currency has, for nothing and for too much.
    """
    minor = amount.scaleb(minor_digits(currency))
    if minor != minor.to_integral_value():
        message = _("%(currency)s has no more than %(digits)s decimals.")
        details = {"currency": currency, "digits": minor_digits(currency)}
        raise ValidationError(message, params=details)
    if minor <= 0:
        raise ValidationError(_("Enter an amount above zero."))
    if minor > MOST:
        most = to_decimal(MOST, currency).quantize(Decimal(1))
        raise ValidationError(_("Enter an amount of at most %(most)s."), params={"most": most})
    return int(minor)


def to_decimal(amount: int, currency: str) -> Decimal:
    """Minor units as a decimal amount, for a form's field."""
    return Decimal(amount).scaleb(-minor_digits(currency))


def with_point(text: str) -> str:
    """A number as it is typed anywhere, "1 234,50" or "1,234.50", with a decimal point and nothing else in it.

    A single point or comma always is the decimal mark; thousands are marked alike and by three digits at the end.
    What is anything else, an exponent included, stays as it is.
    """
    text = text.strip()
    if PLAIN.fullmatch(text):
        return text.replace(",", ".")
    if found := GROUPED.fullmatch(text):
        whole = found["whole"].replace(found["mark"], "")
        return f"{whole}.{found['part'] or 0}"
    return text


class LongSelect(forms.Select):
    """A choice of hundreds: all options are written at once, and kept, instead of each by a template of its own."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: object = None,  # noqa: ARG002 - Django hands it over
    ) -> SafeString:
        """The element, with the options that are chosen marked."""
        written: str = _options(tuple((str(key), str(label)) for key, label in self.choices))
        for chosen in self.format_value(value):
            option = format_html('<option value="{}"', chosen)
            written = written.replace(f"{option}>", f"{option} selected>", 1)
        given = flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})}))
        return format_html("<select{}>{}</select>", given, mark_safe(written))  # noqa: S308 - escaped one by one


@lru_cache(64)  # languages and kinds of choices
def _options(choices: tuple[tuple[str, str], ...]) -> SafeString:
    return format_html_join("", '<option value="{}">{}</option>', choices)


class NumberField(forms.DecimalField):
    """A decimal number that may be typed with a comma."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": MOST_DIGITS, **options})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # django-stubs' mistake: not an int
        """The number. Raises ValidationError."""
        if not isinstance(value, str):
            return super().to_python(value)
        text = with_point(value)
        if text and not PLAIN.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class MoneyField(NumberField):
    """An amount of a currency, typed in its units and kept as minor units.

    Zero is refused, but for fields where it `means_none`.
    """

    def __init__(self, *, currency: str, means_none: bool = False, **options: Any) -> None:
        super().__init__(**{"min_value": Decimal(0), **options})
        self.currency, self.means_none = currency, means_none

    def prepare_value(self, value: Any) -> Any:
        """Minor units as a person writes them; 0 in an optional field as nothing."""
        if not isinstance(value, int):
            return value
        return to_decimal(value, self.currency) if value or self.required else ""

    def clean(self, value: Any) -> int | None:
        """The minor units. Raises ValidationError."""
        amount = super().clean(value)
        if amount is None or (amount == 0 and self.means_none):
            return None
        return to_minor(amount, self.currency)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether what was typed is another text than what was shown."""
        return str(self.prepare_value(initial) if initial is not None else "") != str(data or "").strip()


class HoursField(NumberField):
    """So many hours, in quarters, kept as minutes."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        edges = {"min_value": Decimal(least) / HOUR, "max_value": Decimal(most) / HOUR}
        super().__init__(**edges, **options)

    def prepare_value(self, value: Any) -> Any:
        """Minutes as hours."""
        return f"{value / HOUR:g}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        """The minutes. Raises ValidationError."""
        hours = super().clean(value)
        if hours is None:
            return None
        if (hours * HOUR) % QUARTER:
            raise ValidationError(_("Use quarters of an hour, such as 1.25 or 1.5."))
        return int(hours * HOUR)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a small table: its key, its heading, and the field of its cells."""

    key: str
    label: Any
    field: forms.Field


class RowsWidget(forms.Widget):
    """Rows of cells, the filled ones first, then some to fill in."""

    template_name = "forms/rows.html"
    use_fieldset = True

    def __init__(self, columns: Sequence[Column], *, blank: int = 2, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.columns, self.blank = columns, blank

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """The cells as widgets of their own, numbered through in their ids."""
        context = super().get_context(name, value, attrs)
        rows = [*(value or ()), *([[None] * len(self.columns)] * self.blank)][:MOST_ROWS]
        numbers = count()
        context["widget"] |= {
            "labels": [column.label for column in self.columns],
            "rows": [
                [
                    self._cell(name, row, column, cell, context["widget"]["attrs"], next(numbers))
                    for column, cell in zip(self.columns, cells, strict=True)
                ]
                for row, cells in enumerate(rows)
            ],
        }
        return context

    def _cell(  # noqa: PLR0917 - what a cell is made of
        self, name: str, row: int, column: Column, value: Any, attrs: Mapping[str, Any], number: int
    ) -> dict[str, Any]:
        own = {"id": f"{attrs.get('id', name)}_{number}", "aria-label": f"{column.label} {row + 1}"}
        own |= {key: attrs[key] for key in ("aria-invalid",) if key in attrs}
        widget = column.field.widget
        field_value = column.field.prepare_value(value)
        found: dict[str, Any] = widget.get_context(f"{name}-{row}-{column.key}", field_value, own)["widget"]
        return found

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[list[Any]]:
        """The cells as they were typed, without the rows that are empty."""
        rows = []
        for row in range(MOST_ROWS):
            names = [f"{name}-{row}-{column.key}" for column in self.columns]
            if not any(each in data for each in names):
                break
            cells = [
                column.field.widget.value_from_datadict(data, files, each)
                for column, each in zip(self.columns, names, strict=True)
            ]
            if any(str(cell or "").strip() for cell in cells):
                rows.append(cells)
        return rows

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:  # noqa: ARG002 - Django's own signature
        """Whether the table wasn't in the form at all."""
        return not any(key.startswith(f"{name}-") for key in data)


class RowsField(forms.Field):
    """A small table; its value is a list of rows, each as its columns' fields clean it."""

    def __init__(self, *columns: Column, blank: int = 2, **options: Any) -> None:
        self.columns = columns
        super().__init__(required=False, widget=RowsWidget(columns, blank=blank), **options)

    def clean(self, value: Any) -> list[list[Any]]:
        """The rows. Raises ValidationError that names each row and column that is wrong."""
        rows: list[list[Any]] = []
        errors: list[ValidationError] = []
        for number, cells in enumerate(value or (), 1):
            row = []
            for column, cell in zip(self.columns, cells, strict=True):
                try:
                    row.append(column.field.clean(cell))
                except ValidationError as error:
                    errors += [_in_row(number, column, message) for message in error.messages]
            rows.append(row)
        if errors:
            raise ValidationError(errors)
        return rows


def _in_row(number: int, column: Column, message: str) -> ValidationError:
    details = {"row": number, "column": column.label, "message": message}
    return ValidationError(_("Row %(row)s, %(column)s: %(message)s"), params=details)


class DayField(forms.DateField):
    """A day of this century, for whatever a calendar can mean."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": day_input(), **options})

    def clean(self, value: Any) -> date | None:
        """The day. Raises ValidationError."""
        day: date | None = super().clean(value)
        if day and not EARLIEST <= day <= LATEST:
            raise ValidationError(_("Enter a day of this century."))
        return day


def day_input() -> forms.DateInput:
    """The browser's own day picker."""
    return forms.DateInput(attrs={"type": "date"}, format=ISO_DAY)


def time_input() -> forms.TimeInput:
    """The browser's own time picker."""
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
