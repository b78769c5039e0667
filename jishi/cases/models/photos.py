"""照片与遮盖: what was sent along with a report, what of it strangers may see, and what was covered before they do."""

from django.db import models
from django.db.models import Q

from jishi.cases.models.known import known
from jishi.cases.models.matters import Case
from jishi.cases.models.reports import Report
from jishi.cases.models.work import Reply
from jishi.cases.states import CoverGround, PhotoBy
from jishi.foundation.nouns import FactRow, TenantRow


class Photo(TenantRow):
    """照片: one photo or PDF beside a report. What was sent is sealed; `shown` and `small` are made for strangers.

    `code` is its public name and tells nothing. `own_hash` and `shown_hash` bind the two to each other.
    """

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=24)
    file = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+")
    sent_by = models.CharField(max_length=8, choices=PhotoBy.choices)
    sent_at = models.DateTimeField()
    own_hash = models.CharField(max_length=64)
    may_publish = models.BooleanField(default=False)  # its sender agrees (个人信息保护法 25)
    shown = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+", null=True)
    small = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+", null=True)
    shown_hash = models.CharField(max_length=64, blank=True)
    shown_at = models.DateTimeField(null=True)
    hidden_at = models.DateTimeField(null=True)
    hidden_by = models.CharField(max_length=8, blank=True)  # caller, desk

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_photo_per_code"),
            known("sent_by", PhotoBy, "photo_sender_is_known"),
            models.CheckConstraint(
                name="a_hidden_photo_is_shown_to_nobody", condition=Q(hidden_at=None) | Q(shown=None, small=None)
            ),
            models.CheckConstraint(
                name="only_an_agreed_photo_is_shown", condition=Q(shown=None) | Q(may_publish=True)
            ),
        ]
        indexes = [models.Index(fields=["tenant", "report"], name="photos_of_report")]


class Redaction(FactRow):
    """遮盖: one act of covering, in words or in a photo, before anything is public; nothing of what was covered.

    `before_commit` is a salted commitment to what stood there; salt and words are sealed with the report's original
    and end with it. `after_hash` is what strangers see.
    """

    recused_with = "report"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    photo = models.ForeignKey(Photo, on_delete=models.SET_NULL, related_name="+", null=True)
    of = models.CharField(max_length=8)  # words, photo
    ground = models.CharField(max_length=20, choices=CoverGround.choices)
    why = models.CharField(max_length=300, blank=True)  # for the reporter
    places = models.PositiveSmallIntegerField()  # passages or regions covered
    boxes = models.JSONField(default=list)  # x, y, width, height in thousandths
    before_commit = models.CharField(max_length=64)
    after_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            known("ground", CoverGround, "cover_ground_is_known"),
            models.CheckConstraint(name="what_is_covered_is_known", condition=Q(of__in=["words", "photo"])),
        ]
        indexes = [models.Index(fields=["tenant", "report"], name="redactions_of_report")]


class ReplyPhoto(TenantRow):
    """答复的公开照片: the covered copy of a photo that a body sent along with its reply, as a reviewer made it.

    No row: nobody decided, and strangers see none. `code` is its public name; the two hashes bind what was sent to what
    is seen. What was covered stands here in regions, never in what they held.
    """

    recused_with = "case"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="+")
    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=24)
    file = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+")
    own_hash = models.CharField(max_length=64)
    shown = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+")
    small = models.ForeignKey("foundation.StoredFile", on_delete=models.PROTECT, related_name="+")
    shown_hash = models.CharField(max_length=64)
    shown_at = models.DateTimeField()
    ground = models.CharField(max_length=20, choices=CoverGround.choices)
    why = models.CharField(max_length=300, blank=True)
    boxes = models.JSONField(default=list)  # x, y, width, height in thousandths
    by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="one_reply_photo_per_code"),
            models.UniqueConstraint(fields=["tenant", "file"], name="one_public_copy_per_reply_photo"),
            known("ground", CoverGround, "reply_photo_ground_is_known"),
        ]
        indexes = [models.Index(fields=["tenant", "reply"], name="photos_of_reply")]
