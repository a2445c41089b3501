import django.db.models.deletion
from django.db import migrations, models

from accounts import walls

APPEND_ONLY = """
CREATE FUNCTION accounts_auditline_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('amplistay.forgetting', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'a line of the audit log is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER auditline_stays BEFORE UPDATE OR DELETE ON accounts_auditline
    FOR EACH ROW EXECUTE FUNCTION accounts_auditline_stays();
REVOKE UPDATE ON accounts_auditline FROM amplistay_house, amplistay_tenant;
REVOKE DELETE ON accounts_auditline FROM amplistay_tenant;
"""
NO_TRIGGERS = """
DROP TRIGGER auditline_stays ON accounts_auditline;
DROP FUNCTION accounts_auditline_stays();
"""


class Migration(migrations.Migration):
    """The audit log, to which lines are only added; old ones go by retention alone."""

    dependencies = [('accounts', '0008_roles')]

    operations = [
        migrations.CreateModel(
            name='AuditLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('member', 'Member'), ('token', 'API token'), ('support', 'Support'), ('service', 'Amplistay itself')], max_length=8)),
                ('who', models.CharField(max_length=254)),
                ('user_id', models.BigIntegerField(null=True)),
                ('address', models.GenericIPAddressField(null=True)),
                ('agent', models.CharField(blank=True, default='', max_length=200)),
                ('name', models.CharField(max_length=80)),
                ('rows', models.JSONField(default=dict)),
                ('details', models.JSONField(default=dict)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
            ],
            options={'indexes': [models.Index(fields=['organization', '-at', '-id'], name='audit_of_organization')]},
        ),
        migrations.RunSQL(APPEND_ONLY, NO_TRIGGERS),
        walls.wall('accounts_auditline', walls.of_organization()),
    ]
