"""Addresses that two people claim at the same moment: the first has it, the other is told so, and nothing is half done.

allauth looks before it writes; between the two, only the database knows. Its pages that write addresses go through
here.
"""

from collections.abc import Callable
from functools import wraps

from allauth.account import views
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponseBase
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


email = _one_has_it(views.email)
confirm = _one_has_it(views.confirm_email)
