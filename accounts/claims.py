"""Addresses that two people claim at the same moment: the first has it, the other is told so, and nothing is half done.

allauth looks before it writes; between the two, only the database knows. Its pages that write addresses go through
here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import app_settings, views
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

type View = Callable[..., HttpResponseBase]


def _one_has_it(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            messages.error(request, _("Nothing was changed: somebody else has this address by now."))
            return redirect("account")

    return guarded


class ConfirmView(views.ConfirmEmailView):  # type: ignore[misc]  # allauth ships no types
    """allauth's page behind the link of the letter, which takes a link that was followed twice for one out of date."""

    object: Any

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Confirm the address; the page again where the link does so no more."""
        try:
            answer: HttpResponse = super().post(*args, **kwargs)
        except Http404:
            self.object = None
            answer = self.render_to_response(self.get_context_data())
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With `is_confirmed`: the link is ours, and the address that it is about is confirmed already."""
        is_confirmed = self.object is None and _is_confirmed(self.kwargs["key"])
        return {**super().get_context_data(**kwargs), "is_confirmed": is_confirmed}


def _is_confirmed(key: str) -> bool:
    """Nobody but whoever reads the letters to an address can ask: the key is signed."""
    try:
        address = signing.loads(key, salt=app_settings.SALT)
    except signing.BadSignature:
        return False
    found: bool = EmailAddress.objects.filter(pk=address, verified=True).exists()
    return found


email = _one_has_it(views.email)
confirm = _one_has_it(ConfirmView.as_view())
