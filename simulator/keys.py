"""Where the web application keeps what its handlers need."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from simulator.importing import Reader
from simulator.state import World

WORLD = web.AppKey("world", World)
READER = web.AppKey("reader", Reader)
CLOCK: web.AppKey[Callable[[], datetime]] = web.AppKey("clock")
DOMAIN = web.AppKey("domain", str)
