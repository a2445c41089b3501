"""The simulator as one asyncio web application, in a process or in a thread of a test."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from simulator import control, escapia_control, feeds, pages, stripe_control, stripe_delivery
from simulator.escapia_state import ESCAPIA, Escapia
from simulator.habits import SPEED
from simulator.importing import Reader
from simulator.keys import CLOCK, DOMAIN, READER, WORLD
from simulator.state import World
from simulator.stripe_bank import BANK, Bank

SHUTDOWN_SECONDS = 1.0


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def application(
    state: Path | None = None,
    domain: str = "localhost",
    clock: Callable[[], datetime] = utc_now,
    speed: float = SPEED,
) -> web.Application:
    """Feeds, control API and pages over the world kept in `state`, and a Stripe and an Escapia kept beside it.

    Channels read `speed` times as often as in life.
    """
    app = web.Application()
    app[WORLD] = World(state)
    app[CLOCK] = clock
    app[DOMAIN] = domain
    app[READER] = Reader(app[WORLD], clock, speed)
    app[BANK] = Bank(state and state.with_suffix(".stripe.json"), clock)
    app[ESCAPIA] = Escapia(state and state.with_suffix(".escapia.json"), clock)
    app.cleanup_ctx.append(_reading)
    stripe_delivery.attach(app)
    app.add_routes(
        [
            web.get("/healthz", _healthy),
            web.get("/bench/{number}.ics", feeds.bench),
            web.get("/rooms/{rental}", feeds.rental),
        ]
    )
    api = control.application()
    stripe_control.add_routes(api)
    escapia_control.add_routes(api)
    app.add_subapp("/api", api)
    app.add_subapp("/stripe", stripe_control.application())
    app.add_subapp("/escapia", escapia_control.application())
    pages.add_routes(app)
    app.router.add_get("/{feed:.*}", feeds.feed)
    return app


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _reading(app: web.Application) -> AsyncIterator[None]:
    reading = asyncio.create_task(app[READER].run())
    yield
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    await app[READER].close()
    app[WORLD].save()


async def serve(
    app: web.Application, host: str, port: int, until: asyncio.Event, on_start: Callable[[str], None]
) -> None:
    """Answer on host and port (0 chooses one) until the event is set; tells `on_start` the address."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0]
        on_start(f"http://{host}:{bound[1]}")
        await until.wait()
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def in_thread(app: web.Application) -> Iterator[str]:
    """The application on a free loopback port, in a thread of this process; yields its address."""
    started = threading.Event()
    addresses: list[str] = []
    loop = asyncio.new_event_loop()
    until = asyncio.Event()

    def tell(address: str) -> None:
        addresses.append(address)
        started.set()

    def run() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(serve(app, "127.0.0.1", 0, until, tell))

    thread = threading.Thread(target=run, name="simulator", daemon=True)
    thread.start()
    if not started.wait(timeout=10):
        message = "The simulator did not start within 10 s."
        raise TimeoutError(message)
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(until.set)
        thread.join(timeout=10)
