"""What guests get back who cancel, at one property."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import TenantQuerySet
from calendars.models import PropertyRow


class CancelTerms(PropertyRow):
    """The tiers of a property: [hours before the bought time begins, percent back]; each holds from its notice on.

    They count for what is bought from then on: a purchase keeps those that its guest was shown. `automatic` when a
    guest who asks gets their tier at once, without the host's word.
    """

    USUAL: ClassVar[list[list[int]]] = [[48, 100], [24, 50]]

    tiers = models.JSONField(default=list, blank=True)
    automatic = models.BooleanField(default=True)

    objects: ClassVar[TenantQuerySet[CancelTerms]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["property"], name="one_set_of_cancel_terms_of_a_property"),
        ]
