"""The simulated Stripe's pages: the payment page, the guest's bank, and the host's form. Plain forms, no script."""

from collections.abc import Awaitable, Callable
from html import escape

from aiohttp import web

from simulator import stripe_moves as moves
from simulator.page_parts import document
from simulator.stripe_bank import BANK, Account, Link, Payment
from simulator.stripe_cards import CARDS, card_of

NO_DECIMALS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
BANNER = (
    '<p class="banner"><strong>This is a simulation</strong> of Stripe\'s page. No card is charged, no money moves; '
    "only the test cards below work. Never type a real card number here.</p>"
)
WAIT = '<meta http-equiv="refresh" content="1">'


def add_routes(app: web.Application) -> None:
    """Hang the pages into the application that is mounted at /stripe."""
    app.router.add_get("/pay/{session}", _of_payment(pay_page))
    app.router.add_post("/pay/{session}", _of_payment(pay))
    app.router.add_get("/pay/{session}/bank", _of_payment(bank_page))
    app.router.add_post("/pay/{session}/bank", _of_payment(answer))
    app.router.add_get("/connect/{token}", _of_link(form_page))
    app.router.add_post("/connect/{token}", _of_link(onboard))


def _of_payment(
    handler: Callable[[web.Request, Payment], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler of an open payment; any other state is told instead."""

    async def handle(request: web.Request) -> web.StreamResponse:
        bank = request.config_dict[BANK]
        payment = bank.by_session(request.match_info["session"])
        if payment is None:
            return _html("No such payment", "<p>This payment page doesn't exist.</p>", status=404)
        moves.age(bank, payment)
        if payment.session == "complete":
            return _see(payment.success_url.replace("{CHECKOUT_SESSION_ID}", payment.session_id))
        if payment.session == "expired":
            back = _link(payment.cancel_url, "Back")
            return _html(
                "Too late", f"<p>This payment page has expired. Nothing was paid.</p>{back}", status=410
            )
        if payment.intent == "processing":
            return _html("One moment", f"{WAIT}{BANNER}<p>Your card is being checked&hellip;</p>")
        return await handler(request, payment)

    return handle


async def pay_page(request: web.Request, payment: Payment) -> web.Response:
    """What is to be paid, to whom, and the test cards."""
    return _pay_page(request, payment)


def _pay_page(request: web.Request, payment: Payment, status: int = 200) -> web.Response:
    buttons = "".join(
        f'<button name="number" value="{card.number}" class="quiet">{escape(card.title)}<br>'
        f"<small>{' '.join(card.number[place : place + 4] for place in range(0, 16, 4))}</small></button>"
        for card in CARDS.values()
    )
    problem = f'<p class="problem" role="alert">{escape(payment.declined)}</p>' if payment.declined else ""
    host = request.config_dict[BANK].accounts.get(payment.account)
    receiver = f"<p>Paid to {escape(host.email or host.id)}.</p>" if host else ""
    for_whom = f"<p>For {escape(payment.email)}.</p>" if payment.email else ""
    return _html(
        f"{_amount(payment)}",
        f"""{BANNER}{problem}<section><h2>{escape(payment.title)}</h2>{receiver}{for_whom}
        <p>The amount is reserved now, and charged only when it is confirmed.</p></section>
        <section><h2>Pay with a test card</h2><form method="post"><p class="faults">{buttons}</p></form>
        <form method="post" class="row"><label class="wide">Card number
        <input name="number" inputmode="numeric" autocomplete="off" required maxlength="23"
        placeholder="4242 4242 4242 4242"></label><button>Pay {_amount(payment)}</button></form></section>
        {_link(payment.cancel_url, "Back without paying")}""",
        status=status,
    )


async def pay(request: web.Request, payment: Payment) -> web.StreamResponse:
    """A card was given."""
    moves.pay(request.config_dict[BANK], payment, str((await request.post()).get("number", "")))
    if payment.declined:
        return _pay_page(request, payment, web.HTTPPaymentRequired.status_code)
    at_bank = card_of(payment.card).does == "asks"
    return _see(f"{request.path}/bank" if at_bank else request.path)


async def bank_page(request: web.Request, payment: Payment) -> web.StreamResponse:
    """The guest's bank asks (3-D Secure)."""
    if payment.intent != "requires_action":
        return _see(request.path.removesuffix("/bank"))
    return _html(
        "Your bank asks (3-D Secure)",
        f"""{BANNER}<section><p>Did you want to pay {_amount(payment)} for {escape(payment.title)}?</p>
        <form method="post" class="row"><button name="verdict" value="approve">Approve</button>
        <button name="verdict" value="refuse" class="quiet">Refuse</button></form></section>""",
    )


async def answer(request: web.Request, payment: Payment) -> web.StreamResponse:
    """The guest answers the bank."""
    if payment.intent == "requires_action":
        approves = (await request.post()).get("verdict") == "approve"
        moves.answer_bank(request.config_dict[BANK], payment, approves=approves)
    return _see(request.path.removesuffix("/bank"))


def _of_link(
    handler: Callable[[web.Request, Link, Account], Awaitable[web.StreamResponse]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler of a link into the form; one that no longer works leads back to where a new one is made."""

    async def handle(request: web.Request) -> web.StreamResponse:
        bank = request.config_dict[BANK]
        link = bank.links.get(request.match_info["token"])
        if link is None:
            return _html("No such form", "<p>This link doesn't exist.</p>", status=404)
        if link.used or link.expires_at <= bank.now():
            return _see(link.refresh_url)
        return await handler(request, link, bank.accounts[link.account])

    return handle


async def form_page(_request: web.Request, _link: Link, account: Account) -> web.StreamResponse:
    """The host's form: what is still due, and three ways out of it."""
    due = "".join(f"<li>{escape(name)}</li>" for name in account.due)
    return _html(
        "Tell Stripe who you are",
        f"""{BANNER}<section><p>Account {escape(account.id)} of {escape(account.email or "a host")},
        country {escape(account.country)}. Still to be told:</p><ul>{due or "<li>nothing</li>"}</ul>
        <form method="post" class="row"><button name="outcome" value="complete">Complete everything</button>
        <button name="outcome" value="checking" class="quiet">Complete, but Stripe still checks it</button>
        <button name="outcome" value="unfinished" class="quiet">Leave unfinished</button></form></section>""",
    )


async def onboard(request: web.Request, link: Link, account: Account) -> web.StreamResponse:
    """The host leaves the form."""
    link.used = True
    outcome = str((await request.post()).get("outcome", "unfinished"))
    moves.onboard(request.config_dict[BANK], account, outcome)
    return _see(link.return_url)


def _amount(payment: Payment) -> str:
    currency = payment.currency.upper()
    if currency in NO_DECIMALS:
        return f"{payment.amount} {currency}"
    return f"{payment.amount // 100}.{payment.amount % 100:02} {currency}"


def _link(url: str, words: str) -> str:
    return f'<p><a href="{escape(url)}">{words}</a></p>' if url else ""


def _html(title: str, body: str, *, status: int = 200) -> web.Response:
    return web.Response(text=document(title, body), content_type="text/html", status=status)


def _see(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
