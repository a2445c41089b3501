"""What guests and new hosts read, in the five languages beside English."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.test import Client
from django.urls import reverse
from django.utils.translation.template import templatize

from tests import cast
from upsells.models import StayLink

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["de", "es", "fr", "it", "pt"]
GUEST_FACING = [
    "templates/guest/*.html",
    "templates/guest.html",
    "templates/base.html",
    "templates/4*.html",
    "templates/500.html",
    "templates/components/countdown.html",
    "templates/components/error_page.html",
    "templates/components/language.html",
    "templates/components/messages.html",
    "templates/components/toast.html",
    "templates/forms/*.html",
    "templates/upsells/_message.html",
    "templates/django/forms/**/*.html",
    "upsells/forms.py",
    "upsells/homesheet.py",
    "upsells/letters.py",
    "upsells/models/*.py",
    "upsells/public.py",
    "upsells/receipts.py",
]
ENTRANCE = [
    "accounts/forms.py",
    "templates/account/login.html",
    "templates/account/signup.html",
    "templates/landing.html",
]
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd%]")
COUNTS = {"%(n)s", "%(count)s", "%(hours)s", "%(minutes)s"}
FIRST_QUESTION = {
    "de": "Wann reisen Sie ab?",
    "es": "¿Cuándo es su salida?",
    "fr": "Quand partez-vous\u202f?",
    "it": "Quando parte?",
    "pt": "Quando é o seu check-out?",
}
MORE_NIGHTS = {
    "de": ("1 Nacht mehr", "2 Nächte mehr"),
    "es": ("1 noche más", "2 noches más"),
    "fr": ("1 nuit de plus", "2 nuits de plus"),
    "it": ("1 notte in più", "2 notti in più"),
    "pt": ("Mais 1 noite", "Mais 2 noites"),
}


def file_of(language: str, kind: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"django.{kind}"


def catalog(language: str) -> Catalog:
    with file_of(language, "po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def texts(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The forms of a message in English and in the catalog's language."""
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return ids, strings


def translated(language: str) -> dict[str, tuple[str, ...]]:
    """English text → its forms, of every complete entry."""
    pairs = (texts(message) for message in catalog(language) if message.id)
    return {ids[0]: strings for ids, strings in pairs if all(strings)}


def entries(
    source: io.BytesIO | io.BufferedReader,
) -> dict[tuple[str | None, tuple[str, ...]], tuple[str, ...]]:
    """The texts by context and English words."""
    return {(each.context, texts(each)[0]): texts(each)[1] for each in read_mo(source) if each.id}


def compiled(source: Catalog) -> io.BytesIO:
    """What the complete entries compile to; babel would fill empty plurals with English ones."""
    for message in list(source):
        if message.id and not all(texts(message)[1]):
            source.delete(message.id)
    target = io.BytesIO()
    write_mo(target, source)
    target.seek(0)
    return target


def msgids(path: Path) -> Iterator[str]:
    """Every English text that a template or a module shows through gettext."""
    source = path.read_text()
    if path.suffix == ".html":
        source = f"({templatize(source, origin=str(path))})"  # in brackets, a template's indents mean nothing
    for _line, message, _comments, _context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        yield message if isinstance(message, str) else message[0]


def texts_of(patterns: list[str]) -> set[str]:
    files = [sorted(ROOT.glob(pattern)) for pattern in patterns]
    assert all(files), "a pattern finds no file"
    return {text for found in files for path in found for text in msgids(path)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_compiled_catalog_is_what_its_source_compiles_to(language: str) -> None:
    with file_of(language, "mo").open("rb") as committed:
        found = entries(committed)
    assert len(found) > 100
    assert found == entries(compiled(catalog(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_guess(language: str) -> None:
    assert [message.id for message in catalog(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    checked = 0
    for message in catalog(language):
        ids, strings = texts(message)
        if not message.id or not all(strings):
            continue
        wanted = sorted(PLACEHOLDER.findall(ids[-1]))
        only_of_many = set(wanted) - set(
            PLACEHOLDER.findall(ids[0])
        )  # the English singular does without them, too
        for number, string in enumerate(strings):
            found = sorted(PLACEHOLDER.findall(string))
            is_one = number == 0 and len(strings) > 1
            spared = COUNTS | only_of_many if is_one else set()  # "every hour" names no 1
            assert [each for each in wanted if each not in spared - set(found)] == found, string
            checked += bool(wanted)
    assert checked > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_hosts_guests_or_mails_is_left_in_english(language: str) -> None:
    empty = [
        texts(message)[0][0] for message in catalog(language) if message.id and not all(texts(message)[1])
    ]
    fuzzy = [texts(message)[0][0] for message in catalog(language) if message.id and message.fuzzy]
    assert (empty, fuzzy) == ([], [])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("patterns", [GUEST_FACING, ENTRANCE], ids=["guests", "new hosts"])
def test_everything_they_can_read_is_translated(patterns: list[str], language: str) -> None:
    wanted = texts_of(patterns)
    assert len(wanted) > 20
    assert wanted - translated(language).keys() == set()


def test_the_texts_of_a_template_are_found() -> None:
    found = texts_of(
        ["templates/guest/_options.html", "templates/guest/_what.html", "templates/guest/wait.html"]
    )
    assert {"Choose and continue", "until %(day)s", "Try again in %(n)s minute"} <= found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_guest_is_asked_in_the_language_of_their_browser(
    client: Client, link: StayLink, language: str
) -> None:
    answer = client.get(reverse("guest:stay", args=[link.token]), headers={"Accept-Language": language})
    page = answer.content.decode()
    assert FIRST_QUESTION[language] in page
    assert f'<html lang="{language}"' in page
    assert '<html lang="en"' not in page
    assert "When do you check out?" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_offered_nights_are_counted_as_the_language_does(
    client: Client, link: StayLink, language: str
) -> None:
    feed = cast.a_feed(link.property, last_good_at=cast.NOW)
    cast.an_import(feed, cast.nights(-2, 5))
    cast.an_offer(link.property)
    departure = {"departure": str(cast.TODAY + timedelta(days=3))}
    with time_machine.travel(cast.NOW, tick=False):
        page = client.get(
            reverse("guest:stay", args=[link.token]), departure, headers={"Accept-Language": language}
        )
    for sentence in MORE_NIGHTS[language]:
        assert f"<b>{sentence}</b>" in page.content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_address_is_explained_in_the_language_of_the_browser(
    client: Client, db: None, language: str
) -> None:
    answer = client.get(reverse("guest:stay", args=["no-such-link"]), headers={"Accept-Language": language})
    assert answer.status_code == 404
    (heading,) = translated(language)["There is nothing at this address"]
    assert heading in unescape(answer.content.decode())
