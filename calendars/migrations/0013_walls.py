from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    """Each table behind row-level security."""

    dependencies = [('calendars', '0012_a_removed_calendar_can_come_back'), ('accounts', '0007_walls')]

    operations = [
        *(
            walls.wall(f'calendars_{table}', walls.of_home())
            for table in ('calendar', 'feed', 'block', 'busy', 'exportlink', 'suspension', 'loopcheck', 'alert')
        ),
        *(
            walls.wall(f'calendars_{table}', walls.of_parent('link_id', 'calendars_exportlink'))
            for table in ('exportread', 'readership')
        ),
        *(
            walls.wall(f'calendars_{table}', walls.among('feed_id', 'calendars_feed'))
            for table in ('feedread', 'snapshot')
        ),
    ]
