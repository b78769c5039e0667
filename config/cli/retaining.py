"""retention: list what has ended, or end it now; the worker does the same every night."""

import json
from collections.abc import Sequence

from config.cli.standing import parser, stand


def main(argv: Sequence[str]) -> int:
    """List what has ended by kind (``--dry-run``), or end it in every copy; ``--json`` for programs."""
    flags = parser("retention", "End what has ended, in every copy; --dry-run lists it and changes nothing.")
    flags.add_argument("--dry-run", action="store_true")
    flags.add_argument("--json", action="store_true")
    given = flags.parse_args(argv)
    stand(given.data)
    from django.utils import timezone

    from jishi.cases.actions import retention
    from jishi.foundation import files, scope
    from jishi.foundation.actor import clock
    from jishi.foundation.tenants import Tenant

    now, told = timezone.now(), []
    for tenant in Tenant.objects.order_by("id"):
        by = clock(tenant.id, f"retention:{int(now.timestamp())}")
        with scope.work(by):
            found = retention.due(by=by, now=now) if given.dry_run else retention.run(by=by, now=now)
        if not given.dry_run:
            with scope.work(by):
                files.sweep(tenant_id=tenant.id)
        told += [(tenant.code, one) for one in found]
    if given.json:
        rows = [{"tenant": t, "kind": d.kept.code, "count": len(d.ids), "hash": d.proof} for t, d in told]
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for code, one in told:
        kept = one.kept
        print(f"{code}  {len(one.ids):>7}  {kept.name.zh} · {kept.name.en}  ({kept.period}, {kept.ends})")
    done = "已删，证明在留痕里 · deleted; the proof is on the trail"
    print("只列出，没有删 · listed, nothing deleted" if given.dry_run else done)
    return 0
