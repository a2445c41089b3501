"""Days and times in the words of each language."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from properties import dates

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SKELETON = re.compile(r'(?:\|when:|pattern=)"([^"]+)"')
MOMENT = datetime(2026, 12, 6, 9, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "day", "moment", "nights", "monday"),
    [
        ("en", "Sun, 6 Dec 2026", "6 Dec, 09:05", "30 Dec – 2 Jan", 0),
        ("de", "So., 6. Dez. 2026", "6. Dez., 09:05", "30. Dez. – 2. Jan.", 0),
        ("es", "dom, 6 dic 2026", "6 dic, 9:05", "30 dic – 2 ene", 0),
        ("fr", "dim. 6 déc. 2026", "6 déc., 09:05", "30 déc. – 2 janv.", 0),
        ("it", "dom 6 dic 2026", "6 dic, 09:05", "30 dic – 02 gen", 0),
        ("pt", "dom., 6 de dez. de 2026", "6 de dez. 09:05", "30 de dez. – 2 de jan.", 6),
    ],
)
def test_each_language_has_its_own_order_and_marks(
    language: str, day: str, moment: str, nights: str, monday: int
) -> None:
    with translation.override(language):
        told = dates.between(date(2026, 12, 30), date(2027, 1, 2), "MMMd").replace("\u2009", " ")
        assert (dates.day(MOMENT), dates.moment(MOMENT), told) == (day, moment, nights)
        assert dates.first_weekday() == monday


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_every_form_that_a_template_asks_for_exists_in_the_language(language: str) -> None:
    forms = {form for path in TEMPLATES.rglob("*.html") for form in SKELETON.findall(path.read_text())}
    with translation.override(language):
        assert len(forms) > 8
        assert all(dates.when(MOMENT, form) for form in forms)


def test_how_long_ago_is_told_in_the_grammar_of_the_language_and_never_as_more_than_it_was() -> None:
    ago = timedelta(days=2, hours=23)
    with translation.override("de"):
        assert dates.ago(ago) == "vor 2 Tagen"
    assert (dates.ago(ago), dates.whole(timedelta(minutes=119))) == ("2 days ago", "1 hour")
    assert dates.spelt(ago) == "2 days, 23 hours"


def test_a_time_without_a_day_and_nothing_at_all_can_be_told() -> None:
    assert (dates.clock(time(15)), dates.when(None, "MMMd")) == ("15:00", "")
