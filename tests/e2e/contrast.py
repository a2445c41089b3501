"""Whether what is written can be read on what lies behind it, measured by axe; once for all texts that look the same.

axe's verdict follows from a text's colour, size and weight and from what is painted behind the middle of its lines. So
every text's looks are written down; one text of each look that axe hasn't passed yet is measured, and where that one
isn't passed, all that look so. A look holds the colours themselves, so it means the same on every page, at every width
and in both schemes.
"""

from playwright.sync_api import Page

LOOKS = """() => {
    const words = each => [...each.childNodes].filter(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const boxes = each => {
        if (each.matches("input, select, textarea")) return [...each.getClientRects()];
        const range = document.createRange();
        return words(each).flatMap(node => { range.selectNodeContents(node); return [...range.getClientRects()]; });
    };
    const clear = /^(transparent|rgba\\(.*, 0\\)|.*\\/ 0\\))$/;
    const painted = [], texts = [], haze = new Map();
    for (const each of document.querySelectorAll("*")) {
        const style = getComputedStyle(each);
        const own = [style.opacity, style.filter, style.mixBlendMode].join();
        haze.set(each, (haze.get(each.parentElement) ?? "") + (own === "1,none,normal" ? "" : `(${own})`));
        const paint = [style.backgroundColor, style.backgroundImage, style.backgroundClip];
        if (!clear.test(paint[0]) || paint[1] !== "none")
            painted.push([each, [...each.getClientRects()],
                [...paint, style.position, style.zIndex, haze.get(each)].join()]);
        if (!each.matches("input, select, textarea") && !words(each).length) continue;
        const box = each.getBoundingClientRect();
        if (box.width > 1 && box.height > 1 && box.right + scrollX > 0 && box.bottom + scrollY > 0
            && each.checkVisibility({visibilityProperty: true, opacityProperty: true}))
            texts.push([each, [style.color, style.fontSize, style.fontWeight, style.textShadow,
                style.webkitTextStroke, style.webkitTextFillColor, haze.get(each)].join()]);
    }
    const holds = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
    const behind = (text, box) => {
        const x = box.left + box.width / 2, y = box.top + box.height / 2;
        return painted.map(([each, its, paint]) => {
            const is_around = each.contains(text), is_there = its.some(one => holds(one, x, y));
            return is_around || is_there ? `${is_around} ${is_there} ${paint}` : "";
        }).filter(Boolean).join("; ");
    };
    const looks = window.looks = new Map();
    for (const [text, ink] of texts) {
        const look = [ink, ...new Set(boxes(text).map(box => behind(text, box)))].join("\\n");
        looks.set(look, [...looks.get(look) ?? [], text]);
    }
    return [...looks.keys()];
}"""  # axe, too, looks at what lies at the middle of each line
MEASURE = """async wanted => {
    const html = [], fine = new Set(), texts = wanted.map(look => window.looks.get(look));
    const measure = async some => {
        if (!some.length) return;
        const told = await axe.run({include: some}, {resultTypes: ["violations", "passes"], elementRef: true,
            runOnly: ["color-contrast"]});
        for (const each of told.passes.flatMap(rule => rule.nodes)) fine.add(each.element);
        html.push(...told.violations.flatMap(rule => rule.nodes).map(node => node.html));
    };
    await measure(texts.map(([first]) => first));
    const passed = wanted.filter((_, at) => fine.has(texts[at][0]));
    await measure(texts.filter(([first]) => !fine.has(first)).flatMap(([, ...others]) => others));
    return [passed, [...new Set(html)]];
}"""
_passed: set[str] = set()


def faint(page: Page) -> list[str]:
    """The texts that have too little contrast, as HTML, on a page that has axe."""
    looks: list[str] = page.evaluate(LOOKS)
    wanted = [look for look in looks if look not in _passed]
    if not wanted:
        return []
    told: tuple[list[str], list[str]] = page.evaluate(MEASURE, wanted)
    passed, found = told
    _passed.update(passed)
    return found
