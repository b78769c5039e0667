"""过渡: an agreed time in which people live in one place and belong to another (spec 20 §3.5)."""

from django.db import models
from django.db.models import F, Q

from jishi.foundation import purposes
from jishi.foundation.nouns import TenantRow

SPOKE = purposes.declare(
    purposes.Purpose(
        code="transition.household", fields=frozenset({"account"}),
        zh="一户一张条，只让原来说的人再改", en="one slip a household, changed by whoever spoke for it",
        basis="个人信息保护法 13(1)(1)：本人同意，条由本人自己用", source="本人 / the person",
        readers=frozenset(), days=0, searchable="account",
        shared_with="谁都不给看，只用来认出同一个账号 / nobody; the account is compared, never shown",
        labels={"account": ("替这一户说话的账号", "account that spoke for the household")},
    )
)  # fmt: skip


class TransitionCause(models.TextChoices):
    SHANTIES = "shanties", "棚改"
    DEMOLITION = "demolition", "拆迁"
    RESETTLEMENT = "resettlement", "移民搬迁"
    MERGED = "merged", "撤村建居"


class TransitionStatus(models.TextChoices):
    ANNOUNCED = "ANNOUNCED", "已公告"
    SURVEYED = "SURVEYED", "问过了"
    SERVICES_MOVED = "SERVICES_MOVED", "服务已随人"
    RIGHTS_SETTLED = "RIGHTS_SETTLED", "权益已定"
    CLOSED = "CLOSED", "已结束"


class ServedBy(models.TextChoices):
    LIVING = "living", "现在住的社区"
    ORIGIN = "from_community", "原来的社区"
    NAMED = "named", "写明的社区"


class Transition(TenantRow):
    """One community that is torn down, and its way until everything of its people is settled."""

    subject_kind_of_trail = "transition"

    from_community = models.CharField(max_length=12)
    receiving = models.CharField(max_length=12)  # the street or town that receives the people
    origin_body = models.BigIntegerField()  # the street's body on either side; bodies is above: no key points up
    receiving_body = models.BigIntegerField()
    cause = models.CharField(max_length=20, choices=TransitionCause.choices)
    zone = models.ForeignKey("places.Zone", on_delete=models.PROTECT, related_name="+", null=True)
    status = models.CharField(max_length=20, choices=TransitionStatus.choices)
    began_on = models.DateField()
    review_on = models.DateField()
    reviewed_on = models.DateField(null=True)
    ends_when = models.CharField(max_length=500)  # what must have happened, in words a resident understands
    services_from = models.DateField(null=True)  # the day from which where one lives serves
    assets_listed = models.BooleanField(default=False)
    shares_fixed = models.BooleanField(default=False)
    roll_kept = models.BooleanField(default=False)
    decision_no = models.CharField(max_length=80, blank=True)  # of the collective's assembly; a room above counts it
    outcome = models.CharField(max_length=30, blank=True)  # dissolved, collective_without_ground
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "from_community"], condition=~Q(status="CLOSED"), name="one_open_transition"
            ),
            models.CheckConstraint(name="transition_status_is_known", condition=Q(status__in=TransitionStatus.values)),
            models.CheckConstraint(name="transition_cause_is_known", condition=Q(cause__in=TransitionCause.values)),
        ]


class TransitionItem(TenantRow):
    """Who serves one purpose, from when to when; in force only when both sides have signed."""

    transition = models.ForeignKey(Transition, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=20)
    group = models.CharField(max_length=60, blank=True)  # a group of offers, where the purpose is `offer`
    served_by = models.CharField(max_length=20, choices=ServedBy.choices)
    named = models.CharField(max_length=12, blank=True)
    from_date = models.DateField()
    to_date = models.DateField(null=True)
    origin_agreed_by = models.CharField(max_length=80, blank=True)
    receiving_agreed_by = models.CharField(max_length=80, blank=True)
    document_no = models.CharField(max_length=80, blank=True)
    settled_on = models.DateField(null=True)
    successor = models.CharField(max_length=120, blank=True)  # who answers for what stays open after the end

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "transition", "purpose", "group", "from_date"], name="one_item_per_purpose_and_day"
            ),
            models.CheckConstraint(
                name="item_names_who_serves",
                condition=(Q(served_by="named") & ~Q(named="")) | (~Q(served_by="named") & Q(named="")),
            ),
            models.CheckConstraint(
                name="item_is_half_open", condition=Q(to_date=None) | Q(to_date__gt=F("from_date"))
            ),
        ]


class TransitionHousehold(TenantRow):
    """One household on the street's list, by a number and a word on a slip: who it is, it says itself or not at all.

    Who spoke for it is sealed and found by its own account alone: a column would join people to the village that they
    left. Where it lives is that person's own sealed row, not here.
    """

    transition = models.ForeignKey(Transition, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    word_hash = models.CharField(max_length=64)
    answered_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "transition", "number"], name="households_are_numbered"),
            models.UniqueConstraint(fields=["tenant", "word_hash"], name="one_slip_per_household"),
            models.CheckConstraint(
                name="told_after_it_answered", condition=Q(told_at=None) | Q(answered_at__isnull=False)
            ),
        ]


class GroundState(TenantRow):
    """A community that goes on without ground: a state with a day of review, not a loophole."""

    community = models.CharField(max_length=12)
    ground = models.CharField(max_length=10)  # none
    active_from = models.DateField()
    active_to = models.DateField(null=True)
    review_on = models.DateField()
    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="+", null=True)
    document_no = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "community"], condition=Q(active_to=None), name="one_open_state_of_ground"
            ),
            models.CheckConstraint(name="state_of_ground_is_known", condition=Q(ground="none")),
        ]
