from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    """Each table behind row-level security."""

    dependencies = [('upsells', '0012_refunds_on_their_way'), ('calendars', '0013_walls'), ('accounts', '0007_walls')]

    operations = [
        *(
            walls.wall(f'upsells_{table}', walls.of_home())
            for table in ('cancelterms', 'offer', 'staylink', 'stayregister', 'purchase')
        ),
        *(
            walls.wall(f'upsells_{table}', walls.of_parent('purchase_id', 'upsells_purchase'))
            for table in ('delivery', 'certificate', 'payment')
        ),
        walls.wall('upsells_payoutaccount', walls.of_organization()),
    ]
