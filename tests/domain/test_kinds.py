"""Why time is closed, told from labels, UIDs and shapes; it never changes what is closed."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.events import Kind
from domain.house import House
from domain.ics import Reading, Window, read
from domain.kinds import by_summary
from tests.domain.odd_feeds import busy

FEEDS = Path(__file__).parent / "feeds"
TODAY = date(2026, 11, 21)
WINDOW = Window(TODAY - timedelta(30), TODAY + timedelta(730))
HOUSE = House(ZoneInfo("Europe/Madrid"))


def kinds(name: str, channel: str = "") -> list[tuple[str, Kind]]:
    found = read((FEEDS / f"{name}.ics").read_bytes(), HOUSE, WINDOW, channel=channel, today=TODAY)
    return [(f"{event.start:%m-%d}", event.kind) for event in found.events]


def reading(*events: tuple[str, str, str], extra: str = "") -> Reading:
    lines = [
        f"BEGIN:VEVENT\r\nSUMMARY:{summary}\r\nDTSTART;VALUE=DATE:{start}\r\nDTEND;VALUE=DATE:{end}\r\n{extra}END:VEVENT"
        for summary, start, end in events
    ]
    body = "\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""]).encode()
    return read(body, HOUSE, WINDOW, today=TODAY)


def test_airbnb_blocks_are_told_apart_by_their_shape() -> None:
    assert kinds("airbnb", "airbnb") == [
        ("11-19", Kind.RESERVATION),
        ("11-21", Kind.ADVANCE_NOTICE),
        ("12-01", Kind.RESERVATION),
        ("12-05", Kind.GAP),
        ("12-07", Kind.RESERVATION),
        ("12-10", Kind.PREPARATION),
        ("01-01", Kind.BLOCK),
        ("05-20", Kind.BOOKING_WINDOW),
    ]
    assert kinds("airbnb") == kinds("airbnb", "airbnb")


def test_a_whole_year_closed_on_airbnb_is_a_block_and_not_its_booking_window() -> None:
    (event,) = reading(("Airbnb (Not available)", "20261121", "20271122")).events
    assert event.kind is Kind.BLOCK


def test_booking_com_does_not_say_why_anything_is_closed() -> None:
    assert {kind for _, kind in kinds("booking", "booking")} == {Kind.BLOCK}
    assert by_summary("closed - a name") is Kind.RESERVATION


def test_vrbo_is_read_in_its_own_languages() -> None:
    assert [kind for _, kind in kinds("abritel", "vrbo")] == [Kind.RESERVATION, Kind.BLOCK, Kind.TENTATIVE]


def test_expedia_and_ownerrez_name_their_reservations() -> None:
    assert [kind for _, kind in kinds("expedia")] == [Kind.BLOCK, Kind.RESERVATION]
    assert [kind for _, kind in kinds("ownerrez")] == [Kind.RESERVATION]


def test_guesty_s_blocks_are_told_apart_by_their_uid() -> None:
    assert [kind for _, kind in kinds("guesty", "guesty")] == [
        Kind.ADVANCE_NOTICE, Kind.BLOCK, Kind.OWNER, Kind.BOOKING_WINDOW,
    ]  # fmt: skip


def test_smoobu_s_three_events_of_a_stay_are_one_stay() -> None:
    found = read((FEEDS / "smoobu.ics").read_bytes(), HOUSE, WINDOW, channel="smoobu", today=TODAY)
    assert [event.uid for event in found.events] == ["stay-1@smoobu.com", "out-2@smoobu.com"]
    assert date(2026, 12, 5) not in found.nights
    assert date(2026, 12, 20) in found.nights


def test_a_check_out_label_without_its_stay_and_check_in_keeps_its_night_closed() -> None:
    lone = reading(("Check-out: A", "20261205", "20261206"), ("A", "20261201", "20261205"))
    assert date(2026, 12, 5) in lone.nights


def test_another_stay_on_the_day_of_a_check_out_stays_closed() -> None:
    found = reading(
        ("Check-in A", "20261201", "20261202"), ("A", "20261201", "20261205"), ("Check-out A", "20261205", "20261206"),
        ("Check-in B", "20261205", "20261206"), ("B", "20261205", "20261206"), ("Check-out B", "20261206", "20261207"),
    )  # fmt: skip
    assert found.nights == {date(2026, 12, day) for day in range(1, 6)}


def test_a_tentative_status_is_told_and_closes() -> None:
    (event,) = reading(("Maybe", "20261201", "20261203"), extra="STATUS:TENTATIVE\r\n").events
    assert (event.kind, event.nights is not None) == (Kind.TENTATIVE, True)


def test_a_busy_time_is_a_block_a_tentative_one_or_hours() -> None:
    lines = ("BUSY:20261201T150000Z/PT18H", "BUSY-UNAVAILABLE:20261205T150000Z/PT18H",
             "BUSY-TENTATIVE:20261210T150000Z/PT18H", "BUSY-TENTATIVE:20261215T110000Z/PT1H")  # fmt: skip
    found = read(busy(*(f"FREEBUSY;FBTYPE={line}" for line in lines)), HOUSE, WINDOW, today=TODAY)
    assert [event.kind for event in found.events] == [Kind.BLOCK, Kind.BLOCK, Kind.TENTATIVE, Kind.HOURS]
    assert {event.uid for event in found.events} == {"a"}


@pytest.mark.parametrize(
    ("summary", "kind"),
    [("Reserved - Ana", Kind.RESERVATION), ("Réservée", Kind.RESERVATION), ("Reservado", Kind.RESERVATION),
     ("Gebucht", Kind.RESERVATION), ("Provisoire - Alix", Kind.TENTATIVE), ("PENDING", Kind.TENTATIVE),
     ("Closed Period", Kind.BLOCK), ("BLOCKED", Kind.BLOCK), ("Unavailable on Expedia", Kind.BLOCK),
     ("Blocked by Guesty", Kind.BLOCK), ("Not available", Kind.BLOCK), ("Owner stay", Kind.OWNER),
     ("Ana Example", Kind.BLOCK), ("", Kind.BLOCK), ("Reservedness", Kind.BLOCK)],
)  # fmt: skip
def test_labels_are_recognised_in_any_case(summary: str, kind: Kind) -> None:
    assert by_summary(summary.casefold()) is kind
    assert by_summary(summary.upper().casefold()) is kind
