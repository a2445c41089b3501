"""Where the provider tells of what hosts pay: an address of its own, with secrets of its own."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import hearing, tasks
from connectors.broker import hint
from connectors.stripe_events import LARGEST_OCTETS, Forged, event

BAD_REQUEST, PAYLOAD_TOO_LARGE = 400, 413


@csrf_exempt
@require_POST
def stripe_billing_events(request: HttpRequest) -> HttpResponse:
    """The provider's messages about the platform's own account: answered after the commit; then a worker looks."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_OCTETS:
        return HttpResponse(status=PAYLOAD_TOO_LARGE)
    now = timezone.now()
    secrets, header = settings.STRIPE_BILLING_WEBHOOK_SECRETS, request.headers.get("Stripe-Signature", "")
    try:
        message = event(request.body, header, secrets, int(now.timestamp()))
    except Forged as problem:
        return HttpResponse(str(problem), status=BAD_REQUEST, content_type="text/plain")
    for pk in hearing.hear(message, now):
        hint(tasks.pursue, pk)
    return HttpResponse(status=200)
