"""Who may open accounts, give rights, keep keys, and read sealed fields. A policy changes nothing."""

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed


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
