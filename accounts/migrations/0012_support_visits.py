import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts import walls


class Migration(migrations.Migration):

    dependencies = [('accounts', '0011_guests_kept')]

    operations = [
        migrations.CreateModel(
            name='SupportVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('given_by', models.EmailField(max_length=254)),
                ('given_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('opened_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('operator', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={'indexes': [models.Index(fields=['organization', '-given_at'], name='support_visits')]},
        ),
        walls.wall('accounts_supportvisit', walls.of_organization()),
    ]
