"""Where somebody is logged in is said in the names of browsers, not in what browsers say of themselves."""

import pytest

from accounts.templatetags.browsers import MOST_UNREAD, browser

ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
SAID = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {ENGINE} Chrome/131.0.0.0 Safari/537.36": "Chrome · Windows",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {ENGINE} Chrome/131.0.0.0 Safari/537.36 Edg/131.0": "Edge · Windows",
    f"Mozilla/5.0 (Linux; Android 14; SM-S911B) {ENGINE} SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36": (
        "Samsung Internet · Android"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1": (
        "Safari · iPhone"
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0": "Firefox · macOS",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0": "Firefox · Linux",
    "curl/8.5.0": "curl/8.5.0",
    "": "?",
}


@pytest.mark.parametrize(("agent", "name"), SAID.items())
def test_a_browser_is_called_by_its_name_and_system(agent: str, name: str) -> None:
    assert browser(agent) == name


def test_what_nobody_knows_is_cut_short() -> None:
    assert browser("x" * 500) == "x" * MOST_UNREAD
