"""Who is told of a case outside the house: programs by webhook, people by notices. Ids and codes, no words."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from jishi.cases.models.matters import Case
from jishi.cases.models.mediation import MediationParty
from jishi.cases.models.reports import Report
from jishi.cases.models.topics import Topic
from jishi.foundation import purposes
from jishi.foundation.nouns import FactRow, TenantRow

QUIET, QUIET_FIELD = "notice.reporter", "notice_contact"

purposes.declare(
    purposes.Purpose(
        code=QUIET, fields=frozenset({QUIET_FIELD}),
        zh="提醒您有新消息：短信里不说是什么事", en="to say that there is something new, without saying about what",
        basis="个人信息保护法 13(1)(1)：取得个人的同意；信访工作条例 30（未核对）",
        source="本人 / the person", readers=frozenset({"messenger"}), days=365, sensitive=True, kind="phone",
        labels={QUIET_FIELD: ("提醒用的号码", "number for reminders")},
    )
)  # fmt: skip


class Webhook(TenantRow):
    """An address to which the news of cases that one program may see is sent. Its secret is derived, never stored."""

    client_id = models.BigIntegerField()
    url = models.CharField(max_length=500)
    verbs = ArrayField(models.CharField(max_length=60), default=list)  # empty: all
    secret_no = models.PositiveIntegerField(default=1)
    former_until = models.DateTimeField(null=True)  # the secret before this one signs too, until then
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "client_id", "url"], name="one_webhook_per_address", condition=Q(active_to=None)
            )
        ]


class Parcel(FactRow):
    """What leaves for one person at once: all that was owed in a half day, or one thing that does not wait."""

    recused_with = "report"

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+", null=True)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+", null=True)
    channel = models.CharField(max_length=8)
    lang = models.CharField(max_length=12)
    party = models.ForeignKey(MediationParty, on_delete=models.CASCADE, related_name="+", null=True)
    half_day = models.CharField(max_length=12)  # 2026-11-20a, …p
    at_once = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account", "report", "party", "half_day"],
                name="one_parcel_per_half_day",
                condition=Q(at_once=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_parcel_goes_to_one_person",
                condition=Q(account__isnull=False, report=None, party=None)
                | Q(account=None, report__isnull=False, party=None)
                | Q(account=None, report=None, party__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="parcels_newest_first")]


class Message(FactRow):
    """通知: one sentence owed to one person about one case or topic. `facts` pins what it says; words stay where said.

    To a caller it names the report, to who came to a mediation by a link the party, else the account.
    `channel` "site": on the own page, at once.
    """

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+", null=True)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+", null=True)
    news_id = models.BigIntegerField()
    code = models.CharField(max_length=60)
    edition = models.PositiveIntegerField()
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+", null=True)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+", null=True)
    party = models.ForeignKey(MediationParty, on_delete=models.CASCADE, related_name="+", null=True)
    channel = models.CharField(max_length=8)
    lang = models.CharField(max_length=12)
    facts = models.JSONField(default=dict)
    at_once = models.BooleanField(default=False)
    at = models.DateTimeField()
    not_before = models.DateTimeField()
    parcel = models.ForeignKey(Parcel, on_delete=models.SET_NULL, related_name="messages", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "news_id", "code", "account", "report", "party"], name="told_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_message_is_about_one_thing",
                condition=Q(case__isnull=False, topic=None) | Q(case=None, topic__isnull=False, report=None),
            ),
            models.CheckConstraint(
                name="a_message_goes_to_one_person",
                condition=Q(account__isnull=False, report=None, party=None)
                | Q(account=None, report__isnull=False, party=None)
                | Q(account=None, report=None, party__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "case"], name="messages_of_case"),
            models.Index(fields=["tenant", "topic"], name="messages_of_topic", condition=Q(topic__isnull=False)),
            models.Index(fields=["tenant", "account", "-id"], name="messages_of_account"),
            models.Index(fields=["tenant", "report", "-id"], name="messages_of_report"),
            models.Index(
                fields=["tenant", "not_before", "id"],
                name="messages_to_send",
                condition=Q(parcel=None) & ~Q(channel="site"),
            ),
        ]
