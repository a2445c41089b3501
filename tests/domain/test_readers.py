import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.readers import LONGEST, NAMELESS, reader


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Google-Calendar-Importer", "Google Calendar"),
        ("Mozilla/5.0 (compatible; Google-Calendar-Importer/1.0)", "Google Calendar"),
        ("Airbnb-Calendar-Import/1.0", "Airbnb"),
        (
            "Mozilla/5.0 (compatible; AirbnbBot/2)",
            "Mozilla",
        ),  # one word with something else: not surely theirs
        ("Booking.com iCal importer", "Booking.com"),
        ("HomeAway/ical 3", "Vrbo"),
        ("macOS/14.5 (23F79) dataaccessd/1.0", "Apple Calendar"),
        ("Microsoft Exchange/15.20 (ICalendar)", "Outlook"),
        ("Lodgify-iCal/1.0", "Lodgify"),
        ("curl/8.5.0", "curl"),
        ("SomethingNew 4 (linux)", "SomethingNew"),
        ("", NAMELESS),
        ("\r\n\t", NAMELESS),
        ("é/1.0", NAMELESS),
    ],
)
def test_readers_are_called_by_a_name_that_hosts_know(agent: str, name: str) -> None:
    assert reader(agent) == name


@given(st.text(max_size=400))
def test_whatever_it_calls_itself_the_name_is_short_and_printable(agent: str) -> None:
    name = reader(agent)
    assert 0 < len(name) <= LONGEST
    assert name.isprintable()
