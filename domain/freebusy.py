"""Busy times (VFREEBUSY, RFC 5545 §3.6.4) as the entries they would be, so that one reader reads both."""

import re
from collections.abc import Iterator

from domain.prescan import Component, Line

BUSY_TYPE = re.compile(r"(?:^|;)\s*FBTYPE\s*=\s*\"?([^\";]*)", re.IGNORECASE)
FREE = {"FREE"}
TENTATIVE = {"BUSY-TENTATIVE"}


def entries(busy: Component) -> Iterator[Component]:
    """One entry for each period of each FREEBUSY line (§3.8.2.6) that isn't free.

    A type nobody knows is busy (§3.2.9). DTSTART and DTEND of the component are the range that was asked about
    and close nothing; a period without an end or with a broken one is left for the reader to complain about.
    """
    for line in busy.get("FREEBUSY", ()):
        types = {found.strip().upper() for found in BUSY_TYPE.findall(line.params)}
        if types == FREE:
            continue
        for period in line.value.split(","):
            entry = _entry(period, line.params)
            if types == TENTATIVE:
                entry["STATUS"] = [Line("STATUS", "", "TENTATIVE")]
            yield entry | {name: busy[name] for name in ("UID", "SUMMARY") if name in busy}


def _entry(period: str, params: str) -> Component:
    """The dates of an entry that takes a period, which names its end or its duration (§3.3.9)."""
    start, _, end = (part.strip() for part in period.partition("/"))
    name = "DURATION" if end[:1].upper() in ("P", "+", "-") else "DTEND"
    return {"DTSTART": [Line("DTSTART", params, start)], name: [Line(name, params, end)]}
