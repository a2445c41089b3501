from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('accounts', '0012_support_visits')]

    operations = [
        migrations.AddField(
            model_name='letter', name='reply_to', field=models.EmailField(blank=True, default='', max_length=254)
        ),
    ]
