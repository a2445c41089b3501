"""What was written about a purchase: the mails, which can be sent again, and the guest's receipt."""

import base64
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.tenancy import get_or_404
from api.door import ApiRequest, OrgView, operation
from api.problems import conflict
from api.scopes import Scope
from api.v1.purchases import purchase_of
from api.wire import Out
from upsells import deliveries, receipts, tasks
from upsells.models import Delivery

BIGGEST = len(str(2**31))  # digits of a key


class MailOut(Out):
    """One mail about a purchase, and how far it has come."""

    id = serializers.CharField(source="pk")
    to = serializers.ChoiceField(choices=Delivery.To.values)
    address = serializers.CharField()
    about = serializers.ChoiceField(choices=Delivery.News.values, source="news")
    state = serializers.SerializerMethodField()
    trouble = serializers.CharField(allow_blank=True, help_text="What the mail server said at the last try.")
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)

    def get_state(self, mail: Delivery) -> str:
        """waiting, delivered or given_up."""
        return "delivered" if mail.delivered_at else "given_up" if mail.given_up_at else "waiting"


class ReceiptOut(Out):
    """The receipt as the guest has it."""

    number = serializers.CharField()
    media_type = serializers.CharField()
    file = serializers.CharField(help_text="In base64.")


class Mails(OrgView):
    """All mails."""

    @operation("listMails", Scope.SALES_READ, gives=MailOut, many=True)
    def get(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Any:
        """The mails about a purchase to its guest, the host and the cleaner, the first at the beginning."""
        return (
            Delivery.objects.of(request.org).filter(purchase=purchase_of(request, purchase_id)).order_by("pk")
        )


class Resend(OrgView):
    """Once more."""

    @operation("resendMail", Scope.SALES_WRITE, gives=MailOut, status=202)
    def post(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str, mail_id: str) -> Delivery:
        """Try a mail again that couldn't be delivered for three days."""
        row = purchase_of(request, purchase_id)
        if not (mail_id.isascii() and mail_id.isdigit() and len(mail_id) < BIGGEST):
            raise Http404
        mail = get_or_404(Delivery.objects.all(), request, purchase=row, pk=int(mail_id))
        if not deliveries.send_again(row, mail.pk, request.now):
            raise conflict(_("This e-mail has been sent, or is being tried already."))
        tasks.at_once(row)
        mail.refresh_from_db()
        return mail


class Receipt(OrgView):
    """The receipt."""

    @operation("getReceipt", Scope.SALES_READ, gives=ReceiptOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], purchase_id: str) -> Any:
        """The receipt as the guest has it (PDF); 404 until the sale is confirmed."""
        row = purchase_of(request, purchase_id)
        if not receipts.exists(row):
            raise Http404
        file = base64.b64encode(receipts.pdf(row)).decode()
        return {"number": receipts.number(row), "media_type": "application/pdf", "file": file}
