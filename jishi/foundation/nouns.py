"""The shapes that tables of all rooms share. Rooms inherit from here and from nowhere else."""

from typing import Any, ClassVar

from django.db import models


class TenantRow(models.Model):
    """A row of one tenant: row security binds it (`protect.py`), `version` grows by one per change.

    `append_only`: the web role may insert and select, nothing else, and a trigger refuses the owner too.
    `recused_by`: name of an integer-array column; whoever acts for one of these bodies does not see the row.
    """

    append_only: ClassVar[bool] = False
    recused_by: ClassVar[str | None] = None

    tenant = models.ForeignKey("foundation.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True

    def change(self, **values: Any) -> None:
        """Set `values` and save them with the next version. Only for rows that the verb has locked."""
        for name, value in values.items():
            setattr(self, name, value)
        self.version += 1
        self.save(update_fields=[*values, "version"])


class FactRow(models.Model):
    """A tenant's row that is written once and never changed: no version."""

    append_only: ClassVar[bool] = False
    recused_by: ClassVar[str | None] = None

    tenant = models.ForeignKey("foundation.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True
