"""Rows of one tenant can only hang on a property of the same tenant, whatever the application does.

Row-level security doesn't check foreign keys, so the tenant is part of them.
"""

from django.db import migrations

TABLES = ("calendars_calendar", "calendars_feed", "calendars_block", "calendars_busy", "calendars_exportlink")


def statements(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_same_tenant FOREIGN KEY (organization_id, property_id) "
        "REFERENCES properties_property (organization_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_same_tenant",
    )


class Migration(migrations.Migration):
    dependencies = [("calendars", "0001_the_ledger"), ("properties", "0001_homes")]
    operations = [statements(table) for table in TABLES]
