"""The page for a person whose browser used the wrong method: Django's own answer has no body at all."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template


class WrongMethodPage:
    """Middleware: gives a 405 without a body one, where a browser asked; what the answer allows stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let everything pass but such an answer."""
        response = self.get_response(request)
        is_bare = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content
        if is_bare and request.method != "HEAD" and "text/html" in request.headers.get("Accept", ""):
            response.content = get_template("405.html").render().encode()
            response["Content-Type"] = "text/html; charset=utf-8"
        return response
