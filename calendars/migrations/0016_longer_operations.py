from django.db import migrations, models


class Migration(migrations.Migration):
    """Escapia's Gateway has operations with longer names."""

    dependencies = [('calendars', '0015_how_often_a_unit_is_read')]

    operations = [
        migrations.AlterField('spending', 'operation', models.CharField(max_length=80)),
    ]
