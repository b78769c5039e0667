"""How much work lies at a house: counts that rooms above hand down, never a person (spec 20 §3.2)."""

from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import FactRow


class Workload(FactRow):
    """工作量: how many matters of one kind a house had in one month. It is written once; no month is counted twice.

    `kind` is one of institutions/rules/workloads.toml; what is small is a weight of the planner and shown to nobody.
    """

    building = models.ForeignKey("places.Building", on_delete=models.PROTECT, related_name="+", null=True)
    compound = models.ForeignKey("places.Compound", on_delete=models.PROTECT, related_name="+", null=True)
    # where it stood on the month's last day: a border that moves later moves no figure
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)
    kind = models.CharField(max_length=20)
    period = models.DateField()  # the first day of the month
    value = models.PositiveIntegerField()
    source = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "period", "building", "compound"], nulls_distinct=False,
                name="a_month_of_a_house_is_counted_once",
            ),
            models.CheckConstraint(
                name="a_workload_is_of_one_house",
                condition=Q(compound=None, building__isnull=False) | Q(compound__isnull=False, building=None),
            ),
            models.CheckConstraint(name="a_workload_is_of_a_whole_month", condition=Q(period__day=1)),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["tenant", "building"], name="workloads_of_a_building"),
            models.Index(fields=["tenant", "compound"], name="workloads_of_a_compound"),
            models.Index(fields=["tenant", "grid", "period"], name="workloads_of_a_grid"),
        ]


class WorkloadMonth(FactRow):
    """A month is counted for one kind, with `houses` of any count, none too. It is closed: what comes in late for it is
    counted nowhere, so that no figure that was shown grows by a few."""

    kind = models.CharField(max_length=20)
    period = models.DateField()  # the first day of the month
    houses = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind", "period"], name="a_month_of_a_kind_is_counted_once"),
            models.CheckConstraint(name="a_counted_month_is_whole", condition=Q(period__day=1)),
        ]
