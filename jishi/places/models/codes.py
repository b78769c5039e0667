"""What grids are called elsewhere, and the groups of a village or community (spec 20 §§2, 3.2)."""

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from jishi.foundation.nouns import TenantRow
from jishi.places.models.grids import Grid


class CodeMap(TenantRow):
    """编码对照: a code of another scheme (单元网格 of urban management) is one of our grids, from a day until a day.

    A grid may answer to several codes; a code names one grid on each day.
    """

    scheme = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    grid = models.ForeignKey(Grid, on_delete=models.PROTECT, related_name="+")
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "scheme", "code"], condition=Q(active_to=None), name="one_open_grid_per_other_code"
            ),
            models.CheckConstraint(
                name="a_code_ends_after_it_began",
                condition=Q(active_to=None) | Q(active_to__gte=F("active_from")),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "code"], name="other_codes_of_grids"),
            models.Index(fields=["tenant", "grid"], name="grids_by_other_codes"),
        ]


class Group(TenantRow):
    """组: a villagers' or residents' group under a community, numbered by us; the national table ends at level 5."""

    code = models.CharField(max_length=16)  # of the community, G and three digits that are not given again
    name = models.CharField(max_length=60)
    community = models.CharField(max_length=12)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_group_per_code"),
            models.UniqueConstraint(
                fields=["tenant", "community", "name"], condition=Q(active_to=None), name="one_open_group_per_name"
            ),
            models.CheckConstraint(
                name="a_group_has_a_code_of_its_community",
                condition=Q(code__startswith=Concat(F("community"), Value("G"))),
            ),
        ]
