from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('accounts', '0010_teams')]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='guests_kept',
            field=models.PositiveSmallIntegerField(default=24),
        ),
    ]
