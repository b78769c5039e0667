"""What people do not walk across, and where they can (spec 20 §3.2)."""

from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import TenantRow


class Barrier(TenantRow):
    """屏障: a line or polygon. A hard one is crossed at its crossings only; a soft one is a border of habit."""

    ref = models.CharField(max_length=60)  # the source's own id, for repeated imports
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)  # expressway railway river wall main_road community_line slope
    hard = models.BooleanField()
    geometry = models.BinaryField()  # WKB, degrees
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "ref"], condition=Q(active_to=None), name="one_open_barrier_per_ref"
            )
        ]


class Crossing(TenantRow):
    """通道: a point on a barrier where people pass."""

    ref = models.CharField(max_length=60)
    barrier = models.ForeignKey(Barrier, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=30)  # bridge underpass signal gate ferry
    lng_e7 = models.BigIntegerField()
    lat_e7 = models.BigIntegerField()
    step_free = models.BooleanField(null=True)  # empty: unknown
    hours = models.CharField(max_length=60, blank=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "ref"], condition=Q(active_to=None), name="one_open_crossing_per_ref"
            )
        ]
