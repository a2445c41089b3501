"""Rows of one tenant can only hang on a property of the same tenant, whatever the application does.

Row-level security doesn't check foreign keys, so the tenant is part of them.
"""

from django.db import migrations

TABLES = ("upsells_offer", "upsells_staylink", "upsells_purchase")


def statements(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_same_tenant FOREIGN KEY (organization_id, property_id) "
        "REFERENCES properties_property (organization_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_same_tenant",
    )


class Migration(migrations.Migration):
    dependencies = [("upsells", "0001_offers_and_purchases"), ("properties", "0001_homes")]
    operations = [
        *(statements(table) for table in TABLES),
        migrations.RunSQL(
            "ALTER TABLE upsells_staylink ADD CONSTRAINT upsells_staylink_of_property UNIQUE (property_id, id);"
            "ALTER TABLE upsells_purchase ADD CONSTRAINT upsells_purchase_same_property FOREIGN KEY (property_id, stay_link_id) "
            "REFERENCES upsells_staylink (property_id, id) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE upsells_purchase DROP CONSTRAINT upsells_purchase_same_property;"
            "ALTER TABLE upsells_staylink DROP CONSTRAINT upsells_staylink_of_property",
        ),
    ]
