"""What a guest entered and couldn't be taken: kept for the one page that tells why.

That page is asked for with GET, so the browser's way back meets no form that it would have to send again.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from upsells.forms import GuestForm
from upsells.models import Purchase

KEY = "entered"
MOST_SIGNS = 1_000  # of each field; what is longer is wrong at any length


def keep(request: HttpRequest, row: Purchase) -> HttpResponse:
    """On to the page of the purchase, which tells what is wrong."""
    fields = {name: request.POST.get(name, "")[:MOST_SIGNS] for name in GuestForm.base_fields}
    request.session[KEY] = {"purchase": row.public_id, "fields": fields}
    return redirect("guest:purchase", row.stay_link.token, row.public_id)


def form(request: HttpRequest, row: Purchase) -> GuestForm:
    """An empty form; or, once, the one that couldn't be taken, with its reasons."""
    kept = request.session.get(KEY)
    if request.method != "GET" or request.htmx or not kept or kept["purchase"] != row.public_id:  # type: ignore[attr-defined]  # django-htmx sets it
        return GuestForm()
    del request.session[KEY]
    return GuestForm(kept["fields"])
