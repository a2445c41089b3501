"""Where allauth meets the house: what a sign-up makes, how its letters go out, how its secrets rest."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import callers, language, post, sentences
from accounts.fields import SecretField
from accounts.models import Membership, Organization, User

NOWHERE = "0.0.0.0"  # noqa: S104 - shown where a server told no address of the caller

WRONG_CODE = _("This isn't the code, or its time is over. Enter the one that is shown now.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's hooks around accounts."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is switched off. Ask whoever runs this service why."),
        "cannot_remove_primary_email": _("This is the main address. Make another one the main one first."),
        "duplicate_email": _("This address is yours already."),
        "email_password_mismatch": _("E-mail and password don't belong together. Look at both again."),
        "enter_current_password": _(
            "This isn't your password. Enter the one you have logged in with until now."
        ),
        "incorrect_code": WRONG_CODE,
        "incorrect_password": _("This isn't your password. Look whether Caps Lock is on."),
        "max_email_addresses": _("An account has %d addresses at most. Remove one first."),
        "too_many_login_attempts": _("Too many tries. Wait five minutes, then try again."),
        "unverified_primary_email": _("Confirm this address first; then it can be the main one."),
        "rate_limited": _("Too many tries. Wait five minutes, then try again."),
    }

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save the user, who reads the language of the page, with an organization of their own, in one transaction."""
        user.language = language.of_request()
        with transaction.atomic():
            super().save_user(request, user, form, commit=commit)
            organization = Organization.objects.create(name=form.cleaned_data["organization"])
            Membership.objects.create(organization=organization, user=user, role=Membership.Role.OWNER)
        return user

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Leave the letter to the workers: no page waits for a mail server.

        It is in the person's own language, whoever asked for it; to a stranger in that of the page.
        """
        user = context.get("user")
        with language.spoken_to(user) if isinstance(user, User) else nullcontext():
            post.write(email, sentences.words(template_prefix, context), timezone.now())
        if isinstance(user, User) and template_prefix in sentences.CONFIRMATIONS:
            user.letter_to = email
            user.save(update_fields=["letter_to"])

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of the letter, at our own address whatever host the request named."""
        uid, _, rest = key.partition("-")
        return settings.SITE_URL + reverse("account_reset_password_from_key", args=[uid, rest])

    def get_email_confirmation_url(self, _request: HttpRequest, emailconfirmation: Any) -> str:
        """The same."""
        return settings.SITE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_email_verification_redirect_url(self, _email_address: Any) -> str:
        """After a confirmed address."""
        return reverse("account")

    def get_password_change_redirect_url(self, _request: HttpRequest) -> str:
        """After a changed password."""
        return reverse("account")

    def get_client_ip(self, request: HttpRequest) -> str:
        """The caller's address by the house's rule, for limits and for the list of sessions."""
        return str(callers.address(request) or NOWHERE)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's hooks around second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": _("Turn on an authenticator app or add a passkey first."),
        "incorrect_code": WRONG_CODE,
        "unverified_email": _("Confirm each e-mail address of your account first, or remove it."),
    }

    def encrypt(self, text: str) -> str:
        """Secrets of second factors rest as every other secret does."""
        return SecretField().get_prep_value(text) or ""

    def decrypt(self, encrypted_text: str) -> str:
        """The other way round."""
        return SecretField().from_db_value(encrypted_text) or ""

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        """What a passkey is called until its owner says where it is."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        word = gettext("Passkey")
        return f"{word} {count + 1}" if count else word

    def get_totp_issuer(self) -> str:
        """What authenticator apps show."""
        return "Amplistay"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Whom a passkey is for: our own host."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Amplistay"}
