"""知识库 and 自动派单: what the town answers at once, and for which matters the rule may offer (spec 10 §2, 12 §1)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from jishi.foundation.nouns import TenantRow


class KnowledgeItem(TenantRow):
    """One question with its answer, kept by the body that answers for it. A stale one is offered to nobody.

    `asked`: other ways in which people ask it. `valid_to`: the first day on which it is no longer so; empty while it
    is. `ended_at`: the body took it away. Both leave the row: what was answered by it stays explained.
    """

    number = models.PositiveIntegerField()
    question = models.CharField(max_length=200)
    asked = ArrayField(models.CharField(max_length=200), default=list)
    answer = models.CharField(max_length=2000)
    matter = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    owner_body = models.ForeignKey("bodies.Body", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="knowledge_is_numbered"),
            models.CheckConstraint(
                name="knowledge_holds_for_a_day", condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(
                name="knowledge_says_something", condition=~Q(question="") & ~Q(answer="") & ~Q(source="")
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "ended_at", "-number"], name="knowledge_in_force"),
            models.Index(fields=["tenant", "owner_body"], name="knowledge_of_body"),
        ]


class AutoOffer(TenantRow):
    """A matter whose cases the rule may offer by itself: by a published decision, while it is as right as it must be.

    `agreed` of `judged`: how often the rule would have offered to the body that answered in the end, when adopted;
    `last_agreed` of `last_judged`: at the last look. `ended_why`: withdrawn by people, or measured below its floor.
    """

    matter = models.CharField(max_length=40)
    decision = models.CharField(max_length=200)  # title and number of the published decision
    published_on = models.DateField()
    adopted_at = models.DateTimeField()
    judged = models.PositiveIntegerField()
    agreed = models.PositiveIntegerField()
    last_judged = models.PositiveIntegerField()
    last_agreed = models.PositiveIntegerField()
    looked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "matter"], condition=Q(ended_at=None), name="one_auto_offer_per_matter"
            ),
            models.CheckConstraint(
                name="an_ended_auto_offer_says_why",
                condition=(Q(ended_at=None) & Q(ended_why="")) | (Q(ended_at__isnull=False) & ~Q(ended_why="")),
            ),
            models.CheckConstraint(name="no_more_agreed_than_judged", condition=Q(agreed__lte=F("judged"))),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="auto_offers_newest_first")]
