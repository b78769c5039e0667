"""Ground: divisions with their versions, grids in editions, compounds, buildings, the gazetteer.

Coordinates are CGCS2000 degrees stored as integers of 1e-7° beside WKB (spec 20 §3).
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models
from django.db.models import Func, Q, Value

from jishi.foundation.nouns import FactRow, TenantRow


class Division(models.Model):
    """A series that survives renames and new codes. National reference, of no tenant (decision 0004)."""

    level = models.PositiveSmallIntegerField()  # 1 province … 5 village or community


class DivisionVersion(models.Model):
    """What a division was called, coded and part of, for a time."""

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=80)
    short_name = models.CharField(max_length=80)
    parent = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", null=True)
    level = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, blank=True)
    urban_class = models.CharField(max_length=3, blank=True)
    placeholder = models.BooleanField(default=False)
    boundary = models.BinaryField(null=True)  # WKB, degrees; most divisions have a code and no border
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="one_version_per_code_and_day"),
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to=None), name="one_open_version_per_code"),
        ]
        indexes = [models.Index(fields=["parent", "code"], name="children_of_division")]


class DivisionLoad(models.Model):
    """One table of one year that was taken in: what it held, what it changed. Also tells memories to look again."""

    year = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    changes = models.JSONField(default=dict)  # kind of change → how many
    loaded_at = models.DateTimeField()
    loaded_by = models.CharField(max_length=80)


class Succession(models.Model):
    """What became of what (沿革). Shares of one predecessor on one day sum to 1."""

    predecessor = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+")
    successor = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", null=True)
    kind = models.CharField(max_length=20)  # renamed recoded merged split moved_parent border dissolved founded
    on_date = models.DateField()
    share_households = models.FloatField(null=True)
    share_area = models.FloatField(null=True)
    document_no = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [models.Index(fields=["predecessor", "on_date"], name="successors_of_division")]


class DivisionChange(models.Model):
    """A change between two years' tables that a person must settle: nothing is retired silently."""

    load = models.ForeignKey(DivisionLoad, on_delete=models.PROTECT, related_name="+")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)  # gone, merged
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=80)
    likely_successor = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="+", null=True)
    evidence = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["division", "kind"], condition=Q(settled_at=None), name="one_open_change")
        ]


class GroundMark(TenantRow):
    """Grows by one with every change of a tenant's ground, so that memories know when to look again."""

    number = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_ground_mark_per_tenant")]


class Compound(TenantRow):
    """小区: where people live together behind a name."""

    ref = models.CharField(max_length=60, blank=True)  # the source's own id, for repeated imports
    name = models.CharField(max_length=80)
    aliases = ArrayField(models.CharField(max_length=80), default=list)
    community = models.CharField(max_length=12)
    kind = models.CharField(max_length=30, default="commercial")
    built_year = models.PositiveSmallIntegerField(null=True)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    polygon = models.BinaryField(null=True)
    households_planned = models.PositiveIntegerField(null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "community"], name="compounds_of_community")]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "ref"], condition=~Q(ref=""), name="one_compound_per_ref")
        ]


class Building(TenantRow):
    """楼栋: a house with its own number."""

    ref = models.CharField(max_length=60, blank=True)  # the source's own id, for repeated imports
    compound = models.ForeignKey(Compound, on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=40)
    aliases = ArrayField(models.CharField(max_length=40), default=list)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    floors_up = models.PositiveSmallIntegerField(null=True)
    units = models.PositiveSmallIntegerField(null=True)
    footprint = models.BinaryField(null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "ref"], condition=~Q(ref=""), name="one_building_per_ref")
        ]


class Facility(TenantRow):
    """A market, a school, a bus stop, a pump: point or polygon; `owner_ref` is the code of a body, resolved above."""

    ref = models.CharField(max_length=60, blank=True)  # the source's own id, for repeated imports
    name = models.CharField(max_length=80)
    aliases = ArrayField(models.CharField(max_length=80), default=list)
    kind = models.CharField(max_length=30)
    community = models.CharField(max_length=12, blank=True)
    owner_ref = models.CharField(max_length=30, blank=True)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    polygon = models.BinaryField(null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "ref"], condition=~Q(ref=""), name="one_facility_per_ref")
        ]


class Zone(TenantRow):
    """A named polygon that duty lists speak of, such as the management line of a levee."""

    code = models.CharField(max_length=30)
    name = models.CharField(max_length=80)
    polygon = models.BinaryField()
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "code"], condition=Q(active_to=None), name="one_open_zone_per_code"
            )
        ]


class GridEdition(TenantRow):
    """All grids of one division, in force together from a day."""

    division_code = models.CharField(max_length=12)
    number = models.PositiveIntegerField()
    series = models.BigIntegerField()  # the division's code as a number: one series per division
    effective = DateRangeField()
    document_no = models.CharField(max_length=80, blank=True)
    hash = models.CharField(max_length=64)
    adopted_at = models.DateTimeField()
    adopted_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "division_code", "number"], name="grid_editions_are_numbered"),
            ExclusionConstraint(
                name="grid_editions_do_not_overlap",
                expressions=[
                    (Func("tenant", "tenant", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("series", "series", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("effective", RangeOperators.OVERLAPS),
                ],
            ),
        ]


class Grid(TenantRow):
    """A stable series: the same grid through many editions."""

    code = models.CharField(max_length=15)
    community = models.CharField(max_length=12)
    kind = models.CharField(max_length=10, default="general")  # general 综合, special 专属
    special_of = models.CharField(max_length=30, blank=True)
    owner_ref = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_grid_per_code"),
            models.CheckConstraint(name="special_grid_has_an_owner", condition=Q(kind="general") | ~Q(owner_ref="")),
        ]


class GridVersion(FactRow):
    """One grid's ground in one edition."""

    edition = models.ForeignKey(GridEdition, on_delete=models.CASCADE, related_name="+")
    grid = models.ForeignKey(Grid, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    polygon = models.BinaryField()  # WKB, degrees
    min_lng_e7 = models.BigIntegerField()
    min_lat_e7 = models.BigIntegerField()
    max_lng_e7 = models.BigIntegerField()
    max_lat_e7 = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "edition", "grid"], name="one_version_per_edition")]


class GazetteerName(TenantRow):
    """One name by which people call a place: roads, rivers, bridges with their lines; other names of compounds."""

    ref = models.CharField(max_length=60, blank=True)  # the source's own id, for repeated imports
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    aliases = ArrayField(models.CharField(max_length=80), default=list)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    radius_m = models.FloatField()
    geometry = models.BinaryField(null=True)  # WKB, degrees: a road's line, a river's polygon
    width_m = models.FloatField(null=True)  # of a line
    within = models.CharField(max_length=12)
    source = models.CharField(max_length=120)
    compound = models.ForeignKey(Compound, on_delete=models.PROTECT, related_name="+", null=True)
    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="+", null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "name"], name="gazetteer_by_name")]
        constraints = [models.UniqueConstraint(fields=["tenant", "ref"], condition=~Q(ref=""), name="one_name_per_ref")]
