"""What is said at a field of any form when nothing better is: how to put it right, in place of Django's sentences.

A field's own `error_messages` still come first; this is the ground under them, for allauth's forms and the operator's
pages too.
"""

from typing import Any

from django import forms
from django.core import validators
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

NOT_LISTED = _("This isn't among the choices, or no longer. Choose one from the list.")
A_DAY = _("Enter the day as a date, for example 2026-12-06.")
A_TIME = _("Enter a time of day, for example 15:00.")
A_NUMBER = _("Enter a number, for example 12.50.")
AN_ADDRESS = _("Enter the whole address, beginning with https://.")
A_FILE = _("Choose a file.")

FIELDS: dict[type[Any], dict[str, Any]] = {
    forms.Field: {"required": _("Fill this in.")},
    forms.IntegerField: {"invalid": _("Enter a whole number, for example 3.")},
    forms.FloatField: {"invalid": A_NUMBER},
    forms.DecimalField: {"invalid": A_NUMBER},
    forms.DateField: {"required": _("Enter a day."), "invalid": A_DAY},
    forms.TimeField: {"required": A_TIME, "invalid": A_TIME},
    forms.DateTimeField: {"invalid": _("Enter day and time, for example 2026-12-06 15:00.")},
    forms.URLField: {"required": AN_ADDRESS, "invalid": AN_ADDRESS},
    forms.EmailField: {"required": _("Enter an e-mail address.")},
    forms.BooleanField: {"required": _("Tick this box to go on.")},
    forms.ChoiceField: {"required": _("Choose one."), "invalid_choice": NOT_LISTED},
    forms.MultipleChoiceField: {
        "required": _("Choose at least one."),
        "invalid_choice": NOT_LISTED,
        "invalid_list": NOT_LISTED,
    },
    forms.ModelChoiceField: {"required": _("Choose one."), "invalid_choice": NOT_LISTED},
    forms.ModelMultipleChoiceField: {
        "required": _("Choose at least one."),
        "invalid_list": NOT_LISTED,
        "invalid_choice": NOT_LISTED,
        "invalid_pk_value": NOT_LISTED,
    },
    forms.FileField: {
        "required": A_FILE,
        "invalid": A_FILE,
        "missing": A_FILE,
        "empty": _("This file is empty. Choose another one."),
        "max_length": ngettext_lazy(
            "The file's name is too long. Shorten it to %(max)d character.",
            "The file's name is too long. Shorten it to %(max)d characters.",
            "max",
        ),
        "contradiction": _("Choose a file or tick the box, not both."),
    },
    forms.ImageField: {
        "invalid_image": _("This file can't be read as a photo. Choose a JPEG, PNG or WebP file.")
    },
    forms.JSONField: {"invalid": _("This can't be read. Load the page again, then try once more.")},
    models.Field: {"unique": _("There is one like this already. Choose another one.")},
}
VALIDATORS: dict[type[Any], Any] = {
    validators.EmailValidator: _("Enter the whole e-mail address, for example anna@example.org."),
    validators.URLValidator: AN_ADDRESS,
    validators.RegexValidator: _("This isn't written as it must be. The hint at the field says how."),
    validators.MinValueValidator: _("Enter %(limit_value)s or more."),
    validators.MaxValueValidator: _("Enter %(limit_value)s or less."),
    validators.StepValueValidator: _("Enter a multiple of %(limit_value)s."),
    validators.MinLengthValidator: ngettext_lazy(
        "Write at least %(limit_value)d character.",
        "Write at least %(limit_value)d characters.",
        "limit_value",
    ),
    validators.MaxLengthValidator: ngettext_lazy(
        "Shorten this to %(limit_value)d character; it has %(show_value)d.",
        "Shorten this to %(limit_value)d characters; it has %(show_value)d.",
        "limit_value",
    ),
    validators.ProhibitNullCharactersValidator: _("It holds a sign that can't be kept. Type it once more."),
}
DIGITS: Any = {
    "invalid": A_NUMBER,
    "max_digits": ngettext_lazy("Enter %(max)s digit at most.", "Enter %(max)s digits at most.", "max"),
    "max_decimal_places": ngettext_lazy(
        "Enter %(max)s digit after the point at most.", "Enter %(max)s digits after the point at most.", "max"
    ),
    "max_whole_digits": ngettext_lazy(
        "Enter %(max)s digit before the point at most.",
        "Enter %(max)s digits before the point at most.",
        "max",
    ),
}


def speak() -> None:
    """From now on; once, when the process starts."""
    for field, words in FIELDS.items():
        field.default_error_messages = vars(field).get("default_error_messages", {}) | words
    for validator, words in VALIDATORS.items():
        validator.message = words
    validators.DecimalValidator.messages = DIGITS
    validators.validate_slug.message = _("Use small letters, figures and hyphens.")
