"""Organisations, their posts, and who holds them from when to when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models
from django.db.models import Func, Q, Value

from jishi.foundation.nouns import TenantRow


class Level(models.TextChoices):
    """What a body is, as far as the guard of the duty lists must know (spec 11 §4)."""

    CITY_DEPT = "city_dept", "部门"
    STREET = "street", "街道（镇）"
    COMMUNITY = "community", "社区（村）"
    COMPANY = "company", "公共企业"
    CENTRE = "centre", "诉求受理中心"
    OFFICE = "office", "领导小组办公室"
    OTHER = "other", "其他"


class Body(TenantRow):
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    short_name = models.CharField(max_length=40)
    level = models.CharField(max_length=20, choices=Level.choices)
    division_code = models.CharField(max_length=12)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True)
    work_phone = models.CharField(max_length=30, blank=True)
    supervising_phone = models.CharField(max_length=30, blank=True)
    calendar = models.CharField(max_length=40, default="office")  # office: working hours, always: all hours
    serves_grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_body_per_code"),
            models.CheckConstraint(name="body_level_is_known", condition=Q(level__in=Level.values)),
            models.CheckConstraint(
                name="body_is_half_open", condition=Q(active_to=None) | Q(active_to__gt=models.F("active_from"))
            ),
        ]
        indexes = [models.Index(fields=["tenant", "division_code"], name="bodies_of_division")]


class Post(TenantRow):
    """岗位: carries the role; whoever holds it by a term has its rights."""

    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120, blank=True)
    roles = models.JSONField(default=list)
    area = models.CharField(max_length=12, blank=True)
    work_phone = models.CharField(max_length=30, blank=True)
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)


class Term(TenantRow):
    """任职: a person in a post, half open in time."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    active = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_term_per_person_and_post",
                expressions=[
                    (Func("post", "post", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("account", "account", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("active", RangeOperators.OVERLAPS),
                ],
            )
        ]


class GridRole(models.TextChoices):
    """Who serves a grid (spec 20 §3.3)."""

    LEADER = "leader", "网格长"
    PARTY_SECRETARY = "party_secretary", "网格党支部书记"
    FULL_TIME = "full_time", "专职网格员"
    PART_TIME = "part_time", "兼职网格员"
    ADVISER = "adviser", "网格指导员"


class GridPost(TenantRow):
    """A post that serves a grid, half open in time. Who holds it is the post's term: an ended one is gone at once."""

    subject_kind_of_trail = "grid_post"

    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=GridRole.choices)
    hours_per_week = models.DecimalField(max_digits=4, decimal_places=1, null=True)  # of part-time posts: as declared
    active = DateTimeRangeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "grid"], name="posts_of_grid"),
            models.Index(fields=["tenant", "post"], name="grids_of_post"),
        ]
        constraints = [
            ExclusionConstraint(
                name="one_leader_of_a_grid",
                expressions=[
                    (Func("tenant", "tenant", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("grid", "grid", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("active", RangeOperators.OVERLAPS),
                ],
                condition=Q(role="leader"),
            ),
            ExclusionConstraint(
                name="one_way_of_serving_a_grid",
                expressions=[
                    (Func("post", "post", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("grid", "grid", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("active", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(name="grid_role_is_known", condition=Q(role__in=GridRole.values)),
            models.CheckConstraint(
                name="part_time_says_its_hours", condition=~Q(role="part_time") | Q(hours_per_week__isnull=False)
            ),
        ]


class GridPostNamed(TenantRow):
    """Who will serve a grid of a plan that is on its way, from its day on; `GridPost` follows once it is adopted."""

    plan = models.ForeignKey("places.GridPlan", on_delete=models.CASCADE, related_name="+")
    grid_code = models.CharField(max_length=15)  # a grid of the plan may not be there yet: no key can point at it
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=GridRole.choices)
    hours_per_week = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    named_by = models.CharField(max_length=80)
    named_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plan", "grid_code", "post"], name="a_post_is_named_once_a_grid"),
            models.UniqueConstraint(
                fields=["tenant", "plan", "grid_code"], name="one_leader_is_named_a_grid", condition=Q(role="leader")
            ),
            models.CheckConstraint(name="named_role_is_known", condition=Q(role__in=GridRole.values)),
            models.CheckConstraint(
                name="named_part_time_says_its_hours",
                condition=~Q(role="part_time") | Q(hours_per_week__isnull=False),
            ),
        ]
