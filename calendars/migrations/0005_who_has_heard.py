from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calendars', '0004_feeds_that_can_be_trusted'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='heard',
            field=models.JSONField(default=list),
        ),
    ]
