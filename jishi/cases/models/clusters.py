"""热点: reports that are about one thing while they come (spec 12 §8). The platform makes it; nobody types in it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.foundation.nouns import TenantRow


class ClusterState(models.TextChoices):
    """How sure and how new it is; names are those of the kernel (`clusters_heat`)."""

    FORMING = "forming", "形成中"
    HOT = "hot", "正热"
    COOLING = "cooling", "在降"
    SETTLED = "settled", "平息"


class ClusterTrend(models.TextChoices):
    """Against a day before."""

    RISING = "rising", "在升"
    STEADY = "steady", "平稳"
    FALLING = "falling", "在降"


class Cluster(TenantRow):
    """热点: what it is about, where, how hot. Minimised words only; how many people spoke is not here."""

    title = models.CharField(max_length=80)
    matter = models.CharField(max_length=40, blank=True)
    entity = models.CharField(max_length=120, blank=True)  # what most of them name: a compound, a road, a facility
    words = ArrayField(models.CharField(max_length=20), default=list)  # what most of their texts share
    state = models.CharField(max_length=8, choices=ClusterState.choices)
    state_since = models.DateTimeField()
    trend = models.CharField(max_length=8, choices=ClusterTrend.choices)
    heat = models.FloatField()
    novelty = models.FloatField(null=True)  # against what is usual of this matter, place, weekday; null: not known
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    hot_at = models.DateTimeField(null=True)  # when it became hot first
    reports_count = models.PositiveIntegerField()
    places_count = models.PositiveIntegerField()
    hull_e7 = ArrayField(models.BigIntegerField(), default=list)  # longitude, latitude, longitude …: a closed ring
    grid_ids = ArrayField(models.BigIntegerField(), default=list)
    division_code = models.CharField(max_length=12, blank=True)  # the deepest that holds all of it
    case = models.ForeignKey(Case, on_delete=models.SET_NULL, related_name="+", null=True)  # that took it
    made_at = models.DateTimeField()
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    line_body_ids = ArrayField(models.BigIntegerField(), default=list)
    aside_account_ids = ArrayField(models.BigIntegerField(), default=list)

    recused_by = "accused_body_ids"
    recused_line = "line_body_ids"
    recused_persons = "aside_account_ids"

    class Meta:
        constraints = [
            known("state", ClusterState, "cluster_state_is_known"),
            known("trend", ClusterTrend, "cluster_trend_is_known"),
            models.CheckConstraint(name="a_cluster_begins_before_it_ends", condition=Q(first_at__lte=F("last_at"))),
        ]
        indexes = [models.Index(fields=["tenant", "last_at", "id"], name="clusters_by_last")]


class ClusterReport(TenantRow):
    """One report of a cluster. `central`: 1 for the text that says most of what all say; 0: it is no example."""

    recused_with = "report"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    central = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "report"], name="a_report_is_in_one_cluster")]
        indexes = [models.Index(fields=["tenant", "cluster"], name="reports_of_cluster")]
