from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0002_same_tenant")]

    operations = [migrations.AddField("webhook", "removed_at", models.DateTimeField(null=True))]
