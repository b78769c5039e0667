"""What happened, in order, as programs read it again: the same words as the webhooks' (spec 10 §14)."""

from datetime import datetime
from typing import Any

from jishi.cases.actions import calling
from jishi.foundation import outbox
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed

PASSES = 20  # pages of news looked through for one page that this reader may see


def events(
    *, by: Actor, after: int, since: datetime, limit: int, now: datetime
) -> tuple[list[dict[str, Any]], int | None]:
    """Give the next events that `by` may know of, and the position to go on from; None: these are all until now.

    :raises NotAllowed: neither a program nor a post.
    """
    if by.kind not in ("client", "staff"):
        raise NotAllowed(why="消息只供工作人员和登记过的系统。")
    found: list[dict[str, Any]] = []
    here = after
    for _ in range(PASSES):
        news = outbox.told(calling.EVENTS, after=here, since=since, limit=limit)
        shown = calling.visible(news, by, now=now)
        room = limit - len(found)
        if len(shown) > room:
            found += shown[:room]
            return found, int(found[-1]["id"])
        found += shown
        here = news[-1].position if news else here
        if len(news) < limit:
            return found, None
    return found, here
