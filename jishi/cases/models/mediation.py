"""调解: a dispute between people, with their consent; the public register of those who mediate (spec 10 §11).

Names, contacts, notes of sittings and terms are sealed and hang on rows that name the accused bodies of the case: the
accused read none of it. No word of theirs stands on the trail, in a search or in an export.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.cases.states import MediationEnd, MediationKind, MediationStatus, RecusalGround
from jishi.foundation import purposes
from jishi.foundation.nouns import TenantRow

PARTY, PAPERS = "mediation.party", "mediation.papers"

purposes.declare(
    purposes.Purpose(
        code=PARTY, fields=frozenset({"name", "contact"}),
        zh="请您来调解、告诉您时间和结果", en="to invite you to mediation, and to tell you when and what came of it",
        basis="个人信息保护法 13(1)(1)：取得个人的同意；人民调解法 3（未核对）",
        source="提议调解的人，本人可以改 / whoever proposed it",
        readers=frozenset({"mediator", "party", "messenger"}), days=3 * 365,
        shared_with="对方当事人，只有称呼 / the other parties",
        labels={"name": ("称呼", "name"), "contact": ("联系方式", "contact")},
    )
)  # fmt: skip
purposes.declare(
    purposes.Purpose(
        code=PAPERS, fields=frozenset({"notes", "terms"}),
        zh="调解的笔录和协议", en="notes of the sittings, and the terms",
        basis="人民调解法 23、27、29（未核对）：依当事人同意进行，保守秘密",
        source="调解员所记 / the mediator's notes", readers=frozenset({"mediator", "party"}), days=3 * 365,
        labels={"notes": ("调解笔录", "notes of a sitting"), "terms": ("调解协议", "terms")},
    )
)  # fmt: skip


class Mediator(TenantRow):
    """One line of the public register: who mediates, for which organisation, what, in which languages, since when.

    No private number: whoever wants one calls the organisation.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    committee = models.CharField(max_length=80)  # of which mediation committee
    kinds = ArrayField(models.CharField(max_length=12))
    languages = ArrayField(models.CharField(max_length=20))
    active_from = models.DateField()
    active_to = models.DateField(null=True)
    ended_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account"], name="a_mediator_is_registered_once", condition=Q(active_to=None)
            ),
            models.CheckConstraint(
                name="a_mediators_term_is_half_open", condition=Q(active_to=None) | Q(active_to__gte=F("active_from"))
            ),
            models.CheckConstraint(name="a_mediator_takes_some_kind", condition=Q(kinds__len__gt=0)),
        ]
        indexes = [models.Index(fields=["tenant", "active_to", "id"], name="mediators_in_force")]


class Mediation(TenantRow):
    """调解: one attempt to settle a dispute. `what` is minimised; terms are sealed on this row."""

    recused_by = "accused_body_ids"
    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=MediationKind.choices)
    what = models.CharField(max_length=200)
    mediator = models.ForeignKey(Mediator, on_delete=models.PROTECT, related_name="+")
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    status = models.CharField(max_length=10, choices=MediationStatus.choices, default=MediationStatus.PROPOSED)
    status_since = models.DateTimeField()
    proposed_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    recused_ground = models.CharField(max_length=10, blank=True, choices=RecusalGround.choices)
    recused_at = models.DateTimeField(null=True)
    prolong_days = models.PositiveSmallIntegerField(default=0)  # what somebody asked for and not all have agreed to
    drafted_at = models.DateTimeField(null=True)
    oral = models.BooleanField(default=False)
    performance_dates = ArrayField(models.DateField(), default=list)
    agreed_at = models.DateTimeField(null=True)
    confirm_until_on = models.DateField(null=True)
    end = models.CharField(max_length=12, blank=True, choices=MediationEnd.choices)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("status", MediationStatus, "mediation_status_is_known"),
            known("kind", MediationKind, "mediation_kind_is_known"),
            known("end", MediationEnd, "mediation_end_is_known", empty=True),
            known("recused_ground", RecusalGround, "recusal_ground_is_known", empty=True),
            models.UniqueConstraint(
                fields=["tenant", "case"], name="one_mediation_at_a_time",
                condition=Q(status__in=["PROPOSED", "SITTING"]),
            ),
            models.CheckConstraint(
                name="an_agreement_has_its_dates",
                condition=~Q(status__in=["AGREED", "PERFORMED", "BROKEN"])
                | Q(agreed_at__isnull=False, confirm_until_on__isnull=False, performance_dates__len__gt=0),
            ),
            models.CheckConstraint(name="an_ended_mediation_says_how", condition=~Q(status="ENDED") | ~Q(end="")),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="mediations_of_case"),
            models.Index(fields=["tenant", "mediator", "status", "id"], name="mediations_of_mediator"),
        ]  # fmt: skip


class MediationParty(TenantRow):
    """当事人: a caller of the case by his report, or somebody else by a link. Each consents for himself."""

    recused_by = "accused_body_ids"
    recused_with = "mediation"

    mediation = models.ForeignKey(Mediation, on_delete=models.CASCADE, related_name="parties")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+", null=True)
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    token_hash = models.CharField(max_length=64, blank=True)
    link_seed = models.CharField(max_length=32, blank=True)  # with the key of the installation: the token
    consented_at = models.DateTimeField(null=True)
    longer_at = models.DateTimeField(null=True)  # agreed to the days that are asked for now
    agreed_at = models.DateTimeField(null=True)  # to the terms as they stand
    performed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "mediation", "report"], name="a_caller_is_a_party_once"),
            models.UniqueConstraint(
                fields=["tenant", "token_hash"], name="one_party_per_token", condition=~Q(token_hash="")
            ),
            models.CheckConstraint(
                name="a_party_has_one_way_in",
                condition=Q(report__isnull=False, token_hash="") | (Q(report=None) & ~Q(token_hash="")),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "mediation"], name="parties_of_mediation"),
            models.Index(fields=["tenant", "report"], name="mediations_of_report", condition=Q(report__isnull=False)),
        ]


class Sitting(TenantRow):
    """谈话: when, where, who came. The notes are sealed on this row."""

    recused_by = "accused_body_ids"
    recused_with = "mediation"

    mediation = models.ForeignKey(Mediation, on_delete=models.CASCADE, related_name="sittings")
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    held_at = models.DateTimeField()
    where = models.CharField(max_length=120)
    came = ArrayField(models.BigIntegerField(), default=list)  # parties

    class Meta:
        indexes = [models.Index(fields=["tenant", "mediation"], name="sittings_of_mediation")]
