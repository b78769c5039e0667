"""Whose matter it is, where that was contested."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.matters import Case, Handover
from jishi.foundation.nouns import FactRow, TenantRow


class Consultation(TenantRow):
    """会商: one question, the invited bodies' positions, an end."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="+", null=True)
    question = models.CharField(max_length=500)
    invited = ArrayField(models.BigIntegerField())
    opened_at = models.DateTimeField()
    concluded_at = models.DateTimeField(null=True)
    agreed_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"], name="consultations_of_case")]


class Position(FactRow):
    """What one invited body says in a consultation."""

    recused_with = "consultation"

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="+")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    cited_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField()


class Ruling(FactRow):
    """终审: names the body; may be offered as precedent."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=24)
    ruler_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    named_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    cited_items = ArrayField(models.BigIntegerField())
    reasons = models.TextField()
    ruled_at = models.DateTimeField()
    precedent = models.BooleanField(default=False)
    matter = models.CharField(max_length=40, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "case"], name="rulings_of_case"),
            models.Index(fields=["tenant", "matter"], name="precedents_of_matter", condition=Q(precedent=True)),
        ]
