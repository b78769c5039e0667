from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.utils import timezone

from jishi.foundation import partitions, protect


class Command(Migrate):
    """Migrates, then brings row security, grants and partitions to what the models declare."""

    requires_system_checks: list[str] = []  # the schema does not wait for pages; ./dev check asks for everything

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not options.get("app_label"):
            today = timezone.now().date()
            partitions.ensure_months(today.replace(day=1), 14)
            protect.apply()
