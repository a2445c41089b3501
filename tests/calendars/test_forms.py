"""Every kind of line that hosts paste, and nights they close by hand."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from pytest_django import Settings

from calendars.forms import FARTHEST, BlockForm, ExportForm, FeedsForm
from properties.models import Property
from tests import cast

AIRBNB = "https://www.airbnb.com/calendar/ical/42.ics?s=abc"
BOOKING = "https://ical.booking.com/v1/export?t=0a1b2c"
VRBO = "http://www.vrbo.com/icalendar/0a1b2c.ics"
DAY = timedelta(days=1)


def form(home: Property, text: str, **data: str) -> FeedsForm:
    found = FeedsForm(home, {"links": text, **data})
    found.is_valid()
    return found


def sentences(home: Property, text: str) -> list[str]:
    """What stands beside the field; no link may be accepted beside it."""
    found = form(home, text)
    assert not found.is_valid()
    return list(found.errors["links"])


@pytest.mark.parametrize(
    ("line", "url", "channel"),
    [
        (AIRBNB, AIRBNB, "airbnb"),
        (BOOKING, BOOKING, "booking"),
        (VRBO, VRBO.replace("http:", "https:"), "vrbo"),
        ("webcal://www.airbnb.com/calendar/ical/42.ics?s=abc", AIRBNB, "airbnb"),
        ("webcals://www.airbnb.com/calendar/ical/42.ics?s=abc", AIRBNB, "airbnb"),
        ("HTTPS://WWW.Airbnb.com/calendar/ical/42.ics?s=abc", AIRBNB, "airbnb"),
        (f"  {AIRBNB}\t", AIRBNB, "airbnb"),
        (AIRBNB.removeprefix("https://"), AIRBNB, "airbnb"),
        ("pms.example.org/feeds/7.ics", "https://pms.example.org/feeds/7.ics", "other"),
        ("https://calendar.google.com/calendar/ical/a%40b/private-1/basic.ics",) * 2 + ("google",),
        ("https://pms.example.org/feeds/7.ics",) * 2 + ("other",),
    ],
)
def test_a_link_is_brought_into_one_form_and_its_channel_recognised(
    home: Property, line: str, url: str, channel: str
) -> None:
    found = form(home, line)
    assert [(new.url, new.channel, new.label) for new in found.feeds] == [(url, channel, "")]


@pytest.mark.parametrize("between", [" ", ": ", " - ", "\t", ", "])
def test_a_name_before_the_link_becomes_its_label(home: Property, between: str) -> None:
    for link in (AIRBNB, AIRBNB.removeprefix("https://")):
        found = form(home, f"Beach house{between}{link}")
        assert [(new.label, new.url) for new in found.feeds] == [("Beach house", AIRBNB)]


def test_many_lines_are_many_links_and_blank_ones_are_skipped(home: Property) -> None:
    found = form(home, f"\n{AIRBNB}\r\n\r\n  \nVrbo {VRBO}\n{BOOKING}\n")
    assert [(new.channel, new.label) for new in found.feeds] == [
        ("airbnb", ""),
        ("vrbo", "Vrbo"),
        ("booking", ""),
    ]


def test_the_label_field_names_links_without_a_name_of_their_own(home: Property) -> None:
    found = form(home, f"{AIRBNB}\nVrbo {VRBO}", label="  Left door ")
    assert [new.label for new in found.feeds] == ["Left door", "Vrbo"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "Fill this in."),
        (" \n \t", "Fill this in."),
        ("airbnb", "Copy the whole iCal link."),
        ("www.airbnb.com", "doesn't begin with https://"),
        ("calendar.ics", "doesn't begin with https://"),
        ("ftp://www.airbnb.com/a.ics", "doesn't begin with https://"),
        ("javascript://alert(1)", "doesn't begin with https://"),
        ("file:///etc/passwd", "doesn't begin with https://"),
        ("https://host:secret@pms.example.org/a.ics", "holds a user name or password"),
        ("https://host@pms.example.org/a.ics", "holds a user name or password"),
        ("https://pms.example.org:8443/a.ics", "unusual port"),
        ("https://localhost/a.ics", "doesn't name a site on the internet"),
        ("https://127.0.0.1/a.ics", "doesn't name a site on the internet"),
        ("https://10.0.0.7/a.ics", "doesn't name a site on the internet"),
        ("https://[::1]/a.ics", "doesn't name a site on the internet"),
        ("https://169.254.169.254/latest/meta-data", "doesn't name a site on the internet"),
        ("https://intranet/a.ics", "doesn't name a site on the internet"),
        ("https:///a.ics", "internet"),
        ("https://pms.example.org/a b.ics", "has a space or a sign"),
        ("https://pms.example.org/a\\b.ics", "has a space or a sign"),
        ("https://pms.example.org/a\u202eb.ics", "has a space or a sign"),
        ("https://pms.example.org/" + "a" * 2100, "longer than a calendar link"),
        ("https://www.airbnb.com/rooms/42", "opens the listing's own page, not its calendar. In Airbnb"),
        (
            "https://www.booking.com/hotel/es/casa.html",
            "opens the listing's own page, not its calendar. In Booking.com",
        ),
        ("http://127.0.0.1:8000/ical/abc/def.ics", "own link"),
    ],
)
def test_a_wrong_line_gets_a_sentence_that_helps(home: Property, line: str, says: str) -> None:
    (found,) = sentences(home, line)
    assert says in found


def test_our_own_export_link_is_refused_with_the_way_round(home: Property, settings: Settings) -> None:
    settings.SITE_URL = "https://stay.example.org"
    (found,) = sentences(home, "https://stay.example.org/ical/abc/def.ics")
    assert "Amplistay's own link" in found


@pytest.mark.parametrize(
    "line",
    [
        "http://stay.example.org",
        "stay.example.org",
        "webcal://stay.example.org",
        "https://STAY.example.org",
        "https://stay.example.org:443",
    ],
)
def test_our_own_export_link_is_known_however_it_is_written(
    home: Property, settings: Settings, line: str
) -> None:
    settings.SITE_URL = "https://stay.example.org"
    (found,) = sentences(home, f"{line}/ical/abc/def.ics")
    assert "Amplistay's own link" in found


def test_a_sentence_names_the_site_of_its_line_and_never_the_secret(home: Property) -> None:
    (found,) = sentences(home, "https://pms.example.org:8443/calendar/feeds/" + "s" * 60)
    assert found.startswith("“https://pms.example.org:8443/…”")
    assert "s" * 20 not in found


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("Casa 1/2 https://pms.example.org:8443/s3cret.ics", "Casa 1/2 https://pms.example.org:8443/…"),
        ("Left door? www.airbnb.com:8443/calendar/ical/s3cret.ics", "Left door? www.airbnb.com:8443/…"),
        ("Apt. 3: ftp://pms.example.org/s3cret", "Apt. 3: ftp://pms.example.org/…"),
        ("https://anna:s3cret@pms.example.org/a.ics", "https://pms.example.org/…"),
        ("https://pms.example.org:8443/a.ics?who=s3cret@example.org", "https://pms.example.org:8443/…"),
        ("https://pms.example.org/a s3cret.ics", "https://pms.example.org/…"),
        ("ical/export?t=s3cret", "ical/…"),
        ("https:///s3cret.ics", "https:///…"),
        ("ftp://pms.example.org", "ftp://pms.example.org"),
        ("my airbnb calendar", "my airbnb calendar"),
    ],
)
def test_a_sentence_keeps_what_the_host_called_the_link_and_hides_the_rest(
    home: Property, line: str, named: str
) -> None:
    (found,) = sentences(home, line)
    assert found.startswith(f"“{named}” ")
    assert "s3cret" not in found


def test_each_wrong_line_gets_its_own_sentence_and_its_number(home: Property) -> None:
    found = sentences(home, f"nonsense\n\n{AIRBNB}\nhttps://www.airbnb.com/rooms/42")
    assert [line.split("”")[0] for line in found] == [
        "Line 1: “nonsense",
        "Line 4: “https://www.airbnb.com/…",
    ]


@pytest.mark.parametrize(
    ("text", "heading"),
    [("nonsense", "One thing needs another look"), ("nonsense\nairbnb\nvrbo", "3 things need another look")],
)
def test_the_summary_counts_what_is_wrong_and_not_the_fields(home: Property, text: str, heading: str) -> None:
    page = render_to_string("forms/summary.html", {"form": form(home, text)})
    assert f"<h2>{heading}</h2>" in page
    assert page.count("<li>") == page.count("<a href=") == len(text.split())


@pytest.mark.parametrize("again", [AIRBNB, AIRBNB.replace("https", "webcal"), f"Again {AIRBNB}"])
def test_a_link_pasted_twice_is_refused(home: Property, again: str) -> None:
    (found,) = sentences(home, f"{AIRBNB}\n{again}")
    assert "is in the list twice." in found


def test_a_link_that_is_already_connected_is_refused_and_another_home_may_have_it(home: Property) -> None:
    cast.a_feed(home, AIRBNB)
    (found,) = sentences(home, AIRBNB)
    assert "already connected" in found
    assert form(cast.a_property(home.organization, "Casa Sants"), AIRBNB).is_valid()


@pytest.mark.parametrize(("count", "fits"), [(20, True), (21, False)])
def test_twenty_links_fit_at_a_time(home: Property, count: int, fits: bool) -> None:
    text = "\n".join(f"https://pms.example.org/{number}.ics" for number in range(count))
    assert form(home, text).is_valid() is fits
    if not fits:
        assert sentences(home, text) == ["Please add at most 20 links at a time."]


def test_more_text_than_any_links_have_is_refused(home: Property) -> None:
    (found,) = sentences(home, "x" * 50_001)
    assert "50000" in found


def test_a_label_that_is_too_long_is_refused(home: Property) -> None:
    assert form(home, AIRBNB, label="x" * 81).errors.keys() == {"label"}


def test_an_export_link_is_for_a_channel_that_exists() -> None:
    assert ExportForm({"channel": "vrbo"}).is_valid()
    assert ExportForm({"channel": "nobody"}).errors.keys() == {"channel"}
    assert ExportForm({"channel": "vrbo", "label": "x" * 81}).errors.keys() == {"label"}


def block(start: object, end: object, **data: str) -> BlockForm:
    return BlockForm(cast.TODAY, {"start": str(start), "end": str(end), **data})


def test_nights_from_today_to_two_years_ahead_can_be_closed() -> None:
    found = block(cast.TODAY, cast.TODAY + FARTHEST)
    assert found.is_valid()
    assert len(found.span) == FARTHEST.days


@pytest.mark.parametrize(
    ("start", "end", "field", "says"),
    [
        (cast.TODAY - DAY, cast.TODAY, "start", "That night is over."),
        (cast.TODAY, cast.TODAY, "end", "after the first night"),
        (cast.TODAY + DAY, cast.TODAY, "end", "after the first night"),
        (cast.TODAY, cast.TODAY + FARTHEST + DAY, "end", "two years ahead"),
        ("", cast.TODAY, "start", "Enter a day."),
        (cast.TODAY, "", "end", "Enter a day."),
        ("2026-02-30", cast.TODAY, "start", "Enter the day as a date, for example 2026-12-06."),
        ("soon", cast.TODAY, "start", "Enter the day as a date, for example 2026-12-06."),
        (cast.TODAY, "9999-12-31", "end", "two years ahead"),
    ],
)
def test_nights_that_cannot_be_closed_get_a_sentence(
    start: object, end: object, field: str, says: str
) -> None:
    found = block(start, end)
    assert not found.is_valid()
    assert list(found.errors) == [field]
    assert says in found.errors[field][0]


def test_a_note_of_more_than_two_hundred_signs_is_refused() -> None:
    assert block(cast.TODAY, cast.TODAY + DAY, note="x" * 201).errors.keys() == {"note"}
