"""Matters, duty lists in editions, fallback, golden dispatches and decisions."""

import builtins

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models
from django.db.models import Func, Q, Value

from jishi.duties.states import ListState
from jishi.foundation.nouns import FactRow, TenantRow
from jishi.kernels.dutylist import POWERS


class CodeBook(TenantRow):
    """One edition of the matters 事项分类."""

    number = models.PositiveIntegerField()
    effective_from = models.DateField()
    source = models.CharField(max_length=200)
    adopted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="code_books_are_numbered")]


class Matter(FactRow):
    """One kind of matter in one book; `code` is dotted, of any depth, and stable for ever."""

    book = models.ForeignKey(CodeBook, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    parent_code = models.CharField(max_length=40, blank=True)
    aliases = ArrayField(models.CharField(max_length=80), default=list)
    public = models.BooleanField(default=True)
    default_visibility = models.CharField(max_length=20, default="parties")
    at_home = models.BooleanField(default=False)
    spot = models.BooleanField(default=False)
    life_days = models.PositiveSmallIntegerField(default=30)
    questions = models.JSONField(default=list)
    becomes = models.JSONField(default=dict)
    is_leaf = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "book", "code"], name="one_matter_per_code")]


class DutyList(TenantRow):
    """One edition of the three lists of one holder; basic, assist and taken-back share it."""

    holder = models.CharField(max_length=60)  # a body code, or "streets:<division>" for a class of bodies
    holder_series = models.BigIntegerField()  # one number per (tenant, holder)
    edition = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=ListState.choices, default=ListState.DRAFT)
    effective = DateRangeField(null=True)
    document_no = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=120)
    findings = models.JSONField(default=list)
    drafted_by = models.CharField(max_length=80)
    adopted_by = models.CharField(max_length=80, blank=True)
    consulted_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    source_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "holder", "edition"], name="duty_lists_are_numbered"),
            models.CheckConstraint(name="duty_list_state_is_known", condition=Q(state__in=ListState.values)),
            models.CheckConstraint(
                name="published_list_has_its_days",
                condition=~Q(state__in=["published", "superseded"]) | Q(effective__isnull=False),
            ),
            ExclusionConstraint(
                name="published_lists_do_not_overlap",
                expressions=[
                    (
                        Func("holder_series", "holder_series", Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    ("effective", RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["published", "superseded"]),
            ),
        ]


class DutyItem(FactRow):
    """One printed line that makes a body responsible."""

    list = models.ForeignKey(DutyList, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    number = models.CharField(max_length=20)  # printed: 基本-037
    kind = models.CharField(max_length=12)  # basic, assist, taken_back
    name = models.CharField(max_length=200)
    matters = ArrayField(models.CharField(max_length=40), default=builtins.list)
    condition = models.JSONField(null=True)
    lead_body = models.CharField(max_length=40)  # body code, or $street, $community
    superior_dept = models.CharField(max_length=120, blank=True)
    superior_duty = models.TextField(blank=True)
    own_part = models.TextField(blank=True)
    receiving_office = models.CharField(max_length=120, blank=True)
    way = models.TextField(blank=True)
    powers = ArrayField(models.CharField(max_length=12), default=builtins.list)  # lawful powers that its lead exercises
    legal_basis = models.TextField(blank=True)
    promises = models.JSONField(default=dict)
    urgency = models.CharField(max_length=12, default="normal")
    priority = models.PositiveSmallIntegerField(default=50)
    examples = models.TextField(blank=True)
    remark = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "list", "number"], name="one_item_per_number"),
            models.CheckConstraint(name="item_kind_is_known", condition=Q(kind__in=["basic", "assist", "taken_back"])),
            models.CheckConstraint(name="item_powers_are_known", condition=Q(powers__contained_by=[*POWERS])),
            models.CheckConstraint(name="priority_is_0_to_99", condition=Q(priority__lte=99)),
        ]


class Objection(TenantRow):
    """What a named department says against one item while the list is out for consultation, and the answer."""

    list = models.ForeignKey(DutyList, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=20)
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    reasons = models.TextField()
    made_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="answered_objection_has_words", condition=Q(answered_at=None) | ~Q(answer="")),
            models.UniqueConstraint(
                fields=["tenant", "list", "number", "body"], name="one_objection_per_item_and_body"
            ),
        ]


class FallbackRule(TenantRow):
    """属地兜底: the body that coordinates when no item matches; exactly one per division at any day."""

    division_code = models.CharField(max_length=12)
    series = models.BigIntegerField()
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    effective = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_fallback_per_division_and_day",
                expressions=[
                    (Func("tenant", "tenant", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("series", "series", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("effective", RangeOperators.OVERLAPS),
                ],
            )
        ]


class GoldenDispatch(TenantRow):
    """Facts with the answer they must get; a list that breaks one cannot be published."""

    ref = models.CharField(max_length=20)
    facts = models.JSONField()
    expected = models.JSONField()
    on_day = models.DateField(null=True)  # when the day matters (a season); else the day of the check
    why = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    retired_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "ref"], name="one_golden_dispatch_per_ref")]


class Decision(FactRow):
    """One answer of the lists, stored as it was: facts, editions, trace. Never changed."""

    append_only = True

    facts = models.JSONField()
    list_editions = models.JSONField()
    book_edition = models.PositiveIntegerField()
    engine = models.CharField(max_length=20)
    outcome = models.CharField(max_length=20)
    item = models.ForeignKey(DutyItem, on_delete=models.PROTECT, related_name="+", null=True)
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    trace = models.TextField()
    made_at = models.DateTimeField()
    effective_on = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "made_at"], name="decisions_by_time")]
