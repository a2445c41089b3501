"""What a host keeps of a sale: the guest's receipt and the certificate, to download."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from accounts.tenancy import HostRequest, get_or_404, host
from domain.roles import Power
from upsells import certificates, receipts
from upsells.models import Certificate, Purchase


@require_GET
@host(Power.MONEY)
def receipt(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """The receipt as the guest has it (PDF)."""
    rows = Purchase.objects.select_related("property__organization", "stay_link", "payment")
    purchase = get_or_404(rows, request, property__public_id=public_id, public_id=purchase_id)
    if not receipts.exists(purchase):
        raise Http404
    return _file(receipts.pdf(purchase), f"receipt-{receipts.number(purchase)}.pdf", "application/pdf")


@require_GET
@host(Power.MONEY)
def certificate(request: HostRequest, public_id: str, purchase_id: str) -> HttpResponse:
    """The signed account of why the sale was safe (JSON); `verify_certificate` checks it."""
    rows = Certificate.objects.select_related("purchase")
    found = get_or_404(
        rows, request, purchase__property__public_id=public_id, purchase__public_id=purchase_id
    )
    if not receipts.exists(found.purchase):
        raise Http404
    name = f"certificate-{receipts.number(found.purchase)}.json"
    return _file(certificates.download(found), name, "application/json")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
