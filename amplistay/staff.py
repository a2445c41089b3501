"""The operator's pages: Django's admin, to see how organizations, servers and work stand, and to change very little.

Nothing here shows a secret: encrypted columns, tokens and digests are left out of every page. What a host's own pages
look like is seen on a visit that an owner allows (`accounts.support`). Staff need a second factor.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import support
from accounts.fields import SealedField, SecretField
from accounts.models import AuditLine, Organization, User
from amplistay import joinqueue
from billing.models import Invoice, Subscription
from calendars.models import Alert, Feed, Server
from directory.models import JoinRequest
from properties.models import Property
from upsells.models import Delivery, Payment, PayoutAccount, Purchase
from webhooks.models import Sending, Webhook

UNPROCESSABLE = 422
LATE = timedelta(minutes=15)
HIDDEN = frozenset({"password", "token", "digest", "url_digest", "link", "body", "etag", "signature"})


class StaffSite(admin.AdminSite):
    """The admin for staff with a second factor; everybody else finds nothing there."""

    site_header = site_title = "Amplistay"
    index_title = _("Operator")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff who have a second factor."""
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return False
        factors = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        return bool(Authenticator.objects.filter(user=user, type__in=factors).exists())

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 - Django's contract
        """Log-ins are allauth's, with its limits; whoever lacks the second factor is sent to add it."""
        user = request.user
        if not isinstance(user, User):
            return redirect(f"{reverse('account_login')}?next={reverse('staff:index')}")
        if user.is_staff:
            messages.warning(request, _("The operator's pages need a second factor. Add one first."))
            return redirect("account")
        return redirect("home")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The usual ones, the work that is stuck, and the way into an organization."""
        own: list[URLPattern | URLResolver] = [
            path("stuck/", self.admin_view(self.stuck), name="stuck"),
            path("visit/", self.admin_view(self.visit), name="visit"),
            path("join/<int:pk>/", self.admin_view(self.decide), name="join-decide"),
            path("visit/end/", self.admin_view(self.leave), name="leave"),
        ]
        return own + super().get_urls()

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """With how many requests to join wait."""
        waiting = JoinRequest.objects.waiting().count()
        return super().index(request, (extra_context or {}) | {"joining": waiting})

    def stuck(self, request: HttpRequest) -> HttpResponse:
        """Everything that should have moved by now and hasn't."""
        context = self.each_context(request) | {"title": _("Stuck work"), "lines": stuck_work(timezone.now())}
        return render(request, "staff/stuck.html", context)

    def visit(self, request: HttpRequest) -> HttpResponse:
        """Enter an organization by the code that its owner gave."""
        form = CodeForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and isinstance(request.user, User):
            try:
                visit = support.enter(form.cleaned_data["code"], request.user, timezone.now())
            except support.NoVisit:
                form.add_error("code", _("This code opens nothing. Ask the owner for a new one."))
            else:
                request.session[support.VISIT] = visit.pk
                return redirect("home")
        context = self.each_context(request) | {"title": _("Visit an organization"), "form": form}
        return render(request, "staff/visit.html", context, status=UNPROCESSABLE if form.errors else 200)

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A request to join: let in, or declined with a word."""
        return joinqueue.decide(request, pk, self.each_context(request))

    def leave(self, request: HttpRequest) -> HttpResponse:
        """End the visit in this session."""
        if request.method == "POST":
            request.session.pop(support.VISIT, None)
        return redirect("staff:index")


class CodeForm(forms.Form):
    """The code that an owner read out."""

    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the code that the owner gave you.")},
    )


def stuck_work(now: datetime) -> list[tuple[Any, int, str]]:
    """What should have moved by now: in words, how many there are, and where they are listed."""
    late = now - LATE
    work: Mapping[Any, tuple[QuerySet[Any], str]] = {
        _("Calendars that are overdue"): (
            Feed.objects.in_use().reading().by_link().filter(next_poll_at__lt=late), "calendars_feed"
        ),
        _("Calendars that ended their reader"): (Feed.objects.filter(attempts__gt=0), "calendars_feed"),
        _("Purchases that wait for a decision"): (
            Purchase.objects.checking().filter(requested_at__lt=late), "upsells_purchase"
        ),
        _("Payments that nobody has asked about"): (Payment.objects.due(late), "upsells_payment"),
        _("Payments with trouble"): (Payment.objects.unsettled().exclude(trouble=""), "upsells_payment"),
        _("Accounts for payouts that wait for an answer"): (PayoutAccount.objects.due(late), "upsells_payoutaccount"),
        _("Plans that nobody has asked about"): (Subscription.objects.due(late), "billing_subscription"),
        _("Letters that are late"): (Delivery.objects.due(late), "upsells_delivery"),
        _("Messages to other software that are late"): (Sending.objects.due(late), "webhooks_sending"),
        _("Requests to join that wait"): (JoinRequest.objects.waiting(), "directory_joinrequest"),
        _("Double bookings that are open"): (Alert.objects.open().filter(kind=Alert.Kind.CONFLICT), "calendars_alert"),
    }  # fmt: skip
    return [
        (words, rows.count(), reverse(f"staff:{table}_changelist")) for words, (rows, table) in work.items()
    ]


class Looking(admin.ModelAdmin):  # type: ignore[type-arg]  # Django's class can't be subscripted at run time
    """A table that staff may look at; nothing that is encrypted or opens something is shown."""

    list_per_page = 50
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's contract
        """All columns without secrets."""
        return tuple(
            field.name
            for field in self.model._meta.fields
            if not isinstance(field, (SecretField, SealedField)) and field.name not in HIDDEN
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """All of them, but for `may_change`."""
        return tuple(name for name in self.get_fields(request, obj) if name not in self.may_change)

    may_change: ClassVar[tuple[str, ...]] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's contract
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Where there is something to change."""
        return bool(self.may_change) and super().has_change_permission(request, obj)


class Organizations(Looking):
    """Tenants, how big they are, and whether they end."""

    list_display = ("name", "public_id", "created_at", "homes", "members_count", "ends_at")
    search_fields = ("name", "public_id", "members__email")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """With their sizes."""
        from_members = Count("memberships", distinct=True)
        rows: QuerySet[Organization] = super().get_queryset(request)
        return rows.annotate(n_members=from_members, n_homes=_homes())

    @admin.display(description=_("members"))
    def members_count(self, row: Any) -> int:
        """How many people belong to it."""
        return int(row.n_members)

    @admin.display(description=_("homes"))
    def homes(self, row: Any) -> int:
        """How many homes are let."""
        return int(row.n_homes)


def _homes() -> Any:
    mine = Property.objects.filter(organization=OuterRef("pk"), archived_at=None).order_by()
    return Coalesce(Subquery(mine.values("organization").annotate(n=Count("pk")).values("n")), 0)


class Users(Looking):
    """People who log in; one who does harm can be kept out."""

    list_display = ("email", "joined_at", "last_login", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email",)
    may_change = ("is_active",)


class Servers(Looking):
    """The servers that calendars come from, the troubled ones first."""

    list_display = ("name", "calendars", "failing_calendars", "free_at", "shut_until")
    search_fields = ("name",)
    ordering = ("-shut_until", "name")

    def calendars(self, row: Server) -> int:
        """How many calendars are read there."""
        return Feed.objects.filter(host=row.name).count()

    def failing_calendars(self, row: Server) -> int:
        """How many of them fail now."""
        return Feed.objects.filter(host=row.name).exclude(failing_since=None).count()


class Feeds(Looking):
    """Calendars by server and health; their addresses are secrets and stay hidden."""

    list_display = (
        "public_id",
        "host",
        "channel",
        "failing_since",
        "failures",
        "last_good_at",
        "next_poll_at",
        "paused_at",
    )
    list_filter = (
        "channel",
        ("failing_since", admin.EmptyFieldListFilter),
        ("paused_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("public_id", "host", "organization__public_id")


class AuditLines(Looking):
    """The audit logs."""

    list_display = ("at", "organization", "kind", "who", "name", "address")
    list_filter = ("kind",)
    search_fields = ("who", "name", "organization__public_id")


class Purchases(Looking):
    """Sales without the guests' names."""

    list_display = ("pk", "organization", "kind", "state", "reason", "created_at")
    list_filter = ("state", "kind")
    search_fields = ("public_id", "organization__public_id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """All columns without secrets and guests."""
        guests = {"guest_name", "guest_email", "stay_link", "public_id"}
        return tuple(name for name in super().get_fields(request, obj) if name not in guests)


class Payments(Looking):
    """Card payments and their trouble."""

    list_display = ("public_id", "organization", "state", "goal", "amount", "check_at", "trouble")
    list_filter = ("state", "goal")
    search_fields = ("public_id", "intent_id", "session_id")


class Work(Looking):
    """What the outboxes hold."""

    list_filter = (("delivered_at", admin.EmptyFieldListFilter), ("given_up_at", admin.EmptyFieldListFilter))


class Deliveries(Work):
    """Letters about sales."""

    list_display = ("pk", "organization", "news", "to", "tries", "next_try_at", "delivered_at", "given_up_at")


class Sendings(Work):
    """Messages to other software."""

    list_display = (
        "pk",
        "organization",
        "tries",
        "trouble",
        "status",
        "next_try_at",
        "delivered_at",
        "given_up_at",
    )


class Webhooks(Looking):
    """Addresses of other software."""

    list_display = ("public_id", "organization", "host", "failing_since", "disabled_at", "stopped")
    search_fields = ("host", "organization__public_id")


class Alerts(Looking):
    """What hosts were told that they must know."""

    list_display = ("public_id", "organization", "kind", "opened_at", "resolved_at")
    list_filter = ("kind", ("resolved_at", admin.EmptyFieldListFilter))


class Accounts(Looking):
    """Accounts for payouts."""

    list_display = ("organization", "country", "charges_enabled", "checked_at", "check_at", "trouble")


class JoinRequests(Looking):
    """Who asked to join, those that wait first, and what became of it."""

    list_display = ("name", "email", "site", "asked_at", "confirmed_at", "decision", "decided_by")
    list_filter = (
        ("confirmed_at", admin.EmptyFieldListFilter),
        ("decided_at", admin.EmptyFieldListFilter),
        "approved",
    )
    search_fields = ("name", "email", "domain")
    ordering = ("-decided_at", "-confirmed_at", "-pk")  # PostgreSQL puts what has no date first

    @admin.display(description=_("decision"))
    def decision(self, row: JoinRequest) -> str:
        """What was decided, or the way to decide."""
        said = {True: _("Approved"), False: _("Declined"), None: _("Decide")}[row.approved]
        if row.confirmed_at is None:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("staff:join-decide", args=[row.pk]), said)


class Subscriptions(Looking):
    """Plans, and what is owed."""

    list_display = (
        "organization",
        "plan",
        "properties",
        "status",
        "trial_until",
        "unpaid_since",
        "paused_until",
        "next_at",
        "check_at",
        "trouble",
    )
    list_filter = ("plan", "status", ("unpaid_since", admin.EmptyFieldListFilter))
    search_fields = ("public_id", "customer", "organization__public_id", "organization__name")


class Invoices(Looking):
    """Our invoices."""

    list_display = ("number", "organization", "state", "amount", "currency", "issued_at")
    list_filter = ("state",)
    search_fields = ("number", "stripe_id", "organization__public_id")


staff = StaffSite(name="staff")
TABLES: Mapping[type[Model], type[Looking]] = {
    Organization: Organizations,
    User: Users,
    Server: Servers,
    Feed: Feeds,
    AuditLine: AuditLines,
    Purchase: Purchases,
    Payment: Payments,
    Delivery: Deliveries,
    Sending: Sendings,
    Webhook: Webhooks,
    Alert: Alerts,
    PayoutAccount: Accounts,
    JoinRequest: JoinRequests,
    Subscription: Subscriptions,
    Invoice: Invoices,
}
for table, page in TABLES.items():
    staff.register(table, page)
