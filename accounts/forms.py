"""What sign-up asks beyond e-mail and password."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class OrganizationForm(forms.Form):
    """The name of the organization that a sign-up opens."""

    organization = forms.CharField(
        label=_("Name of your business"),
        max_length=120,
        help_text=_("Guests don't see it."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """Part of allauth's contract; the adapter opens the organization in the user's transaction."""


class SavedViewForm(forms.Form):
    """How a saved view is called, and whether its list opens with it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give the view a name.")},
    )
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)
