"""Showing a page that anybody may read."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static


def shown(request: HttpRequest, template: str, context: dict[str, Any] | None = None) -> HttpResponse:
    """The page, with what its head and foot need; `contact` is the address that our letters come from."""
    about = {
        "canonical": settings.SITE_URL + request.path,
        "card": settings.SITE_URL + static("card.png"),
        "contact": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }
    return render(request, template, about | (context or {}))
