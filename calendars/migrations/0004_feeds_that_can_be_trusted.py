import accounts.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_the_tenant'),
        ('calendars', '0003_what_a_read_was_made_for'),
        ('properties', '0001_homes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=accounts.fields.public_id, editable=False, max_length=14, unique=True)),
                ('kind', models.CharField(choices=[('failing', "can't be read"), ('late', 'late'), ('quarantined', 'quarantined'), ('held', 'nights held back'), ('conflict', 'double booking')], max_length=12)),
                ('key', models.CharField(max_length=160)),
                ('details', models.JSONField(default=dict)),
                ('opened_at', models.DateTimeField()),
                ('told_at', models.DateTimeField(null=True)),
                ('telling_until', models.DateTimeField(null=True)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('cleared_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Server',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255, unique=True)),
                ('free_at', models.DateTimeField()),
                ('failing', models.JSONField(default=list)),
                ('shut_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('digest', models.CharField(max_length=64)),
                ('body', accounts.fields.SealedField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name='feed',
            name='feed_due',
        ),
        migrations.AddField(
            model_name='block',
            name='yields',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='feed',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='feed',
            name='echoes',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='feed',
            name='ends_inclusive',
            field=models.BooleanField(default=False, verbose_name='its entries end with the last night'),
        ),
        migrations.AddField(
            model_name='feed',
            name='quarantined_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='feed',
            name='quick_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='feed',
            name='quiet_line',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='feed',
            name='sells_around',
            field=models.BooleanField(default=False, verbose_name='sell preparation nights and short gaps'),
        ),
        migrations.AddField(
            model_name='feed',
            name='sells_tentative',
            field=models.BooleanField(default=False, verbose_name='sell nights that are only tentative'),
        ),
        migrations.AddField(
            model_name='feedread',
            name='closed_nights',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='feedread',
            name='nights',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='feedread',
            name='times',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='feedread',
            name='until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='feedread',
            name='outcome',
            field=models.CharField(choices=[('changed', 'changed'), ('unchanged', 'unchanged'), ('refused', 'not a calendar'), ('failed', 'failed'), ('quarantined', 'quarantined')], max_length=12),
        ),
        migrations.AddIndex(
            model_name='feed',
            index=models.Index(condition=models.Q(('attempts', 0), ('paused_at', None)), fields=['next_poll_at'], name='feed_due'),
        ),
        migrations.AddIndex(
            model_name='feed',
            index=models.Index(condition=models.Q(('attempts__gt', 0), ('paused_at', None)), fields=['next_poll_at'], name='feed_suspect'),
        ),
        migrations.AddField(
            model_name='alert',
            name='feed',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='calendars.feed'),
        ),
        migrations.AddField(
            model_name='alert',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization'),
        ),
        migrations.AddField(
            model_name='alert',
            name='property',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='properties.property'),
        ),
        migrations.AddField(
            model_name='snapshot',
            name='feed',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snapshots', to='calendars.feed'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(models.Q(('cleared_at', None), ('told_at', None)), models.Q(('cleared_at', None), ('resolved_at__isnull', False)), _connector='OR'), fields=['opened_at'], name='alert_to_tell'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(condition=models.Q(('resolved_at', None)), fields=('property', 'key'), name='one_open_alert_of_a_kind'),
        ),
        migrations.AddIndex(
            model_name='snapshot',
            index=models.Index(fields=['feed', '-at'], name='snapshot_history'),
        ),
        migrations.AddIndex(
            model_name='snapshot',
            index=models.Index(fields=['at'], name='snapshot_age'),
        ),
        migrations.RunSQL(
            "UPDATE calendars_feedread SET until = at; SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop
        ),
        migrations.AlterField("feedread", "until", models.DateTimeField()),
        migrations.RunSQL(
            "ALTER TABLE calendars_alert ADD CONSTRAINT calendars_alert_same_tenant FOREIGN KEY "
            "(organization_id, property_id) REFERENCES properties_property (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED;"
            "ALTER TABLE calendars_alert ADD CONSTRAINT calendars_alert_same_property FOREIGN KEY "
            "(property_id, feed_id) REFERENCES calendars_feed (property_id, id) DEFERRABLE INITIALLY DEFERRED;"
            "ALTER TABLE calendars_feedread SET (fillfactor = 85)",
            "ALTER TABLE calendars_alert DROP CONSTRAINT calendars_alert_same_tenant;"
            "ALTER TABLE calendars_alert DROP CONSTRAINT calendars_alert_same_property;"
            "ALTER TABLE calendars_feedread RESET (fillfactor)",
        ),
    ]
