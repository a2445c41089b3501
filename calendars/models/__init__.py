"""Rows of the ledger: the lock, the feeds and their log, the blocks, the merged nights, the export links."""

from calendars.models.alerts import Alert
from calendars.models.blocks import Block, Busy
from calendars.models.exports import ExportLink, ExportRead, LoopCheck, Readership, Suspension
from calendars.models.feeds import Feed, FeedRead, Server, Snapshot
from calendars.models.rows import Calendar, PropertyRow, date_range

__all__ = [
    "Alert",
    "Block",
    "Busy",
    "Calendar",
    "ExportLink",
    "ExportRead",
    "Feed",
    "FeedRead",
    "LoopCheck",
    "PropertyRow",
    "Readership",
    "Server",
    "Snapshot",
    "Suspension",
    "date_range",
]
