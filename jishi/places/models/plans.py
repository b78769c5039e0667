"""A plan of grids, and its way to an edition: calculated, checked, noticed, answered, adopted (spec 21 §12).

A run holds what it was calculated from and what came out, frozen; a plan that people decide on points to one run.
Units are buildings and compounds with counts, never persons.
"""

from django.db import models
from django.db.models import F, Q

from jishi.foundation.nouns import FactRow, TenantRow


class RunStatus(models.TextChoices):
    QUEUED = "QUEUED", "排队"
    RUNNING = "RUNNING", "计算中"
    DONE = "DONE", "算完"
    CANCELLED = "CANCELLED", "已停下"
    FAILED = "FAILED", "没算成"


class PlanStatus(models.TextChoices):
    DRAFTED = "DRAFTED", "起草"
    CHECKED = "CHECKED", "核查通过"
    NOTICED = "NOTICED", "公示中"
    ANSWERED = "ANSWERED", "异议已答复"
    ADOPTED = "ADOPTED", "已通过"
    IN_FORCE = "IN_FORCE", "已启用"
    WITHDRAWN = "WITHDRAWN", "已撤回"


DECIDED = ("CHECKED", "NOTICED", "ANSWERED", "ADOPTED", "IN_FORCE")


class PlanSweep(FactRow):
    """One press that asks for several calculations beside each other: over bands, or over prices of a change."""

    community = models.CharField(max_length=12)
    over = models.CharField(max_length=8)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_sweep_goes_over_something", condition=Q(over__in=["bands", "prices"]))
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="sweeps_newest_first")]


class PlanRun(TenantRow):
    """One calculation: community and rules, how far it is, what came out. `frozen`, `drawn`: see plan_files."""

    community = models.CharField(max_length=12)
    lo = models.PositiveIntegerField()
    hi = models.PositiveIntegerField()
    compounds = models.CharField(max_length=10)  # whole, own_grid
    cap = models.PositiveIntegerField(null=True)
    max_walk_m = models.PositiveIntegerField(null=True)  # of a home to the middle of its grid (21 H7); null: any
    price = models.PositiveSmallIntegerField()  # of a change, beside the grids in force
    work_weight = models.PositiveSmallIntegerField(default=0)  # tenths, of keeping workloads equal between grids
    allow_islands = models.BooleanField(default=False)
    split_compound = models.ForeignKey("places.Compound", on_delete=models.PROTECT, related_name="+", null=True)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    stage = models.CharField(max_length=20, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)  # changed by hand from it
    base = models.ForeignKey("places.GridEdition", on_delete=models.PROTECT, related_name="+", null=True)
    sweep = models.ForeignKey(PlanSweep, on_delete=models.PROTECT, related_name="+", null=True)
    verdict = models.CharField(max_length=24, blank=True)  # legal, legal_with_exemptions, infeasible, unknown
    faults = models.PositiveIntegerField(default=0)  # that the audit found
    error = models.CharField(max_length=60, blank=True)  # code of the refusal, if it failed
    frozen = models.BinaryField(null=True)
    drawn = models.BinaryField(null=True)
    input_hash = models.CharField(max_length=64, blank=True)
    ways = models.PositiveIntegerField(null=True)  # number of the net of ways that walks were measured on
    households = models.PositiveIntegerField(default=0)
    households_moved = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="plan_run_status_is_known", condition=Q(status__in=RunStatus.values)),
            models.CheckConstraint(name="a_band_of_a_run_makes_sense", condition=Q(lo__lte=F("hi"), hi__gte=1)),
            models.CheckConstraint(
                name="a_longest_walk_is_some_metres", condition=Q(max_walk_m=None) | Q(max_walk_m__gte=1)
            ),
            models.CheckConstraint(
                name="a_run_that_is_done_has_a_verdict",
                condition=~Q(status="DONE") | (~Q(verdict="") & Q(frozen__isnull=False, drawn__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_legal_run_has_no_fault", condition=~Q(verdict__startswith="legal") | Q(faults=0)
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "status", "id"], name="plan_runs_by_status"),
            models.Index(fields=["tenant", "sweep"], name="plan_runs_of_a_sweep", condition=Q(sweep__isnull=False)),
        ]


class PlanGrid(FactRow):
    """One grid of a run: its ground and its figures."""

    run = models.ForeignKey(PlanRun, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=15)
    name = models.CharField(max_length=60)
    matched = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)
    households = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    mean_walk_m = models.FloatField()
    max_walk_m = models.FloatField()
    walks = models.CharField(max_length=8, default="straight")  # measured by ways, partly, straight
    polygon = models.BinaryField()  # WKB, degrees
    work = models.JSONField(default=dict)  # kind of workload → how much of it
    exempt = models.CharField(max_length=20, blank=True)  # oversize_alone, small_island, unpeopled
    at_fault = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "run", "number"], name="grids_of_a_run_are_numbered"),
            models.UniqueConstraint(fields=["tenant", "run", "code"], name="one_code_per_run"),
            models.CheckConstraint(
                name="a_walk_is_measured_in_a_known_way", condition=Q(walks__in=("ways", "partly", "straight"))
            ),
        ]


class PlanMove(FactRow):
    """An address that changes its grid, and why: a building, or a compound of which no building is known."""

    run = models.ForeignKey(PlanRun, on_delete=models.CASCADE, related_name="+")
    unit = models.CharField(max_length=60)
    label = models.CharField(max_length=130)
    households = models.PositiveIntegerField()
    before_code = models.CharField(max_length=15, blank=True)
    after_code = models.CharField(max_length=15)
    reason = models.CharField(max_length=20)

    class Meta:
        indexes = [models.Index(fields=["tenant", "run", "after_code"], name="moves_of_a_run")]


class PlanFinding(FactRow):
    """A fault, an exemption, a certificate why no plan exists, or a rule that could give way at a price.

    `ask_…`: with which rules to ask again, where a press does that.
    """

    run = models.ForeignKey(PlanRun, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12)  # fault, exemption, certificate, relaxation
    code = models.CharField(max_length=40)
    zh = models.CharField(max_length=600)
    en = models.CharField(max_length=600)
    grid_code = models.CharField(max_length=15, blank=True)
    price = models.FloatField(null=True)
    ask_lo = models.PositiveIntegerField(null=True)
    ask_hi = models.PositiveIntegerField(null=True)
    ask_islands = models.BooleanField(default=False)
    ask_walk_m = models.PositiveIntegerField(null=True)
    ask_split = models.ForeignKey("places.Compound", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "run", "kind"], name="findings_of_a_run")]


class GridPlan(TenantRow):
    """网格调整方案: what people decide on. Its life is institutions/procedures/gridplan.toml."""

    community = models.CharField(max_length=12)
    run = models.ForeignKey(PlanRun, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=PlanStatus.choices, default=PlanStatus.DRAFTED)
    status_since = models.DateTimeField()
    drafted_by = models.CharField(max_length=80)
    audited_at = models.DateTimeField(null=True)
    audited_hash = models.CharField(max_length=64, blank=True)  # of the division that was audited
    notice_from = models.DateField(null=True)
    notice_to = models.DateField(null=True)  # the last day on which objections are taken
    document_no = models.CharField(max_length=80, blank=True)
    effective_from = models.DateField(null=True)
    edition = models.ForeignKey("places.GridEdition", on_delete=models.PROTECT, related_name="+", null=True)
    why_withdrawn = models.CharField(max_length=500, blank=True)
    rounds = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(name="gridplan_status_is_known", condition=Q(status__in=PlanStatus.values)),
            models.CheckConstraint(
                name="a_plan_is_audited_before_anything_else",
                condition=~Q(status__in=DECIDED) | (Q(audited_at__isnull=False) & ~Q(audited_hash="")),
            ),
            models.CheckConstraint(
                name="an_adopted_plan_has_edition_and_document",
                condition=~Q(status__in=["ADOPTED", "IN_FORCE"])
                | (Q(edition__isnull=False, effective_from__isnull=False) & ~Q(document_no="")),
            ),
            models.CheckConstraint(
                name="a_noticed_plan_has_its_days",
                condition=~Q(status__in=["NOTICED", "ANSWERED", "ADOPTED", "IN_FORCE"])
                | Q(notice_from__isnull=False, notice_to__gte=F("notice_from")),
            ),
            models.UniqueConstraint(
                fields=["tenant", "community"], name="one_open_plan_per_community",
                condition=~Q(status__in=["IN_FORCE", "WITHDRAWN"]),
            ),
        ]  # fmt: skip


class Objection(TenantRow):
    """异议: one sentence, perhaps a house and the grid it should be in; answered in words, one by one."""

    plan = models.ForeignKey(GridPlan, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=500)  # minimised
    unit = models.CharField(max_length=60, blank=True)
    unit_label = models.CharField(max_length=130, blank=True)
    wanted_code = models.CharField(max_length=15, blank=True)
    breaks_zh = models.CharField(max_length=300, blank=True)  # what the move would break: told at once
    breaks_en = models.CharField(max_length=300, blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    made_at = models.DateTimeField()
    answer = models.CharField(max_length=1000, blank=True)
    is_right = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_answer_has_words_and_a_verdict",
                condition=Q(answered_at=None, answer="", is_right=None)
                | (Q(answered_at__isnull=False, is_right__isnull=False) & ~Q(answer="")),
            )
        ]
        indexes = [models.Index(fields=["tenant", "plan", "made_at"], name="objections_of_a_plan")]
