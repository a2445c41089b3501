"""Where the cleaners of a home hear of new check-out and check-in times, and in which language."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("properties", "0004_two_hours_to_clean")]
    operations = [
        migrations.AddField(
            model_name="property",
            name="cleaner_email",
            field=models.EmailField(blank=True, default="", max_length=254, verbose_name="cleaners' e-mail"),
        ),
        migrations.AddField(
            model_name="property",
            name="cleaner_language",
            field=models.CharField(default="en", max_length=8, verbose_name="cleaners' language"),
        ),
    ]
