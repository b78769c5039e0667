"""Lets the people of the demonstration sit down together and the town work on topics, through the rooms' own verbs."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions import disputes, mediation, mediators, papers, topic
from jishi.cases.actions.arrival import Incoming
from jishi.cases.queries import mediations, topics
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.portal.demo.talks import MEDIATORS, ROOTS, TALKS, Root, Talk
from jishi.portal.demo_acting import Acting

AGO = timedelta(hours=26)  # everything of a dispute happened within the last day: nothing of it is late
STEP = timedelta(hours=1)


def begin(tenant_id: int, *, code: str, now: datetime) -> int:
    """Register the mediators, let the disputes and topics live, once; gives how many there are."""
    by, town = system(tenant_id), _Town(tenant_id, code, now)
    with scope.work(by):
        if mediations.register(lang="zh", day=localdate(now)):
            return 0
        ids = {b.code: b.id for b in bodies.names().values()}
        for username, body, name, committee, kinds, spoken in MEDIATORS:
            who = town.as_("mediator", username=username)
            since = localdate(now) - timedelta(days=200)
            line = mediators.Line(who.account_id or 0, ids[body], name, committee, kinds, spoken, since)
            mediators.register(line, by=by, now=now)
    for talk in TALKS:
        town.talk(talk)
    for root in ROOTS:
        town.work_on(root, ids)
    return len(TALKS) + len(ROOTS)


class _Town(Acting):
    """The people of the town sit down together and work on topics."""

    def talk(self, talk: Talk) -> None:
        """Take the dispute in, place it as the lists say, and let it come as far as it has."""
        at = self.now - AGO
        said = Incoming(
            text=talk.text, channel="phone", matter=talk.matter, caller_name=talk.caller, caller_contact="13900004000"
        )
        done = self.take_in(said, by=self.as_("operator"), at=at)
        case, lead = done.case_id, self.place(done.case_id, done.case_number, at=at + STEP, step=STEP)
        chair = self.as_("mediator", username=talk.chair)
        with scope.work(system(self.tenant_id)):
            line = next(r.id for r, _, _ in mediations.register(lang="zh", day=localdate(self.now))
                        if r.account_id == chair.account_id)  # fmt: skip
        what = disputes.Proposal(talk.kind, talk.what, line, (disputes.Other(talk.other),), disputes.NO_DANGER)
        row = self.do(lead, mediation.propose, case, proposal=what, at=at + 3 * STEP).mediation
        self._come_as_far(talk, row, chair, at + 4 * STEP)

    def _come_as_far(self, talk: Talk, row: Any, chair: Actor, at: datetime) -> None:
        with scope.work(system(self.tenant_id)):
            both = [papers.as_party(p) for p in mediation.parties_of(row)]
        self.do(both[1], mediation.consent, row.id, at=at)
        if talk.upto == "PROPOSED":
            return
        if talk.upto == "ENDED":
            self.do(both[0], mediation.leave, row.id, at=at + STEP)
            return
        self.do(both[0], mediation.consent, row.id, at=at + STEP)
        sat = mediation.Sat(at + 4 * STEP, "街道调解室", [p.party_id or 0 for p in both], talk.notes or talk.what)
        self.do(chair, mediation.note_sitting, row.id, sat=sat, at=at + 5 * STEP)
        if talk.upto == "AGREED":
            day = localdate(self.now)
            draft = mediation.Draft(talk.terms, [day + timedelta(days=5), day + timedelta(days=20)])
            self.do(chair, mediation.draft, row.id, draft=draft, at=at + 6 * STEP)
            for party in both:
                self.do(party, mediation.agree, row.id, at=at + 7 * STEP)

    def work_on(self, root: Root, ids: dict[str, int]) -> None:
        """Nominate a topic and let it come as far as it has."""
        at, office = self.now - timedelta(days=root.days), self.as_("office", username="lingdao1")
        what = topic.Nomination(root.title, root.matters, root.kind, root.evidence)
        row = self.do(self.as_("handler", body=ids[root.by]), topic.nominate, what, at=at)
        if root.upto == "PASSED_OVER":
            why = "路灯的事已经列入年度更新，按清单办；明年入冬前再看。"
            self.do(office, topic.pass_over, row.id, why=why, at=at + timedelta(days=2))
        if root.upto not in ("WORKING", "CLOSED"):
            return
        day = localdate(at + STEP)
        rows = [topic.Measure(w, ids[b], day + timedelta(days=n)) for w, b, n, _ in root.measures]
        plan = topic.Plan(ids[root.lead], root.causes, rows, root.indicator, root.target)
        self.do(office, topic.choose, row.id, plan=plan, at=at + STEP)
        self._measure(root, row.id, ids, at)
        if root.upto == "CLOSED":
            after = timedelta(days=max(n for _, _, n, _ in root.measures) + 25)
            self.do(office, topic.assess, row.id, words=root.result, at=at + after)
            self.do(office, topic.close, row.id, at=at + after + STEP)

    def _measure(self, root: Root, row_id: int, ids: dict[str, int], at: datetime) -> None:
        office = self.as_("office", username="lingdao1")
        with scope.work(office):
            left = topics.one(row_id, by=office, now=self.now, lang="zh").measures
        for m, (_what, body, days, done) in zip(left, root.measures, strict=True):
            if done:
                by = self.as_("handler", body=ids[body])
                self.do(by, topic.finish_measure, row_id, measure_id=m.row.id, words=done,
                         at=at + timedelta(days=max(days - 2, 1)))  # fmt: skip
