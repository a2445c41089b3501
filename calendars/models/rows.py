"""What hangs on a property: the base of its rows, and the one that is locked before its nights change."""

from __future__ import annotations

from django.db import models
from psycopg.types.range import DateRange

from accounts.models import TenantModel
from domain.spans import Span
from properties.models import Property

EMPTY_NIGHTS = DateRange(empty=True)


def date_range(span: Span | None) -> DateRange:
    """The span as PostgreSQL holds it; None is the empty range."""
    return DateRange(span.start, span.end, "[)") if span else EMPTY_NIGHTS


class PropertyRow(TenantModel):
    """A row that hangs on a property of the same organization."""

    property = models.ForeignKey(Property, on_delete=models.CASCADE, related_name="%(class)ss")

    class Meta:
        abstract = True


class Calendar(TenantModel):
    """One per property: the row that is locked before its nights change, and their version."""

    property = models.OneToOneField(Property, on_delete=models.CASCADE, primary_key=True)
    version = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()
