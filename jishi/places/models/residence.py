"""Where a person lives, is registered, belongs to a collective: three facts, each with its own days (spec 20 §3.4).

The row says that there is such a fact and until when; **where** it points is sealed (`residence.place`,
`residence.address`), so that no table gives people by place. Counts of pairs of communities stand apart, sealed too,
by month of their end, and name nobody.
"""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.fields.ranges import RangeOperators
from django.db import models
from django.db.models import Func, Q, Value

from jishi.foundation import purposes
from jishi.foundation.nouns import TenantRow

_BASIS = "个人信息保护法 13(1)(1)(3)：本人同意，或者履行法定职责所必需"

PLACE = purposes.declare(
    purposes.Purpose(
        code="residence.place",
        fields=frozenset({"division", "building", "dwelling", "collective_code"}),
        zh="弄清由哪个社区为您办，不让您多跑", en="to know which community serves you, so that you need not travel",
        basis=_BASIS, source="本人 / the person",
        readers=frozenset({"operator", "dispatcher", "handler", "reviewer", "feedback", "grid_worker", "office"}),
        days=0,
        labels={
            "division": ("社区（村）", "community"), "building": ("楼栋", "building"),
            "dwelling": ("户室", "dwelling"), "collective_code": ("集体", "collective"),
        },
    )
)  # fmt: skip
ADDRESS = purposes.declare(
    purposes.Purpose(
        code="residence.address",
        fields=frozenset({"address", "group"}),
        zh="您请人上门的时候，找得到门", en="to find your door when you asked somebody to come",
        basis=_BASIS, source="本人 / the person",
        readers=frozenset({"handler"}), days=0,
        labels={"address": ("住址", "address"), "group": ("组", "group")},
    )
)  # fmt: skip
PAIRS = purposes.declare(
    purposes.Purpose(
        code="residence.pairs", fields=frozenset({"counts"}),
        zh="知道有多少人住在这里、属于那里，两边好商量谁来办",
        en="to know how many live here and belong there, so that both sides agree who serves them",
        basis=_BASIS, source="本人登记的居住和户籍，只留人数 / what people declared, numbers alone",
        readers=frozenset({"handler", "head", "supervisor", "office", "auditor"}), days=0,
        labels={"counts": ("人数", "numbers")},
    )
)  # fmt: skip
ROOM = purposes.declare(
    purposes.Purpose(
        code="dwelling.room", fields=frozenset({"room"}),
        zh="分清同一栋楼里的每一户", en="to tell the dwellings of one building apart",
        basis=_BASIS, source="建楼时的户室表 / the building's own list of rooms",
        readers=frozenset({"handler"}), days=0, labels={"room": ("室号", "room number")},
    )
)  # fmt: skip


class ResidenceKind(models.TextChoices):
    LIVING = "living", "居住"
    REGISTERED = "registered", "户籍"
    COLLECTIVE = "collective", "集体"


class DwellingUse(models.TextChoices):
    HOME = "home", "住家"
    SHOP = "shop", "店铺"
    OFFICE = "office", "办公"
    EMPTY = "empty", "空着"
    UNKNOWN = "unknown", "不清楚"


class Dwelling(TenantRow):
    """户室: one door inside a building. Its number is sealed; who lives behind it is not here."""

    building = models.ForeignKey("places.Building", on_delete=models.PROTECT, related_name="+")
    unit = models.PositiveSmallIntegerField(null=True)
    floor = models.SmallIntegerField(null=True)  # below ground negative
    use = models.CharField(max_length=10, choices=DwellingUse.choices, default=DwellingUse.UNKNOWN)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "building"], name="dwellings_of_building")]
        constraints = [
            models.CheckConstraint(name="dwelling_use_is_known", condition=Q(use__in=DwellingUse.values)),
        ]


class Household(TenantRow):
    """户: who lives together behind one door. A registration booklet is not a household (spec 20 §3.4).

    There is such a household, from a day until a day; of whom it is made stands nowhere, so its size is not kept.
    """

    dwelling = models.ForeignKey(Dwelling, on_delete=models.PROTECT, related_name="+")
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "dwelling"], name="households_of_dwelling"),
            models.Index(fields=["tenant", "active_to"], name="households_that_ended"),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_household_ends_after_it_began",
                condition=Q(active_to=None) | Q(active_to__gt=models.F("active_from")),
            ),
        ]


def _one_open(name: str, condition: Q) -> ExclusionConstraint:
    return ExclusionConstraint(
        name=name,
        expressions=[
            (Func("tenant", "tenant", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
            (Func("account", "account", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
            ("active", RangeOperators.OVERLAPS),
        ],
        condition=condition,
    )


class Residence(TenantRow):
    """One fact of a person's, for a time. Never about religion, health, ethnicity, vehicles, "type of person"."""

    subject_kind_of_trail = "residence"

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=ResidenceKind.choices)
    secondary = models.BooleanField(default=False)  # a second home
    active = DateRangeField()
    purpose = models.CharField(max_length=20)  # what it is kept for, one of institutions/rules/serving.toml
    ends_on = models.DateField()  # its last day; the end of a month, so that counts of pairs can end with it
    source = models.CharField(max_length=20)  # self, office, survey
    declared_by = models.CharField(max_length=80)
    here_since = models.DateField(null=True)  # living: in this community before `active`, in another house of it
    roll_asked_on = models.DateField(null=True)  # 村民委员会组织法 13(3): own application to be on the roll here
    roll_consent_no = models.CharField(max_length=80, blank=True)  # and the assembly's consent, by its number

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "account"], name="residences_of_person"),
            models.Index(fields=["tenant", "ends_on"], name="residences_that_end"),
        ]
        constraints = [
            _one_open("one_living_place_at_a_time", Q(kind="living", secondary=False)),
            _one_open("one_registration_at_a_time", Q(kind="registered")),
            _one_open("one_collective_at_a_time", Q(kind="collective")),
            models.CheckConstraint(name="residence_kind_is_known", condition=Q(kind__in=ResidenceKind.values)),
            models.CheckConstraint(name="residence_has_a_purpose", condition=~Q(purpose="")),
            models.CheckConstraint(
                name="only_a_living_place_is_second", condition=Q(secondary=False) | Q(kind="living")
            ),
            models.CheckConstraint(
                name="roll_is_asked_where_one_lives", condition=Q(roll_asked_on=None) | Q(kind="living")
            ),
        ]


SETTLED = date(1970, 1, 1)  # counted; a later day is booked ahead, and joins the count when it has come


class ResidencePair(TenantRow):
    """A page of counts: how many live in one community and belong to another. All that is on it is sealed (`pairs`)."""

    class Meta:
        indexes = [models.Index(fields=["tenant", "id"], name="pages_of_pairs")]
