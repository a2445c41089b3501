"""What can be asked of Stripe, each act as the tests do it, and what a failure gives away."""

import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from connectors.stripe_api import Stripe
from domain.payments import Told
from tests.till import HOST, Till, page


def give_back(stripe: Stripe, told: Told, amount: int, key: str, **more: bool) -> Told:
    return stripe.refund(
        HOST,
        told.session_id,
        told.intent_id,
        amount=amount,
        currency="EUR",
        idempotency=key,
        reference="p-1",
        **more,
    )


type Act = Callable[[Stripe, Told], object]
ACTS: dict[str, Act] = {
    "sessions.create": lambda stripe, told: stripe.open_session(HOST, **page("p-2")),
    "sessions.retrieve": lambda stripe, told: stripe.look(HOST, told.session_id),
    "sessions.list": lambda stripe, told: stripe.sessions_since(HOST, datetime.now(UTC) - timedelta(hours=1)),
    "sessions.expire": lambda stripe, told: stripe.expire(HOST, told.session_id),
    "intents.capture": lambda stripe, told: stripe.capture(
        HOST, told.session_id, told.intent_id, "capture:p-1"
    ),
    "intents.cancel": lambda stripe, told: stripe.void(HOST, told.session_id, told.intent_id, "void:p-1"),
    "refunds.create": lambda stripe, told: give_back(stripe, told, 100, "refund:1"),
    "accounts.create": lambda stripe, told: stripe.create_account(
        "ES", "h@example.org", "o-1", "account:o-1"
    ),
    "accounts.retrieve": lambda stripe, told: stripe.account(HOST),
    "links.create": lambda stripe, told: stripe.onboarding_link(
        HOST, "https://a.example", "https://b.example"
    ),
}


def ready(till: Till, operation: str) -> Told:
    """A payment in the state in which the operation is possible."""
    states = {"sessions.expire": till.open, "refunds.create": till.charged}
    return states.get(operation, till.paid)()


def everything_about(failure: BaseException) -> str:
    """What a log, a trace or an error page could show of the failure."""
    chain: BaseException | None = failure
    texts = [
        "".join(traceback.format_exception(failure)),
        repr(failure),
        str(failure),
        repr(pickle.dumps(failure.args)),
    ]
    while chain is not None:
        texts += [repr(chain), repr(vars(chain)), repr(chain.args)]
        chain = chain.__cause__ or chain.__context__
    return "".join(texts)
