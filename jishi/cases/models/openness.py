"""Doors for strangers' programs: under which name we answer them, their keys, and the tokens of moderated intake."""

from django.db import models
from django.db.models import Q

from jishi.cases.models.reports import Report
from jishi.foundation.nouns import FactRow, TenantRow

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")


class Jurisdiction(TenantRow):
    """A name under which Open311 is served: the whole tenant, or one division of it (spec 13 §2)."""

    name = models.CharField(max_length=120)  # a domain-like name: city.example
    area = models.CharField(max_length=12, blank=True)  # beginning of a division code; empty: the whole tenant
    contact = models.CharField(max_length=500)
    key_service = models.CharField(max_length=500)  # how to get a key, in one sentence
    answers_with_token = models.BooleanField(default=False)  # moderated intake: the number is told later

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_jurisdiction_per_name")]


class Program(TenantRow):
    """A stranger's program with a key: which datum its coordinates have, how many posts a minute it may send."""

    client = models.ForeignKey("accounts.ApiClient", on_delete=models.CASCADE, related_name="+")
    datum = models.CharField(max_length=12, default="wgs84")
    per_minute = models.PositiveIntegerField(default=60)
    minute = models.BigIntegerField(default=0)  # minutes since 1970 that `used` counts
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "client"], name="one_program_per_client"),
            models.CheckConstraint(name="datum_of_a_program_is_known", condition=Q(datum__in=DATUMS)),
        ]


class Token(FactRow):
    """Given instead of a number where intake is moderated; only its hash is kept, for 30 days."""

    recused_with = "report"

    token_hash = models.CharField(max_length=64)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token_hash"], name="one_row_per_token")]
