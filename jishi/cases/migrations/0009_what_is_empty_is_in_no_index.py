"""A key that begins another index needs none of its own; one that most rows leave empty holds the others alone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bodies', '0002_initial'),
        ('cases', '0008_who_was_let_in_is_named'),
        ('foundation', '0004_files_are_kept'),
        ('places', '0004_walks_by_ways'),
    ]

    operations = [
        migrations.AlterField(
            model_name='case',
            name='absorbed_into',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case'),
        ),
        migrations.AlterField(
            model_name='case',
            name='lead',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bodies.body'),
        ),
        migrations.AlterField(
            model_name='case',
            name='previous_case',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='case',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='clocks', to='cases.case'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='handover',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.handover'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='mediation',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.mediation'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='owner_body',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bodies.body'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='part',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.part'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='participant',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.participant'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='whistle',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.whistle'),
        ),
        migrations.AlterField(
            model_name='membership',
            name='case',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='cases.case'),
        ),
        migrations.AlterField(
            model_name='membership',
            name='continues',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.membership'),
        ),
        migrations.AlterField(
            model_name='membership',
            name='report',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='cases.report'),
        ),
        migrations.AlterField(
            model_name='suggestion',
            name='report',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='cases.report'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('previous_case__isnull', False)), fields=['previous_case'], name='cases_after_another'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('absorbed_into__isnull', False)), fields=['absorbed_into'], name='cases_absorbed_by'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('handover__isnull', False)), fields=['handover'], name='clocks_of_handover'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('part__isnull', False)), fields=['part'], name='clocks_of_part'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('whistle__isnull', False)), fields=['whistle'], name='clocks_of_whistle'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('participant__isnull', False)), fields=['participant'], name='clocks_of_participant'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('mediation__isnull', False)), fields=['mediation'], name='clocks_of_mediation'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(condition=models.Q(('owner_body__isnull', False)), fields=['owner_body'], name='clocks_of_owner_body'),
        ),
        migrations.AddIndex(
            model_name='membership',
            index=models.Index(condition=models.Q(('continues__isnull', False)), fields=['continues'], name='membership_goes_on'),
        ),
    ]
