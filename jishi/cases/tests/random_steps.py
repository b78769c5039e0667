"""What anybody may try on any case at any moment: every verb of the room, by whom it suits, on what is there.

Each line of STEPS names a verb, who it suits, and the call. Arguments come from the rows that the case has by then; a
verb without its row is a refusal like every other. Nothing is prepared: what a verb needs, an earlier step has done.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils.timezone import localdate

from conftest import TOWN
from jishi.cases.actions import (
    arrival,
    banking,
    bulk,
    clocks,
    consultation,
    correcting,
    dispatch,
    exclusion,
    feedback,
    handling,
    handover,
    intake,
    links,
    merging,
    parts,
    publishing,
    rating,
    rechecking,
    reopening,
    review,
    ruling,
    supervision,
    tagging,
    urging,
    whistle,
    withdrawing,
)  # fmt: skip
from jishi.cases.models import BulkPlan, Exclusion, Feedback, Membership, OutsideLink, Part, Participant, Whistle
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotFound

BODIES = ("psyh", "swj", "cgj", "zjj", "gaj", "hxjd")
MATTERS = ("01.02.01", "02.02.04")
TEXTS = ("雨水井堵了，一下雨就积水。", "路灯坏了三盏，晚上看不见路。", "沿街的棚子占了人行道。")
WHY = "现场看过，情况属实，照清单和现场情况办，理由写在这里。"


@dataclass
class World:
    """The town of one walk: its bodies, its people, the cases that live in it, and what time it is."""

    town: int
    rng: Random
    now: datetime
    body: dict[str, int] = field(default_factory=dict)
    item: int = 0
    cases: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    plans: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.body = {code: f.body_id(self.town, code) for code in (*BODIES, "sqzx", "hfzx", "ldxz", "sqcz")}
        self.item = f.some_item(self.town)

    def any_body(self) -> int:
        return self.body[self.rng.choice(BODIES)]

    def staff(self, role: str, body: int = 0, account: int = 0) -> Actor:
        number = account or 1000 + sum(role.encode()) + body
        ids = frozenset({body}) if body else frozenset()
        area = "990181001002" if role == "grid_worker" else ""
        return Actor(tenant_id=self.town, kind="staff", account_id=number, post_id=number, roles=frozenset({role}),
                     body_ids=ids, area=area)  # fmt: skip

    def anybody(self, case: "Now") -> Actor:
        """Somebody who may have nothing to do with it."""
        roles = ("operator", "dispatcher", "reviewer", "feedback", "ruler", "supervisor", "office", "auditor",
                 "grid_worker")  # fmt: skip
        choice = self.rng.randrange(len(roles) + 3)
        if choice < len(roles):
            return self.staff(roles[choice], self.body["sqzx"])
        return (self.staff("handler", self.any_body()), self.caller(case), clock(self.town, "sweep:test"))[
            choice - len(roles)
        ]

    def caller(self, case: "Now") -> Actor:
        report = self.one(Membership, case=case.id, to_at=None)
        return Actor(tenant_id=self.town, kind="reporter", report_id=report.report_id)

    def one(self, model: Any, **where: Any) -> Any:
        """Any row of these. :raises NotFound: there is none yet."""
        with scope.work(system(self.town)):
            rows = list(model.objects.filter(**where).order_by("-id")[:4])
        if not rows:
            raise NotFound
        return self.rng.choice(rows)

    def another(self, case: "Now") -> int:
        return self.rng.choice([i for i in self.cases if i != case.id])


@dataclass(frozen=True)
class Now:
    """A case as the walk knows it between two steps."""

    id: int
    status: str
    before: str
    lead: int | None
    version: int
    entries: int


@dataclass(frozen=True)
class Step:
    """A verb, who it suits, and the call; `row` finds first what the verb is about."""

    verb: str
    who: Callable[[World, Now, Any], Actor]
    call: Callable[[World, Now, Any], tuple[Callable[..., Any], Any, dict[str, Any]]]
    row: Callable[[World, Now], Any] | None = None


def role(role: str, at: str = "sqzx", account: int = 0) -> Callable[[World, Now, Any], Actor]:
    return lambda w, c, row: w.staff(role, w.body[at], account)


def the_lead(w: World, c: Now, row: Any) -> Actor:
    return w.staff("handler", c.lead or w.body["psyh"], account=21)


def the_clock(w: World, c: Now, row: Any) -> Actor:
    return clock(w.town, "sweep:test")


def the_caller(w: World, c: Now, row: Any) -> Actor:
    return w.caller(c)


def _of_the_row(w: World, c: Now, row: Any) -> Actor:
    """Whoever was asked: the body of a part, of one that was called by a whistle."""
    return w.staff("handler", getattr(row, "asked_body_id", None) or row.body_id)


def _street(w: World, c: Now, row: Any) -> Actor:
    return w.staff("handler", w.body["hxjd"])


def _host(w: World, c: Now, row: Any) -> Actor:
    return w.staff("office", w.body["ldxz"])


def on_case(verb: Callable[..., Any], **given: Any) -> Callable[[World, Now, Any], Any]:
    return lambda w, c, row: (verb, c.id, _said(w, c, row, given))


def on_row(verb: Callable[..., Any], **given: Any) -> Callable[[World, Now, Any], Any]:
    return lambda w, c, row: (verb, row.id, _said(w, c, row, given))


def _said(w: World, c: Now, row: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {name: value(w, c, row) if callable(value) else value for name, value in given.items()}


def any_of(model: Any, path: str = "case") -> Callable[[World, Now], Any]:
    return lambda w, c: w.one(model, **{path: c.id})


def _to(w: World, c: Now, row: Any) -> dispatch.Offer:
    return dispatch.Offer(w.body["hxjd"] if w.rng.random() < 0.5 else w.any_body(), None, why="现场看过，由它牵头")


def _why_back(w: World, c: Now, row: Any) -> handover.Return:
    return handover.Return("not_our_duty", "井盖和路面没有损坏，是井内堵塞。", w.item, w.any_body())


def _plan(w: World, c: Now, row: Any) -> Any:
    """Look at some cases at once; the plan is kept for the step that does it."""
    ids = w.rng.sample(w.cases, 3)

    def look(verb: str, *, by: Actor, now: datetime) -> Any:
        plan = bulk.preview(verb, ids, told=bulk.Told(words=WHY, why=WHY, add=("汛期",)), by=by, now=now)
        w.plans.append(plan.id)
        return plan

    return look, w.rng.choice(("offer", "take_back", "tag", "urge")), {}


def _send(w: World, c: Now, row: Any) -> Any:
    def send(case: int, *, by: Actor, now: datetime) -> Any:
        sent = links.send(case, question=t.question(), by=by, now=now)
        w.tokens.append(sent.token)
        return sent

    return send, c.id, {}


def _receive(w: World, c: Now, row: Any) -> Any:
    """A new report; now and then it joins a case that is there."""
    given = {"text": w.rng.choice(TEXTS), "channel": "phone", "matter": w.rng.choice(MATTERS),
             "voice": w.rng.choice(("open", "open", "confidential")), "caller_contact": "13900000417",
             "kind": w.rng.choice(("report", "inquiry", "complaint")),
             "accused_body_ids": (w.any_body(),) if w.rng.random() < 0.2 else ()}  # fmt: skip
    join = c.id if w.rng.random() < 0.3 else None

    def receive(one: arrival.Incoming, *, by: Actor, now: datetime) -> Any:
        done = intake.receive(one, by=by, now=now, tenant_code=TOWN)
        if done.case_id not in w.cases:
            w.cases[w.rng.randrange(len(w.cases))] = done.case_id
        return done

    return receive, arrival.Incoming(**given, join_case_id=join), {}


def own_report(w: World, c: Now) -> Any:
    return w.one(Membership, case=c.id, to_at=None)


def _token(w: World, c: Now) -> Any:
    if not w.tokens:
        raise NotFound
    return w.rng.choice(w.tokens)


def _kept_plan(w: World, c: Now) -> Any:
    return w.one(BulkPlan, id__in=w.plans)


def _day(days: int) -> Callable[[World, Now, Any], Any]:
    return lambda w, c, row: localdate(w.now) + timedelta(days=days)


def _answers(w: World, c: Now, row: Any) -> feedback.Answers:
    return feedback.Answers("yes", w.rng.choice(("yes", "no", "partly")), w.rng.choice(("satisfied", "not")))


def said_no(w: World, c: Now) -> Any:
    return w.one(Feedback, case=c.id, solved="no", superseded_by=None)


def _row_id(w: World, c: Now, row: Any) -> int:
    return int(row.id)


WORDS = {"words": WHY}
_HOW = {"how": "phone", "reached": lambda w, c, r: w.rng.choice(("yes", "refused", "no_answer"))}
STEPS: tuple[Step, ...] = (
    Step("intake.receive", role("operator"), _receive),
    Step("intake.answer_at_once", role("operator"), on_case(intake.answer_at_once, text="每周三上午办理。")),
    Step("intake.settle_on_spot", role("grid_worker"), on_case(intake.settle_on_spot, text="当场清走")),
    Step("intake.decline", role("dispatcher"),
         on_case(intake.decline, ground="other_procedure", text="正在法院审理。", channel="法院")),
    Step("intake.object_to_decline", lambda w, c, r: system(w.town),
         on_case(intake.object_to_decline, text="我没有去法院")),
    Step("intake.accept_after_objection", role("dispatcher", account=99),
         on_case(intake.accept_after_objection, why="核对后应当受理")),
    Step("intake.add_addendum", the_caller,
         lambda w, c, r: (intake.add_addendum, r.report_id, {"text": "今天更深了"}), own_report),
    Step("consultation.open", role("dispatcher"), on_case(consultation.open_, question="归谁？",
         invited=lambda w, c, r: [w.body["swj"], w.body["cgj"]])),
    Step("consultation.state_position", lambda w, c, r: w.staff("handler", w.body["cgj"]),
         on_case(consultation.state_position, text="归水务", cited_item_id=lambda w, c, r: w.item)),
    Step("consultation.conclude", role("dispatcher"), on_case(consultation.conclude,
         agreed_body_id=lambda w, c, r: w.body["swj"])),
    Step("consultation.contest", role("dispatcher"), on_case(consultation.contest, question="归谁？")),
    Step("ruling.rule", role("ruler", "ldxz"), on_case(ruling.rule, named_body_id=lambda w, c, r: w.any_body(),
         tenant_code=TOWN, why=lambda w, c, r: ruling.Reasons([w.item], WHY))),
    Step("ruling.uphold", role("ruler", "ldxz"), on_case(ruling.uphold, tenant_code=TOWN,
         why=lambda w, c, r: ruling.Reasons([w.item], WHY))),
    Step("dispatch.offer", role("dispatcher"), on_case(dispatch.offer, to=_to)),
    Step("dispatch.take_back", role("dispatcher"), on_case(dispatch.take_back, reason="派错了")),
    Step("handover.sign", the_lead, on_case(handover.sign)),
    Step("handover.sign_by_time", the_clock, on_case(handover.sign_by_time)),
    Step("handover.return_", the_lead, on_case(handover.return_, why=_why_back)),
    Step("handover.accept_return", role("dispatcher"), on_case(handover.accept_return)),
    Step("handover.return_by_time", the_clock, on_case(handover.return_by_time)),
    Step("handover.deny_return", role("dispatcher"),
         on_case(handover.deny_return, words=WHY, cited_item_id=lambda w, c, r: w.item)),
    Step("handling.note_contact", the_lead, on_case(handling.note_contact, **_HOW)),
    Step("handling.note_progress", the_lead,
         on_case(handling.note_progress, text=lambda w, c, r: f"第{w.rng.randrange(99)}天：已约好疏通队。")),
    Step("handling.reply", the_lead, on_case(handling.reply, answer=lambda w, c, r: f.answer_of(w.now))),
    Step("handling.ask_termination", the_lead, on_case(handling.ask_termination, what_was_needed="进门查漏点",
         told_caller="需要您开门才能查漏点，两次联系您都不同意进门，这一件先终止。")),
    Step("handling.terminate", role("supervisor"), on_case(handling.terminate)),
    Step("clocks.ask_suspension", the_lead, on_case(clocks.ask_suspension, what=lambda w, c, r: f.pause(w.now))),
    Step("clocks.suspend", role("supervisor"), on_case(clocks.suspend)),
    Step("clocks.deny_suspension", role("supervisor"), on_case(clocks.deny_suspension, why=WHY)),
    Step("clocks.resume", the_lead, on_case(clocks.resume)),
    Step("clocks.ask_extension", the_lead, on_case(clocks.ask_extension, workdays=3, reason_for_caller=f.REASON)),
    Step("clocks.extend", role("supervisor"), on_case(clocks.extend)),
    Step("clocks.deny_extension", role("supervisor"), on_case(clocks.deny_extension, why=WHY)),
    Step("banking.ask", the_lead, on_case(banking.ask, what=lambda w, c, r: f.wanted(w.now))),
    Step("banking.bank", role("office", "ldxz"), on_case(banking.bank)),
    Step("banking.deny", role("office", "ldxz"), on_case(banking.deny, why=WHY)),
    Step("banking.note_came_true", the_lead, on_case(banking.note_came_true, words=WHY)),
    Step("banking.take_up", role("office", "ldxz"), on_case(banking.take_up)),
    Step("review.send_back", role("reviewer"),
         on_case(review.send_back, elements=review.Elements(True, True, True, False), why="没写何时做完")),
    Step("review.approve", role("reviewer"), on_case(review.approve, elements=f.ALL_FOUR)),
    Step("feedback.answer", role("feedback", "hfzx"), on_row(feedback.answer, answers=_answers), any_of(Feedback)),
    Step("feedback.note_attempt", role("feedback", "hfzx"), on_case(feedback.note_attempt, result="no_answer")),
    Step("feedback.conclude", role("feedback", "hfzx"), on_case(feedback.conclude)),
    Step("feedback.send_back", role("feedback", "hfzx"), on_case(feedback.send_back, why=f.STILL)),
    Step("reopening.reopen", role("reviewer"), on_case(reopening.reopen, why="又堵了")),
    Step("reopening.redispatch", role("dispatcher"), on_case(reopening.redispatch, why="应当由水务办")),
    Step("withdrawing.withdraw", the_caller,
         lambda w, c, r: (withdrawing.withdraw, r.report_id, {"tenant_code": TOWN}), own_report),
    Step("merging.absorb", role("dispatcher"), on_case(merging.absorb, into=lambda w, c, r: w.another(c))),
    Step("merging.restore", role("dispatcher"), on_case(merging.restore)),
    Step("merging.join", role("dispatcher"), on_case(merging.join, report_id=lambda w, c, r: w.one(
         Membership, case__in=w.cases, to_at=None).report_id)),
    Step("merging.leave", role("dispatcher"), on_case(merging.leave, tenant_code=TOWN,
         report_id=lambda w, c, r: r.report_id), own_report),
    Step("merging.split", role("dispatcher"), lambda w, c, r: (merging.split, r.report_id, {"case_id": c.id,
         "tenant_code": TOWN, "parts": [merging.Part(TEXTS[0], MATTERS[0]), merging.Part(TEXTS[2], MATTERS[1])]}),
         own_report),
    Step("merging.keep_as_community", role("dispatcher"), on_case(merging.keep_as_community, why=WHY)),
    Step("correcting.correct_matter", role("dispatcher"),
         on_case(correcting.correct_matter, matter=lambda w, c, r: w.rng.choice(MATTERS))),
    Step("correcting.set_urgency", role("dispatcher"), on_case(correcting.set_urgency, why=WHY,
         urgency=lambda w, c, r: w.rng.choice(("normal", "urgent", "emergency")))),
    Step("tagging.tag", role("dispatcher"),
         on_case(tagging.tag, add=lambda w, c, r: (f"汛期{w.rng.randrange(9)}",))),
    Step("urging.urge", role("dispatcher"), on_case(urging.urge, words="雨天将到，请尽快")),
    Step("supervision.open", role("supervisor"), on_case(supervision.open_, ground="shirking", demand=WHY)),
    Step("supervision.answer", the_lead, on_case(supervision.answer, text=WHY)),
    Step("supervision.lift", role("supervisor"), on_case(supervision.lift, why=WHY)),
    Step("supervision.open_again", role("supervisor"), on_case(supervision.open_again, missing=WHY)),
    Step("exclusion.ask", the_lead, on_case(exclusion.ask, what=lambda w, c, r: f.exclusion())),
    Step("rechecking.agree", role("reviewer"), on_case(rechecking.agree, answer_id=_row_id, why=f.STILL), said_no),
    Step("rechecking.disagree", role("reviewer"), on_case(
         rechecking.disagree, answer_id=_row_id, ground="planned", why=f.NOT_BACK), said_no),
    Step("feedback.end_by_time", the_clock, on_case(feedback.end_by_time)),
    Step("exclusion.decide", role("supervisor"), on_row(exclusion.decide, why=f.PROVED,
         verdict=lambda w, c, r: w.rng.choice(("approved", "denied"))), any_of(Exclusion)),
    Step("exclusion.revoke", role("supervisor"), on_row(exclusion.revoke, why=f.PROVED), any_of(Exclusion)),
    Step("publishing.open", role("reviewer"), on_case(publishing.open_)),
    Step("parts.ask", the_lead, on_case(parts.ask, asking=lambda w, c, r: parts.Asking(w.any_body(), t.WHAT))),
    Step("parts.sign", _of_the_row, on_row(parts.sign), any_of(Part)),
    Step("parts.sign_by_time", the_clock, on_row(parts.sign_by_time), any_of(Part)),
    Step("parts.return_", _of_the_row, on_row(parts.return_, why=lambda w, c, r: parts.Returning(
         "not_our_duty", "棚子在小区红线里，不归我们。", w.item)), any_of(Part)),
    Step("parts.contest", the_lead, on_row(parts.contest, words=WHY), any_of(Part)),
    Step("parts.uphold", role("ruler", "ldxz"), on_row(parts.uphold, words=WHY), any_of(Part)),
    Step("parts.deny", role("ruler", "ldxz"),
         on_row(parts.deny, words=WHY, cited_item_id=lambda w, c, r: w.item), any_of(Part)),
    Step("parts.finish", _of_the_row, on_row(parts.finish, result=t.RESULT), any_of(Part)),
    Step("parts.ask_release", the_lead, on_row(parts.ask_release, words=WHY), any_of(Part)),
    Step("parts.keep", _of_the_row, on_row(parts.keep, words=WHY), any_of(Part)),
    Step("parts.release", _of_the_row, on_row(parts.release), any_of(Part)),
    Step("whistle.blow", _street, on_case(whistle.blow, call=lambda w, c, r: t.call_of(w.town, now=w.now, bodies=[
         whistle.Called(w.body[b], why="棚子和井都在人行道上") for b in ("cgj", "zjj")]))),
    Step("whistle.gather", lambda w, c, r: system(w.town), on_row(whistle.gather), any_of(Whistle)),
    Step("whistle.lapse", the_clock, on_row(whistle.lapse), any_of(Whistle)),
    Step("whistle.start", _street, on_row(whistle.start), any_of(Whistle)),
    Step("whistle.conclude", _street, on_row(whistle.conclude, words=WHY), any_of(Whistle)),
    Step("whistle.call_off", _street, on_row(whistle.call_off, words=WHY), any_of(Whistle)),
    Step("whistle.rate", the_clock, on_row(whistle.rate), any_of(Whistle)),
    Step("whistle.answer", _of_the_row, on_row(whistle.answer), any_of(Participant, "whistle__case")),
    Step("whistle.object_", _of_the_row, on_row(whistle.object_, why=lambda w, c, r: whistle.Objection(
         "not_our_duty", "棚子在小区红线里。", w.item)), any_of(Participant, "whistle__case")),
    Step("whistle.uphold", _host, on_row(whistle.uphold, words=WHY), any_of(Participant, "whistle__case")),
    Step("whistle.deny", _host, on_row(whistle.deny, words=WHY), any_of(Participant, "whistle__case")),
    Step("whistle.arrive", _of_the_row, on_row(whistle.arrive, words=WHY), any_of(Participant, "whistle__case")),
    Step("whistle.miss", _street, on_row(whistle.miss, words=WHY), any_of(Participant, "whistle__case")),
    Step("whistle.report", _of_the_row, on_row(whistle.report, result=t.RESULT), any_of(Participant, "whistle__case")),
    Step("rating.rate_body", _street, on_row(rating.rate_body, rated=lambda w, c, r: rating.Rated(t.YES)),
         any_of(Participant, "whistle__case")),
    Step("rating.rate_whistle", _of_the_row, on_row(rating.rate_whistle, rated=lambda w, c, r: rating.Rated(t.YES)),
         any_of(Participant, "whistle__case")),
    Step("rating.object_", _of_the_row, on_row(rating.object_, side="body", words=WHY),
         any_of(Participant, "whistle__case")),
    Step("rating.rule", _host, on_row(rating.rule, side="body", ruling="upheld", words=WHY),
         any_of(Participant, "whistle__case")),
    Step("links.send", the_lead, _send),
    Step("links.open_", lambda w, c, r: t.outsider(w.town), lambda w, c, r: (links.open_, r, {}), _token),
    Step("links.answer", lambda w, c, r: t.outsider(w.town),
         lambda w, c, r: (links.answer, r, {"said": links.Said("是我们的，明天上午去扶正。")}), _token),
    Step("links.revoke", the_lead, on_row(links.revoke), any_of(OutsideLink)),
    Step("bulk.preview", role("dispatcher"), _plan),
    Step("bulk.apply", role("dispatcher"), on_row(bulk.apply), _kept_plan),
    Step("bulk.undo", role("dispatcher"), on_row(bulk.undo), _kept_plan),
)  # fmt: skip

# What people mostly do next; each word is a verb that answers the one before it.
NEXT: dict[str, tuple[str, ...]] = {
    "intake.receive": ("dispatch.offer",), "dispatch.offer": ("handover.sign",), "ruling.rule": ("handover.sign",),
    "intake.decline": ("intake.object_to_decline",), "intake.object_to_decline": ("intake.accept_after_objection",),
    "consultation.open": ("consultation.state_position", "ruling.rule", "consultation.conclude"),
    "handover.return_": ("handover.accept_return", "handover.deny_return", "consultation.contest",
                         "handover.return_by_time"),
    "consultation.contest": ("ruling.uphold", "ruling.rule"),
    "clocks.ask_suspension": ("clocks.suspend", "clocks.deny_suspension"),
    "clocks.ask_extension": ("clocks.extend", "clocks.deny_extension"),
    "banking.ask": ("banking.bank", "banking.deny"), "banking.bank": ("banking.note_came_true",),
    "handling.note_contact": ("handling.reply", "handling.reply", "handling.note_contact", "handling.ask_termination"),
    "handling.ask_termination": ("handling.terminate",),
    "handling.reply": ("review.approve", "review.approve", "review.send_back"),
    "review.approve": ("feedback.answer", "feedback.answer", "feedback.note_attempt"),
    "rechecking.agree": ("handling.note_contact",),
    "feedback.answer": ("rechecking.agree", "rechecking.disagree", "feedback.send_back", "feedback.conclude"),
    "exclusion.ask": ("exclusion.decide",), "exclusion.decide": ("exclusion.revoke",),
    "supervision.open": ("supervision.answer",), "supervision.answer": ("supervision.lift", "supervision.open_again"),
    "parts.ask": ("parts.sign", "parts.return_", "parts.sign_by_time"), "parts.return_": ("parts.contest",),
    "parts.sign": ("parts.finish", "parts.ask_release"), "parts.contest": ("parts.uphold", "parts.deny"),
    "parts.ask_release": ("parts.keep", "parts.release"), "parts.deny": ("parts.finish",),
    "whistle.blow": ("whistle.answer", "whistle.object_", "whistle.call_off"), "whistle.gather": ("whistle.start",),
    "whistle.answer": ("whistle.answer", "whistle.start"), "whistle.object_": ("whistle.uphold", "whistle.deny"),
    "whistle.start": ("whistle.arrive",), "whistle.arrive": ("whistle.report", "whistle.arrive"),
    "whistle.report": ("whistle.conclude", "whistle.report"), "whistle.miss": ("whistle.conclude",),
    "whistle.conclude": ("rating.rate_body", "rating.rate_whistle"), "rating.rate_body": ("rating.rate_whistle",),
    "rating.rate_whistle": ("rating.object_",), "rating.object_": ("rating.rule",),
    "links.send": ("links.open_", "links.revoke", "links.answer"), "links.open_": ("links.answer",),
    "bulk.preview": ("bulk.apply",), "bulk.apply": ("bulk.undo",), "merging.join": ("merging.leave", "merging.split"),
    "merging.absorb": ("merging.restore",),
}  # fmt: skip
