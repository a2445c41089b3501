"""XML from systems that we trust, read as if we didn't: no document type, no entities, nothing fetched, no depths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from connectors import api_words
from connectors.contract import BadReply

_DEEPEST = 50
_MOST_ELEMENTS = 2_000_000
_SEPARATOR = "\n"


@dataclass(slots=True)
class Element:
    """An element by its name without a namespace; `text` is what stands directly in it."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def named(self, name: str) -> Iterator["Element"]:
        """Every element of that name inside this one, however deep, in order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            if element is not self and element.name == name:
                yield element
            waiting += reversed(element.children)

    def first(self, name: str) -> "Element | None":
        """The first of them."""
        return next(self.named(name), None)


class _Hostile(Exception):
    """Something that no answer needs."""


class _Tree:
    """Builds elements while expat reads."""

    def __init__(self) -> None:
        self.root = Element("", {})
        self.open = [self.root]
        self.elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if len(self.open) > _DEEPEST or self.elements > _MOST_ELEMENTS:
            raise _Hostile
        local = {key.rpartition(_SEPARATOR)[2]: value for key, value in attributes.items()}
        element = Element(name.rpartition(_SEPARATOR)[2], local)
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        element = self.open.pop()
        element.text = element.text.strip()

    def data(self, text: str) -> None:
        self.open[-1].text += text


def _refuse(*_: object) -> NoReturn:
    raise _Hostile


def read(body: bytes, operation: str) -> Element:
    """The root of a document. Raises BadReply for what isn't well formed, and for any document type or entity."""
    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.data
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _Hostile, ValueError, LookupError) as error:
        detail = f"{operation}: XML {type(error).__name__}"
    else:
        return tree.root.children[0]
    raise BadReply(api_words.ODD, detail=detail)


def written(name: str, attributes: Mapping[str, str], *inside: str) -> str:
    """An element with what stands in it, which is markup already."""
    named = "".join(f" {key}={quoteattr(_sendable(value))}" for key, value in attributes.items())
    return f"<{name}{named}>{''.join(inside)}</{name}>"


def plain(text: str) -> str:
    """Text as markup."""
    return escape(_sendable(text))


def _sendable(text: str) -> str:
    """Without the characters that XML 1.0 can't hold."""
    return "".join(letter for letter in text if letter in "\t\n\r" or (letter >= " " and not _is_odd(letter)))


def _is_odd(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff" or letter in "\ufffe\uffff"
