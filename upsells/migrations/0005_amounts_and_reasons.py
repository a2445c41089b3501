from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def forget_unreadable(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """A feed that can't be read has become a question to the host; before, the time ran out over it."""
    purchases = apps.get_model("upsells", "Purchase").objects.using(editor.connection.alias)
    purchases.filter(reason="unreadable").update(reason="lapsed")


class Migration(migrations.Migration):
    dependencies = [
        ("upsells", "0004_offers_to_the_hour"),
    ]

    operations = [
        migrations.AlterField(
            model_name="offer",
            name="minimum",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="offer",
            name="price",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="offer",
            name="rounding",
            field=models.PositiveBigIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name="purchase",
            name="amount",
            field=models.PositiveBigIntegerField(),
        ),
        migrations.AlterField(
            model_name="purchase",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("taken", "another booking took the time first"),
                    ("withdrawn", "no longer on sale when it was booked"),
                    ("lapsed", "the time it was kept for ran out"),
                    ("refused", "you refused"),
                    ("unanswered", "you didn't answer in time"),
                ],
                default="",
                max_length=12,
            ),
        ),
        migrations.RunPython(forget_unreadable, migrations.RunPython.noop),
    ]
