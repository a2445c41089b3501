"""The forms of allauth's pages in our words: labels as everywhere else, and no placeholder that repeats them."""

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account import forms as account
from allauth.mfa.base import forms as factors
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django.forms import BaseForm
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

GOOD_PASSWORD = _("At least 10 characters, not only digits, and nothing that many people use.")


class Worded(BaseForm):
    """Labels and hints by the field's name; what isn't named keeps allauth's."""

    labels: ClassVar["dict[str, _StrPromise]"] = {}
    hints: ClassVar["dict[str, _StrPromise]"] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Once allauth has put its fields together."""
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, field.help_text)


class LoginForm(Worded, account.LoginForm):
    """E-mail and password."""

    labels: ClassVar = {"login": _("E-mail"), "password": _("Password"), "remember": _("Stay logged in")}


class AddEmailForm(Worded, account.AddEmailForm):
    """One more address."""

    labels: ClassVar = {"email": _("E-mail address")}


class ChangePasswordForm(Worded, account.ChangePasswordForm):
    """The password until now, and the new one twice."""

    labels: ClassVar = {
        "oldpassword": _("Password until now"),
        "password1": _("New password"),
        "password2": _("New password once more"),
    }
    hints: ClassVar = {"password1": GOOD_PASSWORD}


class SetPasswordForm(Worded, account.SetPasswordForm):
    """The first password, twice."""

    labels: ClassVar = ChangePasswordForm.labels
    hints: ClassVar = ChangePasswordForm.hints


class ResetPasswordForm(Worded, account.ResetPasswordForm):
    """Where the letter goes."""

    labels: ClassVar = {"email": _("E-mail")}


class ResetPasswordKeyForm(Worded, account.ResetPasswordKeyForm):
    """The new password, twice."""

    labels: ClassVar = ChangePasswordForm.labels
    hints: ClassVar = ChangePasswordForm.hints


class ReauthenticateForm(Worded, account.ReauthenticateForm):
    """The password once more."""

    labels: ClassVar = {"password": _("Password")}


class CodeForm(Worded, factors.AuthenticateForm):
    """The code of an app, or a recovery code."""

    labels: ClassVar = {"code": _("Code")}


class CodeAgainForm(Worded, factors.ReauthenticateForm):
    """The same, to prove once more who it is."""

    labels: ClassVar = CodeForm.labels


class AppForm(Worded, ActivateTOTPForm):
    """The first code of an app."""

    labels: ClassVar = CodeForm.labels


class PasskeyForm(Worded, AddWebAuthnForm):
    """The name of a new passkey, and whether it alone is enough."""

    labels: ClassVar = {"name": _("Name"), "passwordless": _("Log in with it alone, without the password")}
    hints: ClassVar = {
        "name": _("A name that tells you where it is: your phone, your key ring."),
        "passwordless": _("Your device then asks for your fingerprint, your face or its PIN each time."),
    }


class PasskeyNameForm(Worded, EditWebAuthnForm):
    """Another name for a passkey."""

    labels: ClassVar = {"name": _("Name")}
