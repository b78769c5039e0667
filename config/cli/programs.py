"""Keys of strangers' programs, and the name under which Open311 is served: for whoever runs the installation."""

from collections.abc import Sequence
from typing import Any

from config.cli.standing import parser, stand, tenant_code


def main(argv: Sequence[str]) -> int:
    """Give, list or end a key; name the jurisdiction."""
    flags = parser("program", "Keys of Open311, and the name under which it is served.")
    flags.add_argument("what", choices=("give", "list", "end", "name"))
    flags.add_argument("who", nargs="?", default="", help="a name (give, name) or a number (end)")
    flags.add_argument("--test", action="store_true", help="on the test endpoint")
    flags.add_argument("--datum", default="wgs84", help="wgs84, cgcs2000, gcj02, bd09")
    flags.add_argument("--per-minute", type=int, default=0)
    flags.add_argument("--contact", default="")
    flags.add_argument("--how-to-get-a-key", default="")
    flags.add_argument("--area", default="", help="the beginning of a division code")
    flags.add_argument("--token", action="store_true", help="intake is moderated: a token first, the number later")
    given = flags.parse_args(argv)
    stand(given.data)
    return _work(given)


def _work(given: Any) -> int:
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.foundation.refusals import Refused
    from jishi.foundation.tenants import TRIAL, Tenant

    tenant = Tenant.objects.filter(code=tenant_code() + (TRIAL if given.test else "")).first()
    if tenant is None:
        raise SystemExit("这里没有试用区。 No test jurisdiction stands here.")
    by = system(tenant.id)
    try:
        with scope.work(by):
            return _say(given, by)
    except Refused as no:
        raise SystemExit(f"{no.sentence('zh')} {no.sentence('en')}") from None


def _say(given: Any, by: Any) -> int:
    from django.utils import timezone

    from jishi.accounts.actions import clients
    from jishi.cases.actions import programs
    from jishi.cases.queries import keys
    from jishi.foundation import numbers

    now = timezone.now()
    if given.what == "give":
        most = given.per_minute or (programs.PER_MINUTE_ON_TRIAL if given.test else programs.PER_MINUTE)
        made, key = programs.register(given.who, by=by, now=now, datum=given.datum, per_minute=most)
        print(f"{made.client_id}  {key}\n这把密钥只显示这一次。 This key is shown once.")
    elif given.what == "list":
        for row in keys.held(tenant_id=by.tenant_id):
            until = row.until.isoformat(timespec="minutes") if row.until else "—"
            print(f"{row.client_id}  {row.name}  {row.datum}  {row.per_minute}/min  {row.since:%Y-%m-%d}  {until}")
    elif given.what == "end":
        clients.revoke(int(given.who) if numbers.names_a_row(given.who) else 0, by=by, now=now)
        print("停用了。 Ended.")
    else:
        naming = programs.Naming(given.who, given.contact, given.how_to_get_a_key, given.area, given.token)
        print(programs.name_jurisdiction(naming, by=by, now=now).name)
    return 0
