"""Acting as the people of the demonstration: each verb by somebody in his own post, in a scope of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from jishi.accounts import queries as accounts
from jishi.cases.actions import dispatch, handover, intake
from jishi.cases.actions.arrival import Incoming
from jishi.cases.queries import casepage, judging
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system


class Acting:
    """The town at one moment; who acts is found once."""

    def __init__(self, tenant_id: int, code: str, now: datetime) -> None:
        self.tenant_id, self.code, self.now = tenant_id, code, now
        self._known: dict[str, list[accounts.Holder]] = {}

    def as_(self, role: str, *, username: str = "", body: int | None = None) -> Actor:
        """Give somebody of the town in a post with this role."""
        if role not in self._known:
            with scope.work(system(self.tenant_id)):
                self._known[role] = accounts.people_of(role, now=self.now)
        fit = (h for h in self._known[role] if username in ("", h.username) and body in (None, h.body_id))
        holder = next(fit)
        return Actor(
            tenant_id=self.tenant_id, kind="staff", account_id=holder.account_id, post_id=holder.post_id,
            roles=frozenset({role}), body_ids=frozenset({holder.body_id} - {None}),  # type: ignore[arg-type]
            area=holder.area,
        )  # fmt: skip

    def do(self, by: Actor, verb: Callable[..., Any], *args: Any, at: datetime, **given: Any) -> Any:
        """Perform a verb in a scope of its own, as an edge does."""
        with scope.work(by):
            return verb(*args, by=by, now=at, **given)

    def take_in(self, said: Incoming, *, by: Actor, at: datetime) -> Any:
        """Take a report in."""
        return self.do(by, intake.receive, said, at=at, tenant_code=self.code)

    def place(self, case_id: int, number: str, *, at: datetime, step: timedelta) -> Actor:
        """Offer a case to the body that the lists name and let it sign; gives who handles it there."""
        desk = self.as_("dispatcher", username="paidan1")
        with scope.work(desk):
            routed = judging.judge(casepage.find(number, by=desk), lang="zh", now=at).routed
        body, item = (routed.body_id, routed.item) if routed.item is not None else routed.candidates[0]
        assert body is not None, number
        assert item is not None, number
        why = "" if routed.item is not None else "几家都有依据，先请这一家去看"
        self.do(desk, dispatch.offer, case_id, to=dispatch.Offer(body, item.id, why=why), at=at)
        lead = self.as_("handler", body=body)
        self.do(lead, handover.sign, case_id, at=at + step)
        return lead
