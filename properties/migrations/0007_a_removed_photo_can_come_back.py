import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("properties", "0006_photos")]

    operations = [
        migrations.AddField("photo", "removed_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "photo",
            "property",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="kept_photo",
                to="properties.property",
            ),
        ),
    ]
