import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from jishi.portal import founding


class Command(BaseCommand):
    help = "Founds the demonstration town, once; --past takes its past year in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--past", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        tenant_id = founding.found(now=now, say=lambda line: self.stdout.write(f"  {line}"))
        if options["past"]:
            founding.remember(
                tenant_id, today=founding.shanghai_today(now), now=now, count=options["past"],
                say=lambda line: self.stdout.write(f"  {line}"),
            )  # fmt: skip
        folder = os.environ.get("JISHI_DATA")
        if folder:
            with open(os.path.join(folder, "people.txt"), "w", encoding="utf-8") as out:
                out.write(founding.people_page())
