"""`bin/up`: brings everything up, watches it, and takes all of it down again."""

import argparse
import os
import socket
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from launcher.place import TakenError, data_folder, development_secrets, engines, holding, write_holder
from launcher.run import ROOT, Crew, Part, PartError, Screen, Stopped
from simulator.stripe_keys import DEMO_BILLING_SECRET, DEMO_KEY, DEMO_WEBHOOK_SECRET

HOST = "127.0.0.1"
USUAL_PORTS = (8000, 8900)
HIGHEST_PORT = 65_434
READY_SECONDS = 60.0
DEMO_LOGIN = "demo@amplistay.example / demo-stay-longer"  # as seed_demo makes it
DEMO_SPEED = 60  # Airbnb reads our links every 3 to 4 minutes instead of hours
DEMO_SWITCHES = "escapia.unit_numbers=shared,escapia.last_day=departure"  # as the simulated system has it
DEMO_PACE = {
    "POLL_INTERVAL_SECONDS": "60",
    "REMOVAL_WAIT_SECONDS": "60",
    "REMOVAL_WAIT_LONG_SECONDS": "180",
    "ALERT_AFTER_SECONDS": "120",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/up",
        description="Runs Amplistay on this machine: PostgreSQL, Valkey, web, worker, scheduler and demo "
        "channels. DATABASE_URL and REDIS_URL, where set, replace PostgreSQL and Valkey.",
    )
    parser.add_argument(
        "--port", type=port_number, default=USUAL_PORTS[0], help="of the web pages (default: 8000)"
    )
    parser.add_argument("--no-demo", action="store_true", help="no simulated channels and no demo data")
    return parser.parse_args()


def port_number(text: str) -> int:
    """A port that leaves room for the simulator's two, 100 above."""
    port = int(text)
    if not 1 <= port <= HIGHEST_PORT:
        message = f"choose a port between 1 and {HIGHEST_PORT}"
        raise argparse.ArgumentTypeError(message)
    return port


def simulator_port(web: int) -> int:
    return USUAL_PORTS[1] if web == USUAL_PORTS[0] else web + 100


def mail_port(simulator: int) -> int:
    return simulator + 1


def is_free(port: int) -> bool:
    """Whether this port can be listened on."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError:
            return False
    return True


def environment(data: Path, web: int, simulator: int | None) -> dict[str, str]:
    """What the parts get; anything that the caller has set already wins."""
    address = f"http://{HOST}:{web}"
    env = {**development_secrets(data), "DEBUG": "0", "SITE_URL": address}
    env |= {"ALLOWED_HOSTS": f"{HOST},localhost", "READABLE_LOGS": "1"}
    if simulator:
        env |= DEMO_PACE
        env["DEMO"] = "1"
        env |= {"SIMULATOR_URL": f"http://{HOST}:{simulator}", "LOOPBACK_FEED_PORTS": str(simulator)}
        env["MIRROR_SWITCHES"] = DEMO_SWITCHES
        env |= {
            "STRIPE_API_BASE": f"http://{HOST}:{simulator}/stripe",
            "STRIPE_SECRET_KEY": DEMO_KEY,
            "STRIPE_WEBHOOK_SECRETS": DEMO_WEBHOOK_SECRET,
            "BILLING": "1",
            "STRIPE_BILLING_WEBHOOK_SECRETS": DEMO_BILLING_SECRET,
        }
        env |= {"EMAIL_HOST": HOST, "EMAIL_PORT": str(mail_port(simulator)), "EMAIL_USE_TLS": "0"}
    return env | {name: os.environ[name] for name in env if os.environ.get(name)}


def await_answer(crew: Crew, part: Part, port: int, path: str) -> None:
    """Waits until that page answers, if only with 404; raises PartError when it doesn't in time."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        crew.wait(0.1)
        door = HTTPConnection(HOST, port, timeout=2)
        try:
            door.request("GET", path)
            if door.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return
        except (OSError, HTTPException):
            continue
        finally:
            door.close()
    message = f"{part.name} runs, but http://{HOST}:{port}{path} didn't answer within {READY_SECONDS:.0f} s."
    raise PartError(message)


def manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def start_demo(crew: Crew, env: Mapping[str, str], data: Path, port: int) -> None:
    """Starts the simulated channels and fills in the demo data."""
    command = [
        sys.executable,
        "-m",
        "simulator",
        "--port",
        str(port),
        "--state",
        str(data / "simulator.json"),
        "--smtp-port",
        str(mail_port(port)),
        "--speed",
        str(DEMO_SPEED),
        "--stripe-webhook",
        f"{env['SITE_URL']}/stripe/events/",
    ]
    simulator = crew.start("simulator", command, env=env)
    await_answer(crew, simulator, port, "/")
    crew.finish("demo", manage("seed_demo"), env=env)


def start_product(crew: Crew, env: Mapping[str, str], data: Path, port: int) -> None:
    """Starts web, worker and scheduler, and waits until the pages answer."""
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    web += ["--no-ws", "--blocking-threads", "4", "amplistay.wsgi:application"]
    # A development machine may well be a container with root only; Celery's page of advice is for servers.
    calm = "ignore:You're running the worker with superuser privileges"
    celery = [sys.executable, "-W", calm, "-m", "celery", "--quiet", "--app", "amplistay"]
    schedule = str(data / "celerybeat-schedule")
    env = {**env, "DATABASE_ROLE": "amplistay_house"}  # what serves owns no table
    web_part = crew.start("web", web, env=env)
    crew.start("worker", [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"], env=env)
    crew.start("beat", [*celery, "beat", "--loglevel", "INFO", "--schedule", schedule], env=env)
    await_answer(crew, web_part, port, "/healthz")


def greet(screen: Screen, env: Mapping[str, str], data: Path) -> None:
    """Says where everything is."""
    screen.say()
    screen.say(f"  Amplistay runs at   {env['SITE_URL']}")
    if env.get("DEMO"):
        screen.say(f"  Demo log-in         {DEMO_LOGIN}")
        screen.say(f"  Demo channels       {env['SIMULATOR_URL']}")
        screen.say(f"  Demo mail           {env['SIMULATOR_URL']}/api/mails")
        screen.say(f"  Demo Escapia        {env['SIMULATOR_URL']}/escapia/")
        screen.say("  Demo payments       simulated; test cards such as 4242 4242 4242 4242 pay")
        pace = [env[name] for name in DEMO_PACE]
        screen.say(
            f"  Demo pace           links are read every {pace[0]} s; freed nights open after {pace[1]} s,"
        )
        screen.say(
            f"                      many at once after {pace[2]} s (outside the demo: 15 min, 30 min, 4 h);"
        )
        screen.say(
            f"                      the channels read our links {DEMO_SPEED} times as often as real ones"
        )
    screen.say(f"  Data and logs       {data}")
    screen.say("  Stop with           Ctrl-C")
    screen.say()


def run(crew: Crew, data: Path, options: argparse.Namespace) -> None:
    """Runs until somebody stops it or a part dies; raises Stopped or PartError."""
    screen = crew.screen
    simulator = None if options.no_demo else simulator_port(options.port)
    env = environment(data, options.port, simulator)
    write_holder(data, "bin/up", env["SITE_URL"], env)
    with engines(crew, data) as addresses:
        env |= addresses
        write_holder(data, "bin/up", env["SITE_URL"], env)
        screen.say("Bringing the database up to date")
        crew.finish("migrate", manage("migrate", "--verbosity", "0"), env=env)
        crew.finish("static", manage("collectstatic", "--no-input", "--verbosity", "0"), env=env)
        if simulator:
            start_demo(crew, env, data, simulator)
        start_product(crew, env, data, options.port)
        greet(screen, env, data)
        try:
            crew.wait()
        except Stopped:
            screen.say("Stopping")
            raise
        except PartError as death:
            screen.say(f"{death} Stopping the rest.")
            raise
        finally:
            crew.stop(*(part for part in crew.parts if part.log is None))


def taken_ports(options: argparse.Namespace) -> list[str]:
    """A sentence for each port that is in use already."""
    ports = {"the web pages": options.port}
    if not options.no_demo:
        ports["the demo channels"] = simulator_port(options.port)
        ports["the demo's mail"] = mail_port(ports["the demo channels"])
    return [
        f"Port {port}, meant for {purpose}, is taken by another program. "
        f"Choose another: bin/up --port {options.port + 1}"
        for purpose, port in ports.items()
        if not is_free(port)
    ]


def explain(taken: TakenError, data: Path) -> str:
    """What runs already, and how to stop it."""
    holder = taken.holder
    if holder is None:
        return f"Another command is just starting on {data}. Try again in a moment."
    where = f" at {holder.address}" if holder.address else ""
    return (
        f"{holder.command} runs already{where} (pid {holder.pid}, since {holder.since}).\n"
        f"Stop it with Ctrl-C in its terminal, or: kill {holder.pid}"
    )


def main() -> int:
    """The exit status: 0 when somebody stopped it, 1 when it stopped by itself or couldn't start."""
    options, screen, data = arguments(), Screen(), data_folder()
    try:
        with holding(data):
            problems = taken_ports(options)
            if problems:
                screen.say("\n".join(problems))
                return 1
            with Crew(screen) as crew:
                run(crew, data, options)
    except TakenError as taken:
        screen.say(explain(taken, data))
        return 1
    except Stopped:
        screen.say("Stopped.")
        return 0
    except PartError as death:
        screen.say(f"Stopped, because: {death}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
