import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from jishi.cases.actions import clusters, measuring
from jishi.foundation import scope
from jishi.foundation.actor import clock
from jishi.portal import demo_monday, demo_talks, founding


class Command(BaseCommand):
    help = "Founds the demonstration town, once; --first N takes the newest of its past in, --all the whole year."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--first", type=int, default=0)
        parser.add_argument("--all", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now, folder = timezone.now(), Path(os.environ["JISHI_DATA"])
        tenant_id = founding.found(now=now, say=self._say)
        (folder / "people.txt").write_text(founding.people_page(), encoding="utf-8")
        done = folder / ("demo.past" if options["all"] else "demo.first")
        if (options["first"] or options["all"]) and not done.exists():
            first = None if options["all"] else options["first"]
            if options["all"]:
                demo_monday.lay_out(tenant_id, code=founding.CODE, now=now)
            founding.remember(tenant_id, today=founding.shanghai_today(now), now=now, say=self._say, first=first)
            founding.send_out(tenant_id, now=now)
            demo_talks.begin(tenant_id, code=founding.CODE, now=now)
            demo_monday.begin(tenant_id, code=founding.CODE, now=now)
            founding.draw_calls(tenant_id, now=now)
            by = clock(tenant_id, "founding")
            clusters.sweep(by=by, now=now)
            founding.found_knowledge(tenant_id, now=now)
            if first:
                with scope.work(by):  # of the newest few alone: the whole year is measured at night
                    measuring.publish(by=by, now=now, until=founding.shanghai_today(now))
            done.touch()

    def _say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
