"""The form of a new token."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from api.scopes import Scope
from properties.models import Property

LIVES = (30, 90, 365)  # days
NEVER = "0"


def _lives() -> list[tuple[str, str]]:
    """How long a token may open."""
    days = [(str(n), ngettext("%(n)s day", "%(n)s days", n) % {"n": n}) for n in LIVES]
    return [*days, (NEVER, gettext("Until I revoke it"))]


class TokenForm(forms.Form):
    """What a token is for, what it may do, where, and how long."""

    name = forms.CharField(
        label=_("What it is for"),
        max_length=80,
        help_text=_("The name of the software, so that you know later what stops when you revoke it."),
        error_messages={"required": _("Enter what it is for.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("No more than the software needs. Whatever may be changed may be seen, too."),
        error_messages={"required": _("Choose at least one thing that it may do.")},
    )
    homes = forms.MultipleChoiceField(
        label=_("Only these homes"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all homes, later ones included."),
    )
    days = forms.ChoiceField(
        label=_("How long"),
        choices=_lives,
        initial=str(LIVES[1]),
    )

    def __init__(self, scopes: Iterable[Scope], homes: Sequence[Property], data: Any = None) -> None:
        """With the scopes that its maker may give, and the homes that are open to them."""
        super().__init__(data)
        self.fields["scopes"].choices = [(scope.value, scope.label) for scope in scopes]  # type: ignore[attr-defined]  # a ChoiceField
        self.rows = {home.public_id: home for home in homes}
        self.fields["homes"].choices = [(home.public_id, home.name) for home in homes]  # type: ignore[attr-defined]  # a ChoiceField

    def clean_name(self) -> str:
        """A name in one line."""
        name: str = " ".join(self.cleaned_data["name"].split())
        if any(not sign.isprintable() for sign in name):
            raise ValidationError(_("Enter a name without special characters."))
        return name

    @property
    def chosen(self) -> list[Property] | None:
        """Those that were chosen; None for all."""
        return [self.rows[each] for each in self.cleaned_data["homes"]] or None

    def expires_at(self, now: datetime) -> datetime | None:
        """When it ends by itself."""
        days = int(self.cleaned_data["days"])
        return now + timedelta(days=days) if days else None
