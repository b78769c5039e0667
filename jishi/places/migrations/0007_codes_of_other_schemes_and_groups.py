import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    """编码对照 and 组: what grids are called elsewhere, and the groups of a community."""

    dependencies = [("foundation", "0005_files_are_scanned"), ("places", "0006_micro_grids")]

    operations = [
        migrations.CreateModel(
            name='CodeMap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1)),
                ('scheme', models.CharField(max_length=40)),
                ('code', models.CharField(max_length=40)),
                ('active_from', models.DateField()),
                ('active_to', models.DateField(null=True)),
                ('grid', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.grid')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'code'], name='other_codes_of_grids'), models.Index(fields=['tenant', 'grid'], name='grids_by_other_codes')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('active_to', None)), fields=('tenant', 'scheme', 'code'), name='one_open_grid_per_other_code'), models.CheckConstraint(condition=models.Q(('active_to', None), ('active_to__gte', models.F('active_from')), _connector='OR'), name='a_code_ends_after_it_began')],
            },
        ),
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1)),
                ('code', models.CharField(max_length=16)),
                ('name', models.CharField(max_length=60)),
                ('community', models.CharField(max_length=12)),
                ('active_from', models.DateField()),
                ('active_to', models.DateField(null=True)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='foundation.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'code'), name='one_group_per_code'), models.UniqueConstraint(condition=models.Q(('active_to', None)), fields=('tenant', 'community', 'name'), name='one_open_group_per_name'), models.CheckConstraint(condition=models.Q(('code__startswith', django.db.models.functions.text.Concat(models.F('community'), models.Value('G')))), name='a_group_has_a_code_of_its_community')],
            },
        ),
    ]
