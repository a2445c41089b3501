"""The simulated Stripe's API under /stripe/v1: keys, accounts, idempotency keys, errors and the faults to play.

A key's answer is kept for 24 hours, a 500 as well; the same key with other values is refused, and while its first
request is under way it is answered with 409 (docs.stripe.com/api/idempotent_requests).
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator import stripe_moves as moves
from simulator import stripe_shapes as shapes
from simulator.stripe_bank import BANK, Bank, Payment, Reply
from simulator.stripe_keys import DEMO_KEY
from simulator.stripe_moves import Form, RefusedError, missing
from simulator.stripe_shapes import Shape

MOST_LISTED, USUALLY_LISTED = 100, 10
SERVER_ERROR = 500
DEEPEST_EXPANSION = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, understood."""

    bank: Bank
    account: str
    form: Form
    thing_id: str
    origin: str

    @property
    def expand(self) -> list[str]:
        """The paths to expand."""
        return list(_listed(self.form.get("expand")))


type Act = Callable[[Call], Shape]
type Route = tuple[str, str, Act]


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The values of `a[b][0]=c` as dictionaries in dictionaries; `a[]` counts on from 0."""
    whole: dict[str, Any] = {}
    for name, value in pairs:
        *outer, last = name.replace("]", "").split("[")
        place = whole
        for part in outer:
            found = place.setdefault(part, {})
            if not isinstance(found, dict):
                message = f"Invalid {name}: it has a value already"
                raise RefusedError(message, "", name)
            place = found
        place[last or str(len(place))] = value
    return whole


def _listed(value: object) -> Iterable[str]:
    return value.values() if isinstance(value, dict) else ()


def _payment(call: Call, find: Callable[[str], Payment | None], kind: str) -> Payment:
    payment = find(call.thing_id)
    if payment is None or payment.account != call.account:
        raise missing(kind, call.thing_id)
    moves.age(call.bank, payment)
    return payment


def _session(call: Call) -> Payment:
    return _payment(call, call.bank.by_session, "checkout.session")


def _intent(call: Call) -> Payment:
    return _payment(call, call.bank.by_intent, "payment_intent")


def open_session(call: Call) -> Shape:
    """POST /v1/checkout/sessions."""
    return shapes.session(moves.open_session(call.bank, call.account, call.form, call.origin), call.expand)


def look_at_session(call: Call) -> Shape:
    """GET /v1/checkout/sessions/<id>."""
    return shapes.session(_session(call), call.expand)


def expire_session(call: Call) -> Shape:
    """POST /v1/checkout/sessions/<id>/expire."""
    payment = _session(call)
    moves.expire(call.bank, payment)
    return shapes.session(payment, call.expand)


def list_sessions(call: Call) -> Shape:
    """GET /v1/checkout/sessions, newest first."""
    moves.settle(call.bank)
    created = call.form.get("created", {})
    since, until = int(created.get("gte", 0)), int(created.get("lt", 1 << 40))
    intent_id = call.form.get("payment_intent")
    found = [
        payment
        for payment in reversed(call.bank.payments.values())
        if payment.account == call.account
        and since <= payment.created < until
        and (not intent_id or payment.intent_id == intent_id)
    ]
    expand = shapes.within(call.expand, "data")
    things = [shapes.session(payment, expand) for payment in found]
    return page(call, things, "/v1/checkout/sessions")


def look_at_intent(call: Call) -> Shape:
    """GET /v1/payment_intents/<id>."""
    return shapes.intent(_intent(call), call.expand)


def capture(call: Call) -> Shape:
    """POST /v1/payment_intents/<id>/capture."""
    payment = _intent(call)
    moves.capture(call.bank, payment, call.form)
    return shapes.intent(payment, call.expand)


def cancel(call: Call) -> Shape:
    """POST /v1/payment_intents/<id>/cancel."""
    payment = _intent(call)
    moves.cancel(call.bank, payment)
    return shapes.intent(payment, call.expand)


def refund(call: Call) -> Shape:
    """POST /v1/refunds."""
    intent_id = call.form.get("payment_intent", "")
    payment = call.bank.by_intent(intent_id)
    if payment is None or payment.account != call.account:
        raise missing("payment_intent", intent_id)
    moves.age(call.bank, payment)
    return shapes.refund(payment, moves.refund(call.bank, payment, call.form))


def list_refunds(call: Call) -> Shape:
    """GET /v1/refunds of one payment, newest first."""
    payment = call.bank.by_intent(call.form.get("payment_intent", ""))
    refunds = payment.refunds if payment and payment.account == call.account else []
    things = [shapes.refund(payment, one) for one in reversed(refunds)] if payment else []
    return page(call, things, "/v1/refunds")


def create_account(call: Call) -> Shape:
    """POST /v1/accounts."""
    return shapes.account(moves.create_account(call.bank, call.form))


def look_at_account(call: Call) -> Shape:
    """GET /v1/accounts/<id>."""
    account = call.bank.accounts.get(call.thing_id)
    if account is None:
        message = (
            f"The provided key does not have access to account '{call.thing_id}' (or it does not exist)."
        )
        raise RefusedError(message, "account_invalid", status=403)
    return shapes.account(account)


def create_link(call: Call) -> Shape:
    """POST /v1/account_links."""
    made = moves.create_link(call.bank, call.form)
    return shapes.link(made, f"{call.origin}/stripe/connect/{made.token}", int(call.bank.now()))


def page(call: Call, things: list[Shape], url: str) -> Shape:
    """The part of a list that was asked for."""
    limit = min(int(call.form.get("limit", USUALLY_LISTED)), MOST_LISTED)
    after = call.form.get("starting_after")
    if after:
        places = [place for place, thing in enumerate(things) if thing["id"] == after]
        if not places:
            raise missing("object", after)
        things = things[places[0] + 1 :]
    return shapes.page(things, limit, url)


ROUTES: dict[str, Route] = {
    "sessions.create": ("POST", "/checkout/sessions", open_session),
    "sessions.list": ("GET", "/checkout/sessions", list_sessions),
    "sessions.retrieve": ("GET", "/checkout/sessions/{id}", look_at_session),
    "sessions.expire": ("POST", "/checkout/sessions/{id}/expire", expire_session),
    "intents.retrieve": ("GET", "/payment_intents/{id}", look_at_intent),
    "intents.capture": ("POST", "/payment_intents/{id}/capture", capture),
    "intents.cancel": ("POST", "/payment_intents/{id}/cancel", cancel),
    "refunds.create": ("POST", "/refunds", refund),
    "refunds.list": ("GET", "/refunds", list_refunds),
    "accounts.create": ("POST", "/accounts", create_account),
    "accounts.retrieve": ("GET", "/accounts/{id}", look_at_account),
    "links.create": ("POST", "/account_links", create_link),
}


def add_routes(app: web.Application, routes: Mapping[str, Route]) -> None:
    """Hang the API into the application that is mounted at /stripe."""
    for operation, (method, path, act) in routes.items():
        app.router.add_route(method, f"/v1{path}", _answering(operation, act))
    app.router.add_route("*", "/v1/{rest:.*}", _unknown)


async def _unknown(request: web.Request) -> web.Response:
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    return _response(404, _error(RefusedError(message, status=404)))


def _answering(operation: str, act: Act) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        bank = request.config_dict[BANK]
        try:
            call = await _understood(request, bank)
        except RefusedError as refusal:
            return _response(refusal.status, _error(refusal))
        if bank.take("drop_request", operation):
            return _dropped(request)
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        scope = f"{call.account} {key}" if key else ""
        response = await _once(
            call, operation, act, scope, f"{request.path} {json.dumps(call.form, sort_keys=True)}"
        )
        return _dropped(request) if bank.take("drop_reply", operation) else response

    return handle


async def _understood(request: web.Request, bank: Bank) -> Call:
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if key != DEMO_KEY:
        message = f"Invalid API Key provided: {key[:8]}{'*' * 12}{key[-4:]}"
        raise RefusedError(message, status=401)
    account = request.headers.get("Stripe-Account", "")
    if account and account not in bank.accounts:
        message = (
            f"The provided key '{key[:8]}{'*' * 12}' does not have access to account '{account}' "
            "(or that account does not exist). Application access may have been revoked."
        )
        raise RefusedError(message, "account_invalid", status=403)
    in_query = request.method in {"GET", "DELETE"}
    pairs = request.query.items() if in_query else (await request.post()).items()
    form = nested((name, value) for name, value in pairs if isinstance(value, str))
    if any(path.count(".") >= DEEPEST_EXPANSION for path in _listed(form.get("expand"))):
        message = "You can't expand more than 4 levels of a property."
        raise RefusedError(message, "", "expand")
    return Call(bank, account, form, request.match_info.get("id", ""), str(request.url.origin()))


async def _once(call: Call, operation: str, act: Act, scope: str, asked: str) -> web.Response:
    """The answer; to a known key the one that was kept."""
    bank = call.bank
    if scope in bank.under_way:
        message = "There is currently another in-progress request using this Idempotency-Key."
        return _response(409, _error(_idempotency(message, "idempotency_key_in_use", 409)))
    known = bank.reply_to(scope)
    if known and known.asked != asked:
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        return _response(400, _error(_idempotency(message, "", 400)))
    if known:
        return _response(known.status, known.body, replayed=True)
    if bank.take("too_many", operation):
        return _response(429, _error(RefusedError("Too many requests.", "rate_limit", status=429)))
    status, body, kept = _acted(call, operation, act)
    slow = bank.take("slow", operation)
    if not scope:
        await asyncio.sleep(slow.seconds if slow else 0)
        return _response(status, body)
    if kept:
        bank.replies[scope] = Reply(asked, status, body, bank.now())
        bank.dirty = True
    if slow:
        bank.under_way.add(scope)
        try:
            await asyncio.sleep(slow.seconds)
        finally:
            bank.under_way.discard(scope)
    return _response(status, body)


def _acted(call: Call, operation: str, act: Act) -> tuple[int, Shape, bool]:
    """Status and body, and whether they are kept for the key."""
    broken = RefusedError("Sorry! There was an error while talking to Stripe.", status=SERVER_ERROR)
    broken.kind = "api_error"
    if call.bank.take("error_before", operation):
        return SERVER_ERROR, _error(broken), True
    try:
        if call.bank.take("refused", operation):
            message = "The simulator was told to refuse this."
            raise moves.state(message, "")
        body = act(call)
    except RefusedError as refusal:
        return refusal.status, _error(refusal), refusal.kept
    if call.bank.take("error_after", operation):
        return SERVER_ERROR, _error(broken), True
    return 200, body, True


def _idempotency(message: str, code: str, status: int) -> RefusedError:
    refusal = RefusedError(message, code, status=status)
    refusal.kind = "idempotency_error"
    return refusal


def _error(refusal: RefusedError) -> Shape:
    return {
        "error": shapes.error(str(refusal), kind=refusal.kind, code=refusal.code, param=refusal.param),
    }


def _response(status: int, body: Shape, *, replayed: bool = False) -> web.Response:
    headers = {"Request-Id": f"req_{secrets.token_hex(7)}"}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.json_response(body, status=status, headers=headers)


def _dropped(request: web.Request) -> web.Response:
    """No answer: the connection is gone."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=SERVER_ERROR)
