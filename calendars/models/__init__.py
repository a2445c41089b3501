"""Rows of the ledger: the lock, feeds and their log, blocks, merged nights, export links, accounts elsewhere."""

from calendars.models.alerts import Alert
from calendars.models.blocks import Block, Busy
from calendars.models.closures import Closure
from calendars.models.connections import Connection, Spending
from calendars.models.exports import ExportLink, ExportRead, LoopCheck, Readership, Suspension
from calendars.models.feeds import Feed, FeedRead, Server, Snapshot
from calendars.models.rows import Calendar, PropertyRow, date_range

__all__ = [
    "Alert",
    "Block",
    "Busy",
    "Calendar",
    "Closure",
    "Connection",
    "ExportLink",
    "ExportRead",
    "Feed",
    "FeedRead",
    "LoopCheck",
    "PropertyRow",
    "Readership",
    "Server",
    "Snapshot",
    "Spending",
    "Suspension",
    "date_range",
]
