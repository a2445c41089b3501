import accounts.fields
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    """Requests to join and codes, which no tenant sees; vendors and their homes, each behind the wall."""

    initial = True

    dependencies = [
        ('accounts', '0013_letters_reply_to'),
        ('properties', '0008_walls'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SpentCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=32, unique=True)),
                ('until', models.DateTimeField(db_index=True)),
                ('accepted', models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name='JoinRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=accounts.fields.public_id, editable=False, max_length=14, unique=True)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('domain', models.CharField(max_length=253, verbose_name='domain')),
                ('language', models.CharField(max_length=8, verbose_name='language')),
                ('asked_at', models.DateTimeField()),
                ('letters', models.PositiveSmallIntegerField(default=0)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('approved', models.BooleanField(null=True)),
                ('word', models.TextField(blank=True, default='')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'verbose_name': 'request to join',
                'verbose_name_plural': 'requests to join',
                'indexes': [models.Index(fields=['asked_at'], name='join_request_age')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('email',), name='one_open_request_of_an_address'), models.CheckConstraint(condition=models.Q(models.Q(('approved', None), ('decided_at', None)), models.Q(('approved__isnull', False), ('confirmed_at__isnull', False), ('decided_at__isnull', False)), _connector='OR'), name='only_confirmed_requests_are_decided')],
            },
        ),
        migrations.CreateModel(
            name='ShownHome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rules', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('sites', 'which sites read its calendar'), ('pace', 'how often it is brought up to date'), ('content', 'what the calendar says')], max_length=8))),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('property', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='shown_home', to='properties.property')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('rules', []), _negated=True), name='a_shown_home_shows_something')],
            },
        ),
        migrations.CreateModel(
            name='Vendor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_shown', models.BooleanField(default=False)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='address')),
                ('words', models.TextField(blank=True, default='', max_length=1000, verbose_name='about you')),
                ('town', models.CharField(blank=True, default='', max_length=80, verbose_name='town')),
                ('region', models.CharField(blank=True, default='', max_length=80, verbose_name='region')),
                ('website', models.URLField(blank=True, default='', max_length=300, verbose_name='website')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('language', models.CharField(max_length=8)),
                ('changed_at', models.DateTimeField()),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization',), name='one_vendor_of_an_organization')],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE directory_shownhome ADD CONSTRAINT directory_shownhome_same_tenant "
            "FOREIGN KEY (organization_id, property_id) REFERENCES properties_property (organization_id, id) "
            "DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE directory_shownhome DROP CONSTRAINT directory_shownhome_same_tenant",
        ),
        walls.wall('directory_spentcode', 'false'),
        walls.wall('directory_joinrequest', 'false'),
        walls.wall('directory_vendor', walls.of_organization()),
        walls.wall('directory_shownhome', walls.of_home()),
    ]
