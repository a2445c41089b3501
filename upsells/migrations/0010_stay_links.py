"""Links of single stays, and up to where each calendar's stays have got theirs."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("calendars", "0008_whose_stay_a_sale_is_beside"),
        ("properties", "0005_cleaners"),
        ("upsells", "0009_payments_same_tenant"),
    ]
    operations = [
        migrations.AddField(
            model_name="staylink",
            name="nights",
            field=django.contrib.postgres.fields.ranges.DateRangeField(null=True),
        ),
        migrations.AddField(
            model_name="staylink",
            name="guest",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.AddField(
            model_name="staylink",
            name="by_hand",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="staylink",
            name="gone_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(model_name="staylink", name="one_live_link_per_property_and_site"),
        migrations.AddConstraint(
            model_name="staylink",
            constraint=models.UniqueConstraint(
                condition=Q(revoked_at=None, nights=None),
                fields=("property", "channel"),
                name="one_live_link_per_property_and_site",
            ),
        ),
        migrations.AddConstraint(
            model_name="staylink",
            constraint=models.UniqueConstraint(
                condition=Q(revoked_at=None, gone_at=None, nights__isnull=False),
                fields=("property", "nights"),
                name="one_live_link_per_stay",
            ),
        ),
        migrations.AddConstraint(
            model_name="staylink",
            constraint=models.CheckConstraint(
                condition=Q(nights=None) | Q(nights__isempty=False), name="a_stay_has_nights"
            ),
        ),
        migrations.AddConstraint(
            model_name="staylink",
            constraint=models.CheckConstraint(
                condition=Q(nights__isnull=False) | Q(gone_at=None, guest="", by_hand=False),
                name="only_a_stay_is_somebodys",
            ),
        ),
        migrations.AddIndex(
            model_name="staylink",
            index=models.Index(
                condition=Q(nights__isnull=False), fields=["property"], name="staylink_of_stays"
            ),
        ),
        migrations.CreateModel(
            name="StayRegister",
            fields=[
                (
                    "property",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="properties.property",
                    ),
                ),
                ("version", models.PositiveBigIntegerField(null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(
            "ALTER TABLE upsells_stayregister ADD CONSTRAINT upsells_stayregister_same_tenant "
            "FOREIGN KEY (organization_id, property_id) REFERENCES properties_property (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE upsells_stayregister DROP CONSTRAINT upsells_stayregister_same_tenant",
        ),
    ]
