"""What letters about accounts say, and what a person is told who may not do something."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Invitation, Membership
from accounts.post import Words

# What was changed, by the name that allauth gives the letter about it.
CHANGES: Mapping[str, Any] = {
    "account/email/password_changed": gettext_lazy("Your password was changed."),
    "account/email/password_reset": gettext_lazy(
        "Your password was changed by a link that we had e-mailed to you."
    ),
    "account/email/password_set": gettext_lazy("Your account has a password now."),
    "account/email/email_confirm": gettext_lazy("Your e-mail address was confirmed."),
    "account/email/email_changed": gettext_lazy("The main e-mail address of your account was changed."),
    "account/email/email_deleted": gettext_lazy("An e-mail address was removed from your account."),
    "mfa/email/totp_activated": gettext_lazy("Logging in now asks for a code from an authenticator app."),
    "mfa/email/totp_deactivated": gettext_lazy(
        "Logging in asks for no code from an authenticator app any more."
    ),
    "mfa/email/recovery_codes_generated": gettext_lazy(
        "New recovery codes were made. The old ones are void."
    ),
    "mfa/email/webauthn_added": gettext_lazy("A passkey or security key was added to your account."),
    "mfa/email/webauthn_removed": gettext_lazy("A passkey or security key was removed from your account."),
}


def words(name: str, context: Mapping[str, Any]) -> Words:
    """The letter that allauth calls by that name. Raises KeyError for one that we never send."""
    if name in CHANGES:
        return _changed(name, context)
    return LETTERS[name](context)


def _changed(name: str, context: Mapping[str, Any]) -> Words:
    at = date_format(context["timestamp"], "DATETIME_FORMAT")
    where = _("When: %(at)s UTC\nFrom: %(ip)s\nWith: %(agent)s") % {
        "at": at,
        "ip": context["ip"],
        "agent": context["user_agent"],
    }
    return Words(
        _("Your account was changed"),
        (str(CHANGES[name]), where, _("If that was you, there is nothing to do.")),
        settings.SITE_URL + reverse("account_reset_password"),
        _("It wasn't me: choose a new password"),
    )


def _confirmation(context: Mapping[str, Any]) -> Words:
    return Words(
        _("Confirm your e-mail address"),
        (
            _(
                "Somebody, hopefully you, uses this address for an account at Amplistay. Confirm that it is yours."
            ),
        ),
        context["activate_url"],
        _("Confirm the address"),
        _(
            "If it wasn't you, do nothing: without a confirmation the account can't be paid or invite anybody."
        ),
    )


def _reset(context: Mapping[str, Any]) -> Words:
    return Words(
        _("Choose a new password"),
        (
            _(
                "Somebody, hopefully you, wants to choose a new password for your account. The link works once."
            ),
        ),
        context["password_reset_url"],
        _("Choose a new password"),
        _("If it wasn't you, do nothing: your password stays as it is."),
    )


def _exists(_context: Mapping[str, Any]) -> Words:
    return Words(
        _("You have an account already"),
        (
            _(
                "Somebody, hopefully you, wanted to open an account with this address. There is one: log in with it."
            ),
        ),
        settings.SITE_URL + reverse("account_login"),
        _("Log in"),
        _("You don't know the password any more? Choose a new one: %(url)s")
        % {"url": settings.SITE_URL + reverse("account_reset_password")},
    )


def _unknown(_context: Mapping[str, Any]) -> Words:
    return Words(
        _("There is no account with this address"),
        (
            _(
                "Somebody, hopefully you, wanted to choose a new password for this address. No account has it; "
                "perhaps yours has another one."
            ),
        ),
        settings.SITE_URL + reverse("account_signup"),
        _("Create an account"),
        _("If it wasn't you, do nothing."),
    )


CONFIRMATIONS = ("account/email/email_confirmation", "account/email/email_confirmation_signup")
LETTERS: Mapping[str, Callable[[Mapping[str, Any]], Words]] = dict.fromkeys(CONFIRMATIONS, _confirmation) | {
    "account/email/password_reset_key": _reset,
    "account/email/account_already_exists": _exists,
    "account/email/unknown_account": _unknown,
}


def invitation(row: Invitation, url: str) -> Words:
    """The letter that invites somebody."""
    return _accepted(row, url) if row.answers else _invited(row, url)


def _accepted(row: Invitation, url: str) -> Words:
    return Words(
        _("Your request to join Amplistay was accepted"),
        (
            _("We have opened %(organization)s for you.") % {"organization": row.organization.name},
            _(
                "Create your account, or log in if you have one; then connect Escapia. The first page says how."
            ),
            _("The link works once, for seven days, and for this address only."),
        ),
        url,
        _("Go on"),
        _("If you don't know what this is about, do nothing."),
    )


def _invited(row: Invitation, url: str) -> Words:
    names = {"organization": row.organization.name, "role": Membership.Role(row.role).label}
    by = row.invited_by.email if row.invited_by else ""
    who = (
        _("%(by)s invites you to join %(organization)s at Amplistay. Your role: %(role)s.")
        % {**names, "by": by}
        if by
        else _("You are invited to join %(organization)s at Amplistay. Your role: %(role)s.") % names
    )
    return Words(
        _("Join %(organization)s at Amplistay") % names,
        (who, _("The link works once, for seven days, and for this address only.")),
        url,
        _("See the invitation"),
        _("If you don't know what this is about, do nothing."),
    )


def ending(membership: Membership) -> Words:
    """What the owners are told when their organization is to be deleted."""
    organization = membership.organization
    day = date_format(organization.ends_at, "DATE_FORMAT") if organization.ends_at else ""
    return Words(
        _("%(organization)s will be deleted") % {"organization": organization.name},
        (
            _(
                "On %(day)s %(organization)s and everything in it will be deleted. Nothing is sold any more. Until "
                "then, the links that channels read go on answering: replace or remove them there."
            )
            % {"day": day, "organization": organization.name},
        ),
        settings.SITE_URL + reverse("organization"),
        _("Keep the organization"),
    )
