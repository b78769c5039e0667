"""Who may open accounts, give rights, keep keys, and read sealed fields. A policy changes nothing."""

from collections.abc import Callable, Collection
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


WATCHING = ("auditor", "security_admin", "system_admin")  # they watch or keep the platform, and see no case
GLASS = "break_glass"  # the right that an open emergency access gives; no term gives it
GLASS_ASKERS = frozenset(
    {
        "operator", "dispatcher", "handler", "head", "reviewer", "feedback", "grid_worker", "supervisor", "office",
        "ruler",
    }
)  # fmt: skip
GLASS_DECIDERS = frozenset({"head", "supervisor", "office"})


def ensure_may_ask_for_more(by: Actor) -> None:
    """Emergency access widens the work of a post with cases; the three administrators see no case by their office.

    :raises NotAllowed: no such post, or the wider access is open already.
    """
    if by.kind != "staff" or by.account_id is None or by.post_id is None or not by.body_ids:
        raise NotAllowed("post")
    if not by.has(*GLASS_ASKERS) or by.has(*WATCHING, GLASS):
        raise NotAllowed("break_glass.ask")


def ensure_may_decide_glass(by: Actor) -> None:
    """The second person answers for a body or a desk of oversight. Which body that must not be, the verb asks.

    :raises NotAllowed: anybody else, and whoever acts by emergency access now.
    """
    if by.kind != "staff" or not by.body_ids or not by.has(*GLASS_DECIDERS) or by.has(GLASS):
        raise NotAllowed("break_glass.decide")


def ensure_may_see_every_glass(by: Actor) -> None:
    """The auditor and the security administrator see each emergency access, whoever had it.

    :raises NotAllowed: anybody else.
    """
    if not by.has("auditor", "security_admin"):
        raise NotAllowed("auditor")


def ensure_may_vouch(by: Actor, own_body_ids: Collection[int]) -> None:
    """Whoever has a post in a body of the account knows the person; emergency access makes nobody a colleague.

    :raises NotAllowed: no post in any of these bodies, or acting by emergency access.
    """
    if by.kind != "staff" or by.account_id is None or by.has(GLASS) or not by.body_ids & set(own_body_ids):
        raise NotAllowed("recovery.approve")


def ensure_may_end_lost(by: Actor) -> None:
    """A telephone is lost on a Sunday: the security administrator, or the head of a body for its own members.

    Whose member it is, the verb asks. :raises NotAllowed: anybody else, and a head by emergency access.
    """
    if may_keep_accounts(by):
        return
    if by.kind != "staff" or not by.has("head") or not by.body_ids or by.has(GLASS):
        raise NotAllowed("head")


may_keep_accounts = allows(ensure_may_keep_accounts)
may_end_lost = allows(ensure_may_end_lost)
may_vouch = allows(ensure_may_vouch)
may_ask_for_more = allows(ensure_may_ask_for_more)
may_decide_glass = allows(ensure_may_decide_glass)
may_see_every_glass = allows(ensure_may_see_every_glass)
may_read = allows(ensure_may_read)
may_keep_clients = allows(ensure_may_keep_clients)
