"""Divisions of the country with their versions, and what became of what (spec 20 §3.1). Of no tenant."""

from django.db import models
from django.db.models import Q


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
