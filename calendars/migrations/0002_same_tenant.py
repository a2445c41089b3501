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
    operations = [
        *(statements(table) for table in TABLES),
        migrations.RunSQL(
            "ALTER TABLE calendars_feed ADD CONSTRAINT calendars_feed_of_property UNIQUE (property_id, id);"
            "ALTER TABLE calendars_block ADD CONSTRAINT calendars_block_same_property FOREIGN KEY (property_id, feed_id) "
            "REFERENCES calendars_feed (property_id, id) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE calendars_block DROP CONSTRAINT calendars_block_same_property;"
            "ALTER TABLE calendars_feed DROP CONSTRAINT calendars_feed_of_property",
        ),
    ]
