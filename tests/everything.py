"""All that the database holds of an organization, asked for in one statement."""

from collections.abc import Collection

from django.apps import apps
from django.db import connection, models

from accounts.models import Organization, TenantModel


def everything_of(
    organization: Organization, but: Collection[type[models.Model]] = ()
) -> dict[str, list[str]]:
    """The organization's rows of each table, as PostgreSQL writes them; without those of the models `but`."""
    asked = [model for model in apps.get_models() if issubclass(model, TenantModel) and model not in but]
    parts = [
        f"SELECT '{model.__name__}', array_agg(here::text ORDER BY {model._meta.pk.column})"  # noqa: S608 - own names
        f' FROM "{model._meta.db_table}" here WHERE organization_id = %s'
        for model in asked
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [organization.pk] * len(asked))
        return {name: rows or [] for name, rows in cursor.fetchall()}
