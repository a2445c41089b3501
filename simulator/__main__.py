"""``python -m simulator``: run the simulated channels until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from math import inf
from pathlib import Path

from simulator import smtp
from simulator.habits import SPEED
from simulator.server import application, serve
from simulator.stripe_bank import BANK


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Simulated booking channels")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8900, help="port to listen on (8900; 0 chooses one)")
    parser.add_argument("--state", type=Path, help="JSON file that keeps the bookings over a restart")
    parser.add_argument(
        "--domain", default="localhost", help="what follows airbnb., booking. ... in export links (localhost)"
    )
    parser.add_argument(
        "--speed",
        type=_factor,
        default=SPEED,
        help=f"how many times as often as in life channels read the links pasted into them ({SPEED:g})",
    )
    parser.add_argument(
        "--smtp-port", type=int, help="port of a mail server that keeps what it is sent (none)"
    )
    parser.add_argument(
        "--stripe-webhook",
        metavar="URL",
        help="where the simulated Stripe sends its messages (as before, or nowhere)",
    )
    return parser.parse_args()


def _factor(text: str) -> float:
    factor = float(text)
    if not 0 < factor < inf:
        message = "the speed must be a number above 0"
        raise argparse.ArgumentTypeError(message)
    return factor


async def main() -> None:
    """Serve until a signal asks to stop."""
    chosen = arguments()
    until = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, until.set)
    try:
        app = application(chosen.state, chosen.domain, speed=chosen.speed)
        if chosen.smtp_port is not None:
            smtp.attach(app, chosen.host, chosen.smtp_port)
        if chosen.stripe_webhook:
            app[BANK].options.webhook_url = chosen.stripe_webhook
        await serve(app, chosen.host, chosen.port, until, _announce)
    except (OSError, ValueError, KeyError) as failure:
        sys.exit(f"The simulator can't start: {failure}")


def _announce(address: str) -> None:
    sys.stdout.write(f"Simulated channels at {address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
