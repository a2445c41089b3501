"""Payments, messages and certificates hang on a purchase of the same tenant, whatever the application does."""

from django.db import migrations

TABLES = ("upsells_payment", "upsells_delivery", "upsells_certificate")


def statements(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_same_tenant FOREIGN KEY (organization_id, purchase_id) "
        "REFERENCES upsells_purchase (organization_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_same_tenant",
    )


class Migration(migrations.Migration):
    dependencies = [("upsells", "0008_payments")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE upsells_purchase ADD CONSTRAINT upsells_purchase_of_tenant UNIQUE (organization_id, id)",
            "ALTER TABLE upsells_purchase DROP CONSTRAINT upsells_purchase_of_tenant",
        ),
        *(statements(table) for table in TABLES),
        migrations.RunSQL(
            "ALTER TABLE upsells_cancelterms ADD CONSTRAINT upsells_cancelterms_same_tenant "
            "FOREIGN KEY (organization_id, property_id) REFERENCES properties_property (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE upsells_cancelterms DROP CONSTRAINT upsells_cancelterms_same_tenant",
        ),
    ]
