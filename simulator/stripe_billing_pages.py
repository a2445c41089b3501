"""The simulated Stripe's pages of billing: to subscribe, to change the card, to see and pay an invoice."""

from html import escape

from aiohttp import web

from simulator import stripe_subscribing as moves
from simulator.page_parts import document
from simulator.stripe_bank import BANK
from simulator.stripe_books import Invoice, Joining, Portal
from simulator.stripe_cards import CARDS
from simulator.stripe_pages import BANNER

PAYMENT_REQUIRED = 402


def add_routes(app: web.Application) -> None:
    """Hang the pages into the application that is mounted at /stripe."""
    app.router.add_get("/subscribe/{id}", joining_page)
    app.router.add_post("/subscribe/{id}", join)
    app.router.add_get("/portal/{id}", portal_page)
    app.router.add_post("/portal/{id}", change_card)
    app.router.add_get("/invoice/{id}", invoice_page)
    app.router.add_post("/invoice/{id}", pay)


def _found[Thing](request: web.Request, things: dict[str, Thing]) -> Thing:
    thing = things.get(request.match_info["id"])
    if thing is None:
        raise web.HTTPNotFound(text="This page doesn't exist.")
    return thing


async def joining_page(request: web.Request) -> web.Response:
    """What is subscribed to, and the test cards; done already, on to where it leads."""
    joining = _found(request, request.config_dict[BANK].books.joinings)
    return _see(joining.success_url) if joining.status == "complete" else _joining(joining)


def _joining(one: Joining) -> web.Response:
    price = f"{one.quantity} at {_amount(one.price, one.currency)} a month"
    trial = "<p>Nothing is charged before the trial ends.</p>" if one.trial_end else ""
    body = f"<section><h2>{escape(one.product)}</h2><p>{price}</p>{trial}</section>"
    back = f'<p><a href="{escape(one.cancel_url)}">Back</a></p>'
    return _page("Subscribe", body + _cards(one.declined) + back, one.declined)


async def join(request: web.Request) -> web.Response:
    """A card was given."""
    bank = request.config_dict[BANK]
    joining = _found(request, bank.books.joinings)
    if joining.status == "open":
        moves.join(bank, joining, await _number(request))
    return _see(joining.success_url) if joining.status == "complete" else _joining(joining)


async def portal_page(request: web.Request) -> web.Response:
    """The test cards to choose from."""
    return _portal(_found(request, request.config_dict[BANK].books.portals), "")


def _portal(one: Portal, problem: str) -> web.Response:
    back = f'<p><a href="{escape(one.return_url)}">Back</a></p>'
    return _page("Change the card", _cards(problem) + back, problem)


async def change_card(request: web.Request) -> web.Response:
    """Another card was given."""
    bank = request.config_dict[BANK]
    portal = _found(request, bank.books.portals)
    if moves.change_card(bank, bank.books.customers[portal.customer], await _number(request)):
        return _see(portal.return_url)
    return _portal(portal, "Your card was declined.")


async def invoice_page(request: web.Request) -> web.Response:
    """An invoice; one that is open can be paid."""
    return _invoice(_found(request, request.config_dict[BANK].books.invoices), "")


def _invoice(one: Invoice, problem: str) -> web.Response:
    body = f"<section><p>{_amount(one.amount, one.currency)}: {escape(one.status)}</p></section>"
    cards = _cards(problem) if one.status == "open" else ""
    return _page(f"Invoice {one.number}", body + cards, problem)


async def pay(request: web.Request) -> web.Response:
    """A card was given for an invoice."""
    bank = request.config_dict[BANK]
    invoice = _found(request, bank.books.invoices)
    paid = moves.pay(bank, invoice, await _number(request))
    return _invoice(invoice, "" if paid else "Your card was declined.")


async def _number(request: web.Request) -> str:
    return str((await request.post()).get("number", ""))


def _cards(problem: str) -> str:
    said = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    buttons = "".join(
        f'<button name="number" value="{card.number}" class="quiet">{escape(card.title)}</button>'
        for card in CARDS.values()
    )
    return f'{said}<section><h2>Test cards</h2><form method="post"><p class="faults">{buttons}</p></form></section>'


def _amount(amount: int, currency: str) -> str:
    return f"{amount // 100}.{amount % 100:02} {currency.upper()}"


def _page(title: str, body: str, problem: str) -> web.Response:
    status = PAYMENT_REQUIRED if problem else 200
    return web.Response(text=document(title, BANNER + body), content_type="text/html", status=status)


def _see(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
