"""险情提示: a mark that brings a report to the top of the desk, and ends when the desk has acted (spec 12 §7).

A plain row and no life of its own: it is there or it is not. What stays is a count that leads to nobody's case.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.foundation.nouns import FactRow, TenantRow


class RiskMark(TenantRow):
    """One danger that the words of one report speak of. Deleted when the desk has acted; never on the case itself."""

    recused_with = "case"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=20)
    words = ArrayField(models.CharField(max_length=20), default=list)  # of the rules, never the person's own
    edition = models.CharField(max_length=40)
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "report", "code"], name="one_mark_of_a_danger")]
        indexes = [
            models.Index(fields=["tenant", "marked_at", "id"], name="marks_by_time"),
            models.Index(fields=["tenant", "case"], name="marks_of_case"),
        ]


class RiskLook(FactRow):
    """How long one mark waited for a person, by steps. It names no case, no report, no moment and no kind of danger."""

    week = models.DateField()  # its Monday
    minutes = models.FloatField()
    is_danger = models.BooleanField(null=True)  # what the desk said; null: it placed the case and said nothing
    edition = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(name="nobody_is_looked_at_before_he_spoke", condition=Q(minutes__gte=0))
        ]
        indexes = [models.Index(fields=["tenant", "week"], name="looks_by_week")]
