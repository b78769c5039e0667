"""The daily draw of whom the feedback body calls: what went into it, and who came out (spec 10 §9)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.foundation.nouns import TenantRow


class FeedbackSample(TenantRow):
    """One day. Before it a commitment; after it the value, the head of the trail, the list, and who was drawn.

    `ids` are hashes under `salt`, which is never published: nobody reads from the list whose matter is in it.
    """

    day = models.DateField()
    share_part = models.PositiveSmallIntegerField(default=1)
    share_of = models.PositiveSmallIntegerField(default=5)
    value = models.CharField(max_length=80, blank=True)  # empty: nobody committed to one in time
    commitment = models.CharField(max_length=64, blank=True)
    committed_at = models.DateTimeField(null=True)
    committed_by = models.CharField(max_length=80, blank=True)
    salt = models.CharField(max_length=64)
    head = models.CharField(max_length=64, blank=True)
    drawn_at = models.DateTimeField(null=True)
    ids = ArrayField(models.CharField(max_length=64), default=list)
    drawn = ArrayField(models.CharField(max_length=64), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "day"], name="one_sample_per_day"),
            models.CheckConstraint(
                name="a_share_is_at_most_all", condition=Q(share_of__gt=0, share_part__lte=F("share_of"))
            ),
            models.CheckConstraint(name="a_drawn_sample_has_its_head", condition=Q(drawn_at=None) | ~Q(head="")),
        ]
