"""The pieces of the pages: the document around them, month grids, tables and the fault form."""

from datetime import date, timedelta
from html import escape
from itertools import batched

from simulator.faults import PLAYS
from simulator.spans import NIGHT, merged
from simulator.world import Booking, Listing

MONTHS_SHOWN = 3


def document(title: str, body: str) -> str:
    """A whole page; the title is HTML already."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/page.css"><link rel="icon" href="data:,"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""


def origins(listing: Listing) -> list[tuple[date, date, str, str]]:
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
    closures = origins(listing)
    first = today.replace(day=1)
    grids = []
    for _ in range(MONTHS_SHOWN):
        grids.append(_month(first, today, closures))
        first = (first + timedelta(days=31)).replace(day=1)
    legend = " ".join(
        f'<span class="{kind}">{words}</span>'
        for kind, words in (("booking", "booked"), ("block", "blocked"), ("imported", "imported"))
    )
    return f'<div class="months">{"".join(grids)}</div><p class="legend">{legend}</p>'


def _month(first: date, today: date, closures: list[tuple[date, date, str, str]]) -> str:
    after = (first + timedelta(days=31)).replace(day=1)
    days = [first + index * NIGHT for index in range((after - first).days)]
    cells = ["<td></td>"] * first.weekday() + [_cell(day, today, closures) for day in days]
    rows = "".join(f"<tr>{''.join(week)}</tr>" for week in batched(cells, 7))
    heads = "".join(f"<th>{name}</th>" for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))
    return (
        f"<table><caption>{first:%B %Y}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(day: date, today: date, closures: list[tuple[date, date, str, str]]) -> str:
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
    """Bookings and blocks, each with a button that cancels it."""
    rows = "".join(
        f"<tr><td>{one.arrival}</td><td>{one.departure}</td><td>{escape(_words(one))}</td><td>"
        f'<form method="post" action="/listings/{listing.id}/bookings/{escape(one.id)}/cancel">'
        f'<button class="quiet" aria-label="Cancel {one.arrival} to {one.departure}">Cancel</button>'
        "</form></td></tr>"
        for one in sorted(listing.bookings.values(), key=lambda one: one.span)
    )
    head = "<tr><th>Arrival</th><th>Departure</th><th>What</th><th></th></tr>"
    return f'<table class="list">{head}{rows}</table>' if rows else "<p>None yet.</p>"


def imports_table(listing: Listing) -> str:
    """Imported calendars with the outcome of their last read."""
    rows = "".join(
        f'<tr><td>{escape(link.label)}<br><small class="address">{escape(link.url)}</small></td>'
        f"<td>{escape(link.last_status)}"
        f"<br><small>{f'{link.last_read:%Y-%m-%d %H:%M:%S} UTC' if link.last_read else ''}</small></td><td>"
        f'<form method="post" action="/listings/{listing.id}/imports/{link.id}/remove">'
        f'<button class="quiet" aria-label="Remove {escape(link.label)}">Remove</button></form></td></tr>'
        for link in listing.imports.values()
    )
    if not rows:
        return ""
    pace = (
        f"Read every {listing.import_interval} s." if listing.import_interval else "Read only when told to."
    )
    return f"""<table class="list"><tr><th>Calendar</th><th>Last read</th><th></th></tr>{rows}</table>
    <form method="post" action="/listings/{listing.id}/imports/read" class="row">
    <button class="quiet">Refresh now</button> <small>{pace}</small></form>"""


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
