from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    """The roles that web and workers act as, and the wall around who belongs to whom."""

    dependencies = [('accounts', '0006_language'), ('account', '0009_emailaddress_unique_primary_email')]

    operations = [
        walls.roles(),
        walls.wall('accounts_organization', walls.of_organization('id')),
        walls.wall('accounts_deed', walls.of_organization()),
        walls.wall('accounts_savedview', walls.of_organization()),
        walls.wall('accounts_membership', walls.of_organization()),
        walls.wall('accounts_user', walls.among('id', 'accounts_membership', 'user_id')),
        walls.wall('account_emailaddress', walls.among('user_id', 'accounts_membership', 'user_id')),
    ]
