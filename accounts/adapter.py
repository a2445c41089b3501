"""What a sign-up makes: a user, an organization, and the user as its owner, or nothing at all; its e-mails."""

from contextlib import nullcontext
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts import language
from accounts.models import Membership, Organization, User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's hooks for saving a new user, and for the e-mails it writes."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save the user, who reads the language of the page, with an organization of their own, in one transaction."""
        user.language = language.of_request()
        with transaction.atomic():
            super().save_user(request, user, form, commit=commit)
            organization = Organization.objects.create(name=form.cleaned_data["organization"])
            Membership.objects.create(organization=organization, user=user, role=Membership.Role.OWNER)
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write to a person in their own language, whoever asked for it; to a stranger in that of the page."""
        user = context.get("user")
        with language.spoken_to(user) if isinstance(user, User) else nullcontext():
            super().send_mail(template_prefix, email, context)
