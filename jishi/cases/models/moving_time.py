"""What lawfully moves time: a pause, an extension, a case put aside. One person asks, another decides."""

from django.db import models
from django.db.models import F, Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case, Clock, Handover
from jishi.cases.states import SuspensionGround, Verdict
from jishi.foundation.nouns import TenantRow


class Asked(TenantRow):
    """A request that waits for another person's decision."""

    recused_with = "case"

    asked_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    verdict = models.CharField(max_length=8, blank=True, choices=Verdict.choices)  # empty: nobody has decided yet
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    why_not = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class Suspension(Asked):
    """挂起: the clocks of the body stand still on a ground, until a day. `told_caller` empty: the promise runs on."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="+")
    ground = models.CharField(max_length=20, choices=SuspensionGround.choices)
    words = models.TextField()
    evidence = models.CharField(max_length=500, blank=True)
    told_caller = models.TextField(blank=True)
    until_date = models.DateField()
    from_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField(null=True)  # planned, by the calendar
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            known("ground", SuspensionGround, "suspension_ground_is_known"),
            known("verdict", Verdict, "suspension_verdict_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "case"], name="one_open_suspension_per_case", condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="suspension_is_half_open",
                condition=Q(ended_at=None) | Q(from_at=None) | Q(ended_at__gte=F("from_at")),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case"], name="suspensions_of_case")]


class Extension(Asked):
    """延期: a clock and the promise run longer, counted from the old expiry."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="+")
    amount = models.CharField(max_length=12)
    reason_for_caller = models.TextField()
    due_before = models.DateTimeField(null=True)
    due_after = models.DateTimeField(null=True)
    told_caller_at = models.DateTimeField(null=True)
    told_hotline_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("verdict", Verdict, "extension_verdict_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "case"], name="one_open_extension_per_case", condition=Q(verdict="")
            ),
            models.CheckConstraint(
                name="granted_extension_was_told",
                condition=~Q(verdict="approved") | Q(told_caller_at__isnull=False, told_hotline_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case"], name="extensions_of_case")]


class Banking(Asked):
    """挂账: cannot be solved now; looked at again on a day, or when what it waits for has come true."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="+")
    why_unsolvable = models.TextField()
    waits_for = models.CharField(max_length=500)
    told_caller = models.TextField()
    review_date = models.DateField()
    from_at = models.DateTimeField(null=True)
    came_true_at = models.DateTimeField(null=True)
    came_true_words = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            known("verdict", Verdict, "banking_verdict_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "case"], name="one_open_banking_per_case", condition=Q(ended_at=None)
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="bankings_of_case"),
            models.Index(
                fields=["tenant", "review_date", "id"],
                name="bankings_asleep",
                condition=Q(verdict="approved", ended_at=None),
            ),
        ]
