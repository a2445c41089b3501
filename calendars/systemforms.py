"""Forms of accounts at property-management systems: their keys, and the units that become homes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.contract import Listing, Spec
from domain.listsheet import Line
from domain.listwords import Column
from properties.forms import zone_names, zones

LONGEST_KEY = 300
KEYS: Mapping[str, Any] = {
    "hsapi_id": gettext_lazy("Client ID"),
    "hsapi_secret": gettext_lazy("Client secret"),
    "hsapi_manager": gettext_lazy("Number of your company (PMC)"),
    "enet_id": gettext_lazy("Requestor ID"),
    "enet_password": gettext_lazy("Message password"),
    "enet_manager": gettext_lazy("Property manager code"),
    "gateway_id": gettext_lazy("Client ID"),
    "gateway_secret": gettext_lazy("Client secret"),
}
GROUPS: Mapping[str, tuple[str, Any]] = {
    "hsapi": (
        "HSAPI",
        gettext_lazy("Units, calendars, changes, and closing nights there. The best one to have."),
    ),
    "enet": ("EscapiaNET", gettext_lazy("Units and calendars.")),
    "gateway": ("Gateway", gettext_lazy("Which units you distribute to us.")),
}
PARTS = ("take", "name", "zone")  # of the line of a unit
NEEDED = ("hsapi", "enet")  # one of them brings the units


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that only work together, and what they are good for."""

    name: str
    text: Any
    fields: Sequence[BoundField]


class MaskedInput(forms.PasswordInput):
    """A secret that is nobody's password: no browser offers to keep it or to fill another in."""

    input_type = "text"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Covered by dots, as the style sheet has it for the class."""
        return super().get_context(name, value, {**attrs, "class": "masked"})


class KeysForm(forms.Form):
    """The keys of a system, none of which is ever shown again."""

    def __init__(self, spec: Spec, data: Any = None) -> None:
        """All that the system knows; each group is all or nothing."""
        super().__init__(data)
        self.spec = spec
        for key in spec.credentials:
            quiet = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
            widget = (MaskedInput if key.is_secret else forms.TextInput)(attrs=quiet)
            self.fields[key.name] = forms.CharField(
                label=KEYS.get(key.name, key.name), required=False, max_length=LONGEST_KEY, widget=widget
            )

    @property
    def groups(self) -> list[Group]:
        """The fields by group, in the system's order."""
        names = dict.fromkeys(key.group for key in self.spec.credentials)
        return [Group(*GROUPS[group], [self[name] for name in self._of(group)]) for group in names]

    @property
    def keys(self) -> dict[str, str]:
        """What was entered, once it is valid."""
        return {key.name: self.cleaned_data[key.name] for key in self.spec.credentials}

    def clean(self) -> dict[str, Any]:
        """Whole groups, and one that brings units among them."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = set()
        for group in dict.fromkeys(key.group for key in self.spec.credentials):
            empty = [name for name in self._of(group) if not cleaned.get(name)]
            if len(empty) < len(self._of(group)):
                given.add(group)
                for name in empty:
                    self.add_error(name, _("This key of the group is missing."))
        if not given & set(NEEDED):
            raise ValidationError(
                _("Enter the keys of HSAPI or of EscapiaNET: without them there are no units.")
            )
        return cleaned

    def _of(self, group: str) -> list[str]:
        return [key.name for key in self.spec.credentials if key.group == group]


class AccountForm(KeysForm):
    """A new account."""

    name = forms.CharField(
        label=gettext_lazy("Name of the account"),
        max_length=80,
        help_text=gettext_lazy("For yourself."),
        error_messages={"required": gettext_lazy("Enter a name.")},
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone of the units"),
        choices=zones,
        help_text=gettext_lazy(
            "The system doesn't tell it. You can choose another one for some units later."
        ),
        error_messages={"required": gettext_lazy("Choose a time zone.")},
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """A unit that is to become a home of that name; `time_zone` as typed, empty for the one of all of them."""

    unit: Listing
    name: str
    time_zone: str = ""

    def line(self, number: int) -> Line:
        """The same as a line of an imported list."""
        return Line(number, self.name, (), {Column.TIME_ZONE: self.time_zone} if self.time_zone else {})


def _called(unit: Listing) -> str:
    return f"{unit.name or unit.id} ({unit.code})" if unit.code else unit.name or unit.id


class UnitsForm(forms.Form):
    """Units to choose, each with the name of the home that it becomes, and a time zone where it has one of its own."""

    def __init__(self, units: Iterable[Listing], data: Any = None) -> None:
        """The units of one page of the list."""
        super().__init__(data)
        self.units = list(units)
        every = _("All %(n)s on this page") % {"n": len(self.units)}
        ticks = forms.CheckboxInput(attrs={"data-checks": "take-"})
        self.fields["every"] = forms.BooleanField(label=every, required=False, widget=ticks)
        for unit in self.units:
            self.fields[f"zone-{unit.id}"] = forms.CharField(
                label=_("Time zone, if not the one below"),
                max_length=63,
                required=False,
                widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
            )
            self.fields[f"take-{unit.id}"] = forms.BooleanField(label=_called(unit), required=False)
            self.fields[f"name-{unit.id}"] = forms.CharField(
                label=_("Name of the home"), max_length=120, required=False, initial=unit.name or unit.id
            )

    @property
    def lines(self) -> list[tuple[Listing, list[BoundField]]]:
        """Each unit with its box, its name and its zone."""
        return [(unit, [self[f"{part}-{unit.id}"] for part in PARTS]) for unit in self.units]

    @property
    def zones(self) -> Sequence[str]:
        """What is offered while a zone is typed: a choice for each unit would be tens of thousands."""
        return zone_names()

    @property
    def wanted(self) -> list[Chosen]:
        """The chosen units, once it is valid."""
        return [
            Chosen(unit, self.cleaned_data[f"name-{unit.id}"], self.cleaned_data[f"zone-{unit.id}"])
            for unit in self._chosen(self.cleaned_data)
        ]

    def _chosen(self, cleaned: Mapping[str, Any]) -> list[Listing]:
        return [unit for unit in self.units if cleaned.get("every") or cleaned.get(f"take-{unit.id}")]

    def clean(self) -> dict[str, Any]:
        """At least one; each with a name, and with one of its own."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        names: set[str] = set()
        chosen = self._chosen(cleaned)
        for unit in chosen:
            field = f"name-{unit.id}"
            name = cleaned.get(field, "")
            if not name:
                self.add_error(field, _("Enter a name."))
            elif name.casefold() in names:
                self.add_error(field, _("Another unit above has this name. Each becomes a home of its own."))
            names.add(name.casefold())
        if not chosen:
            raise ValidationError(_("Choose at least one unit."))
        return cleaned
