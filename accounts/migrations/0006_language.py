from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("accounts", "0005_saved_views")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(
                choices=[
                    ("en", "English"),
                    ("es", "Español"),
                    ("fr", "Français"),
                    ("de", "Deutsch"),
                    ("it", "Italiano"),
                    ("pt", "Português"),
                ],
                db_default="en",
                default="en",
                max_length=8,
                verbose_name="language",
            ),
        ),
    ]
