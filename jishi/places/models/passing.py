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


class WalkNet(TenantRow):
    """步行网: the ways that people walk, one edition for the whole town, in force from a day; arrays, packed.

    Barriers are not part of it: which ways they cut is asked of the day (`kernels/geo/walknet`).
    """

    number = models.PositiveIntegerField(null=True)  # empty until adopted
    state = models.CharField(max_length=10, default="checked")
    file_name = models.CharField(max_length=120)
    file_format = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64)
    source_crs = models.CharField(max_length=40)
    report = models.JSONField()
    arrays = models.BinaryField()  # nodes in 1e-7 degree, edges, which have steps
    nodes = models.PositiveIntegerField()
    length_m = models.FloatField()
    document_no = models.CharField(max_length=80, blank=True)
    checked_at = models.DateTimeField()
    checked_by = models.CharField(max_length=80)
    active_from = models.DateField(null=True)
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_walk_net_has_a_known_state", condition=Q(state__in=["checked", "adopted", "dropped"])
            ),
            models.CheckConstraint(
                name="an_adopted_walk_net_has_number_and_day",
                condition=~Q(state="adopted") | Q(number__isnull=False, active_from__isnull=False),
            ),
            models.UniqueConstraint(fields=["tenant", "number"], name="one_walk_net_per_number"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="adopted", active_to=None), name="one_open_walk_net"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-checked_at"], name="walk_nets_newest_first")]
