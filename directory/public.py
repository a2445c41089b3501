"""What strangers may open: the request to join and its confirmation, the list of vendors, and each one's page."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.showing import shown
from directory import joining, vendors
from directory.forms import JoinForm, QuestionForm, StrangersForm
from directory.joining import Wish
from directory.models import JoinRequest, Vendor
from directory.vendors import Question
from upsells.limits import Limit, wait

TRIES = Limit("strangers-form", 20, timedelta(hours=1))  # of one network
ON_A_PAGE = 20
LONGEST = 120  # characters of a search that are looked at
NOINDEX = ("X-Robots-Tag", "noindex")


def slowed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a network send forms so many times an hour: a page with 429 beyond that."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and (left := wait(TRIES, request, "", timezone.now())):
            answer = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
            answer["Retry-After"] = str(left)
            return answer
        return view(request, *args, **kwargs)

    return guarded


def _status(form: StrangersForm) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK


# Joining


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@slowed
def join(request: HttpRequest) -> HttpResponse:
    """Ask to join. What a robot filled in gets the same answer, and nothing comes of it."""
    now = timezone.now()
    form = JoinForm(now, request.POST if request.method == "POST" else None)
    if form.is_caught:
        return redirect("directory:asked")
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        joining.ask(Wish(given["name"], given["email"], given["domain"]), form.access, now)
        return redirect("directory:asked")
    return _with_status(shown(request, "directory/join.html", {"form": form}), _status(form))


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """After that: look into the mailbox."""
    return _unlisted(shown(request, "directory/asked.html"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, confirmation: str) -> HttpResponse:
    """The link of the letter: asks on GET, because programs that look at mails follow links; confirms on POST."""
    try:
        row = joining.named_by(confirmation)
    except joining.Forged as error:
        raise Http404 from error
    except joining.Expired:
        page = shown(request, "directory/confirm.html", {"state": "expired"})
        return _unlisted(_with_status(page, HTTPStatus.GONE))
    if request.method == "POST":
        joining.confirm(row, timezone.now())
        row.refresh_from_db()
    return _unlisted(shown(request, "directory/confirm.html", {"row": row, "state": _state(row)}))


def _state(row: JoinRequest) -> str:
    """new, waiting, approved or declined."""
    if row.decided_at:
        return "approved" if row.approved else "declined"
    return "waiting" if row.confirmed_at else "new"


# Vendors


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The organizations that want to be found."""
    text = request.GET.get("q", "")[:LONGEST].strip()
    page = Paginator(vendors.found(text), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"q": text, "page": page, "vendors": vendors.counted(page.object_list)}
    answer = shown(request, "directory/vendors.html", context)
    return _unlisted(answer) if text else answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@slowed
def vendor(request: HttpRequest, slug: str) -> HttpResponse:
    """One of them, its homes, and a form to write to it. Raises Http404 from the moment that it withdraws."""
    row = _or_404(slug)
    now = timezone.now()
    form = QuestionForm(now, request.POST if request.method == "POST" else None)
    if form.is_caught:
        return redirect("directory:written", slug)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        question = Question(given["name"], given["email"], given["text"])
        if vendors.write_to(row, question, form.access, now):
            return redirect("directory:written", slug)
        return render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    context = {"vendor": row, "homes": vendors.homes(row), "form": form}
    return _with_status(shown(request, "directory/vendor.html", context), _status(form))


@require_safe
def written(request: HttpRequest, slug: str) -> HttpResponse:
    """After a message to it."""
    return _unlisted(shown(request, "directory/written.html", {"vendor": _or_404(slug)}))


@require_safe
def sitemap(_request: HttpRequest) -> HttpResponse:
    """The pages of those who want to be found (sitemaps.org, protocol 0.9)."""
    paths = [reverse("directory:vendors"), *(row.get_absolute_url() for row in vendors.found("")[:49_999])]
    urls = "".join(f"<url><loc>{settings.SITE_URL}{path}</loc></url>" for path in paths)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>\n'
    return HttpResponse(body, content_type="application/xml")


def _or_404(slug: str) -> Vendor:
    row = vendors.one(slug)
    if row is None:
        raise Http404
    return row


def _with_status(answer: HttpResponse, status: HTTPStatus) -> HttpResponse:
    answer.status_code = status
    return answer


def _unlisted(answer: HttpResponse) -> HttpResponse:
    name, value = NOINDEX
    answer[name] = value
    return answer
