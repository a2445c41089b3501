"""Each bar of a chart has its month written under it, in one line and clear of its neighbours, however narrow it is."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.e2e.town import a_town

pytestmark = pytest.mark.browser
MONTHS = 12
LABELS = """() => [...document.querySelectorAll(".bars")].map(chart =>
  [...chart.querySelectorAll(".months > span")].map(place => {
    const text = document.createRange();
    text.selectNodeContents([...place.children].find(each => each.checkVisibility()) ?? place);
    const boxes = [...text.getClientRects()];
    return {lines: boxes.length, left: boxes[0]?.left, right: boxes[0]?.right, height: place.clientHeight};
  }))"""


def test_every_month_is_named_in_one_line_clear_of_the_next(pocket: Page, alice: User) -> None:
    town = a_town(alice)
    for width in (1440, 1024, 390, 320):
        pocket.set_viewport_size({"width": width, "height": 844})
        for path in (town.home.get_absolute_url(), reverse("sales:revenue")):
            pocket.goto(path)
            charts = pocket.evaluate(LABELS)
            assert charts, path
            for labels in charts:
                assert [each["lines"] for each in labels] == [1] * MONTHS, (path, width)
                ends = [each["right"] for each in labels[:-1]]
                starts = [each["left"] for each in labels[1:]]
                assert all(end < start for end, start in zip(ends, starts, strict=True)), (path, width)
                assert max(each["height"] for each in labels) < 30, (path, width)
