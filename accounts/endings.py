"""The end of an organization: wished by an owner, undone within fourteen days, or carried out to the last row."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.apps import apps
from django.db import models, router, transaction
from django.utils import translation

from accounts import audit, post, sentences
from accounts.models import Membership, Organization
from domain.roles import Role

log = structlog.get_logger()

OWNERS_LANGUAGE = "en"  # until hosts choose one


def end(organization: Organization, now: datetime) -> None:
    """Let it end after the time of grace, and tell its owners. Ended twice, it ends when it was to end first.

    Until then channels get answers from its links, so that none opens sold nights without anybody's knowing; only
    selling stops at once.
    """
    with transaction.atomic():
        rows = Organization.objects.filter(pk=organization.pk, ends_at=None)
        if not rows.update(ends_at=now + Organization.GRACE):
            return
        owners = Membership.objects.filter(organization=organization, role=Role.OWNER, user__is_active=True)
        with translation.override(OWNERS_LANGUAGE):
            for owner in owners.select_related("organization", "user").order_by("pk"):
                post.write(owner.user.email, sentences.ending(owner), now)


def keep(organization: Organization) -> bool:
    """It doesn't end after all; whether it was to."""
    return bool(Organization.objects.filter(pk=organization.pk).exclude(ends_at=None).update(ends_at=None))


def carry_out(now: datetime) -> int:
    """Delete every organization whose time of grace is over; how many those were."""
    due = Organization.objects.filter(ends_at__lte=now).order_by("pk")
    return sum(_delete(pk, now) for pk in list(due.values_list("pk", flat=True)))


def _delete(pk: int, now: datetime) -> bool:
    """Everything that hangs on it, in one transaction: PostgreSQL checks at its end that nothing is left behind."""
    with transaction.atomic():
        rows = Organization.objects.filter(pk=pk, ends_at__lte=now)
        organization = rows.select_for_update().first()
        if organization is None:
            return False
        audit.forget(organization, now)
        for each in _everything_of(organization):
            each._raw_delete(router.db_for_write(each.model))  # noqa: SLF001 - `delete` heeds PROTECT, row by row
    log.info("organization deleted", organization=pk)
    return True


def _everything_of(organization: Organization) -> Iterator[models.QuerySet[models.Model]]:
    """Its rows in every table, those without its name in them first, and the organization last."""
    named, nameless = [], []
    for model in apps.get_models():
        rows = model._base_manager  # noqa: SLF001 - Django's documented name
        if _refers_to(model, "organization", Organization):
            named.append(rows.filter(organization=organization))
        elif way := next(_ways(model), None):
            nameless.append(rows.filter(**{f"{way}__organization": organization}))
    yield from nameless
    yield from named
    yield Organization._base_manager.filter(pk=organization.pk)  # noqa: SLF001 - as above


def _ways(model: type[models.Model]) -> Iterator[str]:
    """The foreign keys by which a row hangs on one of an organization's."""
    for column in model._meta.concrete_fields:
        parent = column.related_model
        if (
            column.is_relation
            and isinstance(parent, type)
            and _refers_to(parent, "organization", Organization)
        ):
            yield column.name


def _refers_to(model: type[models.Model], name: str, other: type[models.Model]) -> bool:
    """Whether the model has a foreign key of that name to the other."""
    columns = {column.name: column for column in model._meta.concrete_fields}
    return name in columns and columns[name].related_model is other
