"""录音: what somebody spoke instead of writing, and what a person of the desk wrote down of it."""

from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.reports import Report
from jishi.cases.states import PhotoBy
from jishi.foundation.nouns import TenantRow


class Recording(TenantRow):
    """录音: one voice of at most 120 s beside a report, sealed, gone after 90 days (spec 10 §§3, 13).

    `words` is the minimised copy of what was written down; its speaker confirms or corrects it. `file` is empty once
    the recording has ended: that it was there, how long, and the words stay.
    """

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=24)
    file = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+", null=True)
    ms = models.PositiveIntegerField()  # how long, as measured
    sent_by = models.CharField(max_length=8, choices=PhotoBy.choices)
    spoken_by = models.CharField(max_length=80, blank=True)  # a colleague's own: his name, then a keyed hash
    sent_at = models.DateTimeField()
    own_hash = models.CharField(max_length=64)
    words = models.TextField(blank=True)
    written_at = models.DateTimeField(null=True)
    written_by = models.CharField(max_length=80, blank=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_recording_per_code"),
            known("sent_by", PhotoBy, "recording_sender_is_known"),
            models.CheckConstraint(
                name="only_what_is_written_is_confirmed",
                condition=Q(confirmed_at=None) | Q(written_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "report"], name="recordings_of_report"),
            models.Index(fields=["tenant", "spoken_by"], name="recordings_to_confirm", condition=~Q(spoken_by="")),
        ]

    @property
    def seconds(self) -> int:
        return -(-self.ms // 1000)
