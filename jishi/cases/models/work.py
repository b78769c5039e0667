"""What the lead did and said, what another pair of eyes found, what the caller answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case, Handover, Membership
from jishi.cases.states import Contacted, NotBackGround, Outcome, Satisfied, Solved
from jishi.foundation.nouns import FactRow, TenantRow


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
        constraints = [known("outcome", Outcome, "reply_outcome_is_known")]
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
            known("contacted", Contacted, "contacted_is_known"),
            known("solved", Solved, "solved_is_known"),
            known("satisfied", Satisfied, "satisfied_is_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="feedback_of_case"),
            models.Index(fields=["tenant", "membership"], name="feedback_of_membership"),
            models.Index(fields=["tenant", "token_hash"], name="feedback_by_link", condition=~Q(token_hash="")),
            models.Index(
                fields=["tenant", "id"], name="feedback_to_call",
                condition=Q(sampled=True, answered_at=None, superseded_by=None),
            ),
        ]


class Recheck(FactRow):
    """复核: what a reviewer finds of one answer "not solved" (spec 10 §5, row 22). Each answer is judged once."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    feedback = models.ForeignKey(Feedback, on_delete=models.CASCADE, related_name="+")
    reviewer = models.CharField(max_length=80)
    verdict = models.CharField(max_length=10)  # agreed: it goes back; denied: it does not, and why
    ground = models.CharField(max_length=20, blank=True, choices=NotBackGround.choices)
    why = models.CharField(max_length=500)
    at = models.DateTimeField()
    answer_until = models.DateTimeField(null=True)  # till then its caller may answer again, and nobody closes

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "feedback"], name="an_answer_is_judged_once"),
            models.CheckConstraint(name="recheck_is_known", condition=Q(verdict__in=["agreed", "denied"])),
            models.CheckConstraint(
                name="denied_has_its_ground",
                condition=Q(verdict="agreed", ground="") | Q(verdict="denied", ground__in=NotBackGround.values),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "case"], name="rechecks_of_case")]
