from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    """Each table behind row-level security."""

    dependencies = [('webhooks', '0003_a_removed_webhook_can_come_back'), ('accounts', '0007_walls')]

    operations = [
        *(walls.wall(f'webhooks_{table}', walls.of_organization()) for table in ('webhook', 'message', 'sending')),
    ]
