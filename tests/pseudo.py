"""A language that nobody speaks, to see which words a reader of another language would still get in English.

Its texts are the English ones with every letter accented and vowels doubled, so that they are about 40 % longer
and can still be read. It goes by the code of Greek: then months, units and names of countries, which CLDR has, stand in
an alphabet of their own, and plain letters of English are nobody's but those of a text without a mark.
"""

import gettext
import io
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import allauth
import django
from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from django.utils.translation.template import templatize

CODE = "el"
ROOT = Path(__file__).resolve().parent.parent
APPS = (
    "accounts",
    "amplistay",
    "api",
    "calendars",
    "directory",
    "notices",
    "pages",
    "properties",
    "upsells",
    "webhooks",
)
OF_OTHERS = (
    Path(django.__file__).parent / "conf/locale/de",
    Path(django.__file__).parent / "contrib/humanize/locale/de",
    Path(django.__file__).parent / "contrib/auth/locale/de",
    Path(allauth.__file__).parent / "locale/de",
)
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
KEPT = re.compile(r"%\(\w+\)[-\d.]*[a-z]|%[a-z%]|\{[^{}]*\}|<[^<>]+>|&#?\w+;|https?://\S+|\S+@\S+|\n")
LETTERS = str.maketrans("AaCcDdEeGgHhIiJjKkLlNnOoRrSsTtUuWwYyZz", "ÅåÇçĎďÉéĞğĤĥÏïĴĵĶķĻļÑñÖöŔŕŠšŦŧÛûŴŵÝýŽž")
DOUBLED = re.compile(r"([aeinouy])", re.IGNORECASE)


def accented(text: str) -> str:
    """The text in the language: placeholders, tags and addresses as they were."""
    found, at = [], 0
    for kept in KEPT.finditer(text):
        found += [_spoken(text[at : kept.start()]), kept[0]]
        at = kept.end()
    return "".join([*found, _spoken(text[at:])])


def _spoken(text: str) -> str:
    return DOUBLED.sub(lambda letter: letter[1] + letter[1].lower(), text).translate(LETTERS)


def written(folder: Path) -> Path:
    """The folder, now with the catalog of every text that the product, Django and allauth mark."""
    catalog = Catalog(locale=CODE, domain="django")
    for context, ids in {*_ours(), *_theirs()}:
        said = tuple(map(accented, ids))
        catalog.add(ids if len(ids) > 1 else ids[0], said if len(ids) > 1 else said[0], context=context)
    target = folder / CODE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalog)
    return folder


type _Text = tuple[str | None, tuple[str, ...]]


def _ours() -> Iterator[_Text]:
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]
    files += [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    files += [*(ROOT / "domain").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")]
    for path in files:
        source = path.read_text()
        if path.suffix != ".py":
            source = f"({templatize(source, origin=str(path))})"  # in brackets, indents mean nothing
        elif "gettext" not in source:
            continue
        for _line, message, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
            yield context, (message,) if isinstance(message, str) else tuple(filter(None, message))


def _theirs() -> Iterator[_Text]:
    for folder in OF_OTHERS:
        with (folder / "LC_MESSAGES" / "django.mo").open("rb") as file:
            entries = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # gives no list of it
        for key in entries:
            text = key[0] if isinstance(key, tuple) else key
            context, _between, text = text.rpartition("\x04")
            if text and not isinstance(key, tuple):
                yield context or None, (text,)


# What is left in English


SAID_BY = {
    "alt", "aria-description", "aria-label", "aria-roledescription", "hx-confirm", "label", "placeholder", "title",
}  # fmt: skip
SILENT = {"script", "style", "code", "pre", "kbd", "textarea", "template"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BUTTONS = {"submit", "button", "reset"}
TOLD_OF_THE_PAGE = ("description", "title", "alt")
WORD = re.compile(r"\w+")
PLAIN = re.compile(r"[A-Za-z]{2,}")
ADDRESS = re.compile(
    r"https?:\S+|\S+@\S+|[\w-]+(\.[\w-]+)*\.(com|example|org|net|ics|csv|pdf)\b"
    r"|\b[A-Z]\w+/[A-Z]\w+(/\w+)?|/\w+(/[\w.-]*)+"
)


def unmarked(text: str, names: Iterable[str]) -> list[str]:
    """The plain words of a text that are neither names nor parts of addresses and time zones."""
    text = ADDRESS.sub(" ", text)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return [word for word in WORD.findall(text) if PLAIN.fullmatch(word)]


class Said(HTMLParser):
    """Every text that a page says to somebody who reads, hears or shares it, with where it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(page)
        self.close()

    @property
    def _is_silent(self) -> bool:
        return any(silent for _tag, silent in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """What its attributes say, and whether what is in it is meant for readers of this language."""
        has = {name: value or "" for name, value in attrs}
        silent = tag in SILENT or has.get("translate") == "no" or has.get("lang", CODE) != CODE
        if not (silent or self._is_silent):
            self.texts += [(f"{tag} {name}", text) for name, text in has.items() if name in SAID_BY]
            self.texts += [
                (f"{tag} {name}", text)
                for name, text in has.items()
                if name.startswith("data-") and " " in text
            ]
            if tag == "input" and has.get("type") in BUTTONS:
                self.texts.append((tag, has.get("value", "")))
            if tag == "meta" and has.get("name", has.get("property", "")).endswith(TOLD_OF_THE_PAGE):
                self.texts.append((tag, has.get("content", "")))
        if tag not in VOID:
            self._open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        """Closes it, with what was left open in it."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        """A run of text."""
        if not self._is_silent and data.strip():
            self.texts.append((self._open[-1][0] if self._open else "", data))
