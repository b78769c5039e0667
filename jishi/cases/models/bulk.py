"""Many cases at once: a plan with a row for each case; and what a person keeps to find cases again."""

from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.states import BulkState, BulkVerb
from jishi.foundation.nouns import FactRow, TenantRow


class BulkPlan(TenantRow):
    """成批办: one verb on at most 500 cases, looked at first, then done, undone for a while. Its maker's alone.

    `said`: what the verb is told, in codes, and the one sentence that everybody reads.
    """

    verb = models.CharField(max_length=10, choices=BulkVerb.choices)
    said = models.JSONField(default=dict)
    by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    apply_until = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    ends_on = models.DateField()

    class Meta:
        constraints = [
            known("verb", BulkVerb, "bulk_verb_is_known"),
            models.CheckConstraint(
                name="bulk_is_undone_after_it_was_done",
                condition=Q(undone_at=None) | Q(applied_at__isnull=False, undo_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "by", "-id"], name="bulk_plans_of_maker"),
            models.Index(fields=["tenant", "ends_on"], name="bulk_plans_ending"),
        ]


class BulkRow(TenantRow):
    """One case of a plan: as it was seen, as it would be, or why not; then what became of it."""

    recused_with = "case"

    plan = models.ForeignKey(BulkPlan, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=BulkState.choices)
    seen = models.PositiveIntegerField()  # version of the case when it was looked at
    made = models.PositiveIntegerField(null=True)  # version that this plan made of it
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    code = models.CharField(max_length=40, blank=True)  # of the last refusal
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            known("state", BulkState, "bulk_state_is_known"),
            models.UniqueConstraint(fields=["tenant", "plan", "case"], name="one_row_per_case_of_a_plan"),
        ]


class Tagged(FactRow):
    """A tag of a case, so that a tag finds its cases by key; `Case.tags` says the same beside the case."""

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    tag = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "case", "tag"], name="a_case_bears_a_tag_once")]
        indexes = [models.Index(fields=["tenant", "tag", "case"], name="cases_of_tag")]


class SavedFilter(TenantRow):
    """常用筛选: a name for the address of a list, of one person."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=600)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "account", "name"], name="one_saved_filter_per_name"),
        ]
