from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("calendars", "0011_a_removed_calendar_leaves_what_was_suspended")]

    operations = [
        migrations.AddField("feed", "removed_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("feed", "link_once_per_property"),
        migrations.AddConstraint(
            "feed",
            models.UniqueConstraint(
                fields=["property", "url_digest"], condition=Q(removed_at=None), name="link_once_per_property"
            ),
        ),
    ]
