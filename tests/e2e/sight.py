"""What eyes would see on a page, measured: barriers, things that overflow or are too small to tap, and who is asked."""

from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Request, ViewportSize

from tests.e2e.contrast import faint

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDTHS = (320, 390, 768, 1440)
TARGET_PX = 44
MOST_SHIFT = 0.02
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"rules": {"color-contrast": {"enabled": False}}},
    "dark": {"runOnly": {"type": "rule", "values": ["link-in-text-block"]}},
}  # what a scheme changes is colours; contrast.py measures what is most of them
AXE = """options => axe.run(document, {resultTypes: ["violations"], selectors: false, ...options})
    .then(found => found.violations.flatMap(
        each => each.nodes.map(node => `${each.id}: ${node.html.slice(0, 160)}`)))"""

OVERFLOWS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
SMALL = """least => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .map(each => each.closest("label") ?? each)
    .filter(each => each.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(each => !each.closest(".sr, .skip") && getComputedStyle(each).display !== "inline")
    .filter(each => each.type !== "hidden")
    .map(each => [each.getBoundingClientRect(), each.outerHTML.slice(0, 120)])
    .filter(([box]) => box.width && (box.width < least - 0.5 || box.height < least - 0.5))
    .map(([box, html]) => `${box.width}x${box.height} ${html}`)"""
NO_TABLES = """() => [...document.querySelectorAll("table")]
    .filter(each => !["table", "none"].includes(getComputedStyle(each).display))
    .map(each => `a table is laid out as ${getComputedStyle(each).display}: ${each.className}`)"""
ARRIVED = "() => !document.querySelector('[data-waits]')"
SHIFT = """() => new Promise(done => {
    let sum = 0;
    const add = list => list.getEntries().forEach(each => { sum += each.value; });
    const watch = new PerformanceObserver(add);
    watch.observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => { watch.takeRecords().length; setTimeout(() => done(sum)); });
})"""
STOPS = """() => {
    const reached = "a[href], button, input, select, textarea, summary, iframe, [tabindex]";
    const groups = new Set();
    return [...document.querySelectorAll(reached)].filter(each => {
        if (each.tabIndex < 0 || each.disabled || each.type === "hidden" || each.closest("[inert]")) return false;
        if (!each.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})) return false;
        if (each.type !== "radio") return true;
        const mates = [...document.getElementsByName(each.name)].filter(other => other.form === each.form);
        return each.checked || (!mates.some(other => other.checked) && mates[0] === each);
    });
}"""
UNSEEN = f"""() => {{
    const stops = ({STOPS})(), found = [];
    const look = each => {{
        const shown = getComputedStyle(each), mate = each.closest("label") ?? each;
        const around = getComputedStyle(mate);
        return [shown, around].map(one => [one.outlineStyle, one.outlineWidth, one.outlineColor, one.boxShadow,
            one.borderColor, one.backgroundColor, one.textDecorationLine].join()).join();
    }};
    for (const each of stops) {{
        if (each.tagName === "IFRAME") continue;
        document.activeElement?.blur();
        const calm = look(each);
        each.focus();
        if (document.activeElement !== each || look(each) === calm)
            found.push(`no ring ${{each.outerHTML.slice(0, 120)}}`);
        const mate = each.closest("label") ?? each, box = mate.getBoundingClientRect();
        const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 40), 1), innerWidth - 1);
        const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 40), 1), innerHeight - 1);
        const top = document.elementFromPoint(x, y);
        if (top && !mate.contains(top) && !top.contains(mate) && !top.closest("label")?.contains(each))
            found.push(`covered by ${{top.outerHTML.slice(0, 60)}}: ${{each.outerHTML.slice(0, 120)}}`);
    }}
    document.activeElement?.blur();
    scrollTo(0, 0);
    return found;
}}"""


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
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for scheme, options in RULES.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme} {each}" for each in page.evaluate(AXE, options)]
        found += [f"{scheme} color-contrast: {html[:160]}" for html in faint(page)]
    page.emulate_media(color_scheme="light")
    return found


def overflows(page: Page, *widths: int) -> list[int]:
    """The ones among these widths at which the page scrolls sideways; the window is as before afterwards."""
    before = page.viewport_size or PHONE
    found = []
    for width in sorted(widths or WIDTHS, key=lambda width: width != before["width"]):
        if width != (page.viewport_size or PHONE)["width"]:
            page.set_viewport_size({"width": width, "height": before["height"]})
        if page.evaluate(OVERFLOWS):
            found.append(width)
    page.set_viewport_size(before)
    return found


def small(page: Page, least_px: int) -> list[str]:
    """What is narrower or lower than that, and to be tapped."""
    return [f"small {each}" for each in page.evaluate(SMALL, least_px)]


def unseen(page: Page) -> list[str]:
    """The stops of the tabulator that show no focus, or that something lies over."""
    page.keyboard.press("Shift")  # from here on the browser takes its user for one with a keyboard
    found: list[str] = page.evaluate(UNSEEN)
    return found


def no_tables(page: Page) -> list[str]:
    """Tables whose columns a style sheet has taken apart, as seen on a desk: a phone's may fold."""
    found: list[str] = page.evaluate(NO_TABLES)
    return found


def stops(page: Page) -> int:
    """How often the tabulator stops on the page."""
    count: int = page.evaluate(f"() => ({STOPS})().length")
    return count


def jumps(page: Page) -> list[str]:
    """By how much things moved while the page came, if by too much; for a page that nobody has touched yet.

    The browser takes the size it was given for a touch and excuses what moves soon after; here that counts.
    """
    page.wait_for_function(ARRIVED)
    shift = page.evaluate(SHIFT)
    return [f"moved by {shift:.3f} while it came"] if shift > MOST_SHIFT else []


def flaws(page: Page, least_px: int = TARGET_PX) -> list[str]:
    """All of it for a page as it stands now; nothing when it is well."""
    return [
        *barriers(page),
        *(f"scrolls sideways at {width}" for width in overflows(page)),
        *small(page, least_px),
    ]
