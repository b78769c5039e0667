"""剔除: one caller's case left out of a rate, on a public ground, by somebody outside the asking body's line."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case, Membership
from jishi.cases.states import ExclusionGround, Verdict
from jishi.foundation.nouns import TenantRow


class Exclusion(TenantRow):
    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    rates = ArrayField(models.CharField(max_length=20))
    ground = models.CharField(max_length=20, choices=ExclusionGround.choices)
    evidence = models.TextField()
    told_caller = models.TextField()
    asked_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    verdict = models.CharField(max_length=8, blank=True, choices=Verdict.choices)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    why = models.TextField(blank=True)
    from_period = models.CharField(max_length=7)  # 2026-11: the month of the rate in which it takes effect
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=80, blank=True)
    why_revoked = models.TextField(blank=True)
    effect = models.JSONField(null=True)  # rate before → after, where figures are kept

    class Meta:
        constraints = [
            known("ground", ExclusionGround, "exclusion_ground_is_known"),
            known("verdict", Verdict, "exclusion_verdict_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "membership"],
                name="one_exclusion_at_a_time",
                condition=Q(revoked_at=None, verdict__in=["", "approved"]),
            ),
            models.CheckConstraint(
                name="only_what_was_granted_is_revoked", condition=Q(revoked_at=None) | Q(verdict="approved")
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="exclusions_of_case"),
            models.Index(fields=["tenant", "membership"], name="exclusions_of_membership"),
            models.Index(fields=["tenant", "id"], name="exclusions_to_decide", condition=Q(verdict="")),
        ]
