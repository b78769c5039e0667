"""Files of a hotline: how their columns are read, what became of each row."""

from django.db import models

from jishi.cases.models.reports import Report
from jishi.foundation.nouns import FactRow, TenantRow


class ColumnMap(TenantRow):
    """How the columns of a hotline file become a report; versioned."""

    code = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    columns = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code", "number"], name="column_maps_are_numbered")]


class ImportRun(TenantRow):
    """One file taken in: dry run first, then applied."""

    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    column_map = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=80)
    counts = models.JSONField(default=dict)
    stages = models.JSONField(default=list)
    content = models.BinaryField(null=True)  # sealed file, 30 days
    ends_on = models.DateField()


class ImportRow(FactRow):
    """What became of one row: created, already known, changed, refused and why."""

    recused_with = "report"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="+")
    line = models.PositiveIntegerField()
    result = models.CharField(max_length=10)
    code = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    report = models.ForeignKey(Report, on_delete=models.SET_NULL, related_name="+", null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "run", "line"], name="rows_of_run")]
