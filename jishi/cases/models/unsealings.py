"""解封: the only way to see a confidential reporter's name (spec 10 §13)."""

from django.db import models
from django.db.models import F, Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.cases.states import UnsealGround, UnsealingStatus
from jishi.foundation.nouns import TenantRow


class Unsealing(TenantRow):
    """解封: one person asks, a second one of another body decides; then that one person may look for a day."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=UnsealingStatus.choices)
    ground = models.CharField(max_length=20, choices=UnsealGround.choices)
    why = models.TextField()  # the asker's sentence, told to the reporter
    asked_by = models.CharField(max_length=80)
    asked_account = models.BigIntegerField()
    asked_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decided_why = models.TextField(blank=True)
    open_until = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # for the first time
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("status", UnsealingStatus, "unsealing_status_is_known"),
            known("ground", UnsealGround, "unsealing_ground_is_known"),
            models.CheckConstraint(
                name="two_bodies_unseal", condition=Q(decided_body=None) | ~Q(decided_body=F("asked_body"))
            ),
            models.CheckConstraint(
                name="two_persons_unseal", condition=Q(decided_by="") | ~Q(decided_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="what_is_open_ends", condition=~Q(status="GRANTED") | Q(open_until__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["tenant", "report", "asked_account"], name="one_running_unsealing_per_person",
                condition=Q(status__in=["ASKED", "GRANTED"]),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="unsealings_of_case"),
            models.Index(fields=["tenant", "open_until"], name="unsealings_open", condition=Q(status="GRANTED")),
            models.Index(fields=["tenant", "asked_at"], name="unsealings_asked", condition=Q(status="ASKED")),
        ]
