import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.fields
from accounts import walls

ROLES = [('owner', 'Owner'), ('manager', 'Manager'), ('front_desk', 'Front desk'), ('cleaner', 'Cleaner'), ('viewer', 'Viewer')]


class Migration(migrations.Migration):
    """Invitations, letters about accounts, and the end of an organization; what is a person's own, no tenant sees."""

    dependencies = [
        ('accounts', '0009_audit'),
        ('mfa', '0003_authenticator_type_uniq'),
        ('usersessions', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization', name='ends_at', field=models.DateTimeField(null=True)
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(('role', 'owner'), _negated=True), ('homes', None), _connector='OR'),
                name='owners_have_every_home',
            ),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=accounts.fields.public_id, editable=False, max_length=14, unique=True)),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('role', models.CharField(choices=ROLES, max_length=16)),
                ('homes', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(
                        condition=models.Q(('accepted_at', None), ('withdrawn_at', None)),
                        fields=('organization', 'email'),
                        name='an_address_is_invited_once_at_a_time',
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(('role', 'owner'), _negated=True), ('homes', None), _connector='OR'),
                        name='invited_owners_have_every_home',
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=accounts.fields.public_id, editable=False, max_length=14, unique=True)),
                ('address', models.EmailField(max_length=254)),
                ('subject', models.CharField(max_length=200)),
                ('text', accounts.fields.SecretField()),
                ('html', accounts.fields.SecretField()),
                ('created_at', models.DateTimeField()),
                ('next_try_at', models.DateTimeField()),
            ],
            options={'indexes': [models.Index(fields=['next_try_at'], name='letters_due')]},
        ),
        walls.wall('accounts_invitation', walls.of_organization()),
        walls.wall('accounts_letter', 'false'),
        walls.wall('mfa_authenticator', 'false'),
        walls.wall('usersessions_usersession', 'false'),
    ]
