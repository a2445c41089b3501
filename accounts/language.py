"""The language that a member reads: it stands with the person, for the pages and for every e-mail to them.

It is that of the sign-up page at first, and follows the language switch and the choice among what one is told. On a
device where the language was chosen by hand, the cookie of that choice goes first for pages, as it does for strangers,
even where the person has chosen another one elsewhere since; e-mails are always in the person's own.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.models import Membership, User

OTHERS = (
    "guest",
    "photo",
    "export",
    "stripe-events",
    "stripe-billing-events",
    "health",
)  # pages of guests, and what nobody reads as a page


class MembersLanguage:
    """Middleware: shows pages to members in their language; needs to stand behind that of log-ins.

    It asks who is there only where somebody may be logged in and this device has no choice of its own. Hosts' pages
    ask that anyway, and the row is read once; pages where nobody asks are named in OTHERS, and keep the browser's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let everything pass."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: object, _args: object, _named: object) -> None:
        """Switch to the member's language before the page is made."""
        match = request.resolver_match
        if match is None or match.namespace in OTHERS or match.view_name in OTHERS:
            return
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or _chosen_here(request):
            return
        if isinstance(request.user, User) and is_known(request.user.language):
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language


def _chosen_here(request: HttpRequest) -> bool:
    return is_known(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))


def is_known(code: str) -> bool:
    """Whether we speak it."""
    return code in dict(settings.LANGUAGES)


def of_request() -> str:
    """That of the page that was asked for; the site's own where it is none that we speak."""
    code = translation.get_language() or ""
    return code if is_known(code) else settings.LANGUAGE_CODE


def learn(user: User, code: str) -> None:
    """The person reads another language from now on; codes that we don't speak change nothing."""
    if is_known(code):
        user.language = code
        user.save(update_fields=["language"])


def remember(response: HttpResponse, code: str) -> None:
    """Let this device follow a choice made by hand, as Django's own switch does."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


def spoken_to(reader: User | Membership) -> AbstractContextManager[Any]:
    """Within it, everything is said in the language of one person: texts, dates and amounts of an e-mail to them."""
    user = reader.user if isinstance(reader, Membership) else reader
    return translation.override(user.language)
