import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import upsells.models.offers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_prices'),
        ('properties', '0002_prices'),
        ('upsells', '0003_feeds_asked_and_currency'),
    ]

    operations = [
        migrations.RemoveConstraint("offer", "an_offer_costs_something"),
        migrations.RemoveConstraint("offer", "one_to_thirty_extra_nights"),
        migrations.RemoveConstraint("purchase", "a_purchase_has_nights"),
        migrations.RenameField("offer", "nightly_price", "price"),
        migrations.RenameField("offer", "max_nights", "most_nights"),
        migrations.AlterField("offer", "price", models.PositiveIntegerField(default=0)),
        migrations.AlterField("offer", "most_nights", models.PositiveSmallIntegerField(default=7)),
        migrations.AddField(
            model_name='offer',
            name='adds_lost_night',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='offer',
            name='blackouts',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='offer',
            name='closes_night',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='offer',
            name='collection',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='offer',
            name='cut_off_minutes',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='offer',
            name='gap_off',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='offer',
            name='last_minute_hours',
            field=models.PositiveSmallIntegerField(default=48),
        ),
        migrations.AddField(
            model_name='offer',
            name='last_minute_off',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='offer',
            name='least_gap',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='offer',
            name='limit',
            field=models.TimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='offer',
            name='minimum',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='offer',
            name='mode',
            field=models.CharField(choices=[('instant', 'sold at once'), ('approval', 'when I agree'), ('off', 'not on sale')], default='off', max_length=12),
        ),
        migrations.AddField(
            model_name='offer',
            name='most_minutes',
            field=models.PositiveSmallIntegerField(default=240),
        ),
        migrations.AddField(
            model_name='offer',
            name='opens_days',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='offer',
            name='percent',
            field=models.PositiveSmallIntegerField(default=100),
        ),
        migrations.AddField(
            model_name='offer',
            name='priced_by',
            field=models.CharField(choices=[('fixed', 'a fixed amount'), ('percent', "a percentage of the night's rate"), ('per_hour', 'an amount per hour'), ('slots', 'an amount per slot')], default='fixed', max_length=12),
        ),
        migrations.AddField(
            model_name='offer',
            name='rounding',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='offer',
            name='slots',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='offer',
            name='step_minutes',
            field=models.PositiveSmallIntegerField(default=60),
        ),
        migrations.AddField(
            model_name='offer',
            name='steps',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='offer',
            name='weekdays',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), default=upsells.models.offers.every_day),
        ),
        migrations.AddField(
            model_name='offer',
            name='weekend_off',
            field=models.SmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='purchase',
            name='agreed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='purchase',
            name='answer_by',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='purchase',
            name='channel',
            field=models.CharField(blank=True, default='', max_length=24),
        ),
        migrations.AddField(
            model_name='purchase',
            name='collection',
            field=models.CharField(choices=[('property', 'at the property'), ('card', 'by card'), ('channel', "with the booking site's own tool")], default='property', max_length=12),
        ),
        migrations.AddField(
            model_name='purchase',
            name='day',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='purchase',
            name='kind',
            field=models.CharField(choices=[('extra_nights', 'Extra nights'), ('nights_before', 'Nights before the stay'), ('late_check_out', 'Late check-out'), ('early_check_in', 'Early check-in')], default='extra_nights', max_length=16),
        ),
        migrations.AddField(
            model_name='purchase',
            name='lines',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='purchase',
            name='mode',
            field=models.CharField(choices=[('instant', 'sold at once'), ('approval', 'when I agree'), ('off', 'not on sale')], default='instant', max_length=12),
        ),
        migrations.AddField(
            model_name='purchase',
            name='period',
            field=django.contrib.postgres.fields.ranges.DateTimeRangeField(null=True),
        ),
        migrations.AddField(
            model_name='purchase',
            name='persons',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='staylink',
            name='channel',
            field=models.CharField(blank=True, default='', max_length=24),
        ),
        migrations.AlterField(
            model_name='offer',
            name='kind',
            field=models.CharField(choices=[('extra_nights', 'Extra nights'), ('nights_before', 'Nights before the stay'), ('late_check_out', 'Late check-out'), ('early_check_in', 'Early check-in')], default='extra_nights', max_length=16),
        ),
        migrations.AlterField(
            model_name='purchase',
            name='reason',
            field=models.CharField(blank=True, choices=[('taken', 'Somebody else has just booked one of these nights.'), ('unreadable', "We couldn't make sure with every booking site that the nights are still free."), ('withdrawn', 'Your host no longer offers these nights.'), ('lapsed', 'The nights were kept for ten minutes, and that time is over.'), ('refused', "Your host can't make it possible this time."), ('unanswered', "Your host didn't answer in time.")], default='', max_length=12),
        ),
        migrations.AlterField(
            model_name='purchase',
            name='state',
            field=models.CharField(choices=[('held', 'held for the guest'), ('checking', 'being checked'), ('asked', 'waiting for the host'), ('confirmed', 'confirmed'), ('declined', 'not possible'), ('lapsed', 'ran out'), ('cancelled', 'cancelled')], default='held', max_length=12),
        ),
        migrations.RunSQL(
            "UPDATE upsells_offer SET mode = CASE WHEN active THEN 'instant' ELSE 'off' END;"
            "UPDATE upsells_purchase u SET day = lower(u.nights), period = tstzrange("
            "(lower(u.nights) + p.check_in) AT TIME ZONE p.time_zone,"
            "(upper(u.nights) + p.check_out) AT TIME ZONE p.time_zone) "
            "FROM properties_property p WHERE p.id = u.property_id;"
            "SET CONSTRAINTS ALL IMMEDIATE",
            "UPDATE upsells_offer SET active = mode <> 'off'",
        ),
        migrations.RemoveField("offer", "active"),
        migrations.AlterField("purchase", "day", models.DateField()),
        migrations.AlterField(
            "purchase", "period", django.contrib.postgres.fields.ranges.DateTimeRangeField()
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('most_nights__range', (1, 30))), name='one_to_thirty_extra_nights'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('step_minutes__gte', 15)), name='a_step_takes_time'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('most_minutes__range', (15, 1440))), name='hours_of_one_day'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('rounding__gte', 1)), name='rounded_to_something'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('mode', 'off'), models.Q(('percent__gt', 0), ('priced_by', 'percent')), ('priced_by', 'slots'), ('price__gt', 0), _connector='OR'), name='an_offer_costs_something'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('percent__lte', 1000)), name='percent_of_a_rate'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('gap_off__lte', 90), ('last_minute_off__lte', 90), ('weekend_off__range', (-200, 90))), name='discounts_leave_a_price'),
        ),
        migrations.AddConstraint(
            model_name='purchase',
            constraint=models.CheckConstraint(condition=models.Q(('period__isempty', False)), name='a_purchase_takes_time'),
        ),
        migrations.AddConstraint(
            model_name='purchase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer_by__isnull', False), ('state', 'asked')), models.Q(('state', 'asked'), _negated=True), _connector='OR'), name='a_question_has_an_end'),
        ),
    ]
