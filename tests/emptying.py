"""The database after a test that commits: empty again, but for what Django itself puts there.

Django truncates every table and then makes content types and permissions anew, which takes longer than most tests.
"""

from functools import cache

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

KEPT = {ContentType._meta.db_table, Permission._meta.db_table}


@cache
def _tables() -> tuple[str, ...]:
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(map(connection.ops.quote_name, set(found) - KEPT)))


def empty() -> None:
    """Delete all rows of those tables that have some; triggers, which guard foreign keys and the audit log, rest."""
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in _tables())  # noqa: S608 - own names
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(asked)
        full = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in full:
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - own names
