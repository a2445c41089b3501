import django.db.models.deletion
import django.db.models.functions.text
from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations, models

import accounts.fields


class Migration(migrations.Migration):

    dependencies = [("accounts", "0004_deeds")]

    operations = [
        UnaccentExtension(),  # trusted: the owner of the database may create it (PostgreSQL 13 and later)
        migrations.AddConstraint(
            "membership",
            models.UniqueConstraint(fields=["organization", "id"], name="membership_in_organization"),
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(default=accounts.fields.public_id, editable=False, max_length=14, unique=True)),
                ("listing", models.CharField(max_length=16, choices=[("planner", "Calendar of all homes"), ("sales", "Sales"), ("home-sales", "Sales of one property"), ("revenue", "Revenue")])),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("query", models.TextField()),
                ("is_default", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("membership", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="saved_views", to="accounts.membership")),
                ("organization", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization")),
            ],
        ),
        migrations.AddConstraint(
            "savedview",
            models.UniqueConstraint(
                models.F("membership"), models.F("listing"), django.db.models.functions.text.Lower("name"),
                name="one_view_of_a_name",
            ),
        ),
        migrations.AddConstraint(
            "savedview",
            models.UniqueConstraint(fields=["membership", "listing"], condition=models.Q(is_default=True), name="one_default_view"),
        ),
        migrations.RunSQL(
            "ALTER TABLE accounts_savedview ADD CONSTRAINT savedview_same_tenant"
            " FOREIGN KEY (organization_id, membership_id) REFERENCES accounts_membership (organization_id, id)"
            " DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE accounts_savedview DROP CONSTRAINT savedview_same_tenant",
        ),
    ]
