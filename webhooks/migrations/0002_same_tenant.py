"""A message goes to webhooks of the same tenant only, whatever the application does.

Row-level security doesn't check foreign keys, so the tenant is part of them.
"""

from django.db import migrations


def statements(column: str) -> list[migrations.RunSQL]:
    table, name = f"webhooks_{column}", f"webhooks_sending_of_{column}_same_tenant"
    return [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_tenant UNIQUE (organization_id, id)",
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_tenant",
        ),
        migrations.RunSQL(
            f"ALTER TABLE webhooks_sending ADD CONSTRAINT {name} FOREIGN KEY (organization_id, {column}_id) "
            f"REFERENCES {table} (organization_id, id) DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE webhooks_sending DROP CONSTRAINT {name}",
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_webhooks")]
    operations = [*statements("webhook"), *statements("message")]
