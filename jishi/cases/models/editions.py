"""What is known of a classifier besides its numbers: its answers in the shadow, its weeks, its published figures."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from jishi.cases.models.proposals import ModelEdition
from jishi.cases.models.reports import Report
from jishi.foundation.nouns import FactRow


class ShadowAnswer(FactRow):
    """What an edition that is not in force would have said of a report. Shown to nobody who works on the case."""

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(ModelEdition, on_delete=models.CASCADE, related_name="+")
    candidates = models.JSONField()
    abstained = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "model", "report"], name="one_shadow_answer_per_report")
        ]


class DriftWeek(FactRow):
    """One week of one matter and channel (empty: all of them): how far from what the edition in force was made on."""

    week = models.DateField()  # its Monday
    matter = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=12, blank=True)
    edition = models.CharField(max_length=120)
    reports = models.PositiveIntegerField()
    figures = models.JSONField()
    beyond = ArrayField(models.CharField(max_length=20), default=list)  # which limits were passed
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "week", "matter", "channel"], name="one_drift_week_per_group")
        ]


class QualityFile(FactRow):
    """The published figures of one edition as they stood: one text, byte for byte, with its hash (spec 12 §9)."""

    edition = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    content = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="quality_newest_first")]
