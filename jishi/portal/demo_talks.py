"""Lets the people of the demonstration sit down together and the town work on topics, through the rooms' own verbs."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases.actions import dispatch, disputes, handover, intake, mediation, mediators, papers, topic
from jishi.cases.actions.arrival import Incoming
from jishi.cases.queries import casepage, judging, mediations, topics
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.portal.demo.talks import MEDIATORS, ROOTS, TALKS, Root, Talk

AGO = timedelta(hours=26)  # everything of a dispute happened within the last day: nothing of it is late
STEP = timedelta(hours=1)


def begin(tenant_id: int, *, code: str, now: datetime) -> int:
    """Register the mediators, let the disputes and topics live, once; gives how many there are."""
    by = system(tenant_id)
    with scope.work(by):
        if mediations.register(lang="zh", day=localdate(now)):
            return 0
        ids = {b.code: b.id for b in bodies.names().values()}
        for username, body, name, committee, kinds, spoken in MEDIATORS:
            who = _post("mediator", now, username=username)
            since = localdate(now) - timedelta(days=200)
            line = mediators.Line(who.account_id or 0, ids[body], name, committee, kinds, spoken, since)
            mediators.register(line, by=by, now=now)
    town = _Town(tenant_id, code, now)
    for talk in TALKS:
        town.talk(talk)
    for root in ROOTS:
        town.work_on(root, ids)
    return len(TALKS) + len(ROOTS)


def _post(role: str, now: datetime, *, username: str = "", body: int | None = None) -> Actor:
    """Give somebody of the demonstration in a post with this role."""
    rows = accounts.people_of(role, now=now)
    holder = next(h for h in rows if (not username or h.username == username) and (body is None or h.body_id == body))
    return Actor(
        tenant_id=scope.current().actor.tenant_id, kind="staff", account_id=holder.account_id, post_id=holder.post_id,
        roles=frozenset({role}), body_ids=frozenset({holder.body_id} - {None}),  # type: ignore[arg-type]
        area=holder.area,
    )  # fmt: skip


class _Town:
    """The town at one moment; every verb is performed in a scope of its own, as an edge does."""

    def __init__(self, tenant_id: int, code: str, now: datetime) -> None:
        self.tenant_id, self.code, self.now = tenant_id, code, now

    def _as(self, role: str, *, username: str = "", body: int | None = None) -> Actor:
        with scope.work(system(self.tenant_id)):
            return _post(role, self.now, username=username, body=body)

    def _do(self, by: Actor, verb: Any, *args: Any, at: datetime, **given: Any) -> Any:
        with scope.work(by):
            return verb(*args, by=by, now=at, **given)

    def talk(self, talk: Talk) -> None:
        """Take the dispute in, place it as the lists say, and let it come as far as it has."""
        at = self.now - AGO
        said = Incoming(
            text=talk.text, channel="phone", matter=talk.matter, caller_name=talk.caller, caller_contact="13900004000"
        )
        done = self._do(self._as("operator"), intake.receive, said, at=at, tenant_code=self.code)
        case, desk = done.case_id, self._as("dispatcher")
        with scope.work(desk):
            routed = judging.judge(casepage.find(done.case_number, by=desk), lang="zh", now=at).routed
        assert routed.body_id is not None, talk.what
        assert routed.item is not None, talk.what
        self._do(desk, dispatch.offer, case, to=dispatch.Offer(routed.body_id, routed.item.id), at=at + STEP)
        lead = self._as("handler", body=routed.body_id)
        self._do(lead, handover.sign, case, at=at + 2 * STEP)
        chair = self._as("mediator", username=talk.chair)
        with scope.work(system(self.tenant_id)):
            line = next(r.id for r, _, _ in mediations.register(lang="zh", day=localdate(self.now))
                        if r.account_id == chair.account_id)  # fmt: skip
        what = disputes.Proposal(talk.kind, talk.what, line, (disputes.Other(talk.other),), disputes.NO_DANGER)
        row = self._do(lead, mediation.propose, case, proposal=what, at=at + 3 * STEP).mediation
        self._come_as_far(talk, row, chair, at + 4 * STEP)

    def _come_as_far(self, talk: Talk, row: Any, chair: Actor, at: datetime) -> None:
        with scope.work(system(self.tenant_id)):
            both = [papers.as_party(p) for p in mediation.parties_of(row)]
        self._do(both[1], mediation.consent, row.id, at=at)
        if talk.upto == "PROPOSED":
            return
        if talk.upto == "ENDED":
            self._do(both[0], mediation.leave, row.id, at=at + STEP)
            return
        self._do(both[0], mediation.consent, row.id, at=at + STEP)
        sat = mediation.Sat(at + 4 * STEP, "街道调解室", [p.party_id or 0 for p in both], talk.notes or talk.what)
        self._do(chair, mediation.note_sitting, row.id, sat=sat, at=at + 5 * STEP)
        if talk.upto == "AGREED":
            day = localdate(self.now)
            draft = mediation.Draft(talk.terms, [day + timedelta(days=5), day + timedelta(days=20)])
            self._do(chair, mediation.draft, row.id, draft=draft, at=at + 6 * STEP)
            for party in both:
                self._do(party, mediation.agree, row.id, at=at + 7 * STEP)

    def work_on(self, root: Root, ids: dict[str, int]) -> None:
        """Nominate a topic and let it come as far as it has."""
        at, office = self.now - timedelta(days=root.days), self._as("office", username="lingdao1")
        what = topic.Nomination(root.title, root.matters, root.kind, root.evidence)
        row = self._do(self._as("handler", body=ids[root.by]), topic.nominate, what, at=at)
        if root.upto == "PASSED_OVER":
            why = "路灯的事已经列入年度更新，按清单办；明年入冬前再看。"
            self._do(office, topic.pass_over, row.id, why=why, at=at + timedelta(days=2))
        if root.upto not in ("WORKING", "CLOSED"):
            return
        day = localdate(at + STEP)
        rows = [topic.Measure(w, ids[b], day + timedelta(days=n)) for w, b, n, _ in root.measures]
        plan = topic.Plan(ids[root.lead], root.causes, rows, root.indicator, root.target)
        self._do(office, topic.choose, row.id, plan=plan, at=at + STEP)
        self._measure(root, row.id, ids, at)
        if root.upto == "CLOSED":
            after = timedelta(days=max(n for _, _, n, _ in root.measures) + 25)
            self._do(office, topic.assess, row.id, words=root.result, at=at + after)
            self._do(office, topic.close, row.id, at=at + after + STEP)

    def _measure(self, root: Root, row_id: int, ids: dict[str, int], at: datetime) -> None:
        office = self._as("office", username="lingdao1")
        with scope.work(office):
            left = topics.one(row_id, by=office, now=self.now, lang="zh").measures
        for m, (_what, body, days, done) in zip(left, root.measures, strict=True):
            if done:
                by = self._as("handler", body=ids[body])
                self._do(by, topic.finish_measure, row_id, measure_id=m.row.id, words=done,
                         at=at + timedelta(days=max(days - 2, 1)))  # fmt: skip
