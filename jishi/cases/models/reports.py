"""What was said: one thing, one person, once. Words are sealed; `text_shown` is the minimised copy."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.cases.models.known import known
from jishi.cases.states import Channel, Kind, Voice
from jishi.foundation.nouns import FactRow, TenantRow


class Placed(models.Model):
    """Where something is: as said, as found, on which grid of which edition."""

    lng_e7 = models.BigIntegerField(null=True)
    lat_e7 = models.BigIntegerField(null=True)
    accuracy_m = models.FloatField(null=True)
    address_text = models.CharField(max_length=200, blank=True)
    place_name = models.CharField(max_length=120, blank=True)
    grid = models.ForeignKey("places.Grid", on_delete=models.PROTECT, related_name="+", null=True)
    grid_edition = models.ForeignKey("places.GridEdition", on_delete=models.PROTECT, related_name="+", null=True)
    division_code = models.CharField(max_length=12, blank=True)  # the deepest division known

    class Meta:
        abstract = True


class Report(Placed, TenantRow):
    """诉求: one thing one person said, once, through one channel; never edited."""

    number = models.CharField(max_length=24)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REPORT)
    voice = models.CharField(max_length=14, choices=Voice.choices, default=Voice.OPEN)
    said_at = models.DateTimeField()
    received_at = models.DateTimeField()
    lang = models.CharField(max_length=12, default="zh-Hans")
    title = models.CharField(max_length=80)
    text_shown = models.TextField()
    source_crs = models.CharField(max_length=12, blank=True)
    source_lng = models.FloatField(null=True)
    source_lat = models.FloatField(null=True)
    answers = models.JSONField(default=dict)
    accused_body_ids = ArrayField(models.BigIntegerField(), default=list)
    line_body_ids = ArrayField(models.BigIntegerField(), default=list)  # above the accused: recused as they are
    let_in_body_ids = ArrayField(models.BigIntegerField(), default=list)  # as those of its case
    aside_account_ids = ArrayField(models.BigIntegerField(), default=list)  # of its cases
    reporter = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+", null=True)
    # 受理单位: whose desk alone opens a confidential name to verify; fixed when it is taken in
    receiving_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+", null=True)
    entered_by = models.CharField(max_length=80)
    external_system = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    external_hash = models.CharField(max_length=64, blank=True)
    word_hash = models.CharField(max_length=200, blank=True)
    hidden_at = models.DateTimeField(null=True)  # from strangers, whatever its case says
    hidden_by = models.CharField(max_length=8, blank=True)  # caller, desk
    attributes = models.JSONField(default=dict)  # raw intake facts: columns of an import that have no field here

    recused_by = "accused_body_ids"
    recused_line = "line_body_ids"
    recused_persons = "aside_account_ids"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="one_report_per_number"),
            models.UniqueConstraint(
                fields=["tenant", "external_system", "external_id"],
                name="one_report_per_external_id",
                condition=~Q(external_id=""),
            ),
            known("channel", Channel, "report_channel_is_known"),
            known("kind", Kind, "report_kind_is_known"),
            known("voice", Voice, "report_voice_is_known"),
            models.CheckConstraint(name="said_before_received", condition=Q(said_at__lte=F("received_at"))),
            models.CheckConstraint(
                name="who_hides_has_no_account", condition=Q(voice="open") | Q(reporter=None)
            ),
            models.CheckConstraint(
                name="a_confidential_name_alone_has_a_receiver",
                condition=Q(voice="confidential") | Q(receiving_body=None),
            ),
            models.CheckConstraint(
                name="a_point_has_both_numbers",
                condition=Q(lng_e7=None, lat_e7=None) | Q(lng_e7__isnull=False, lat_e7__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "received_at"], name="reports_by_time"),
            models.Index(fields=["tenant", "lng_e7", "lat_e7"], name="reports_by_point"),  # an area asked for (13 §7)
            models.Index(
                fields=["tenant", "reporter"], name="reports_of_reporter", condition=Q(reporter__isnull=False)
            ),
            models.Index(
                fields=["tenant", "receiving_body"], name="reports_of_receiver",
                condition=Q(receiving_body__isnull=False),
            ),
        ]


class Addendum(FactRow):
    """A later word of the same person."""

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    text_shown = models.TextField()
    entered_by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["tenant", "report"], name="addenda_of_report")]
