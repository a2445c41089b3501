"""A page as a browser has it: when it is there, how much it holds, how it scrolls. Playwright is a tests' package."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.percentiles import slowest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZE = {"width": 1440, "height": 900}
FILLING = "() => document.querySelector('.gap')"
SETTLED = """() => !document.querySelector('.gaps-to-come') && new Promise(done =>
    requestIdleCallback(() => requestIdleCallback(() => done(true))))"""
LCP = """() => new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true}))"""
TTFB = "() => performance.getEntriesByType('navigation')[0].responseStart"
NODES = "() => document.getElementsByTagName('*').length"
SCROLL = """() => new Promise(done => {
    const box = document.querySelector(".board"), frames = [];
    let before = 0, number = 0;
    const step = now => {
        if (before) frames.push(now - before);
        before = now;
        box.scrollLeft += 14;
        window.scrollBy(0, 14);
        if (++number < 120) requestAnimationFrame(step); else done(frames.sort((a, b) => a - b));
    };
    requestAnimationFrame(step);
})"""


def look(path: str, site: str, cookies: dict[str, str], page: str, times: int) -> dict[str, Any]:
    """Milliseconds until the largest part is painted, milliseconds of the 95th percentile of frames in a slanting
    scroll, once all is there and while the last of it comes, and the page's elements; medians of so many cold visits.
    """
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=path, args=FLAGS)
        try:
            visits = [visit(browser, site, cookies, page) for _ in range(times)]
        finally:
            browser.close()
    return {name: round(median(each[name] for each in visits), 1) for name in visits[0]}


def visit(browser: Browser, site: str, cookies: dict[str, str], path: str) -> dict[str, float]:
    """Two cold visits: one is measured when all is there, the other is scrolled before."""
    with arrived(browser, site, cookies, path, SETTLED) as page:
        found = measured(page)
    with arrived(browser, site, cookies, path, FILLING) as page:
        return {**found, "scroll_frame_p95_while_filling_ms": slowest(page.evaluate(SCROLL), 0.95)}


@contextmanager
def arrived(browser: Browser, site: str, cookies: dict[str, str], path: str, then: str) -> Iterator[Page]:
    """The page in a browser that has nothing stored, once that holds."""
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]  # Playwright's own name for two numbers
    context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(site + path)
    page.wait_for_function(then)
    yield page
    context.close()


def measured(page: Page) -> dict[str, float]:
    """What the page tells of itself."""
    frames = page.evaluate(SCROLL)
    return {
        "ttfb_ms": page.evaluate(TTFB),
        "lcp_ms": page.evaluate(LCP),
        "dom_nodes": page.evaluate(NODES),
        "scroll_frame_p50_ms": slowest(frames, 0.5),
        "scroll_frame_p95_ms": slowest(frames, 0.95),
    }
