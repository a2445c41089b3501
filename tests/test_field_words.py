"""At no field of any form does Django's own sentence stand: each says how to put it right."""

import re
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django import forms
from django.urls import get_resolver
from django.utils.functional import Promise
from django.utils.translation import deactivate_all

from properties.forms import PropertyForm
from upsells.forms import GuestForm

CATALOG = Path(django.__file__).parent / "conf" / "locale" / "en" / "LC_MESSAGES" / "django.po"
QUOTED = re.compile(r'^msgid(?:_plural)? ((?:"[^\n]*"\n)+)', re.MULTILINE)
STOCK = {
    "".join(re.findall(r'"(.*)"', found)).replace('\\"', '"').replace("\\n", "\n")
    for found in QUOTED.findall(CATALOG.read_text())
} - {""}
LIBRARIES = ("django.", "rest_framework.", "allauth.")


def forms_of(root: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for each in root.__subclasses__():
        yield each
        yield from forms_of(each)


def raw(sentence: object) -> str:
    """As it stands in the code; of a plural the singular."""
    if isinstance(sentence, Promise) and hasattr(sentence, "_kwargs"):
        return str(sentence._kwargs["singular"])
    return str(sentence)


def ours() -> list[type[forms.BaseForm]]:
    get_resolver().url_patterns  # noqa: B018 - loads every view, and with it every form
    return [form for form in forms_of(forms.BaseForm) if not form.__module__.startswith(LIBRARIES)]


def said_at(field: forms.Field) -> set[str]:
    sentences = {raw(each) for each in field.error_messages.values()}
    for validator in field.validators:
        if message := getattr(validator, "message", None):
            sentences.add(raw(message))
        sentences |= {raw(each) for each in getattr(validator, "messages", {}).values()}
    return sentences


def test_no_field_of_ours_says_what_django_would_say() -> None:
    deactivate_all()
    found = {
        f"{form.__module__}.{form.__name__}.{name}: {sentence}"
        for form in ours()
        for name, field in getattr(form, "base_fields", {}).items()
        for sentence in said_at(field) & STOCK
    }
    assert len(ours()) > 40
    assert "This field is required." in STOCK
    assert sorted(found) == []


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (forms.CharField(), "", "Fill this in."),
        (forms.CharField(max_length=3), "four", "Shorten this to 3 characters; it has 4."),
        (forms.CharField(max_length=1), "no", "Shorten this to 1 character; it has 2."),
        (forms.IntegerField(), "x", "Enter a whole number, for example 3."),
        (forms.IntegerField(min_value=1), "0", "Enter 1 or more."),
        (forms.DecimalField(max_digits=6, decimal_places=2), "1.234", "Enter 2 digits after the point at most."),
        (forms.DateField(), "soon", "Enter the day as a date, for example 2026-12-06."),
        (forms.URLField(assume_scheme="https"), "no link", "Enter the whole address, beginning with https://."),
        (forms.EmailField(), "anna@", "Enter the whole e-mail address, for example anna@example.org."),
        (forms.ChoiceField(choices=[("a", "A")]), "b", "This isn't among the choices, or no longer."),
        (forms.MultipleChoiceField(choices=[("a", "A")]), [], "Choose at least one."),
    ],
)  # fmt: skip
def test_a_field_says_how_to_put_it_right(field: forms.Field, value: object, sentence: str) -> None:
    with pytest.raises(forms.ValidationError) as told:
        field.clean(value)
    assert told.value.messages[0].startswith(sentence)


def test_what_a_form_says_itself_comes_first() -> None:
    assert GuestForm({"name": "", "email": ""}).errors["name"] == ["Enter your name."]
    assert PropertyForm({"name": "", "rate": "x"}).errors["name"] != ["This field is required."]
