"""Lets an ordinary morning lie on the desks of the demonstration, through the rooms' own verbs: nothing is inserted.

Each road ends where somebody has something to do; whoever acts is one of the people of the town, in his own post.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases.actions import (
    banking,
    clocks,
    consultation,
    exclusion,
    feedback,
    handling,
    handover,
    links,
    merging,
    parts,
    review,
    ruling,
    supervision,
    unsealing,
    urging,
    whistle,
)  # fmt: skip
from jishi.cases.actions.arrival import Incoming
from jishi.cases.queries import resident, together
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places.actions import transitions
from jishi.places.queries import transitions as moves
from jishi.portal.demo.monday import MOVE, OUTSIDE, RESIDENTS, WAITING, Said
from jishi.portal.demo_acting import Acting

STEP = timedelta(minutes=20)  # between two acts of one road: within every clock of the table
FOUR = review.Elements(time_of_contact=True, with_whom=True, measures=True, by_when=True)
MORNING = time(9, 5)


def begin(tenant_id: int, *, code: str, now: datetime) -> int:
    """Let the residents' own matters come as far as they have, once; gives how many there are."""
    town = _Town(tenant_id, code, now)
    with scope.work(system(tenant_id)):
        people = {h.username: h.account_id for h in accounts.demonstration_residents()}
    first = Actor(tenant_id=tenant_id, kind="resident", account_id=people[RESIDENTS[0].who])
    with scope.work(first):
        if resident.own_ids(first):
            return 0
    for said in RESIDENTS:
        town.live(said, people[said.who])
    return len(RESIDENTS)


def lay_out(tenant_id: int, *, code: str, now: datetime) -> int:
    """Let what waits at the desks come as far as it has, once; gives how many matters there are.

    Behind the first page: two hundred verbs would keep a newcomer waiting for three seconds.
    """
    town = _Town(tenant_id, code, now)
    office = town.as_("office", username="lingdao1")
    with scope.work(office):
        if moves.transitions(office):
            return 0
    town.move_away()
    for said in WAITING:
        town.live(said, None)
    return len(WAITING)


@dataclass(slots=True)
class _Matter:
    """One case on its road: who said it, who handles it, and the moment reached."""

    said: Said
    case: int
    number: str
    caller: Actor
    lead: Actor
    at: datetime


class _Town(Acting):
    """The people of the town on an ordinary morning."""

    def __init__(self, tenant_id: int, code: str, now: datetime) -> None:
        super().__init__(tenant_id, code, now)
        with scope.work(system(tenant_id)):
            self.ids = {b.code: b.id for b in bodies.names().values()}
            self.items = {row.number: row.id for row in duties.law(localdate(now)).items.values()}
        self.like: dict[tuple[str, str], int] = {}  # who, matter → the case said last, into which another is merged

    def live(self, said: Said, account: int | None) -> None:
        """Take one matter in and let it come as far as it has."""
        day = localdate(self.now) - timedelta(days=said.days)
        at = datetime.combine(day, MORNING, ZoneInfo(settings.TIME_ZONE))
        at = min(at, self.now - 12 * STEP)
        mine = Actor(tenant_id=self.tenant_id, kind="resident", account_id=account) if account else None
        told = Incoming(
            text=said.text, channel="web" if mine else "phone", matter=said.matter, reporter_id=account,
            voice=said.voice, answers=dict(said.answers), caller_name="" if mine else "小周",
            caller_contact="" if mine else "13900004100",
        )  # fmt: skip
        done = self.take_in(told, by=mine or self.as_("operator", username="huawu1"), at=at)
        like, self.like[said.who, said.matter] = self.like.get((said.who, said.matter), 0), done.case_id
        if said.upto in ("received", "merged", "undone"):
            self.like[said.who, said.matter] = like or done.case_id
            self.merge(said.upto, done.case_id, like, at + STEP)
            return
        lead = self.place(done.case_id, done.case_number, at=at + STEP, step=STEP)
        caller = mine or Actor(tenant_id=self.tenant_id, kind="reporter", report_id=done.report_id)
        one = _Matter(said, done.case_id, done.case_number, caller, lead, at + 3 * STEP)
        _ROADS[said.upto](self, one)

    def merge(self, upto: str, case: int, into: int, at: datetime) -> None:
        """Merge a case into the one that says the same, and take it apart again where it did not."""
        desk, other = self.as_("dispatcher", username="paidan2"), self.as_("dispatcher", username="paidan1")
        if upto in ("merged", "undone"):
            self.do(desk, merging.absorb, case, into=into, why="说的是同一口井", at=at)
        if upto == "undone":
            self.do(other, merging.restore, case, why="到现场看，是另一口井，井圈松了", at=max(at, self.now - 3 * STEP))

    def act(self, one: _Matter, by: Actor, verb: Callable[..., Any], *args: Any, **given: Any) -> Any:
        """Perform the next act on a case, some minutes after the last."""
        one.at += STEP
        return self.do(by, verb, one.case, *args, at=one.at, **given)

    def lately(self, one: _Matter) -> None:
        """Let what follows happen within the last two hours: nobody's clock has run out on it."""
        one.at = max(one.at, self.now - 6 * STEP)

    def contact(self, one: _Matter) -> None:
        self.act(one, one.lead, handling.note_contact, how="phone", reached="yes", gist="问清了位置和情况")

    def working(self, one: _Matter) -> None:
        """In hand, with a word to the caller on what is waited for; he has urged it once."""
        self.contact(one)
        words = "线路查过了，是地下电缆断了一处，明天上午开挖换线。"
        self.act(one, one.lead, handling.note_progress, text=words, waiting_for="施工队进场")
        self.act(one, one.caller, urging.urge, words="家里老人晚上要出门，请快一点。")

    def asked(self, one: _Matter) -> None:
        """Answered and approved: the caller is asked whether it is solved."""
        self.contact(one)
        answer = handling.Answer(
            outcome="solved", text_for_caller=one.said.reply, what_was_done="到现场处理并当面说明",
            contacted_at=one.at, contacted_how="phone",
        )  # fmt: skip
        self.act(one, one.lead, handling.reply, answer=answer)
        self.act(one, self.as_("reviewer", username="shenhe1"), review.approve, elements=FOUR)

    def answered(self, one: _Matter, solved: str, satisfied: str, text: str = "") -> None:
        self.asked(one)
        with scope.work(one.caller):
            report = next(iter(resident.own_ids(one.caller)))
            number = next(r for r in resident.mine([report], tenant_id=self.tenant_id, lang="zh")).number
            row = resident.feedback_of(resident.own_report(one.caller, number))
        if solved == "no":
            self.lately(one)
        one.at += STEP
        answers = feedback.Answers("yes", solved, satisfied, text)
        self.do(one.caller, feedback.answer, row.id, answers=answers, at=one.at)

    def closed(self, one: _Matter) -> None:
        self.answered(one, "yes", "satisfied")

    def not_solved(self, one: _Matter) -> None:
        """Called not solved by its caller: a second look waits."""
        self.answered(one, "no", "not", "又坏了，和原来一样，请再来看看。")

    def part_asked(self, one: _Matter) -> Any:
        self.contact(one)
        self.lately(one)
        part = parts.Asking(self.ids["cgj"], "把压在井口上的棚子、摊位移开", item_id=None)
        return self.act(one, one.lead, parts.ask, asking=part)

    def part_signed(self, one: _Matter) -> None:
        part = self.part_asked(one)
        one.at += STEP
        self.do(self.as_("handler", username="chengguan1"), parts.sign, part.id, at=one.at)

    def return_asked(self, one: _Matter) -> None:
        """Given back with the line that says whose it is; the desk has to answer."""
        self.lately(one)
        why = handover.Return(
            "not_our_duty", "现场不在我们的养护线内，设施登记在另一单位名下。", self._cited(one), self.ids["cgj"]
        )  # fmt: skip
        self.act(one, one.lead, handover.return_, why=why)

    def contested(self, one: _Matter) -> None:
        """Contested by two bodies: invited to say on what each rests."""
        self.return_asked(one)
        desk = self.as_("dispatcher", username="paidan1")
        self.act(one, desk, consultation.contest, question="这段挡土墙由谁维护？请各方写明依据。")

    def ruled(self, one: _Matter) -> None:
        """Contested and ruled upon; the ruling is offered as a precedent to whoever keeps the lists."""
        one.at = min(one.at, self.now - 20 * STEP)
        why = handover.Return("not_our_duty", "墙脚是自然山坡，不是房屋附属的墙。", self._cited(one), self.ids["zrj"])
        self.act(one, one.lead, handover.return_, why=why)
        desk = self.as_("dispatcher", username="paidan1")
        self.act(one, desk, consultation.contest, question="墙脚连着山坡的挡土墙，由谁维护？")
        item = self.items["收回-012"]
        reasons = "墙脚连着自然山坡，渗水来自坡体，不是房屋附属的墙，按地质灾害隐患点治理，由自然资源局主办。"
        self.act(
            one, self.as_("ruler", username="lingdao1"), ruling.rule, named_body_id=self.ids["zrj"],
            why=ruling.Reasons([item], reasons, precedent=True), tenant_code=self.code,
        )  # fmt: skip

    def whistled(self, one: _Matter) -> Any:
        """Several bodies are called together by the street."""
        self.lately(one)
        called = [whistle.Called(self.ids[b], why="棚子占道，电线外拉，要一起拆") for b in ("cgj", "zjj")]
        call = whistle.Call(
            "enforcement", "一起清理占道的棚子和外拉的电线", "翠竹苑南门", self.now + timedelta(hours=5), called
        )
        return self.act(one, self.as_("handler", username="hexi1"), whistle.blow, call=call)

    def acting(self, one: _Matter) -> None:
        """The bodies came and act; one has written its result."""
        row = self.whistled(one)
        street = self.as_("handler", username="hexi1")
        with scope.work(street):
            board = together.board(by=street, now=self.now, lang="zh")
            whole = next(w for w in board if w.row.id == row.id)
        for b, body in zip(whole.bodies, ("cgj", "zjj"), strict=True):
            by = self.as_("handler", body=self.ids[body])
            one.at += STEP / 5
            self.do(by, whistle.answer, b.row.id, at=one.at)
        self.do(street, whistle.start, row.id, at=one.at + STEP / 5)
        by = self.as_("handler", body=self.ids["cgj"])
        self.do(by, whistle.arrive, whole.bodies[0].row.id, words="两名队员到场", at=one.at + STEP / 4)
        self.do(
            by, whistle.report, whole.bodies[0].row.id, result="占道的棚子已经拆完，料已运走。", at=one.at + STEP / 2
        )

    def suspension_asked(self, one: _Matter) -> None:
        self.contact(one)
        until = localdate(self.now) + timedelta(days=12)
        told = "要等自来水公司停水检修那天才能接管，检修一完当天接上并告诉您。"
        pause = clocks.Pause("construction_window", "等停水检修的窗口", until, told, "年度检修计划第12页")
        self.act(one, one.lead, clocks.ask_suspension, what=pause)

    def extension_asked(self, one: _Matter) -> None:
        self.contact(one)
        words = "灯杆配件要从厂家调，三天以后到货，到了当天就换好。"
        self.act(one, one.lead, clocks.ask_extension, workdays=3, reason_for_caller=words)

    def banking_asked(self, one: _Matter) -> None:
        self.contact(one)
        review_on = localdate(self.now) + timedelta(days=120)
        told = "这一片要换大管才能根治，已列入明年的管网改造；汛期前我们先备好水泵，每季度告诉您进度。"
        what = banking.Wanted("管径偏小，清掏解决不了", "明年管网改造资金下达", told, review_on)
        self.act(one, one.lead, banking.ask, what=what)

    def waits_for_caller(self, one: _Matter) -> None:
        """Suspended until its caller says when somebody is at home."""
        self.contact(one)
        until = localdate(self.now) + timedelta(days=5)
        told = "要从您家院里进去才够得着那段管子，请告诉我们哪天家里有人。"
        pause = clocks.Pause("awaiting_caller", "上门两次都没有人", until, told, "")
        self.act(one, one.lead, clocks.ask_suspension, what=pause)
        self.act(one, self.as_("supervisor", username="duban1"), clocks.suspend)

    def supervised(self, one: _Matter) -> None:
        self.contact(one)
        self.lately(one)
        demand = "公交站一段全黑，两天内说清楚什么时候亮、先用什么照明。"
        self.act(
            one, self.as_("supervisor", username="duban1"), supervision.open_, ground="public_interest", demand=demand
        )

    def exclusion_asked(self, one: _Matter) -> None:
        self.closed(one)
        what = exclusion.Wanted(
            ["solved"], "not_true", "现场照片三张，反映人在场确认", "楼前没有您说的雨水井，这一件不计入解决率。",
            localdate(self.now).strftime("%Y-%m"),
        )  # fmt: skip
        self.act(one, one.lead, exclusion.ask, what=what)

    def unsealing_asked(self, one: _Matter) -> None:
        """Somebody says he must know who is behind a confidential report; a second person decides."""
        self.contact(one)
        one.at += STEP
        with scope.work(system(self.tenant_id)):
            report_id = one.caller.report_id
        why = "车牌只有反映人看见，取证要当面核对时间和方向，别处查不到。"
        self.do(one.lead, unsealing.ask, report_id, ground="verify", why=why, at=one.at)

    def asked_outside(self, one: _Matter) -> None:
        """A property company without an account is asked one question by link."""
        self.contact(one)
        question = links.Question(OUTSIDE, "这口井上的棚子是谁搭的、哪天能移开？", "井被棚子压住，清不了。")
        self.act(one, one.lead, links.send, question=question)

    def _cited(self, one: _Matter) -> int:
        return min(self.items.values())

    def move_away(self) -> None:
        """Announce a transition between communities of both streets; one item waits for the other side."""
        day = localdate(self.now)
        office, at = self.as_("office", username="lingdao1"), self.now - timedelta(days=20)
        row = self.do(
            office, transitions.open_, MOVE.left, receiving=MOVE.receiving, origin_body=self.ids["hxjd"],
            receiving_body=self.ids["qdjd"], cause=MOVE.cause, began_on=day - timedelta(days=20),
            review_on=day + timedelta(days=150), ends_when=MOVE.ends_when, at=at,
        )  # fmt: skip
        street = self.as_("handler", username="hexi1")
        self.do(street, transitions.list_households, row, MOVE.households, at=at + STEP)
        item = transitions.NewItem("service", "living", day + timedelta(days=10), document_no=MOVE.document_no)
        self.do(street, transitions.propose_item, row, item, at=at + 2 * STEP)


_ROADS: Mapping[str, Callable[[_Town, _Matter], Any]] = {
    name: getattr(_Town, name)
    for name in (
        "working", "asked", "closed", "not_solved", "part_asked", "part_signed", "return_asked", "contested",
        "whistled", "acting", "suspension_asked", "extension_asked", "banking_asked", "waits_for_caller", "supervised",
        "ruled", "exclusion_asked", "unsealing_asked", "asked_outside",
    )
}  # fmt: skip
