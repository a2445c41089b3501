"""A person without a mouse: they press Tab, Enter, the space bar and the arrows, and type. Nothing here clicks."""

from datetime import date

from playwright.sync_api import Page

FARTHEST = 60  # stops from where one is to what one looks for
# Where the keyboard is: what the stop is called, and what is wrong with it for eyes. They need a ring around it that
# can be seen, and nothing that lies over it.
STOP = """() => {
    const at = document.activeElement, box = at.getBoundingClientRect();
    const words = [at.labels?.[0]?.innerText, at.getAttribute("aria-label"), at.innerText, at.getAttribute("value")];
    const name = (words.find(Boolean) ?? "").replace(/\\s+/g, " ").trim();
    const x = Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1);
    const top = document.elementFromPoint(x, y);
    const ring = (each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2;
    const has_ring = [at, at.closest("label")].some((each) => each && ring(getComputedStyle(each)));
    const is_free = !top || at.contains(top) || top.contains(at);
    const flaw = !has_ring ? "no ring" : box.width < 1 ? "nothing to be seen" : is_free ? "" : "covered";
    const is_page = at !== document.body; // between the last stop and the first lies the browser itself
    return [name, is_page && flaw && `${location.pathname} ${flaw}: ${at.outerHTML.slice(0, 160)}`];
}"""


class Keys:
    """The keyboard at a page, and what was wrong with the stops on the way."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.flaws: list[str] = []

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Letters and digits, as fingers do."""
        self.page.keyboard.type(text)

    def tab(self, name: str, *, back: bool = False) -> None:
        """On to the stop whose name begins so, forward or back. Raises AssertionError where the way is too long."""
        passed = []
        for _step in range(FARTHEST):
            self.press("Shift+Tab" if back else "Tab")
            here, flaw = self.page.evaluate(STOP)
            if flaw:
                self.flaws.append(flaw)
            if here.startswith(name):
                return
            passed.append(here)
        message = f"no stop is called {name!r}; passed: {passed}"
        raise AssertionError(message)

    def enter(self, name: str, text: str) -> None:
        """Go to the field of that name, and type."""
        self.tab(name)
        self.type(text)

    def enter_date(self, name: str, day: date) -> None:
        """Go to the date field of that name, and type the day in the order that this browser asks for."""
        self.tab(name)
        for order in ("%m%d%Y", "%d%m%Y"):
            self.type(f"{day:{order}}")
            if self.page.evaluate("document.activeElement.value") == str(day):
                return
            self.press("ArrowLeft", "ArrowLeft")
        message = f"{name!r} doesn't take {day}"
        raise AssertionError(message)

    def go(self, name: str, *, back: bool = False, key: str = "Enter") -> None:
        """Go to the link or button of that name, press it, and wait for the page it leads to."""
        self.tab(name, back=back)
        with self.page.expect_navigation():
            self.press(key)
