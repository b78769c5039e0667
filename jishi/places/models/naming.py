"""Other names of places, with dates, and the proposals of people who know one (spec 20 §4)."""

from django.db import models
from django.db.models import Q

from jishi.foundation.nouns import TenantRow

_ONE_PLACE = (
    Q(compound__isnull=False, facility=None, gazetteer_name=None)
    | Q(compound=None, facility__isnull=False, gazetteer_name=None)
    | Q(compound=None, facility=None, gazetteer_name__isnull=False)
)


class NameAlias(TenantRow):
    """Another name of one place. `official_until`: it was the name itself before that day, as of a renamed road."""

    name = models.CharField(max_length=80)
    compound = models.ForeignKey("places.Compound", on_delete=models.PROTECT, related_name="+", null=True)
    facility = models.ForeignKey("places.Facility", on_delete=models.PROTECT, related_name="+", null=True)
    gazetteer_name = models.ForeignKey("places.GazetteerName", on_delete=models.PROTECT, related_name="+", null=True)
    official_until = models.DateField(null=True)
    source = models.CharField(max_length=120, blank=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="an_alias_is_of_one_place", condition=_ONE_PLACE),
            models.UniqueConstraint(
                fields=["tenant", "name", "compound", "facility", "gazetteer_name"], condition=Q(active_to=None),
                nulls_distinct=False, name="one_open_alias_of_a_place",
            ),
        ]  # fmt: skip


class AliasProposal(TenantRow):
    """Somebody says that people call a place so: proposed in one step, settled at the weekly review."""

    name = models.CharField(max_length=80)
    compound = models.ForeignKey("places.Compound", on_delete=models.PROTECT, related_name="+", null=True)
    facility = models.ForeignKey("places.Facility", on_delete=models.PROTECT, related_name="+", null=True)
    gazetteer_name = models.ForeignKey("places.GazetteerName", on_delete=models.PROTECT, related_name="+", null=True)
    state = models.CharField(max_length=10, default="open")
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=80)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_proposal_is_of_one_place", condition=_ONE_PLACE),
            models.CheckConstraint(
                name="a_proposal_has_a_known_state", condition=Q(state__in=["open", "accepted", "declined"])
            ),
            models.UniqueConstraint(
                fields=["tenant", "name", "compound", "facility", "gazetteer_name"], condition=Q(state="open"),
                nulls_distinct=False, name="one_open_proposal_of_a_place",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["tenant", "state", "proposed_at"], name="alias_proposals_to_review")]
