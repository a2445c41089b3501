from django.db import migrations

from accounts import walls


class Migration(migrations.Migration):
    """Each table behind row-level security."""

    dependencies = [('properties', '0007_a_removed_photo_can_come_back'), ('accounts', '0007_walls')]

    operations = [
        walls.wall('properties_property', walls.of_home('id')),
        walls.wall('properties_photo', walls.of_home()),
        walls.wall('properties_photofile', walls.among('photo_id', 'properties_photo')),
    ]
