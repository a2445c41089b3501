"""What eyes would see on a page, measured: barriers, things that overflow or are too small to tap, and who is asked."""

from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDTHS = (320, 390, 768, 1440)
TARGET_PX = 44
axe = Axe()

OVERFLOWS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
SMALL = """least => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .map(each => each.closest("label") ?? each)
    .filter(each => each.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(each => !each.closest(".sr, .skip") && getComputedStyle(each).display !== "inline")
    .filter(each => each.type !== "hidden")
    .map(each => [each.getBoundingClientRect(), each.outerHTML.slice(0, 120)])
    .filter(([box]) => box.width && (box.width < least - 0.5 || box.height < least - 0.5))
    .map(([box, html]) => `${box.width}x${box.height} ${html}`)"""


class Watch:
    """Every request that a page makes."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        self.asked.append(request.url)

    def strangers(self, *ours: str) -> list[str]:
        """The addresses that belong to none of these sites."""
        hosts = {urlsplit(site).netloc for site in ours}
        return [
            url for url in self.asked if not url.startswith("data:") and urlsplit(url).netloc not in hosts
        ]


def barriers(page: Page) -> list[str]:
    """What axe finds, in light and dark; colours that are still changing would have too little contrast."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # both are of its words
        for each in axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]:
            found += [f"{scheme} {each['id']}: {node['html'][:160]}" for node in each["nodes"]]
    page.emulate_media(color_scheme="light")
    return found


def overflows(page: Page) -> list[int]:
    """The widths at which the page scrolls sideways."""
    before = page.viewport_size or PHONE
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": before["height"]})
        if page.evaluate(OVERFLOWS):
            found.append(width)
    page.set_viewport_size(before)
    return found


def flaws(page: Page, least_px: int = TARGET_PX) -> list[str]:
    """All of it for a page as it stands now; nothing when it is well."""
    small = [f"small {each}" for each in page.evaluate(SMALL, least_px)]
    return [*barriers(page), *(f"scrolls sideways at {width}" for width in overflows(page)), *small]
