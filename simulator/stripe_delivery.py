"""The simulated Stripe's messages on their way: signed, tried again until they are taken, as late as they are told."""

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from simulator import stripe_moves, stripe_subscribing
from simulator import stripe_shapes as shapes
from simulator.stripe_bank import BANK, Bank, Message
from simulator.stripe_keys import DEMO_BILLING_SECRET, DEMO_WEBHOOK_SECRET

TICK_S = 0.2
SAVE_S = 1.0
PATIENCE_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
MOST_TRIES = 20


def signature(payload: bytes, moment: int, secret: str) -> str:
    """The Stripe-Signature header: HMAC-SHA256 of moment, dot and body (docs.stripe.com/webhooks#verify-manually)."""
    signed = hmac.new(secret.encode(), b"%d." % moment + payload, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def attach(app: web.Application) -> None:
    """Have time pass and messages go out while the application runs."""
    app.cleanup_ctx.append(_running)


async def _running(app: web.Application) -> AsyncIterator[None]:
    bank = app[BANK]
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(timeout=timeout) as post:
        tasks = [asyncio.create_task(_work(bank, post)), asyncio.create_task(_keep(bank))]
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
    bank.save()


async def _keep(bank: Bank) -> None:
    while True:
        await asyncio.sleep(SAVE_S)
        bank.save()


async def _work(bank: Bank, post: aiohttp.ClientSession) -> None:
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            stripe_moves.settle(bank)
            stripe_subscribing.settle(bank)
            bank.wake.clear()
            for message in _due(bank):
                task = asyncio.create_task(_deliver(bank, message, post))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bank.wake.wait(), TICK_S)
    finally:
        for task in under_way:
            task.cancel()


def _due(bank: Bank) -> list[Message]:
    """The messages to send now; until they are answered, they aren't due again."""
    now = bank.real()
    found = [message for message in bank.waiting if message.due <= now]
    for message in found:
        message.due = now + PATIENCE_S + LONGEST_PAUSE_S
    return found


async def _deliver(bank: Bank, message: Message, post: aiohttp.ClientSession) -> None:
    for _ in range(message.copies):
        taken = await _sent(bank, message, post)
    message.tries += 1
    bank.dirty = True
    if taken:
        bank.taken(message)
    elif message.tries >= MOST_TRIES:
        message.state = "given up"
    else:
        message.due = bank.real() + min(FIRST_PAUSE_S * 2**message.tries, LONGEST_PAUSE_S)
        return
    if message in bank.waiting:  # unless everything was forgotten meanwhile
        bank.waiting.remove(message)


async def _sent(bank: Bank, message: Message, post: aiohttp.ClientSession) -> bool:
    """Whether the receiver took the message (2xx)."""
    payload = json.dumps(shapes.event(message), indent=2).encode()
    secret = DEMO_BILLING_SECRET if message.of_platform else DEMO_WEBHOOK_SECRET
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(payload, int(bank.real()), secret),
        "User-Agent": "Stripe/1.0 (simulated)",
    }
    try:
        async with post.post(
            bank.address(message), data=payload, headers=headers, allow_redirects=False
        ) as answer:
            return answer.ok and answer.status < web.HTTPMultipleChoices.status_code
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False
