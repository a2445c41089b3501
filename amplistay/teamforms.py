"""The forms of an organization's members: a role, and the homes that are open to whoever has it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from domain.roles import Role
from properties.models import Property

Choice = Membership.Role
SENTENCES = {
    Choice.OWNER: _("everything, with members, payouts and the end of the organization"),
    Choice.MANAGER: _("homes, offers, calendars and sales; not members and payouts"),
    Choice.FRONT_DESK: _("guests and sales: requests, stay links, cancellations, closed nights"),
    Choice.CLEANER: _("when guests come and go; no names, no prices"),
    Choice.VIEWER: _("sees calendars, guests and sales, and changes nothing"),
}


class PlaceForm(forms.Form):
    """What part a member has, in which homes."""

    role = forms.ChoiceField(
        label=_("Role"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a role."), "invalid_choice": _("Choose a role from the list.")},
    )
    where = forms.ChoiceField(
        label=_("Homes"),
        widget=forms.RadioSelect,
        choices=[("all", _("Every home, new ones too")), ("some", _("Only those ticked below"))],
        initial="all",
        error_messages={"required": _("Choose which homes."), "invalid_choice": _("Choose which homes.")},
    )
    homes = forms.MultipleChoiceField(
        label=_("Only these"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("One of these homes isn't there any more.")},
    )

    def __init__(self, homes: Iterable[Property], member: Membership | None = None, data: Any = None) -> None:
        """For an organization with these homes: of a member, or of somebody new."""
        initial: dict[str, Any] = {"role": Role.FRONT_DESK.value, "where": "all"}
        if member:
            where = "all" if member.homes is None else "some"
            initial = {"role": member.role, "where": where, "homes": [str(pk) for pk in member.homes or ()]}
        super().__init__(data, initial=initial)
        chosen: Any = self.fields["role"]
        chosen.choices = [(role.value, f"{role.label}: {SENTENCES[role]}") for role in Choice]
        listed: Any = self.fields["homes"]
        listed.choices = [(str(home.pk), home.name) for home in homes]
        where = (initial if data is None else data).get("where", "all")
        if where == "all" and not listed.choices:  # nothing to choose from yet
            del self.fields["where"], self.fields["homes"]

    def clean(self) -> dict[str, Any] | None:
        """Some homes are at least one, and an owner has them all."""
        data = super().clean() or {}
        if data.get("where") != "some" or "homes" not in data:
            return data
        if data.get("role") == Role.OWNER:
            raise ValidationError({"where": _("An owner has every home.")})
        if not data["homes"]:
            raise ValidationError({"homes": _("Tick at least one home.")})
        return data

    @property
    def role_given(self) -> Role:
        """The role of a valid form."""
        return Role(self.cleaned_data["role"])

    @property
    def homes_given(self) -> frozenset[int] | None:
        """The homes of a valid form, by primary key; None for every one."""
        if self.cleaned_data.get("where", "all") == "all":
            return None
        return frozenset(map(int, self.cleaned_data["homes"]))


class InvitationForm(PlaceForm):
    """Whom to invite, as what."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("The link goes there, and works for this address only."),
        error_messages={"required": _("Enter an e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("email", "role", "where", "homes")
