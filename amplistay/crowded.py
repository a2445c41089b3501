"""The answer where a property's lock doesn't come in time: 503, try again, nothing was changed."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from calendars.ledger import Crowded


class SorryPage:
    """Middleware: turns Crowded, wherever a view meets it, into a page that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let everything pass."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """503 with Retry-After for Crowded; anything else goes on."""
        if not isinstance(exception, Crowded):
            return None
        answer = render(request, "503.html", status=503)
        answer["Retry-After"] = "5"
        return answer
