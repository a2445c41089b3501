"""What is on its way back to a card is told apart from what has arrived; a refund that came back rests."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("upsells", "0011_told_step_by_step"),
    ]
    operations = [
        migrations.AddField(
            model_name="payment",
            name="refunding",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="payment",
            name="sent_back",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="payment",
            name="refund_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(model_name="payment", name="refunded_was_captured"),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=Q(captured__gte=F("refunded") + F("refunding")), name="refunded_was_captured"
            ),
        ),
    ]
