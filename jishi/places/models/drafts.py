"""Ground that was drawn elsewhere and brought in as a file: its report first, then what became of it (spec 20 §7)."""

from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import FactRow, TenantRow


class GroundImport(TenantRow):
    """One file of grids as it was checked: the rows that its report accepted, kept until applied or dropped."""

    division_code = models.CharField(max_length=12)
    file_name = models.CharField(max_length=120)
    file_format = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64)
    source_crs = models.CharField(max_length=40)
    columns = models.JSONField(default=dict)  # field of ours → column of the file
    column_map_version = models.PositiveIntegerField(default=1)
    report = models.JSONField()
    features = models.BinaryField()  # GeoJSON in CGCS2000 as the report saw it, packed
    state = models.CharField(max_length=10, default="checked")
    checked_at = models.DateTimeField()
    checked_by = models.CharField(max_length=80)
    applied_at = models.DateTimeField(null=True)
    edition = models.ForeignKey("places.GridEdition", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_ground_import_has_a_known_state",
                condition=Q(state__in=["checked", "applied", "dropped"]),
            ),
            models.CheckConstraint(
                name="an_applied_import_has_its_edition", condition=~Q(state="applied") | Q(edition__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-checked_at"], name="ground_imports_newest_first")]


class GridMember(FactRow):
    """A building, or some of its floors, that belongs to another grid than its ground: it wins over the polygon.

    A tower with a mall below and homes above is one polygon and two grids. Floors are counted as people say them:
    1 is the ground floor, −1 the first below; both ends belong to the range.
    """

    edition = models.ForeignKey("places.GridEdition", on_delete=models.CASCADE, related_name="+")
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+")
    building = models.ForeignKey("places.Building", on_delete=models.PROTECT, related_name="+")
    floor_from = models.SmallIntegerField(null=True)  # empty: the whole building
    floor_to = models.SmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="floors_of_a_member_are_a_range",
                condition=Q(floor_from=None, floor_to=None)
                | Q(floor_from__isnull=False, floor_to__gte=models.F("floor_from")),
            ),
            models.UniqueConstraint(
                fields=["tenant", "edition", "building", "floor_from"], nulls_distinct=False,
                name="one_grid_for_a_floor_of_a_building",
            ),
        ]  # fmt: skip
