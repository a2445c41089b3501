"""The pieces of the pages: the document around them, month grids, tables and the fault form."""

from datetime import date, datetime, timedelta
from html import escape
from itertools import batched

from simulator.actions import AS_IN_LIFE
from simulator.faults import PLAYS
from simulator.habits import Habit
from simulator.importing import Reader
from simulator.spans import NIGHT, merged
from simulator.world import Booking, Import, Listing

MONTHS_SHOWN = 3

type Closures = list[tuple[date, date, str, str]]


def document(title: str, body: str) -> str:
    """A whole page; the title is HTML already."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/page.css"><link rel="icon" href="data:,"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""


def origins(listing: Listing) -> Closures:
    """Every closure as start, end, CSS class and the reason in words."""
    own = [(*one.span, one.kind, _words(one)) for one in listing.bookings.values()]
    imported = [
        (start, end, "imported", f"Imported from {link.label}")
        for link in listing.imports.values()
        for start, end in merged(link.nights)
    ]
    return sorted([*own, *imported])


def _words(booking: Booking) -> str:
    return "Blocked by the host" if booking.kind == "block" else f"Booked by {booking.guest or 'a guest'}"


def months(listing: Listing, today: date) -> str:
    """Month grids from this month on, each closed night coloured and explained."""
    legend = " ".join(
        f'<span class="{kind}">{words}</span>'
        for kind, words in (("booking", "booked"), ("block", "blocked"), ("imported", "imported"))
    )
    return f'{month_grids(origins(listing), today)}<p class="legend">{legend}</p>'


def month_grids(closures: Closures, today: date) -> str:
    """Month grids from this month on; each closure has a start, an end, a CSS class and its reason in words."""
    first = today.replace(day=1)
    grids = []
    for _ in range(MONTHS_SHOWN):
        grids.append(_month(first, today, closures))
        first = (first + timedelta(days=31)).replace(day=1)
    return f'<div class="months">{"".join(grids)}</div>'


def _month(first: date, today: date, closures: Closures) -> str:
    after = (first + timedelta(days=31)).replace(day=1)
    days = [first + index * NIGHT for index in range((after - first).days)]
    cells = ["<td></td>"] * first.weekday() + [_cell(day, today, closures) for day in days]
    rows = "".join(f"<tr>{''.join(week)}</tr>" for week in batched(cells, 7))
    heads = "".join(f"<th>{name}</th>" for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))
    return (
        f"<table><caption>{first:%B %Y}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(day: date, today: date, closures: Closures) -> str:
    reasons = [(kind, words) for start, end, kind, words in closures if start <= day < end]
    kinds = " ".join([*(["today"] if day == today else []), *(kind for kind, _ in reasons[:1])])
    why = "; ".join(words for _, words in reasons)
    return f'<td class="{kinds}" title="{escape(why or "free")}" data-night="{day}">{day.day}</td>'


def closed_table(listing: Listing) -> str:
    """Every closed run of nights with its reason."""
    rows = "".join(
        f'<tr><td>{start}</td><td>{end}</td><td><span class="{kind}">{escape(words)}</span></td></tr>'
        for start, end, kind, words in origins(listing)
    )
    if not rows:
        return "<p>Every night is free.</p>"
    head = "<tr><th>Closed from</th><th>to (departure)</th><th>Why</th></tr>"
    table = f'<table class="list">{head}{rows}</table>'
    return f"<details><summary>Closed nights as a list</summary>{table}</details>"


def bookings_table(listing: Listing) -> str:
    """Bookings and blocks, each with forms that alter and cancel it."""
    rows = "".join(
        _booking_rows(f"/listings/{listing.id}/bookings/{escape(one.id)}", one)
        for one in sorted(listing.bookings.values(), key=lambda one: one.span)
    )
    head = "<tr><th>Arrival</th><th>Departure</th><th>What</th></tr>"
    return f'<table class="list">{head}{rows}</table>' if rows else "<p>None yet.</p>"


def _booking_rows(address: str, one: Booking) -> str:
    dates, what = f"{one.arrival} to {one.departure}", "stay" if one.kind == "booking" else "block"
    return f"""<tr><td>{one.arrival}</td><td>{one.departure}</td><td>{escape(_words(one))}</td></tr>
    <tr class="alter"><td colspan="3"><details>
    <summary aria-label="Alter or cancel the {what} {dates}">Alter or cancel the {what}</summary>
    <div class="row"><form method="post" action="{address}/alter" class="row">
    <label>Arrival <input type="date" name="arrival" value="{one.arrival}" required></label>
    <label>Departure <input type="date" name="departure" value="{one.departure}" required></label>
    <button>Alter</button></form>
    <form method="post" action="{address}/cancel"><button class="quiet" aria-label="Cancel {dates}">Cancel</button>
    </form></div></details></td></tr>"""


def imported_calendars(listing: Listing, reader: Reader, now: datetime) -> str:
    """Imported calendars: how their last read went, when the next one is due, and what may be done with them."""
    items = "".join(
        f'<li><strong>{escape(link.label)}</strong> <small class="address">{escape(link.url)}</small>'
        f"<br>{escape(link.last_status)}. {_reading(listing, link, reader, now)}"
        f"{_import_forms(f'/listings/{listing.id}/imports/{link.id}', link)}</li>"
        for link in listing.imports.values()
    )
    if not items:
        return ""
    return f"""<ul class="imports">{items}</ul>
    <form method="post" action="/listings/{listing.id}/imports/read" class="row">
    <button class="quiet">Refresh now</button></form>"""


def _reading(listing: Listing, link: Import, reader: Reader, now: datetime) -> str:
    """When the link was read last, and when it is read next."""
    last = f"Last read at {link.last_read:%Y-%m-%d %H:%M:%S} UTC" if link.last_read else "Never read"
    due_at = reader.next_read(listing, link)
    if link.stopped:
        return f"{last}. <strong>Doesn't read it any more.</strong>"
    if due_at is None:
        return f"{last}, next only when told to."
    return f"{last}, next {f'at {due_at:%H:%M:%S} UTC' if due_at > now else 'at any moment'}."


def _import_forms(address: str, link: Import) -> str:
    name = escape(link.label)
    switch, words = ("go-on", "Read it again") if link.stopped else ("stop", "Stop reading it")
    return (
        f'<div class="row"><form method="post" action="{address}/{switch}">'
        f'<button class="quiet" aria-label="{words}: {name}">{words}</button></form> '
        f'<form method="post" action="{address}/remove">'
        f'<button class="quiet" aria-label="Remove {name}">Remove</button></form></div>'
    )


def pace(listing: Listing, reader: Reader, in_life: Habit) -> str:
    """How often the listing reads what it imports, and a form that changes it."""
    interval = listing.import_interval
    own = "only when told to" if interval == 0 else f"every {interval} s, set here"
    words = f"every {reader.habit(listing)}" if interval is None else own
    return f"""<p>Reads <strong>{words}</strong> (in life: every {in_life}).</p>
    <details><summary>Read at another pace</summary>
    <form method="post" action="/listings/{listing.id}/pace" class="row">
    <label>Seconds between reads (0: only when told to) <input name="import_interval" inputmode="numeric"></label>
    <button class="quiet">Set</button>
    <button class="quiet" name="import_interval" value="{AS_IN_LIFE}">As in life, sped up</button></form></details>"""


def export_form(listing: Listing) -> str:
    """What the feed tells of."""
    ticks = "".join(
        f'<label class="tick"><input type="checkbox" name="{name}"{" checked" if ticked else ""}> {words}</label>'
        for name, words, ticked in (
            ("exports_blocks", "Reserved and closed dates (else only reserved ones)", listing.exports_blocks),
            ("reexports_imports", "Also the closed dates that it imported", listing.reexports_imports),
        )
    )
    return f"""<form method="post" action="/listings/{listing.id}/export" class="manners">{ticks}
    <button class="quiet">Export these</button></form>"""


def fault_form(listing: Listing) -> str:
    """A button for every fault, with the one in force marked."""
    current = listing.fault
    left = f", for {current.for_reads} more reads" if current.for_reads else ""
    buttons = "".join(
        f'<button name="mode" value="{mode}" class="{"chosen" if mode == current.mode else "quiet"}">'
        f"{mode.replace('_', ' ')}</button>"
        for mode in PLAYS
    )
    return f"""<p>Now: <strong>{current.mode.replace("_", " ")}</strong>{left}</p>
    <form method="post" action="/listings/{listing.id}/fault"><p class="row">
    <label>For so many reads <input name="for_reads" inputmode="numeric" size="4" placeholder="all"></label>
    <label>Retry-After (s) <input name="retry_after" inputmode="numeric" size="5"></label>
    <label>Redirect to <input name="location"></label></p><p class="faults">{buttons}</p></form>"""
