"""The plans, as data: the only place where our own prices stand.

Both are in one currency, as a customer at Stripe can't be billed in two. The mirror plan closes and mirrors calendars
and sells nothing.
"""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from domain.billing import Plan
from domain.money import Money

CURRENCY = "USD"

HOST = Plan("host", Money(500, CURRENCY), free=1, trial_days=30)
MIRROR = Plan("mirror", Money(100, CURRENCY), least=1_900, trial_days=30, sells=False)

PLANS: Mapping[str, Plan] = {plan.key: plan for plan in (HOST, MIRROR)}
USUAL = HOST.key
CHOICES = ((HOST.key, _("Host")), (MIRROR.key, _("Mirror")))
