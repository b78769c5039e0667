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
