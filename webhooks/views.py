"""The host's pages of webhooks: the list, one with its log, and what can be done about it."""

import json
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.deeds import What, done
from accounts.tenancy import HostRequest, fresh, get_or_404, host
from connectors.broker import hint
from domain.roles import Power
from webhooks import outbox, sentences, tasks
from webhooks.forms import WebhookForm
from webhooks.models import Sending, Webhook

UNPROCESSABLE = 422
MOST = 10  # webhooks of an organization
PAGE = 20
SOON = timedelta(minutes=1)  # for so long the page asks often what became of a message
SHOWN = "webhook_secret"  # in the session: whose secret the next page shows, once


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    sending: Sending
    trouble: str
    payload: str


@require_GET
@host(Power.CONNECT, everywhere=True)
def listing(request: HostRequest) -> HttpResponse:
    """The organization's webhooks."""
    rows = Webhook.objects.of(request.org).order_by("created_at")
    return render(request, "webhooks/list.html", {"nav": "account", "webhooks": rows, "most": MOST})


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT, everywhere=True)
def create(request: HostRequest) -> HttpResponse:
    """A new webhook, whose secret the next page shows."""
    form = WebhookForm(None, request.POST if request.method == "POST" else None)
    if Webhook.objects.of(request.org).count() >= MOST:
        messages.error(
            request, _("More than %(n)s webhooks aren't possible. Remove one first.") % {"n": MOST}
        )
        return redirect("webhooks:list")
    if request.method == "POST" and form.is_valid():
        webhook = Webhook.objects.create(organization=request.org, created_at=timezone.now(), **form.columns)
        audit.note(request, webhook=webhook.host, events=webhook.events)
        messages.success(request, _("Added. Give your software the secret below, then send a test event."))
        return _reveal(request, webhook)
    return _form(request, form, None)


def _webhook(request: HostRequest, webhook_id: str) -> Webhook:
    found = get_or_404(Webhook.objects.all(), request, public_id=webhook_id)
    audit.note(request, webhook=found.host)
    return found


@require_http_methods(["GET", "POST"])
@host(Power.CONNECT, everywhere=True)
def edit(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Where it listens and what it is told."""
    webhook = _webhook(request, webhook_id)
    form = WebhookForm(webhook, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        Webhook.objects.of(request.org).filter(pk=webhook.pk).update(**form.columns)
        names = [name for name in form.columns if name != "url"]
        before = {name: getattr(webhook, name) for name in names}
        audit.note_change(request, Webhook, before, {name: form.columns[name] for name in names})
        messages.success(request, _("Saved."))
        return redirect("webhooks:log", webhook_id)
    return _form(request, form, webhook)


def _form(request: HostRequest, form: WebhookForm, webhook: Webhook | None) -> HttpResponse:
    context = {"nav": "account", "form": form, "webhook": webhook}
    return render(request, "webhooks/form.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_GET
@host(Power.CONNECT, everywhere=True)
def log(request: HostRequest, webhook_id: str) -> HttpResponse:
    """One webhook with every message that it was sent, or was to be; while one is under way, the page asks again."""
    webhook = _webhook(request, webhook_id)
    now, kept = timezone.now(), Sending.objects.of(request.org).filter(webhook=webhook)
    shown = kept.filter(delivered_at=None) if request.GET.get("show") == "undelivered" else kept
    page = Paginator(shown.select_related("message").order_by("-message"), PAGE).get_page(
        request.GET.get("page")
    )
    asks_again = request.htmx
    shows_secret = not asks_again and request.session.pop(SHOWN, None) == webhook.public_id
    context = {
        "nav": "account",
        "webhook": webhook,
        "state": webhook.state,
        "lines": [_line(row) for row in page],
        "page": page,
        "waits": any(row.state == "waiting" and now - row.since < SOON for row in page),
        "missed": kept.missed().count(),
        "secrets": webhook.secrets(now) if shows_secret else [],
        "two_secrets": len(webhook.secrets(now)) > 1,
        "show": request.GET.get("show", ""),
    }
    return render(request, "webhooks/webhook.html" + ("#news" if asks_again else ""), context)


def _line(row: Sending) -> Line:
    payload = json.dumps(json.loads(row.message.body), indent=2, ensure_ascii=False)
    return Line(row, sentences.trouble(row), payload)


def _reveal(request: HostRequest, webhook: Webhook, part: str = "") -> HttpResponse:
    """Go to the page, which shows the secret this once."""
    request.session[SHOWN] = webhook.public_id
    return redirect(reverse("webhooks:log", args=[webhook.public_id]) + part)


@require_POST
@host(Power.CONNECT, everywhere=True)
@fresh
def show_secret(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Show the secret."""
    return _reveal(request, _webhook(request, webhook_id), "#secret")


@require_POST
@host(Power.CONNECT, everywhere=True)
@fresh
def rotate(request: HostRequest, webhook_id: str) -> HttpResponse:
    """A new secret, beside which the old one signs for a day."""
    webhook = _webhook(request, webhook_id)
    what = outbox.rotate(webhook, timezone.now())
    _done(request, _("There is a new secret. For 24 hours, messages are signed with both."), webhook, what)
    return _reveal(request, webhook)


@require_POST
@host(Power.CONNECT, everywhere=True)
def test(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Send a test event."""
    webhook = _webhook(request, webhook_id)
    if webhook.disabled_at:
        messages.error(request, _("The webhook is stopped. Resume it first."))
    elif outbox.test(webhook, timezone.now()):
        hint(tasks.send)
        messages.success(request, _("A test event is on its way. The log below says what came of it."))
    else:
        messages.info(request, _("A test event is on its way already."))
    return redirect("webhooks:log", webhook_id)


@require_POST
@host(Power.CONNECT, everywhere=True)
def again(request: HostRequest, webhook_id: str, message_id: str) -> HttpResponse:
    """Send a message once more."""
    rows = Sending.objects.select_related("webhook").filter(webhook__removed_at=None)
    sending = get_or_404(rows, request, webhook__public_id=webhook_id, message__public_id=message_id)
    if outbox.again(sending, timezone.now()):
        hint(tasks.send)
        messages.success(request, _("It is sent again, with the same id."))
    elif sending.webhook.disabled_at:
        messages.error(request, _("The webhook is stopped. Resume it first."))
    else:
        messages.info(request, _("It is under way already."))
    return redirect("webhooks:log", webhook_id)


@require_POST
@host(Power.CONNECT, everywhere=True)
def again_all(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Send once more everything that was given up."""
    webhook = _webhook(request, webhook_id)
    if count := outbox.again_all(webhook, timezone.now()):
        hint(tasks.send)
        words = ngettext("%(n)s message is sent again.", "%(n)s messages are sent again.", count)
        messages.success(request, words % {"n": count})
    else:
        messages.info(request, _("There is nothing to send again, or the webhook is stopped."))
    return redirect("webhooks:log", webhook_id)


@require_POST
@host(Power.CONNECT, everywhere=True)
def stop(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Tell it nothing for now."""
    webhook = _webhook(request, webhook_id)
    words = _("Stopped. It is told nothing until you resume it.")
    if what := outbox.stop(webhook, Webhook.Stopped.HOST, timezone.now()):
        _done(request, words, webhook, what)
    else:
        messages.success(request, words)
    return redirect("webhooks:log", webhook_id)


@require_POST
@host(Power.CONNECT, everywhere=True)
def resume(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Tell it again what happens."""
    webhook = _webhook(request, webhook_id)
    outbox.resume(webhook)
    messages.success(request, _("Resumed. It is told what happens from now on."))
    return redirect("webhooks:log", webhook_id)


@require_POST
@host(Power.CONNECT, everywhere=True)
def remove(request: HostRequest, webhook_id: str) -> HttpResponse:
    """Remove it with its log."""
    webhook = _webhook(request, webhook_id)
    what, place = outbox.remove(webhook, timezone.now()), reverse("webhooks:list")
    words = _("Removed: %(name)s is told nothing any more.") % {"name": webhook.title}
    done(request, words, what, name=webhook.title, place=place)
    return redirect(place)


def _done(request: HostRequest, words: str, webhook: Webhook, what: What) -> None:
    place = reverse("webhooks:log", args=[webhook.public_id])
    done(request, words, what, name=webhook.title, place=place)
