"""What sign-up asks beyond e-mail and password, and the forms of organizations and of joining one."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User


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


class NewOrganizationForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """The name of one more organization, or another name for one."""

    class Meta:
        model = Organization
        fields = ["name"]
        help_texts = {"name": _("Guests don't see it.")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}
        error_messages = {"name": {"required": _("Enter a name.")}}


class EndForm(forms.Form):
    """An organization's name, typed by whoever wants to delete it."""

    name = forms.CharField(
        label=_("Name of the organization"), max_length=120, help_text=_("Type it as above.")
    )

    def __init__(self, organization: Organization, data: Any = None) -> None:
        """For that organization; beside a form that has a name too."""
        super().__init__(data, auto_id="id_end_%s")
        self.organization = organization

    def clean_name(self) -> str:
        """The very name, whatever its case."""
        name: str = self.cleaned_data["name"]
        if name.casefold() != self.organization.name.casefold():
            raise ValidationError(_("That isn't its name. Nothing was deleted."))
        return name


class JoinForm(forms.Form):
    """The password of somebody who is invited and has no account yet; the address is the invitation's."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
        error_messages={"required": _("Choose a password.")},
    )

    def __init__(self, email: str, data: Any = None) -> None:
        """For whoever has that address."""
        super().__init__(data)
        self.email = email

    def clean_password(self) -> str:
        """One that isn't easily guessed."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email))
        return password


class SavedViewForm(forms.Form):
    """How a saved view is called, and whether its list opens with it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give the view a name.")},
    )
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)
