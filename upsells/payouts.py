"""Connecting a host's account at the payment provider, where guests' card payments go."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.urls import reverse

from accounts.models import Organization
from connectors.stripe_api import Stripe
from connectors.stripe_words import Refused, Unreachable
from upsells.models import Payment, PayoutAccount

log = structlog.get_logger()

AGAIN = timedelta(seconds=30)
CHECK_EVERY = timedelta(hours=12)
CHECK_UNFINISHED_EVERY = timedelta(minutes=10)
BEFORE_IT_ENDS = timedelta(seconds=30)


def want(organization: Organization, country: str, now: datetime) -> PayoutAccount:
    """The host wants to take cards: a worker opens the account, or a fresh link to the provider's form."""
    account, new = PayoutAccount.objects.get_or_create(
        organization=organization, defaults={"wanted_at": now, "country": country, "check_at": now}
    )
    if not new:
        changes: dict[str, object] = {"wanted_at": now, "check_at": now, "link": "", "trouble": ""}
        if not account.stripe_id:
            changes["country"] = country or account.country
        PayoutAccount.objects.filter(pk=account.pk).update(**changes)
        account.refresh_from_db()
    return account


def look_again(stripe_id: str, now: datetime) -> PayoutAccount | None:
    """There may be news of this account."""
    account = PayoutAccount.objects.exclude(stripe_id="").filter(stripe_id=stripe_id).first()
    if account:
        PayoutAccount.objects.filter(pk=account.pk).update(check_at=now)
    return account


def prepare(account: PayoutAccount, now: datetime, stripe: Stripe) -> None:
    """Open the account, write down how it stands, and fetch a link to the provider's form while that is wanted.

    One that we may not ask about, since the host has disconnected it, takes no cards; connected again, its payments
    that were refused meanwhile go on.
    """
    rows = PayoutAccount.objects.filter(pk=account.pk)
    try:
        news = _news(account, now, stripe)
        rows.update(**news)
        if news["charges_enabled"] and not account.charges_enabled:
            refused = Payment.objects.filter(account=account.stripe_id, refused_since__isnull=False)
            refused.update(check_at=now)
    except Unreachable as problem:
        log.warning("payout account not reached", account=account.pk, problem=str(problem))
        rows.update(check_at=now + AGAIN)
    except Refused as problem:
        log.warning("payout account refused", account=account.pk, code=problem.code)
        again = CHECK_UNFINISHED_EVERY if account.stripe_id else CHECK_EVERY
        rows.update(charges_enabled=False, check_at=now + again, checked_at=now, trouble=problem.sentence)


def _news(account: PayoutAccount, now: datetime, stripe: Stripe) -> dict[str, object]:
    """The columns as they are from now on. Raises Unreachable, Refused."""
    stripe_id = account.stripe_id or _opened(account, stripe)
    told = stripe.account(stripe_id)
    found: dict[str, object] = {
        "stripe_id": stripe_id,
        "charges_enabled": told.charges_enabled,
        "details_submitted": told.details_submitted,
        "due": list(told.due),
        "checked_at": now,
        "check_at": now + (CHECK_EVERY if told.charges_enabled else CHECK_UNFINISHED_EVERY),
        "trouble": "",
    }
    has_link = account.link and account.link_until and account.link_until > now + BEFORE_IT_ENDS
    if (told.due or not told.charges_enabled) and not has_link:
        back = settings.SITE_URL + reverse("payments:account")
        found["link"], found["link_until"] = stripe.onboarding_link(
            stripe_id, f"{back}?again=1", f"{back}?back=1"
        )
    return found


def _opened(account: PayoutAccount, stripe: Stripe) -> str:
    """The id of the account, opened now; kept at once, so that no second one is opened. Raises Unreachable, Refused."""
    organization = account.organization
    owner = organization.members.order_by("pk").first()
    found = stripe.create_account(
        account.country, owner.email if owner else "", organization.public_id, _key(account)
    )
    PayoutAccount.objects.filter(pk=account.pk).update(stripe_id=found)
    return found


def _key(account: PayoutAccount) -> str:
    return (
        f"amplistay-account-{account.organization.public_id}-{account.country}-{account.wanted_at:%Y%m%d%H}"
    )
