"""breach: whose sealed fields were opened by one account, or one program's key, between two moments (spec 90 §7.5)."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

from config.cli.standing import parser, stand, tenant_code


def main(argv: Sequence[str]) -> int:
    """List them: row, fields, how often, first and last. The notices to these persons are made from this list."""
    flags = parser("breach", "Whose sealed fields did this account or key open?")
    flags.add_argument("--account", help="a sign-in name")
    flags.add_argument("--client", type=int, help="the number of a program's key")
    flags.add_argument("--from", dest="since", required=True, metavar="TIME", help="ISO 8601; without a zone: local")
    flags.add_argument("--to", dest="until", metavar="TIME", help="without: now")
    flags.add_argument("--json", action="store_true")
    given = flags.parse_args(argv)
    if (given.account is None) == (given.client is None):
        print("--account 或 --client，选一个。 One of --account and --client.", file=sys.stderr)
        return 2
    stand(given.data)
    from django.utils import timezone

    from jishi.accounts import queries
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.tenants import Tenant

    now, tenant = timezone.now(), Tenant.objects.get(code=tenant_code())
    since = _moment(given.since, now)
    until = _moment(given.until, now) if given.until else now + timedelta(seconds=1)
    with scope.work(system(tenant.id)):
        account = queries.number_of(given.account) if given.account else None
        if given.account and account is None:
            print(f"没有账号“{given.account}”。 There is no account {given.account}.", file=sys.stderr)
            return 1
        who = [f"client:{given.client}"] if account is None else [f"staff:{account}", f"resident:{account}"]
        found = queries.breach_scope(who, since=since, until=until)
    for one in found:
        told = {"table": one.table, "row": one.row, "fields": one.fields, "purposes": one.purposes, "times": one.times,
                "first": one.first.isoformat(), "last": one.last.isoformat()}  # fmt: skip
        plain = f"{one.table} {one.row}  {', '.join(one.fields)}  ×{one.times}  {one.first:%F %T} – {one.last:%F %T}"
        print(json.dumps(told) if given.json else plain)
    print(f"{len(found)} 处 · rows", file=sys.stderr)
    return 0


def _moment(text: str, now: datetime) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=now.astimezone().tzinfo)
