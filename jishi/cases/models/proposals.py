"""What triage proposed, what people chose, and the classifier as data."""

from django.db import models

from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.foundation.nouns import FactRow, TenantRow


class Suggestion(FactRow):
    """What triage said before a person looked, with its reason. Never edited; the choice stands beside it."""

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+", db_index=False)
    stage = models.CharField(max_length=12)
    candidates = models.JSONField()
    abstained = models.CharField(max_length=40, blank=True)
    edition = models.CharField(max_length=120)
    ms = models.FloatField()
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "report", "stage"], name="suggestions_of_report")]


class Choice(FactRow):
    """What a person did with a suggestion."""

    recused_with = "suggestion"

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="+")
    taken = models.BooleanField()
    changed_to = models.CharField(max_length=120, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "suggestion"], name="choices_of_suggestion")]


class ModelEdition(TenantRow):
    """A classifier as data: plain arrays with a header (spec 12 §10)."""

    kind = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    made_from = models.CharField(max_length=200)
    card = models.JSONField()
    arrays = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    shadow_from = models.DateTimeField(null=True)  # since when it answers beside the one in force, unseen
    shadow_to = models.DateTimeField(null=True)
    shadowed = models.PositiveIntegerField(default=0)  # cases that it has answered so
    adopted_at = models.DateTimeField(null=True)
    adopted_by = models.CharField(max_length=80, blank=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "number"], name="models_are_numbered")]


class RefusedPair(FactRow):
    """Somebody said: these two are not the same matter. Not proposed again."""

    recused_with = "case"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "report", "case"], name="one_refusal_per_pair")]
