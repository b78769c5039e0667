import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("foundation", "0002_entries"),
    ]

    operations = [
        migrations.CreateModel(
            name="Division",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="DivisionLoad",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField()),
                ("source", models.CharField(max_length=120)),
                ("sha256", models.CharField(max_length=64)),
                ("rows", models.PositiveIntegerField()),
                ("changes", models.JSONField(default=dict)),
                ("loaded_at", models.DateTimeField()),
                ("loaded_by", models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name="Compound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("ref", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=80)),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), default=list, size=None
                    ),
                ),
                ("community", models.CharField(max_length=12)),
                ("kind", models.CharField(default="commercial", max_length=30)),
                ("built_year", models.PositiveSmallIntegerField(null=True)),
                ("lng_e7", models.BigIntegerField()),
                ("lat_e7", models.BigIntegerField()),
                ("polygon", models.BinaryField(null=True)),
                ("households_planned", models.PositiveIntegerField(null=True)),
                ("active_from", models.DateField()),
                ("active_to", models.DateField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Building",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("ref", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=40)),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("lng_e7", models.BigIntegerField()),
                ("lat_e7", models.BigIntegerField()),
                ("floors_up", models.PositiveSmallIntegerField(null=True)),
                ("units", models.PositiveSmallIntegerField(null=True)),
                ("footprint", models.BinaryField(null=True)),
                ("active_from", models.DateField()),
                ("active_to", models.DateField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
                (
                    "compound",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.compound"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DivisionChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("code", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=80)),
                ("evidence", models.CharField(blank=True, max_length=200)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.division"
                    ),
                ),
                (
                    "likely_successor",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.division"
                    ),
                ),
                (
                    "load",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.divisionload"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DivisionVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=80)),
                ("short_name", models.CharField(max_length=80)),
                ("level", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(blank=True, max_length=20)),
                ("urban_class", models.CharField(blank=True, max_length=3)),
                ("placeholder", models.BooleanField(default=False)),
                ("boundary", models.BinaryField(null=True)),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(null=True)),
                ("source", models.CharField(max_length=120)),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.division"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.division"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Facility",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("ref", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=80)),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), default=list, size=None
                    ),
                ),
                ("kind", models.CharField(max_length=30)),
                ("community", models.CharField(blank=True, max_length=12)),
                ("owner_ref", models.CharField(blank=True, max_length=30)),
                ("lng_e7", models.BigIntegerField()),
                ("lat_e7", models.BigIntegerField()),
                ("polygon", models.BinaryField(null=True)),
                ("active_from", models.DateField()),
                ("active_to", models.DateField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GazetteerName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("ref", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=30)),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), default=list, size=None
                    ),
                ),
                ("lng_e7", models.BigIntegerField()),
                ("lat_e7", models.BigIntegerField()),
                ("radius_m", models.FloatField()),
                ("geometry", models.BinaryField(null=True)),
                ("width_m", models.FloatField(null=True)),
                ("within", models.CharField(max_length=12)),
                ("source", models.CharField(max_length=120)),
                ("active_from", models.DateField()),
                ("active_to", models.DateField(null=True)),
                (
                    "building",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.building"
                    ),
                ),
                (
                    "compound",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.compound"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Grid",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("code", models.CharField(max_length=15)),
                ("community", models.CharField(max_length=12)),
                ("kind", models.CharField(default="general", max_length=10)),
                ("special_of", models.CharField(blank=True, max_length=30)),
                ("owner_ref", models.CharField(blank=True, max_length=30)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GridEdition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("division_code", models.CharField(max_length=12)),
                ("number", models.PositiveIntegerField()),
                ("series", models.BigIntegerField()),
                ("effective", django.contrib.postgres.fields.ranges.DateRangeField()),
                ("document_no", models.CharField(blank=True, max_length=80)),
                ("hash", models.CharField(max_length=64)),
                ("adopted_at", models.DateTimeField()),
                ("adopted_by", models.CharField(max_length=80)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GridVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("polygon", models.BinaryField()),
                ("min_lng_e7", models.BigIntegerField()),
                ("min_lat_e7", models.BigIntegerField()),
                ("max_lng_e7", models.BigIntegerField()),
                ("max_lat_e7", models.BigIntegerField()),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="places.gridedition"
                    ),
                ),
                (
                    "grid",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.grid"),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GroundMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("number", models.PositiveBigIntegerField(default=1)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Succession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("on_date", models.DateField()),
                ("share_households", models.FloatField(null=True)),
                ("share_area", models.FloatField(null=True)),
                ("document_no", models.CharField(blank=True, max_length=80)),
                (
                    "predecessor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.division"
                    ),
                ),
                (
                    "successor",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="places.division"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Zone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("code", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=80)),
                ("polygon", models.BinaryField()),
                ("active_from", models.DateField()),
                ("active_to", models.DateField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="foundation.tenant",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="compound",
            index=models.Index(fields=["tenant", "community"], name="compounds_of_community"),
        ),
        migrations.AddConstraint(
            model_name="compound",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ref", ""), _negated=True), fields=("tenant", "ref"), name="one_compound_per_ref"
            ),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ref", ""), _negated=True), fields=("tenant", "ref"), name="one_building_per_ref"
            ),
        ),
        migrations.AddConstraint(
            model_name="divisionchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("settled_at", None)), fields=("division", "kind"), name="one_open_change"
            ),
        ),
        migrations.AddIndex(
            model_name="divisionversion",
            index=models.Index(fields=["parent", "code"], name="children_of_division"),
        ),
        migrations.AddConstraint(
            model_name="divisionversion",
            constraint=models.UniqueConstraint(fields=("code", "valid_from"), name="one_version_per_code_and_day"),
        ),
        migrations.AddConstraint(
            model_name="divisionversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("valid_to", None)), fields=("code",), name="one_open_version_per_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="facility",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ref", ""), _negated=True), fields=("tenant", "ref"), name="one_facility_per_ref"
            ),
        ),
        migrations.AddIndex(
            model_name="gazetteername",
            index=models.Index(fields=["tenant", "name"], name="gazetteer_by_name"),
        ),
        migrations.AddConstraint(
            model_name="gazetteername",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ref", ""), _negated=True), fields=("tenant", "ref"), name="one_name_per_ref"
            ),
        ),
        migrations.AddConstraint(
            model_name="grid",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="one_grid_per_code"),
        ),
        migrations.AddConstraint(
            model_name="grid",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "general"), models.Q(("owner_ref", ""), _negated=True), _connector="OR"),
                name="special_grid_has_an_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="gridedition",
            constraint=models.UniqueConstraint(
                fields=("tenant", "division_code", "number"), name="grid_editions_are_numbered"
            ),
        ),
        migrations.AddConstraint(
            model_name="gridedition",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (models.Func("tenant", "tenant", models.Value("[]"), function="int8range"), "&&"),
                    (models.Func("series", "series", models.Value("[]"), function="int8range"), "&&"),
                    ("effective", "&&"),
                ],
                name="grid_editions_do_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="gridversion",
            constraint=models.UniqueConstraint(fields=("tenant", "edition", "grid"), name="one_version_per_edition"),
        ),
        migrations.AddConstraint(
            model_name="groundmark",
            constraint=models.UniqueConstraint(fields=("tenant",), name="one_ground_mark_per_tenant"),
        ),
        migrations.AddIndex(
            model_name="succession",
            index=models.Index(fields=["predecessor", "on_date"], name="successors_of_division"),
        ),
        migrations.AddConstraint(
            model_name="zone",
            constraint=models.UniqueConstraint(
                condition=models.Q(("active_to", None)), fields=("tenant", "code"), name="one_open_zone_per_code"
            ),
        ),
    ]
