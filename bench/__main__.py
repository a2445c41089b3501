"""`python -m bench NAME [--json]`: one benchmark, on a database of its own.

DATABASE_URL and REDIS_URL name the engines; what is in them is left alone.
"""

import argparse
import base64
import importlib
import json
import os
import secrets
import signal
import sys
from contextlib import redirect_stdout
from types import FrameType
from typing import Any, NoReturn

import django
import psycopg
import redis
from django.core.management import call_command

from bench.database import own_database
from bench.processes import HOST, BenchError, free_port
from simulator.stripe_keys import DEMO_KEY, DEMO_WEBHOOK_SECRET

MODULES = {
    "calendar": "planner",  # the library has a calendar of its own
    "checkout": "checkout",
    "export": "export",
    "poll": "poll",
    "scale": "scale",
}
LONGEST_S = 260  # the engines need some of the five minutes
USUAL_PROPERTIES = 20_000
LEAST_PROPERTIES = 200
BEHIND_PROXY = frozenset({"checkout"})  # every guest has an address of their own there, as a proxy tells it
BY_SIGNAL = 128  # what a shell adds to a signal's number


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measures one path of Amplistay.")
    parser.add_argument("name", choices=MODULES, metavar="NAME", help=f"one of: {', '.join(MODULES)}")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    parser.add_argument(
        "--properties", type=int, metavar="N", help="of scale: how many the large database has"
    )
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.properties is not None and options.name != "scale":
        parser.error("only scale has --properties")
    if options.properties is not None and options.properties < LEAST_PROPERTIES:
        parser.error(f"--properties: at least {LEAST_PROPERTIES}, or there is nothing to compare")
    return options


def environment(name: str) -> dict[str, str]:
    """What the product needs to run here as in production, but on loopback and with throw-away secrets."""
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "EXPORT_KEYS": secrets.token_urlsafe(32),
    }
    web, channels, mail = free_port(), free_port(), free_port()
    return made | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "DEBUG": "0",
        "DEMO": "0",
        "SITE_URL": f"http://{HOST}:{web}",
        "ALLOWED_HOSTS": HOST,
        "SIMULATOR_URL": f"http://{HOST}:{channels}",
        "LOOPBACK_FEED_PORTS": str(channels),
        "POLL_INTERVAL_SECONDS": "900",
        "BEHIND_PROXY": str(int(name in BEHIND_PROXY)),
        "STRIPE_SECRET_KEY": DEMO_KEY,
        "STRIPE_API_BASE": f"http://{HOST}:{channels}/stripe",
        "STRIPE_WEBHOOK_SECRETS": DEMO_WEBHOOK_SECRET,
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(mail),
        "EMAIL_USE_TLS": "0",
    }


def measure(name: str, **told: Any) -> dict[str, Any]:
    """One benchmark's figures, on a migrated database that is gone afterwards."""
    with own_database(os.environ["DATABASE_URL"]) as address:
        signal.alarm(longest_s(told.get("properties") or 0))
        os.environ.update(environment(name) | {"DATABASE_URL": address})
        django.setup()
        call_command("migrate", verbosity=0)
        # Only now can a module that uses models be imported.
        figures: dict[str, Any] = importlib.import_module(f"bench.{MODULES[name]}").run(**told)
        return figures


def wishes(options: argparse.Namespace) -> dict[str, Any]:
    """What the benchmark is told."""
    usual = LEAST_PROPERTIES if options.quick else USUAL_PROPERTIES
    size = {"properties": options.properties or usual} if options.name == "scale" else {}
    return {"quick": options.quick, **size}


def longest_s(properties: int) -> int:
    """Five minutes, engines included; in proportion where somebody asks for more properties than usual."""
    return LONGEST_S * max(properties, USUAL_PROPERTIES) // USUAL_PROPERTIES


def give_up(_number: int, _frame: FrameType | None) -> NoReturn:
    message = "it took too long"
    raise BenchError(message)


def end(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave in order, from wherever it is just now; a KeyboardInterrupt at the very end would kill it instead."""
    sys.exit(BY_SIGNAL + number)


def main() -> int:
    """The exit status: 0 with figures, 1 with a sentence about why there are none."""
    options = arguments()
    signal.signal(signal.SIGALRM, give_up)
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, end)
    try:
        with redirect_stdout(sys.stderr):
            figures = measure(options.name, **wishes(options))
    except KeyError as missing:
        if missing.args != ("DATABASE_URL",):
            raise
        sys.stderr.write("DATABASE_URL is not set; bin/bench starts engines of its own.\n")
        return 1
    except (BenchError, psycopg.Error, redis.RedisError) as error:
        sys.stderr.write(f"No figures: {error}\n")
        return 1
    print(json.dumps(figures, indent=1) if options.json else lines(figures))
    return 0


def lines(figures: dict[str, Any]) -> str:
    """The figures for people, the notes below them."""
    notes = figures.pop("notes")
    shown = [f"{name:<22} {value}" for name, value in figures.items()]
    return "\n".join([*shown, "", *(f"{name:<22} {value}" for name, value in notes.items())])


if __name__ == "__main__":
    sys.exit(main())
