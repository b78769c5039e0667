"""Ground: compounds, buildings, facilities, zones and the names people use for them (spec 20 §3.2).

Coordinates are CGCS2000 degrees stored as integers of 1e-7° beside WKB (spec 20 §3).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import TenantRow


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


class EntranceKind(models.TextChoices):
    MAIN_GATE = "main_gate", "大门"
    SIDE_GATE = "side_gate", "边门"
    FIRE_GATE = "fire_gate", "消防门"
    UNIT_DOOR = "unit_door", "单元门"
    GARAGE = "garage", "车库口"


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


class Entrance(TenantRow):
    """出入口: a gate of a compound or a door of a building, where a walk begins and ends."""

    compound = models.ForeignKey(Compound, on_delete=models.PROTECT, related_name="+", null=True)
    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=10, choices=EntranceKind.choices)
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    foot = models.BooleanField(default=True)
    car = models.BooleanField(default=False)
    step_free = models.BooleanField(null=True)  # empty: unknown
    hours = models.CharField(max_length=60, blank=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "compound"], name="entrances_of_compound"),
            models.Index(fields=["tenant", "building"], name="entrances_of_building"),
        ]
        constraints = [
            models.CheckConstraint(
                name="an_entrance_is_of_one_place",
                condition=Q(compound=None, building__isnull=False) | Q(compound__isnull=False, building=None),
            ),
            models.CheckConstraint(name="entrance_kind_is_known", condition=Q(kind__in=EntranceKind.values)),
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
