"""The pages for a person who may not do something, whose browser used the wrong method, or whose form is refused."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.template.response import TemplateResponse

from accounts.models import Membership
from accounts.tenancy import NotTheirs
from domain.roles import roles_with


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: which role may do it, and which is one's own."""
    context: dict[str, object] = {"refused": "other"}
    if isinstance(exception, NotTheirs) and exception.membership is None:
        context = {"refused": "nobody"}
    elif isinstance(exception, NotTheirs) and exception.membership:
        context = {
            "refused": "homes" if exception.everywhere else "role",
            "mine": Membership.Role(exception.membership.role).label,
            "roles": [Membership.Role(role).label for role in roles_with(exception.power)],
            "organization": exception.membership.organization.name,
        }
    return render(request, "403.html", context, status=HTTPStatus.FORBIDDEN)


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


class RefusedForm:
    """Middleware: gives a library's page that shows a refused form once more the status that our own pages have."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let everything pass."""
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        """422 where a form was posted and is wrong."""
        form = (response.context_data or {}).get("form")
        if (
            request.method == "POST"
            and response.status_code == HTTPStatus.OK
            and getattr(form, "errors", None)
        ):
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response
