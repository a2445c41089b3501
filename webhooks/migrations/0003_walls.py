from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    """Each table behind row-level security."""

    dependencies = [('webhooks', '0002_same_tenant'), ('accounts', '0004_walls')]

    operations = [
        *(walls.wall(f'webhooks_{table}', walls.of_organization()) for table in ('webhook', 'message', 'sending')),
    ]
