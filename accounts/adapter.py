"""What a sign-up makes: a user, an organization, and the user as its owner, or nothing at all."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Membership, Organization, User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's hook for saving a new user."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save the user with an organization of their own, in one transaction."""
        with transaction.atomic():
            super().save_user(request, user, form, commit=commit)
            organization = Organization.objects.create(name=form.cleaned_data["organization"])
            Membership.objects.create(organization=organization, user=user, role=Membership.Role.OWNER)
        return user
