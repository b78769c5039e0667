"""每月一题: one kind of matter worked on at its root (spec 10 §12)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.states import TopicEvidence, TopicStatus
from jishi.foundation.nouns import FactRow, TenantRow


class Topic(TenantRow):
    """A topic with its evidence, its measures and one indicator. Figures are counted, typed in by nobody.

    `baseline_n / baseline_of`, `result_n / result_of`: an exact share, or a count over 1. `target`: count or percent.
    """

    title = models.CharField(max_length=80)
    matters = ArrayField(models.CharField(max_length=40))
    evidence_kind = models.CharField(max_length=10, choices=TopicEvidence.choices)
    evidence = models.TextField()
    evidence_asked = models.PositiveIntegerField(default=0)  # counted when it was nominated: raised in 90 days …
    evidence_banked = models.PositiveIntegerField(default=0)  # … and banked then
    nominated_by = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    nominated_at = models.DateTimeField()
    month = models.CharField(max_length=7)  # 2026-11
    status = models.CharField(max_length=12, choices=TopicStatus.choices, default=TopicStatus.NOMINATED)
    status_since = models.DateTimeField()
    due_date = models.DateField()  # of what runs now: the choice, the last measure, the decision
    passed_over_why = models.TextField(blank=True)
    lead_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    assist_body_ids = ArrayField(models.BigIntegerField(), default=list)
    causes = models.TextField(blank=True)
    chosen_at = models.DateTimeField(null=True)
    indicator = models.CharField(max_length=20, blank=True)
    indicator_edition = models.PositiveSmallIntegerField(default=0)
    baseline_n = models.PositiveIntegerField(default=0)
    baseline_of = models.PositiveIntegerField(default=1)
    baseline_date = models.DateField(null=True)
    target = models.PositiveIntegerField(default=0)
    result_n = models.PositiveIntegerField(default=0)
    result_of = models.PositiveIntegerField(default=1)
    assessed_at = models.DateTimeField(null=True)
    is_met = models.BooleanField(null=True)
    result = models.TextField(blank=True)
    rounds = models.PositiveSmallIntegerField(default=1)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("status", TopicStatus, "topic_status_is_known"),
            known("evidence_kind", TopicEvidence, "topic_evidence_is_known"),
            models.CheckConstraint(name="a_topic_is_about_some_matter", condition=Q(matters__len__gt=0)),
            models.CheckConstraint(
                name="a_chosen_topic_has_lead_and_indicator",
                condition=~Q(status__in=["WORKING", "ASSESSED", "CLOSED"])
                | (Q(lead_body__isnull=False, baseline_date__isnull=False) & ~Q(indicator="")),
            ),
            models.CheckConstraint(name="a_closed_topic_has_its_result", condition=~Q(status="CLOSED") | ~Q(result="")),
        ]
        indexes = [models.Index(fields=["tenant", "status", "due_date", "id"], name="topics_by_status")]


class TopicMeasure(TenantRow):
    """措施: what, who, by when."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="measures")
    what = models.CharField(max_length=200)
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    by_date = models.DateField()
    round = models.PositiveSmallIntegerField(default=1)
    done_at = models.DateTimeField(null=True)
    done_words = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_measure_done_says_what", condition=Q(done_at=None, done_words="") | ~Q(done_words="")
            )
        ]
        indexes = [models.Index(fields=["tenant", "topic"], name="measures_of_topic")]


class TopicCase(FactRow):
    """A case that a topic found: found, never asked."""

    recused_with = "case"

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "case"], name="a_case_is_found_by_one_topic")]
        indexes = [models.Index(fields=["tenant", "topic"], name="cases_of_topic")]
