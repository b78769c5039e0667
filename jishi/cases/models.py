"""Nouns of the spine (spec 10 §2). Words of people are sealed; `text_shown` is the minimised copy."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.cases.states import (
    Channel,
    ClockKind,
    Contacted,
    DeclineGround,
    HandoverEnd,
    HandoverStatus,
    Kind,
    Outcome,
    ReturnGround,
    Role,
    Satisfied,
    Solved,
    Status,
    Urgency,
    Voice,
)  # fmt: skip
from jishi.foundation.nouns import FactRow, TenantRow


def _known(field: str, choices: type[models.TextChoices], name: str, *, empty: bool = False) -> models.CheckConstraint:
    values = [*choices.values, ""] if empty else choices.values
    return models.CheckConstraint(name=name, condition=Q(**{f"{field}__in": values}))


class Placed(models.Model):
    """Where something is: as said, as found, on which grid of which edition."""

    lng_e7 = models.BigIntegerField(null=True)
    lat_e7 = models.BigIntegerField(null=True)
    accuracy_m = models.FloatField(null=True)
    address_text = models.CharField(max_length=200, blank=True)
    place_name = models.CharField(max_length=120, blank=True)
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)
    grid_edition = models.ForeignKey("places.GridEdition", on_delete=models.PROTECT, related_name="+", null=True)
    division_code = models.CharField(max_length=12, blank=True)  # the deepest division known

    class Meta:
        abstract = True


class Report(Placed, TenantRow):
    """诉求: one thing one person said, once, through one channel; never edited."""

    number = models.CharField(max_length=24)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REPORT)
    voice = models.CharField(max_length=14, choices=Voice.choices, default=Voice.OPEN)
    said_at = models.DateTimeField()
    received_at = models.DateTimeField()
    lang = models.CharField(max_length=12, default="zh-Hans")
    title = models.CharField(max_length=80)
    text_shown = models.TextField()
    source_crs = models.CharField(max_length=12, blank=True)
    source_lng = models.FloatField(null=True)
    source_lat = models.FloatField(null=True)
    answers = models.JSONField(default=dict)
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    reporter = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+", null=True)
    entered_by = models.CharField(max_length=80)
    external_system = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    external_hash = models.CharField(max_length=64, blank=True)
    word_hash = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict)  # raw intake facts: columns of an import that have no field here

    recused_by = "accused_body_ids"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="one_report_per_number"),
            models.UniqueConstraint(
                fields=["tenant", "external_system", "external_id"],
                name="one_report_per_external_id",
                condition=~Q(external_id=""),
            ),
            _known("channel", Channel, "report_channel_is_known"),
            _known("kind", Kind, "report_kind_is_known"),
            _known("voice", Voice, "report_voice_is_known"),
            models.CheckConstraint(name="said_before_received", condition=Q(said_at__lte=F("received_at"))),
            models.CheckConstraint(
                name="anonymous_report_has_no_person", condition=~Q(voice="anonymous") | Q(reporter=None)
            ),
            models.CheckConstraint(
                name="a_point_has_both_numbers",
                condition=Q(lng_e7=None, lat_e7=None) | Q(lng_e7__isnull=False, lat_e7__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "received_at"], name="reports_by_time"),
            models.Index(
                fields=["tenant", "reporter"], name="reports_of_reporter", condition=Q(reporter__isnull=False)
            ),
        ]


class Addendum(FactRow):
    """A later word of the same person."""

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    text_shown = models.TextField()
    entered_by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["tenant", "report"], name="addenda_of_report")]


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
    lead = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    urgency = models.CharField(max_length=10, choices=Urgency.choices, default=Urgency.NORMAL)
    received_at = models.DateTimeField()
    promise_due_at = models.DateTimeField(null=True)
    visibility = models.CharField(max_length=10, default="parties")
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    previous_case = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)
    outcome = models.CharField(max_length=10, blank=True)
    decline_ground = models.CharField(max_length=20, blank=True)
    decline_text = models.TextField(blank=True)
    decline_channel = models.CharField(max_length=200, blank=True)
    reports_count = models.PositiveIntegerField(default=1)
    returns_count = models.PositiveSmallIntegerField(default=0)
    not_solved_count = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    search = models.TextField(blank=True)  # bigrams of the minimised words

    recused_by = "accused_body_ids"
    subject_kind_of_trail = "case"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="one_case_per_number"),
            _known("status", Status, "case_status_is_known"),
            _known("urgency", Urgency, "case_urgency_is_known"),
            _known("outcome", Outcome, "case_outcome_is_known", empty=True),
            _known("decline_ground", DeclineGround, "decline_ground_is_known", empty=True),
            models.CheckConstraint(
                name="declined_case_has_its_ground", condition=~Q(status="DECLINED") | ~Q(decline_ground="")
            ),
            models.CheckConstraint(
                name="case_with_a_body_has_a_lead",
                condition=~Q(status__in=["OFFERED", "HANDLING", "REPLIED"]) | Q(lead__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "status", "id"], name="cases_by_status"),
            models.Index(fields=["tenant", "lead", "status", "id"], name="cases_of_body"),
            models.Index(fields=["tenant", "grid", "status"], name="cases_of_grid"),
            models.Index(fields=["tenant", "matter", "id"], name="cases_by_matter"),
            models.Index(fields=["tenant", "received_at", "id"], name="cases_by_time"),
            # Likely duplicates: near in place or alike in matter, within the matter's time. The index of words cannot
            # serve this:
            # row security keeps @@ behind its own test.
            models.Index(fields=["tenant", "grid", "received_at"], name="cases_of_grid_in_time"),
            models.Index(fields=["tenant", "matter", "received_at"], name="cases_of_matter_in_time"),
        ]


class Membership(TenantRow):
    """归并: a report belongs to a case from a moment to a moment."""

    recused_with = "case"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="memberships")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="memberships")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True)
    part_text = models.TextField(blank=True)
    by = models.CharField(max_length=80)
    why = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict)
    promise_due_at = models.DateTimeField(null=True)  # each keeps his own; the earliest binds the case

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "report", "case"], name="one_open_membership", condition=Q(to_at=None)
            ),
            models.CheckConstraint(
                name="membership_is_half_open", condition=Q(to_at=None) | Q(to_at__gte=F("from_at"))
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="members_of_case"),
            models.Index(fields=["tenant", "report"], name="cases_of_report"),
        ]


class Handover(TenantRow):
    """派单 · 签收 · 退单: who was asked, by which duty item, when they signed, on what ground they returned it."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="handovers")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
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
    copied_to = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, blank=True, choices=HandoverEnd.choices)

    class Meta:
        constraints = [
            _known("status", HandoverStatus, "handover_status_is_known"),
            _known("role", Role, "handover_role_is_known"),
            _known("return_ground", ReturnGround, "return_ground_is_known", empty=True),
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
        ]


class Clock(TenantRow):
    """办理时限: one running obligation of one party on one case (spec 11 §9). `due_at` is pinned."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks")
    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="+", null=True)
    kind = models.CharField(max_length=14, choices=ClockKind.choices)
    owner_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
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

    class Meta:
        constraints = [
            _known("kind", ClockKind, "clock_kind_is_known"),
            models.CheckConstraint(
                name="clock_does_not_stop_before_it_starts",
                condition=Q(stopped_at=None) | Q(stopped_at__gte=F("started_at")),
            ),
            models.UniqueConstraint(
                fields=["tenant", "case", "kind", "handover"],
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
            models.Index(
                fields=["tenant", "owner_body", "due_at", "id"],
                name="clocks_of_body_running",
                condition=Q(stopped_at=None),
            ),
        ]


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


class ContactNote(FactRow):
    """联系记录."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    how = models.CharField(max_length=10)  # phone, visit, message
    reached = models.CharField(max_length=10)  # yes, no, refused
    by = models.CharField(max_length=80)
    gist = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"], name="contacts_of_case")]


class Progress(FactRow):
    """阶段反馈: a dated sentence for the caller."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.CharField(max_length=1000)
    waiting_for = models.CharField(max_length=200, blank=True)
    until_date = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "case"], name="progress_of_case")]


class Reply(TenantRow):
    """答复: what the lead answers."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="+")
    by_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    author = models.CharField(max_length=80)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    contacted_at = models.DateTimeField()
    contacted_how = models.CharField(max_length=10)
    what_was_done = models.TextField()
    done_by_date = models.DateField(null=True)  # "by when", where something is still to be done
    legal_basis = models.TextField(blank=True)
    text_for_caller = models.TextField()
    text_public = models.TextField(blank=True)
    replied_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [_known("outcome", Outcome, "reply_outcome_is_known")]
        indexes = [models.Index(fields=["tenant", "case"], name="replies_of_case")]


class Review(FactRow):
    """审核: four elements, a verdict, a reason."""

    recused_with = "case"

    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    reviewer = models.CharField(max_length=80)
    time_of_contact = models.BooleanField()
    with_whom = models.BooleanField()
    measures = models.BooleanField()
    by_when = models.BooleanField()
    verdict = models.CharField(max_length=10)  # approved, sent_back
    why = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="verdict_is_known", condition=Q(verdict__in=["approved", "sent_back"])),
            models.CheckConstraint(
                name="approved_has_four_elements",
                condition=Q(verdict="sent_back") | Q(time_of_contact=True, with_whom=True, measures=True, by_when=True),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case"], name="reviews_of_case")]


class Feedback(TenantRow):
    """回访: contacted? solved? satisfied? — three answers, each may be missing; silence is no_answer."""

    recused_with = "case"

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    round = models.PositiveSmallIntegerField(default=1)  # 1 first, 2 after the first reopening …
    token_hash = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField()
    channel = models.CharField(max_length=10, default="link")
    contacted = models.CharField(max_length=10, choices=Contacted.choices, default=Contacted.NO_ANSWER)
    solved = models.CharField(max_length=10, choices=Solved.choices, default=Solved.NO_ANSWER)
    satisfied = models.CharField(max_length=10, choices=Satisfied.choices, default=Satisfied.NO_ANSWER)
    reasons = ArrayField(models.CharField(max_length=30), default=list)
    text_shown = models.TextField(blank=True)
    recorded_by = models.CharField(max_length=80, blank=True)
    answered_at = models.DateTimeField(null=True)
    attempts = models.JSONField(default=list)
    sampled = models.BooleanField(default=False)
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        constraints = [
            _known("contacted", Contacted, "contacted_is_known"),
            _known("solved", Solved, "solved_is_known"),
            _known("satisfied", Satisfied, "satisfied_is_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="feedback_of_case"),
            models.Index(fields=["tenant", "membership"], name="feedback_of_membership"),
            models.Index(fields=["tenant", "token_hash"], name="feedback_by_link", condition=~Q(token_hash="")),
        ]


class Suggestion(FactRow):
    """What triage said before a person looked, with its reason. Never edited; the choice stands beside it."""

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
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
    adopted_at = models.DateTimeField(null=True)
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


class ColumnMap(TenantRow):
    """How the columns of a hotline file become a report; versioned."""

    code = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    columns = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code", "number"], name="column_maps_are_numbered")]


class ImportRun(TenantRow):
    """One file taken in: dry run first, then applied."""

    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    column_map = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=80)
    counts = models.JSONField(default=dict)
    stages = models.JSONField(default=list)
    content = models.BinaryField(null=True)  # sealed file, 30 days
    ends_on = models.DateField()


class ImportRow(FactRow):
    """What became of one row: created, already known, changed, refused and why."""

    recused_with = "report"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="+")
    line = models.PositiveIntegerField()
    result = models.CharField(max_length=10)
    code = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, related_name="+", null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "run", "line"], name="rows_of_run")]
