"""The matter: which reports belong to it, who was asked, and until when."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.cases.models.known import known
from jishi.cases.models.reports import Placed, Report
from jishi.cases.states import (
    OPEN,
    ClockKind,
    DeclineGround,
    HandoverEnd,
    HandoverStatus,
    Kind,
    MembershipEnd,
    Outcome,
    ReturnGround,
    Role,
    Status,
    Urgency,
    Visibility,
)
from jishi.foundation.nouns import TenantRow


class Case(Placed, TenantRow):
    """事件: the matter itself. Reports belong to it for intervals of time."""

    number = models.CharField(max_length=24)
    title = models.CharField(max_length=80)
    matter = models.CharField(max_length=40, blank=True)  # code; empty: nobody has said yet
    book_edition = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REPORT)
    tags = ArrayField(models.CharField(max_length=40), default=list)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RECEIVED)
    status_since = models.DateTimeField()
    status_before = models.CharField(max_length=12, blank=True)  # where it stepped aside from, while consulting
    lead = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    urgency = models.CharField(max_length=10, choices=Urgency.choices, default=Urgency.NORMAL)
    received_at = models.DateTimeField()
    promise_due_at = models.DateTimeField(null=True)
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.PARTIES)
    opened_at = models.DateTimeField(null=True)  # when strangers could read it first; stays when it is closed to them
    changed_at = models.DateTimeField(null=True)  # last change that a stranger would see
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    line_body_ids = ArrayField(models.BigIntegerField(), default=list)  # above the accused: recused as they are
    let_in_body_ids = ArrayField(models.BigIntegerField(), default=list)  # of the line, while no dispatcher is there
    aside_account_ids = ArrayField(models.BigIntegerField(), default=list)  # kin, interest: declared by themselves
    previous_case = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    absorbed_into = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    community = models.BooleanField(default=False)  # goes on without a caller: public danger, or a body still works
    outcome = models.CharField(max_length=10, blank=True)
    decline_ground = models.CharField(max_length=20, blank=True)
    decline_text = models.TextField(blank=True)
    decline_channel = models.CharField(max_length=200, blank=True)
    objected_at = models.DateTimeField(null=True)  # when the caller disagreed with the decline
    routed = models.CharField(max_length=20, blank=True)  # what the lists said last: named, contested, ask, fallback …
    reports_count = models.PositiveIntegerField(default=1)
    returns_count = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    search = models.TextField(blank=True)  # bigrams of the minimised words

    recused_by = "accused_body_ids"
    recused_line = "line_body_ids"
    recused_persons = "aside_account_ids"
    subject_kind_of_trail = "case"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="one_case_per_number"),
            known("status", Status, "case_status_is_known"),
            known("urgency", Urgency, "case_urgency_is_known"),
            known("outcome", Outcome, "case_outcome_is_known", empty=True),
            known("visibility", Visibility, "case_visibility_is_known"),
            models.CheckConstraint(
                name="only_what_accuses_has_a_line", condition=Q(line_body_ids=[]) | ~Q(accused_body_ids=[])
            ),
            models.CheckConstraint(
                name="who_is_let_in_does_not_stand_aside",
                condition=Q(let_in_body_ids=[])
                | (~Q(accused_body_ids=[]) & ~Q(let_in_body_ids__overlap=F("line_body_ids"))),
            ),
            models.CheckConstraint(
                name="a_case_that_accuses_a_body_is_not_public",
                condition=~Q(visibility="public") | Q(accused_body_ids=[]),
            ),
            known("decline_ground", DeclineGround, "decline_ground_is_known", empty=True),
            models.CheckConstraint(
                name="declined_case_has_its_ground", condition=~Q(status="DECLINED") | ~Q(decline_ground="")
            ),
            models.CheckConstraint(
                name="case_with_a_body_has_a_lead",
                condition=Q(lead__isnull=False)
                | ~Q(status__in=["OFFERED", "HANDLING", "SUSPENDED", "BANKED", "REPLIED"]),
            ),
            models.CheckConstraint(
                name="absorbed_case_names_the_living_one",
                condition=Q(status="ABSORBED", absorbed_into__isnull=False)
                | (~Q(status="ABSORBED") & Q(absorbed_into=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "status", "id"], name="cases_by_status"),
            # What waits at the desk is counted from this index alone, recusal and area included.
            models.Index(
                fields=["tenant", "status", "routed"],
                include=["division_code", "accused_body_ids", "line_body_ids", "aside_account_ids"],
                name="cases_waiting", condition=Q(status__in=["RECEIVED", "CONSULTING"]),
            ),
            # Few: asked every twenty seconds whether anybody is left who may place them.
            models.Index(fields=["tenant", "status"], name="cases_with_a_line", condition=~Q(line_body_ids=[])),
            models.Index(fields=["tenant", "status"], name="cases_let_in", condition=~Q(let_in_body_ids=[])),
            models.Index(
                fields=["tenant", "status_since", "id"], name="cases_objected",
                condition=Q(status="DECLINED", objected_at__isnull=False),
            ),
            models.Index(fields=["tenant", "lead", "status", "id"], name="cases_of_body"),
            models.Index(
                fields=["tenant", "lead", "received_at", "id"], name="cases_of_body_in_time",
                condition=Q(lead__isnull=False),
            ),
            models.Index(fields=["tenant", "grid", "status"], name="cases_of_grid"),
            models.Index(fields=["tenant", "matter", "id"], name="cases_by_matter"),
            models.Index(fields=["tenant", "received_at", "id"], name="cases_by_time"),
            models.Index(fields=["tenant", "promise_due_at", "id"], name="cases_by_promise"),
            # Open work is a small set however long the history: what is open is walked by its promise and counted by
            # state, body, grid or matter from this index alone, recusal and area included.
            models.Index(
                fields=["tenant", "promise_due_at", "id"],
                include=[
                    "status", "lead", "grid", "matter", "urgency", "received_at", "division_code",
                    "accused_body_ids", "line_body_ids", "aside_account_ids",
                ],
                name="cases_open", condition=Q(status__in=sorted(OPEN)),
            ),
            models.Index(
                fields=["tenant", "changed_at", "id"],
                name="cases_ever_public_by_change",
                condition=Q(opened_at__isnull=False),
            ),
            # Likely duplicates: near in place or alike in matter, within the matter's time; words are compared then.
            # The index of words (migration 0002) serves the search that people type (docs/decisions/0008).
            models.Index(fields=["tenant", "grid", "received_at"], name="cases_of_grid_in_time"),
            models.Index(fields=["tenant", "received_at"], name="cases_without_place", condition=Q(grid=None)),
            # Where no grid is known the next one has no order of time: `IS NULL` is no equality to it.
            models.Index(
                fields=["tenant", "matter", "received_at"], name="cases_without_place_of", condition=Q(grid=None)
            ),
            models.Index(fields=["tenant", "matter", "grid", "received_at"], name="cases_of_matter_in_grid"),
            models.Index(fields=["tenant", "matter", "received_at"], name="cases_of_matter_in_time"),
            # Strangers ask for the newest of a matter; of many matters few cases are public.
            models.Index(
                fields=["tenant", "matter", "received_at"], name="public_of_matter", condition=Q(visibility="public")
            ),
            # Few: a new case is in neither.
            models.Index(
                fields=["previous_case"], name="cases_after_another", condition=Q(previous_case__isnull=False)
            ),
            models.Index(fields=["absorbed_into"], name="cases_absorbed_by", condition=Q(absorbed_into__isnull=False)),
        ]


    @property
    def recused_body_ids(self) -> list[int]:
        """Give every body that stands aside: the accused and the line above them that was declared for this case."""
        return [*self.accused_body_ids, *self.line_body_ids]


class Membership(TenantRow):
    """归并: a report belongs to a case from a moment to a moment. A merge ends rows and makes new ones.

    `continues`: the row of the absorbed case whose place this one takes. `promise`: what was promised elsewhere
    (start, amount, pauses), kept when the report came along; empty: what the case itself was promised.
    """

    recused_with = "case"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    part_text = models.TextField(blank=True)
    by = models.CharField(max_length=80)
    why = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict)
    promise_due_at = models.DateTimeField(null=True)  # each keeps his own; the earliest binds the case
    promise = models.JSONField(default=dict)
    continues = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    end = models.CharField(max_length=10, blank=True, choices=MembershipEnd.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "report", "case"], name="one_open_membership", condition=Q(to_at=None)
            ),
            models.CheckConstraint(
                name="membership_is_half_open", condition=Q(to_at=None) | Q(to_at__gte=F("from_at"))
            ),
            models.CheckConstraint(
                name="membership_ends_by_a_verb",
                condition=Q(to_at=None, end="") | (Q(to_at__isnull=False) & ~Q(end="")),
            ),
            known("end", MembershipEnd, "membership_end_is_known", empty=True),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="members_of_case"),
            models.Index(fields=["tenant", "report"], name="cases_of_report"),
            models.Index(fields=["continues"], name="membership_goes_on", condition=Q(continues__isnull=False)),
        ]


class Handover(TenantRow):
    """派单 · 签收 · 退单: who was asked, by which duty item, when they signed, on what ground they returned it.

    `received_at` is its case's, which never changes: what a body was ever asked is walked newest first by one index.
    """

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="handovers")
    received_at = models.DateTimeField()
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.LEAD)
    status = models.CharField(max_length=14, choices=HandoverStatus.choices, default=HandoverStatus.OFFERED)
    status_before_return = models.CharField(max_length=14, blank=True)
    duty_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    duty_edition = models.PositiveIntegerField(null=True)
    decision = models.ForeignKey("duties.Decision", on_delete=models.PROTECT, related_name="+", null=True)
    instruction = models.CharField(max_length=500, blank=True)
    why_not_the_list = models.CharField(max_length=500, blank=True)
    offered_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    signed_by_clock = models.BooleanField(default=False)
    return_asked_at = models.DateTimeField(null=True)
    return_ground = models.CharField(max_length=20, blank=True, choices=ReturnGround.choices)
    return_words = models.TextField(blank=True)
    cited_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    proposed_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    return_answer_words = models.TextField(blank=True)
    designated = models.BooleanField(default=False)
    copied_to = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, blank=True, choices=HandoverEnd.choices)

    class Meta:
        constraints = [
            known("status", HandoverStatus, "handover_status_is_known"),
            known("role", Role, "handover_role_is_known"),
            known("return_ground", ReturnGround, "return_ground_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "case"],
                name="one_lead_per_case",
                condition=Q(role="lead", status__in=["OFFERED", "SIGNED", "RETURN_ASKED", "CONTESTED"]),
            ),
            models.CheckConstraint(
                name="a_return_has_ground_and_citation",
                condition=Q(return_ground="")
                | Q(return_ground__in=["missing_facts", "already_handled"])
                | Q(cited_item__isnull=False),
            ),
            models.CheckConstraint(
                name="not_our_duty_proposes_a_body",
                condition=~Q(return_ground="not_our_duty") | Q(proposed_body__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="handovers_of_case"),
            models.Index(
                fields=["tenant", "body", "status", "id"],
                name="handovers_open_of_body",
                condition=Q(status__in=["OFFERED", "SIGNED", "RETURN_ASKED", "CONTESTED"]),
            ),
            models.Index(fields=["tenant", "case"], name="returns_to_answer", condition=Q(status="RETURN_ASKED")),
            models.Index(
                fields=["tenant", "body", "return_asked_at"], name="returns_of_body",
                condition=Q(return_asked_at__isnull=False),
            ),
            models.Index(fields=["tenant", "body", "received_at", "case"], name="handovers_of_body_in_time"),
            models.Index(fields=["tenant", "copied_to", "received_at", "case"], name="handovers_copied_in_time"),
        ]


class Clock(TenantRow):
    """办理时限: one running obligation of one party on one case (spec 11 §9). `due_at` is pinned."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks", db_index=False)
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="+", null=True, db_index=False)
    part = models.ForeignKey("cases.Part", on_delete=models.CASCADE, related_name="+", null=True, db_index=False)
    whistle = models.ForeignKey("cases.Whistle", on_delete=models.CASCADE, related_name="+", null=True, db_index=False)
    participant = models.ForeignKey(
        "cases.Participant", on_delete=models.CASCADE, related_name="+", null=True, db_index=False
    )
    mediation = models.ForeignKey(
        "cases.Mediation", on_delete=models.CASCADE, related_name="+", null=True, db_index=False
    )
    kind = models.CharField(max_length=14, choices=ClockKind.choices)
    owner_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    rule = models.CharField(max_length=120)
    amount = models.CharField(max_length=12)
    calendar = models.CharField(max_length=60)  # code@edition
    provisional = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    pauses = models.JSONField(default=list)  # [[from, to|null], …] moments as text
    extensions = models.JSONField(default=list)
    stopped_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=30, blank=True)
    expired_at = models.DateTimeField(null=True)  # when expiry was acted upon
    tell_at = models.DateTimeField(null=True)  # when the next rung of escalation is reached; empty: not worked out

    class Meta:
        constraints = [
            known("kind", ClockKind, "clock_kind_is_known"),
            models.CheckConstraint(
                name="clock_does_not_stop_before_it_starts",
                condition=Q(stopped_at=None) | Q(stopped_at__gte=F("started_at")),
            ),
            models.UniqueConstraint(
                fields=["tenant", "case", "kind", "handover", "part", "whistle", "participant", "mediation"],
                name="one_running_clock_of_a_kind",
                condition=Q(stopped_at=None),
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="clocks_of_case"),
            models.Index(
                fields=["tenant", "kind", "due_at", "id"], name="clocks_running", condition=Q(stopped_at=None)
            ),
            models.Index(fields=["tenant", "tell_at", "id"], name="clocks_to_tell", condition=Q(stopped_at=None)),
            models.Index(
                fields=["tenant", "owner_body", "due_at", "id"],
                name="clocks_of_body_running",
                condition=Q(stopped_at=None),
            ),
            # Of one row each, where there is one: a clock of a new case is in none of these.
            *(
                models.Index(fields=[of], name=f"clocks_of_{of}", condition=Q(**{f"{of}__isnull": False}))
                for of in ("handover", "part", "whistle", "participant", "mediation", "owner_body")
            ),
        ]
