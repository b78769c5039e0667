"""Who may change the ground: the office that keeps it, the loader, nobody else (spec 20 §1)."""

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed


def ensure_may_keep_ground(by: Actor) -> None:
    """:raises NotAllowed: the post does not keep places."""
    if not by.has("office", "system", "system_admin"):
        raise NotAllowed(why="地点和网格由领导小组办公室维护。")


def ensure_may_load_divisions(by: Actor) -> None:
    """:raises NotAllowed: only the operator of the installation loads the national table."""
    if not by.has("system", "system_admin"):
        raise NotAllowed(why="全国区划表由平台运维载入。")


def ensure_may_keep_residence(by: Actor, account_id: int, division: str) -> None:
    """A person keeps her own; the post of the community she lives in or belongs to writes down what she told it.

    :raises NotAllowed: anybody else; nobody writes from hearsay.
    """
    if by.kind == "resident" and by.account_id == account_id:
        return
    ensure_is_community_of(by, division)


def ensure_is_community_of(by: Actor, division: str) -> None:
    """:raises NotAllowed: not a post of exactly this village or community."""
    if by.kind != "staff" or not by.has("handler") or len(by.area) != 12 or by.area != division:
        raise NotAllowed(why="住在哪里由本人说；社区只替自己社区的人登记。")


def may_know_of_residence(by: Actor, account_id: int) -> bool:
    """The person, and a community's own post, which is asked for the place next."""
    if by.kind == "resident":
        return by.account_id == account_id
    return by.kind == "staff" and by.has("handler") and len(by.area) == 12
