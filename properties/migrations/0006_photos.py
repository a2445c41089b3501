"""A photo of each home, in two widths, tied to the tenant of its property."""

import accounts.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_prices"), ("properties", "0005_cleaners")]
    operations = [
        migrations.CreateModel(
            name="Photo",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "token",
                    models.CharField(default=accounts.fields.token, editable=False, max_length=40, unique=True),
                ),
                (
                    "words",
                    models.CharField(blank=True, default="", max_length=160, verbose_name="what it shows"),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "property",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="photo",
                        to="properties.property",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="PhotoFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("width", models.PositiveSmallIntegerField()),
                ("body", models.BinaryField()),
                (
                    "photo",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="properties.photo",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("photo", "width"), name="a_photo_once_in_a_width")
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE properties_photo ADD CONSTRAINT properties_photo_same_tenant "
            "FOREIGN KEY (organization_id, property_id) REFERENCES properties_property (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE properties_photo DROP CONSTRAINT properties_photo_same_tenant",
        ),
    ]
