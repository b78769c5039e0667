"""Who may open accounts, give rights, keep keys, and read sealed fields. A policy changes nothing."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from jishi.foundation.actor import Actor
from jishi.foundation.purposes import Purpose
from jishi.foundation.refusals import NotAllowed

P = ParamSpec("P")


def allows(ensure: Callable[Concatenate[Actor, P], None]) -> Callable[Concatenate[Actor, P], bool]:
    """Make the question of a button out of the rule that the verb insists on."""

    def may(by: Actor, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        try:
            ensure(by, *args, **kwargs)
        except NotAllowed:
            return False
        return True

    return may


def ensure_may_keep_accounts(by: Actor) -> None:
    """Accounts and rights belong to the security administrator; `system` loads and repairs.

    :raises NotAllowed: anybody else.
    """
    if not by.has("security_admin", "system"):
        raise NotAllowed("security_admin")


def ensure_may_keep_clients(by: Actor) -> None:
    """Keys of programs belong to the system and the security administrator.

    :raises NotAllowed: anybody else.
    """
    if not by.has("security_admin", "system_admin", "system"):
        raise NotAllowed("system_admin")


def ensure_may_read(by: Actor, purpose: Purpose) -> None:
    """A purpose names the roles that may read for it; the person herself, by her receipt, reads her own.

    Whether the row is hers, or in the hands of the reader's body, was asked by the room that owns the row.
    :raises NotAllowed: any other role; `system` and clocks too.
    """
    if by.kind in ("reporter", "resident") or by.has(*purpose.readers):
        return
    raise NotAllowed(purpose.code)


may_read = allows(ensure_may_read)
may_keep_accounts = allows(ensure_may_keep_accounts)
may_keep_clients = allows(ensure_may_keep_clients)
