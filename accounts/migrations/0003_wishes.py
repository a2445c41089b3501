from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("accounts", "0002_prices")]

    operations = [
        migrations.AddField("membership", "levels", models.JSONField(default=dict)),
        migrations.AddField("membership", "seen_until", models.DateTimeField(null=True)),
        migrations.AddField("membership", "opened", models.JSONField(default=dict)),
        migrations.AddField("membership", "digest_at", models.DateTimeField(null=True)),
        migrations.AddField("membership", "digested_at", models.DateTimeField(null=True)),
        migrations.AddIndex("membership", models.Index(fields=["digest_at"], name="digest_due")),
    ]
