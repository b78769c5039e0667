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
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="one_version_per_code_and_day"),
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to=None), name="one_open_version_per_code"),
        ]
        indexes = [models.Index(fields=["parent", "code"], name="children_of_division")]


class Compound(TenantRow):
    """小区: where people live together behind a name."""

    name = models.CharField(max_length=80)
    aliases = ArrayField(models.CharField(max_length=80), default=list)
    community = models.CharField(max_length=12)
    kind = models.CharField(max_length=30, default="commercial")
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    polygon = models.BinaryField(null=True)
    households_planned = models.PositiveIntegerField(null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "community"], name="compounds_of_community")]


class Building(TenantRow):
    compound = models.ForeignKey(Compound, on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=40)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    floors_up = models.PositiveSmallIntegerField(null=True)
    units = models.PositiveSmallIntegerField(null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)


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
            models.CheckConstraint(
                name="special_grid_has_an_owner", condition=Q(kind="general") | ~Q(owner_ref="")
            ),
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
    """One name by which people call a place."""

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    aliases = ArrayField(models.CharField(max_length=80), default=list)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    radius_m = models.FloatField()
    geometry = models.BinaryField(null=True)
    within = models.CharField(max_length=12)
    source = models.CharField(max_length=120)
    compound = models.ForeignKey(Compound, on_delete=models.PROTECT, related_name="+", null=True)
    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="+", null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "name"], name="gazetteer_by_name")]
