"""Nights, calendars, plans and quotes: pure arithmetic, no Django, no I/O, no clock."""
