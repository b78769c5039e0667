import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """工作量: counts of work at houses, and what a plan weighs of them."""

    dependencies = [("places", "0008_micro_grids_drawn_as_ground")]

    operations = [
        migrations.AddField(
            model_name='plangrid',
            name='work',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='planrun',
            name='work_weight',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.CreateModel(
            name='Workload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('period', models.DateField()),
                ('value', models.PositiveIntegerField()),
                ('source', models.CharField(max_length=40)),
                ('building', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.building')),
                ('compound', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.compound')),
                ('grid', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.grid')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'building'], name='workloads_of_a_building'), models.Index(fields=['tenant', 'compound'], name='workloads_of_a_compound'), models.Index(fields=['tenant', 'grid', 'period'], name='workloads_of_a_grid')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'kind', 'period', 'building', 'compound'), name='a_month_of_a_house_is_counted_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(models.Q(('building__isnull', False), ('compound', None)), models.Q(('building', None), ('compound__isnull', False)), _connector='OR'), name='a_workload_is_of_one_house'), models.CheckConstraint(condition=models.Q(('period__day', 1)), name='a_workload_is_of_a_whole_month')],
            },
        ),
        migrations.CreateModel(
            name='WorkloadMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('period', models.DateField()),
                ('houses', models.PositiveIntegerField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'kind', 'period'), name='a_month_of_a_kind_is_counted_once'), models.CheckConstraint(condition=models.Q(('period__day', 1)), name='a_counted_month_is_whole')],
            },
        ),
    ]
