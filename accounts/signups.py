"""Signing up with an address that has an account: told by e-mail to whoever reads that mailbox, and to nobody else."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm as AllauthForm
from allauth.account.utils import filter_users_by_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User


class SignupForm(AllauthForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form, which would say beside the field that the address is taken."""

    account_already_exists = False

    def validate_unique_email(self, value: str) -> str:
        """Any address is fine here."""
        self.account_already_exists = bool(filter_users_by_email(value))
        return value

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """The new user; or nobody, and the page that says to look into the mailbox."""
        if not self.account_already_exists:
            found: tuple[Any, Any] = super().try_save(request)
            return found
        get_adapter().send_account_already_exists_mail(self.cleaned_data["email"])
        return None, redirect("account_email_verification_sent")
