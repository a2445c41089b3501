"""Each refund and each change of a sale is told once, not only the first; what is sent again; refusals that last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("upsells", "0010_stay_links"),
    ]
    operations = [
        migrations.AddField(
            model_name="purchase",
            name="revision",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="payment",
            name="refused_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="step",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="delivery",
            name="resent_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="news",
            field=models.CharField(
                choices=[
                    ("confirmed", "confirmed"),
                    ("declined", "not possible"),
                    ("cancelled", "cancelled"),
                    ("refunded", "money given back"),
                    ("cancel_wished", "the guest asks to cancel"),
                    ("cancel_refused", "the host keeps the sale"),
                    ("shortened", "shortened"),
                    ("moved", "moved here from another home"),
                    ("moved_away", "moved to another home"),
                    ("stuck", "the money is stuck"),
                ],
                max_length=16,
            ),
        ),
        migrations.RemoveConstraint(model_name="delivery", name="told_once"),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("purchase", "news", "step", "to", "address"), name="told_once"
            ),
        ),
    ]
