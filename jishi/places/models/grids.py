"""Grids in editions: a series, its ground in one edition, all of a division together (spec 20 §3.2)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models
from django.db.models import Func, Q, Value

from jishi.foundation.nouns import FactRow, TenantRow


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


class MicroGrid(TenantRow):
    """微网格: houses, doors or a piece of ground of one grid that a neighbour looks after; from a day until a day."""

    grid = models.ForeignKey(Grid, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=17)  # of the grid, and two digits that are not given again
    name = models.CharField(max_length=60)
    polygon = models.BinaryField(null=True)  # WKB, degrees; drawn as a piece of ground it has no parts
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="one_micro_grid_per_code")]
        indexes = [models.Index(fields=["tenant", "grid"], name="micro_grids_of_a_grid")]


class MicroGridPart(TenantRow):
    """A house of a micro-grid, or one door of it."""

    micro = models.ForeignKey(MicroGrid, on_delete=models.PROTECT, related_name="+")
    building = models.ForeignKey("places.Building", on_delete=models.PROTECT, related_name="+")
    door = models.ForeignKey("places.Entrance", on_delete=models.PROTECT, related_name="+", null=True)
    active_to = models.DateField(null=True)  # as its micro-grid's

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "building", "door"], nulls_distinct=False, condition=Q(active_to=None),
                name="a_house_is_in_one_micro_grid",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "micro"], name="parts_of_a_micro_grid"),
            models.Index(fields=["tenant", "building"], name="micro_grids_of_a_house"),
            models.Index(fields=["tenant", "door"], name="micro_grids_of_a_door", condition=Q(door__isnull=False)),
        ]
