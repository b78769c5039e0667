import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """微网格: houses and doors of one grid, from a day until a day."""

    dependencies = [("places", "0005_a_longest_walk")]

    operations = [
        migrations.CreateModel(
            name='MicroGrid',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1)),
                ('code', models.CharField(max_length=17)),
                ('name', models.CharField(max_length=60)),
                ('active_from', models.DateField()),
                ('active_to', models.DateField(null=True)),
                ('grid', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.grid')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'grid'], name='micro_grids_of_a_grid')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'code'), name='one_micro_grid_per_code')],
            },
        ),
        migrations.CreateModel(
            name='MicroGridPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1)),
                ('active_to', models.DateField(null=True)),
                ('building', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.building')),
                ('door', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.entrance')),
                ('micro', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.microgrid')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'micro'], name='parts_of_a_micro_grid'), models.Index(fields=['tenant', 'building'], name='micro_grids_of_a_house'), models.Index(condition=models.Q(('door__isnull', False)), fields=['tenant', 'door'], name='micro_grids_of_a_door')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('active_to', None)), fields=('tenant', 'building', 'door'), name='a_house_is_in_one_micro_grid', nulls_distinct=False)],
            },
        ),
    ]
