from django.db import migrations, models

OF_HOURS = """
UPDATE calendars_block b
SET side = CASE
    WHEN lower(b.period) = ((lower(b.period) AT TIME ZONE p.time_zone)::date + p.check_out) AT TIME ZONE p.time_zone
    THEN 'leaving' ELSE 'arriving' END
FROM properties_property p
WHERE p.id = b.property_id AND b.kind = 'hours' AND b.origin IN ('hold', 'sale')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('calendars', '0007_requests_are_alerts'),
        ('properties', '0002_prices'),
    ]

    operations = [
        migrations.AddField(
            model_name='block',
            name='side',
            field=models.CharField(choices=[('leaving', 'before what was bought'), ('arriving', 'after what was bought')], default='', max_length=8),
        ),
        migrations.RunSQL(OF_HOURS, migrations.RunSQL.noop),
    ]
