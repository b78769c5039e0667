"""Handled together: parts of other bodies, whistles and who came, questions to outsiders (spec 10 §§3, 7, 8)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.states import (
    ParticipantStatus,
    PartStatus,
    RatingRuling,
    RatingSide,
    ReturnGround,
    Role,
    WhistleKind,
    WhistleStatus,
    YesPartlyNo,
)
from jishi.foundation.nouns import TenantRow


class Part(TenantRow):
    """协办: a piece of the work asked from another body. While it is open the case is not answered and does not end."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    asked_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    what = models.CharField(max_length=200)  # one sentence
    duty_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    status = models.CharField(max_length=10, choices=PartStatus.choices, default=PartStatus.ASKED)
    asked_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    signed_by_clock = models.BooleanField(default=False)
    returned_at = models.DateTimeField(null=True)
    return_ground = models.CharField(max_length=20, blank=True, choices=ReturnGround.choices)
    return_words = models.TextField(blank=True)
    cited_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    contested_at = models.DateTimeField(null=True)
    contest_words = models.TextField(blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruling_words = models.TextField(blank=True)
    designated = models.BooleanField(default=False)  # by a ruling: it may not be returned again
    release_asked_at = models.DateTimeField(null=True)
    release_words = models.TextField(blank=True)
    result = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("status", PartStatus, "part_status_is_known"),
            known("return_ground", ReturnGround, "part_return_ground_is_known", empty=True),
            models.CheckConstraint(name="a_part_done_has_its_result", condition=~Q(status="DONE") | ~Q(result="")),
            models.CheckConstraint(
                name="a_part_returned_cites_an_item",
                condition=Q(return_ground="") | Q(cited_item__isnull=False),
            ),
            models.CheckConstraint(
                name="an_open_part_has_no_end",
                condition=~Q(status__in=["ASKED", "SIGNED", "CONTESTED"]) | Q(ended_at=None),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="parts_of_case"),
            models.Index(fields=["tenant", "asked_body", "id"], name="parts_of_body"),
        ]


class Whistle(TenantRow):
    """吹哨: a street calls several bodies together; a host, a quorum, each one's result."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    blown_by = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=WhistleKind.choices)
    what = models.CharField(max_length=300)
    where = models.CharField(max_length=200)
    gather_at = models.DateTimeField()
    lead_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    quorum_bodies = ArrayField(models.BigIntegerField(), default=list)  # these must answer, or …
    quorum_count = models.PositiveSmallIntegerField(default=0)  # … so many of those called
    act_amount = models.CharField(max_length=12)
    status = models.CharField(max_length=12, choices=WhistleStatus.choices, default=WhistleStatus.CALLED)
    status_since = models.DateTimeField()
    blown_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    concluded_at = models.DateTimeField(null=True)
    conclusion = models.TextField(blank=True)
    called_off_words = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    previous = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)  # blown again

    class Meta:
        constraints = [
            known("status", WhistleStatus, "whistle_status_is_known"),
            known("kind", WhistleKind, "whistle_kind_is_known"),
            models.UniqueConstraint(
                fields=["tenant", "case"],
                name="one_whistle_at_a_time",
                condition=Q(status__in=["CALLED", "GATHERED", "ACTING"]),
            ),
            models.CheckConstraint(
                name="a_quorum_is_named_or_counted",
                condition=Q(quorum_bodies__len__gt=0, quorum_count=0) | Q(quorum_bodies__len=0, quorum_count__gt=0),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="whistles_of_case"),
            models.Index(fields=["tenant", "blown_by", "id"], name="whistles_of_street"),
            models.Index(
                fields=["tenant", "id"], name="whistles_open",
                condition=Q(status__in=["CALLED", "GATHERED", "ACTING", "CONCLUDED"]),
            ),
        ]  # fmt: skip


class Participant(TenantRow):
    """One body called by a whistle: what it answered, when it came, what it did. No photo, no position."""

    recused_with = "whistle"

    whistle = models.ForeignKey(Whistle, on_delete=models.CASCADE, related_name="participants")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.ASSIST)
    duty_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    why = models.CharField(max_length=500, blank=True)  # why this body, where no item of its names the matter
    status = models.CharField(max_length=10, choices=ParticipantStatus.choices, default=ParticipantStatus.CALLED)
    called_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    objected_at = models.DateTimeField(null=True)
    objection_ground = models.CharField(max_length=20, blank=True, choices=ReturnGround.choices)
    objection_words = models.TextField(blank=True)
    cited_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    ruled_at = models.DateTimeField(null=True)
    ruling_words = models.TextField(blank=True)
    arrived_at = models.DateTimeField(null=True)
    arrival_words = models.CharField(max_length=500, blank=True)
    absent_at = models.DateTimeField(null=True)
    absence_words = models.CharField(max_length=500, blank=True)
    result = models.TextField(blank=True)
    reported_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("status", ParticipantStatus, "participant_status_is_known"),
            known("role", Role, "participant_role_is_known"),
            known("objection_ground", ReturnGround, "objection_ground_is_known", empty=True),
            models.UniqueConstraint(fields=["tenant", "whistle", "body"], name="a_body_is_called_once"),
            models.CheckConstraint(
                name="reported_has_its_own_result", condition=~Q(status="REPORTED") | ~Q(result="")
            ),
            models.CheckConstraint(
                name="an_objection_cites_an_item",
                condition=Q(objection_ground="") | Q(cited_item__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "body", "id"], name="whistles_of_body")]


class Rating(TenantRow):
    """评哨, one side's: the street of a body, or a body of the whistle. Never changed; a ruling stands beside it."""

    recused_with = "participant"

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="ratings")
    side = models.CharField(max_length=8, choices=RatingSide.choices)
    by_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    came = models.CharField(max_length=6, blank=True, choices=YesPartlyNo.choices)
    did_its_part = models.CharField(max_length=6, blank=True, choices=YesPartlyNo.choices)
    result_holds = models.CharField(max_length=6, blank=True, choices=YesPartlyNo.choices)
    needed = models.CharField(max_length=6, blank=True, choices=YesPartlyNo.choices)
    right_body = models.CharField(max_length=6, blank=True, choices=YesPartlyNo.choices)
    prepared = models.CharField(max_length=6, blank=True, choices=YesPartlyNo.choices)
    words = models.CharField(max_length=1000, blank=True)
    rated_at = models.DateTimeField()
    objected_at = models.DateTimeField(null=True)
    objection_words = models.TextField(blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruling = models.CharField(max_length=10, blank=True, choices=RatingRuling.choices)
    ruling_words = models.TextField(blank=True)

    class Meta:
        constraints = [
            known("side", RatingSide, "rating_side_is_known"),
            known("ruling", RatingRuling, "rating_ruling_is_known", empty=True),
            models.UniqueConstraint(fields=["tenant", "participant", "side"], name="each_side_rates_once"),
            models.CheckConstraint(
                name="a_side_answers_its_own_questions",
                condition=(
                    Q(side="street", needed="", right_body="", prepared="")
                    & ~Q(came="") & ~Q(did_its_part="") & ~Q(result_holds="")
                ) | (
                    Q(side="body", came="", did_its_part="", result_holds="")
                    & ~Q(needed="") & ~Q(right_body="") & ~Q(prepared="")
                ),
            ),
        ]  # fmt: skip


class OutsideLink(TenantRow):
    """外部协同链接: one question, one extract of the case, no account. Of the token only the hash is kept."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    to_name = models.CharField(max_length=80)  # an organisation
    question = models.CharField(max_length=300)
    extract = models.TextField()  # what the outside party reads of the case, minimised
    token_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_count = models.PositiveIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    not_ours = models.BooleanField(default=False)
    answer = models.TextField(blank=True)
    attached_text = models.TextField(blank=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_words = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="one_link_per_token"),
            models.CheckConstraint(
                name="an_answered_link_says_something", condition=Q(answered_at=None) | ~Q(answer="")
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="links_of_case"),
            models.Index(fields=["tenant", "asked_by", "id"], name="links_of_body"),
        ]
