import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels import CHANNELS
from domain.readers import LONGEST, NAMELESS, VISITORS, counted, is_stranger, reader


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
        ("WhatsApp/2.23.20.0 A", "WhatsApp"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("TelegramBot (like TwitterBot)", "TelegramBot"),
        ("Mozilla/5.0 (Macintosh) facebookexternalhit/1.1 Facebot Twitterbot/1.0", "facebookexternalhit"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "UptimeRobot"),
        ("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", "Pingdom"),
        ("Airbnb/1.0 curl/7.64.1", "Airbnb"),
        ("libcurl-agent/1.0", "libcurl-agent"),
        ("python-requests/2.32.3", "python-requests"),
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


def test_what_opens_an_address_that_was_sent_or_is_watched_is_no_channel() -> None:
    for name in ("WhatsApp", "Googlebot", "UptimeRobot", "curl", "Wget", "HTTPie", "PostmanRuntime"):
        assert name in VISITORS
        assert all(is_stranger(name, channel) for channel in CHANNELS.values()), name
    assert all(reader(f"{name}/1.0") == name for name in VISITORS)


@pytest.mark.parametrize(
    ("channel", "names", "found"),
    [
        ("airbnb", {"Java", "New", "?", "curl", "Thunderbird"}, {"Java", "New", "?"}),
        ("airbnb", {"Java", "New", "?", "curl", "Airbnb"}, {"Airbnb"}),
        ("airbnb", {"Java", "Booking.com"}, {"Java"}),
        ("vrbo", {"Java", "Expedia"}, {"Expedia"}),
        ("other", {"Java", "Google Calendar", "WhatsApp"}, {"Java", "Google Calendar"}),
        ("airbnb", {"WhatsApp"}, set()),
    ],
)
def test_a_library_may_be_the_channel_until_the_channel_says_its_name(
    channel: str, names: set[str], found: set[str]
) -> None:
    assert counted(names, CHANNELS[channel]) == found
