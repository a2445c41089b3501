"""The way to turn e-mails off from the e-mail itself, for people and for mail programs (RFC 8058): no log-in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import wishes
from accounts.models import ONLY_BY_MAIL


@csrf_exempt  # a mail program has no cookie and no form of ours (RFC 8058 §3.2); the signed address is the permission
@require_http_methods(["GET", "HEAD", "POST"])
def mails_off(request: HttpRequest, signed: str) -> HttpResponse:
    """Ask on GET, because programs that look at mails follow links; turn off on POST. 404 for what we didn't sign.

    Whoever is no member any more gets the same page, and nothing changes.
    """
    try:
        member, topic = wishes.named_by(signed)
    except wishes.Forged as error:
        raise Http404 from error
    if request.method == "POST" and member is not None:
        wishes.stop_mails(member, topic)
    context = {
        "topic": topic,
        "organization": member.organization if member else None,
        "in_app": topic not in ONLY_BY_MAIL,
        "done": request.method == "POST" or member is None,
    }
    page = render(request, "notices/mails_off.html", context)
    page.headers["Cache-Control"], page.headers["X-Robots-Tag"] = "private, no-store", "noindex"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
