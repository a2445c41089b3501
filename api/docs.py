"""What anybody may read of the API: its description, and the page that shows it."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from api.problems import TITLES


@cache
def described() -> bytes:
    """The description as JSON, in English: the same for everybody, and made once."""
    with translation.override("en"):
        found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # spectacular's own
    return json.dumps(found, indent=1, ensure_ascii=False, default=str).encode() + b"\n"


@require_safe
def schema(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's contract
    """OpenAPI 3.1."""
    return HttpResponse(described(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """All operations, to read and to try."""
    return render(request, "api/docs.html", {"problems": TITLES})
