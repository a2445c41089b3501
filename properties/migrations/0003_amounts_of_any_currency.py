from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("properties", "0002_prices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="property",
            name="nightly_rate",
            field=models.PositiveBigIntegerField(
                help_text="minor units of the currency", verbose_name="nightly rate"
            ),
        ),
    ]
