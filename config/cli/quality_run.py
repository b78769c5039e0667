"""quality run: make the published figures of a town again, byte for byte, and say whether they are those published."""

import argparse
import hashlib
import os
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any


def flags(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Name what `run` takes."""
    one = words.add_parser("run", help="every stage on this town's own later cases, as the published file")
    one.add_argument("--data", default=os.environ.get("JISHI_DATA") or "", metavar="DIR")
    one.add_argument("--until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="last day (that of the file)")
    one.add_argument("--out", metavar="FILE", help="write the file here instead of to standard output")
    one.add_argument("--publish", action="store_true", help="publish it as well, if it says something else")
    return one


def run(given: argparse.Namespace) -> int:
    """Compute and write; exit code 1 when the newest published file of the same day says something else."""
    from config.cli import standing

    standing.stand(given.data or str(standing.BASE / ".jishi"))
    from django.utils import timezone

    from jishi.cases.actions import measuring
    from jishi.cases.queries import quality
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    now = timezone.now()
    tenant_id = Tenant.objects.get(code=standing.tenant_code()).id
    with scope.work(system(tenant_id)):
        known = quality.published(tenant_id=tenant_id)
        published = date.fromisoformat(known.told["until"]) if known else None
        until = given.until or published or timezone.localdate(now) - timedelta(days=1)
        content = measuring.written(measuring.measure(until=until, tenant_id=tenant_id))
    if given.publish:
        with scope.work(system(tenant_id)) as at_work:
            measuring.publish(by=at_work.actor, now=now, until=until)
    _write(content, given.out)
    return _compare(content, known, until)


def _write(content: str, out: str | None) -> None:
    if out:
        Path(out).write_bytes(content.encode())
    else:
        sys.stdout.write(content)


def _compare(content: str, known: Any, until: date) -> int:
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    print(f"SHA-256 {sha256}", file=sys.stderr)
    if known is None or known.told["until"] != until.isoformat():
        print(f"{until} 还没有公布过。 Nothing was published for {until}.", file=sys.stderr)
        return 0
    same = known.sha256 == sha256
    print("和公布的一字不差 · the same as published" if same else "和公布的不一样 · not as published", file=sys.stderr)
    return 0 if same else 1
