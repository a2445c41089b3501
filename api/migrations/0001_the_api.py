import accounts.fields
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0007_walls'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=accounts.fields.public_id, editable=False, max_length=14, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('start', models.CharField(max_length=12)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('properties:read', 'See homes with their times, prices and offers'), ('properties:write', 'Change homes, prices and offers'), ('calendar:read', "See which nights are free, and why others aren't"), ('calendar:write', 'Close and open nights, have calendars read'), ('sales:read', 'See sales, guests and their links'), ('sales:write', "Answer requests, cancel sales, make guests' links"), ('connections:read', 'See calendars and webhooks, export links and secrets included'), ('connections:write', 'Change calendars, export links and webhooks')], max_length=24))),
                ('homes', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True)),
                ('made_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('scopes__len__gt', 0)), name='a_token_may_do_something')],
            },
        ),
        migrations.CreateModel(
            name='KeptAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('headers', models.JSONField(default=dict)),
                ('body', accounts.fields.SealedField(null=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='keptanswer_age')],
                'constraints': [models.UniqueConstraint(fields=('organization', 'key'), name='one_answer_of_a_key')],
            },
        ),
        *(walls.wall(f'api_{table}', walls.of_organization()) for table in ('apitoken', 'keptanswer')),
    ]
