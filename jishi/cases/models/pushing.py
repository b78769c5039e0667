"""People who push, and whom the clock has reminded: urging, supervision, escalation, digests."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case, Clock
from jishi.cases.states import SupervisionGround, SupervisionStatus
from jishi.foundation.nouns import FactRow, TenantRow


class Urging(FactRow):
    """催办: a sentence to the holder. `by` is the name of the urger on this case alone (a resident: a pseudonym)."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)  # null: the desk
    by = models.CharField(max_length=80)
    is_caller = models.BooleanField(default=False)
    words = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "case", "at"], name="urgings_of_case")]


class Supervision(TenantRow):
    """督办: one supervisor asks one body; its answer is lifted or opened again by the same supervisor only."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=SupervisionStatus.choices, default=SupervisionStatus.OPENED)
    ground = models.CharField(max_length=16, choices=SupervisionGround.choices)
    demand = models.TextField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    post_id = models.BigIntegerField(null=True)  # whoever holds this post is the same supervisor
    clock = models.ForeignKey(Clock, on_delete=models.SET_NULL, related_name="+", null=True)
    rounds = models.PositiveSmallIntegerField(default=1)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("status", SupervisionStatus, "supervision_status_is_known"),
            known("ground", SupervisionGround, "supervision_ground_is_known"),
            models.UniqueConstraint(
                fields=["tenant", "case"], name="one_open_supervision_per_case", condition=~Q(status="LIFTED")
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="supervisions_of_case"),
            models.Index(fields=["tenant", "status", "id"], name="supervisions_open", condition=~Q(status="LIFTED")),
            models.Index(
                fields=["tenant", "body", "id"], name="supervisions_of_body", condition=~Q(status="LIFTED")
            ),
        ]


class Escalation(FactRow):
    """One rung that one clock has reached. Worked out again from the clock, it comes out the same."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="+")
    step = models.CharField(max_length=20)
    fell_at = models.DateTimeField()
    noted_at = models.DateTimeField()
    to = ArrayField(models.CharField(max_length=20))
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)  # null: a desk
    desk = models.CharField(max_length=20, blank=True)
    urgent = models.BooleanField(default=False)
    digested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "clock", "step", "fell_at"], name="a_rung_is_reached_once")
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="escalations_of_case"),
            models.Index(fields=["tenant", "id"], name="escalations_untold", condition=Q(digested_at=None)),
        ]


class Digest(FactRow):
    """提醒: what one person is told in one half day, once; danger at once. `rungs`: ids of escalations."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    half_day = models.CharField(max_length=12)  # 2026-11-20a, …p; an emergency names its moment
    urgent = models.BooleanField(default=False)
    rungs = ArrayField(models.BigIntegerField())
    bankings = ArrayField(models.BigIntegerField(), default=list)  # asleep, offered again this week
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account", "half_day"], name="one_digest_per_half_day", condition=Q(urgent=False)
            )
        ]
        indexes = [models.Index(fields=["tenant", "account", "id"], name="digests_of_person")]
