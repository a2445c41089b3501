"""The address of a home's photo: unguessable, for guests' pages, kept by browsers for as long as they like."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from properties.models import PhotoFile

KEPT_S = 30 * 24 * 3600


@require_safe
def photo(request: HttpRequest, token: str, width: int) -> HttpResponse:  # noqa: ARG001 - Django's contract
    """The photo in one width. Another photo has another address, so this one never changes."""
    files = PhotoFile.objects.filter(photo__token=token, photo__removed_at=None, width=width)
    body = files.values_list("body", flat=True).first()
    if body is None:
        raise Http404
    return HttpResponse(
        bytes(body),
        content_type="image/webp",
        headers={"Cache-Control": f"public, max-age={KEPT_S}, immutable", "X-Robots-Tag": "noindex"},
    )
