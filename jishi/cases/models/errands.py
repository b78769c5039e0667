"""跑腿单、巡查: small jobs for whoever is on the ground, and the rounds that set them (spec 10 §12)."""

from django.db import models
from django.db.models import F, Q

from jishi.cases.legwork import ErrandKind, ErrandStatus, Finding
from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.foundation.nouns import TenantRow


class PatrolRoute(TenantRow):
    """巡查路线: ordered places of one grid, looked at every so many days; from the grid's responsibility list."""

    name = models.CharField(max_length=60)
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+")
    division_code = models.CharField(max_length=12)
    look_for = models.CharField(max_length=200)
    every_days = models.PositiveSmallIntegerField()
    next_on = models.DateField()
    duty_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    set_by = models.CharField(max_length=80)
    set_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_words = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_route_comes_round_within_a_year", condition=Q(every_days__gte=1, every_days__lte=366)
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "next_on", "id"], name="routes_due", condition=Q(ended_at=None)),
            models.Index(fields=["tenant", "division_code"], name="routes_of_area"),
        ]


class RoutePoint(TenantRow):
    """One place of a route, in its order. `last_at`: when somebody looked last; by whom is nobody's business."""

    route = models.ForeignKey(PatrolRoute, on_delete=models.CASCADE, related_name="points")
    place = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    facility = models.ForeignKey("places.Facility", on_delete=models.PROTECT, related_name="+", null=True)
    lng_e7 = models.BigIntegerField(null=True)
    lat_e7 = models.BigIntegerField(null=True)
    last_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # taken out of the route; what was found there stays

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "route", "place"], name="points_have_an_order", condition=Q(ended_at=None)
            )
        ]


class Errand(TenantRow):
    """One small job at one place. Who has it stands here only while he has it: no row adds up to a person's figure.

    `said_at`: what the device's clock said when it was ended, a claim; `ended_at`: when we heard of it.
    """

    recused_with = "case"
    subject_kind_of_trail = "errand"

    number = models.CharField(max_length=24)
    kind = models.CharField(max_length=14, choices=ErrandKind.choices)
    status = models.CharField(max_length=12, choices=ErrandStatus.choices, default=ErrandStatus.DUE)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+", null=True)
    point = models.ForeignKey(RoutePoint, on_delete=models.PROTECT, related_name="+", null=True)
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)
    division_code = models.CharField(max_length=12)
    place_text = models.CharField(max_length=200)
    lng_e7 = models.BigIntegerField(null=True)
    lat_e7 = models.BigIntegerField(null=True)
    what = models.CharField(max_length=200)  # minimised
    free = models.BooleanField(default=False)  # also for volunteers and couriers, who read the place alone
    duty_item = models.ForeignKey("duties.DutyItem", on_delete=models.PROTECT, related_name="+", null=True)
    set_by = models.CharField(max_length=80)
    set_by_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    set_at = models.DateTimeField()
    due_at = models.DateTimeField()
    overdue_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+", null=True)
    taken_at = models.DateTimeField(null=True)
    finding = models.CharField(max_length=12, blank=True, choices=Finding.choices)
    words = models.CharField(max_length=500, blank=True)  # minimised
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="+", null=True)
    said_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("kind", ErrandKind, "errand_kind_is_known"),
            known("status", ErrandStatus, "errand_status_is_known"),
            known("finding", Finding, "finding_is_known", empty=True),
            models.UniqueConstraint(fields=["tenant", "number"], name="one_errand_per_number"),
            models.UniqueConstraint(
                fields=["tenant", "point"], name="one_open_errand_per_point",
                condition=Q(status__in=["DUE", "TAKEN"], point__isnull=False),
            ),
            models.CheckConstraint(
                name="whoever_has_an_errand_is_kept_while_he_has_it",
                condition=Q(status="TAKEN", taken_by__isnull=False, taken_at__isnull=False)
                | (~Q(status="TAKEN") & Q(taken_by=None)),
            ),
            models.CheckConstraint(
                name="an_errand_done_says_what_was_found", condition=~Q(status="DONE") | ~Q(finding="")
            ),
            models.CheckConstraint(
                name="a_finding_that_is_reported_has_its_report", condition=~Q(status="FOUND") | Q(report__isnull=False)
            ),
            models.CheckConstraint(
                name="an_errand_not_possible_says_why", condition=~Q(status="NOT_POSSIBLE") | ~Q(words="")
            ),
            models.CheckConstraint(
                name="an_errand_ends_once", condition=Q(status__in=["DUE", "TAKEN"], ended_at=None)
                | (~Q(status__in=["DUE", "TAKEN"]) & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(name="an_errand_is_due_after_it_is_set", condition=Q(due_at__gt=F("set_at"))),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["tenant", "division_code", "due_at"], name="errands_open_of_area",
                condition=Q(status__in=["DUE", "TAKEN"]),
            ),
            models.Index(
                fields=["tenant", "due_at"], name="errands_running_out",
                condition=Q(status__in=["DUE", "TAKEN"], overdue_at=None),
            ),
            models.Index(fields=["tenant", "changed_at", "id"], name="errands_by_change"),
            models.Index(fields=["tenant", "case"], name="errands_of_case"),
            models.Index(fields=["tenant", "set_by_body", "id"], name="errands_of_setter"),
        ]  # fmt: skip
