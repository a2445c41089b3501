"""Samples of Home for the style guide: every kind of step, need, figure, move and channel."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.range import TimestamptzRange

from amplistay.channelhealth import Health, Line
from amplistay.firststeps import FirstSteps, Step
from amplistay.overview import Tile, Turn
from amplistay.takings import DAYS, Takings, curve
from amplistay.urgent import Need, Urgent
from calendars.models import Alert, ExportLink, Feed, Readership
from calendars.nights import Day
from calendars.readership import Readers
from calendars.sentences import advice, headline
from calendars.standing import standing
from domain.channels import CHANNELS
from properties.models import Property
from upsells import doorstep
from upsells.boards import Gap
from upsells.doorstep import Move
from upsells.models import Purchase

SAMPLE = "sample"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAILY = [*(900 * (day % 4 == 0) for day in range(DAYS)), *(1_400 * (day % 5 == 0) for day in range(DAYS))]


def samples(home: Property, now: datetime) -> dict[str, Any]:
    """All that Home is made of; `now` is the clock of what is told as so long ago."""
    return {
        "homes": [home],
        "steps": _steps(),
        "urgent": Urgent(tuple(_needs(home, now)), more=2, unread=1),
        "health": _health(home, now),
        "tiles": list(_tiles(now)),
        "turns": [Turn(_day(home, now), Gap("", "€99", "Free, on sale for €99", "#turns", now.date()), None)],
        "days": [_day(home, now), doorstep.Day(now.date() + timedelta(days=1))],
        "takings": [
            Takings(
                "Sold in 30 days", "€1,284.00", "€980.00 in the 30 days before", "It grows.", curve(DAILY)
            ),
            Takings("Sales in 30 days", "0", "0 in the 30 days before", "", curve([0] * 2 * DAYS)),
        ],
    }


def _steps() -> FirstSteps:
    done = Step("Add a property", "Casa Gràcia", is_done=True)
    now = Step("Paste the sites' calendar links here", "Then only free nights are sold.", is_done=False, href="#fields",
               action="Connect calendars", is_now=True)  # fmt: skip
    later = Step(
        "Set your prices and go live",
        "What a night costs.",
        is_done=False,
        href="#fields",
        action="Set your prices",
    )
    closed = Step("First sale", "Before there is a home, no step has an action.", is_done=False)
    return FirstSteps((done, now, later, closed), is_over=False)


def _needs(home: Property, now: datetime) -> list[Need]:
    alert = Alert(
        kind="failing", property=home, feed=Feed(channel="vrbo"), details={"feed": "Vrbo"}, opened_at=now
    )
    questions = [
        Need(1, 0, f"Marta Puig asks at {home.name}: 2 extra nights", "It is kept free until you answer.", home=home,
             icon="message-circle-question-mark", href="#needs", action="Answer", until=now + left,
             left=words, is_soon=left < 2 * HOUR)
        for left, words in ((HOUR, "1 hour left"), (20 * HOUR, "20 hours left"))
    ]  # fmt: skip
    mail = Need(5, 0, "An e-mail to a@b.example can't be delivered", "Correct the address.", home=home,
                icon="mail-warning", href="#needs", action="See the purchase")  # fmt: skip
    return [*questions, Need(4, 0, headline(alert), advice(alert), alert), *[mail] * 5]


def _day(home: Property, now: datetime) -> doorstep.Day:
    at = now.astimezone(home.house.zone)
    sold = Purchase(property=home, guest_name="Marta Puig", period=TimestamptzRange(now, now + 2 * HOUR))
    leaving = [
        Move(home, at, None, "Marta Puig", sold, HOUR / 2),
        Move(home, at, None, "Ada", None, 6 * HOUR),
    ]
    return doorstep.Day(at.date(), leaving, [Move(home, at + HOUR, None, "Luc Petit")])


def _tiles(now: datetime) -> Iterator[Tile]:
    """A night in each state, and a free one that is on sale."""
    gap = Gap("", "€99", "", "", now.date())
    states = ["free", "free", "closed", "sale", "hold", "held", "host", "yields", "conflict"]
    for number, state in enumerate(states):
        night = now.date() + timedelta(days=number)
        day = Day(night, state, True, number == 0, False, False, (CHANNELS["airbnb"],), True, True)
        yield Tile(day, gap if number == 1 else None, "#nights")


def _health(home: Property, now: datetime) -> Health:
    lines = []
    for key, columns, is_read in (
        ("airbnb", {}, True),
        ("booking", {"held_nights": 3}, False),
        ("vrbo", {"failures": 2, "failing_since": now - HOUR}, True),
    ):
        feed = Feed(channel=key, property=home, public_id=SAMPLE, last_good_at=now - 4 * MINUTE,
                    next_poll_at=now + 9 * MINUTE, last_read_at=now, **columns)  # fmt: skip
        link = ExportLink(channel=key, property=home, public_id=SAMPLE, created_at=now)
        reader = Readership(reader=CHANNELS[key].name, first_at=now, last_at=now - 2 * HOUR)
        known = Readers(link, own=(reader,) if is_read else ())
        lines.append(Line(CHANNELS[key], [(feed, standing(feed, now))], [known], stopped=key == "vrbo"))
    return Health(tuple(lines), unconnected=(home,))
