"""Signing up with an address that has an account: told by e-mail to whoever reads that mailbox, and to nobody else.

Where letters come first (LETTER_FIRST), whoever signs up is told to look into the mailbox, and gets in by the link in
the letter:
with an address that has an account, every answer is the same.
"""

from typing import ClassVar

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm as AllauthForm
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import filter_users_by_email
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from psycopg.errors import UniqueViolation

from accounts.models import User
from accounts.wording import GOOD_PASSWORD, Worded


class SignupForm(Worded, AllauthForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form, which would say beside the field that the address is taken."""

    labels: ClassVar = {"email": _("E-mail"), "password1": _("Password")}
    hints: ClassVar = {"password1": GOOD_PASSWORD}
    account_already_exists = False

    def validate_unique_email(self, value: str) -> str:
        """Any address is fine here."""
        self.account_already_exists = bool(filter_users_by_email(value))
        return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """The new user; or nobody, and the page that says to look into the mailbox."""
        if not self.account_already_exists:
            try:
                found: tuple[User | None, HttpResponse | None] = super().try_save(request)
            except IntegrityError as error:
                if not isinstance(error.__cause__, UniqueViolation):
                    raise
                return self._told_by_letter(request)  # somebody signed up with it this very moment
            record_authentication(request, found[0], "password", email=self.cleaned_data["email"])
            return found
        make_password(self.cleaned_data["password1"])  # or the time that it takes would tell
        return self._told_by_letter(request)

    def _told_by_letter(self, request: HttpRequest) -> tuple[None, HttpResponse]:
        get_adapter().send_account_already_exists_mail(self.cleaned_data["email"])
        request.session["signed_up"] = True  # a new account leaves a session, too
        return None, redirect("account_email_verification_sent")
