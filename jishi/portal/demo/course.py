"""The course of a case: who was asked, signed, returned it, what was answered, how it ended, when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from random import Random
from typing import Any

from jishi.portal.demo import words
from jishi.portal.demo.nouns import Matter, Place, Step
from jishi.portal.demo.whose import LOCAL, Named

CENTRE, FEEDBACK_BODY, OFFICE = "sqzx", "hfzx", "ldxz"
SHARE_RETURNED, SHARE_REOPENED, SHARE_LATE, SHARE_ANSWERED = 0.06, 0.05, 0.107, 0.45
SHARE_DECLINED, SHARE_SENT_BACK, SHARE_SIGNED_BY_CLOCK = 0.012, 0.05, 0.07

# The state a case is in after each step; a step that is not here moves nothing.
STATUS_AFTER = {
    "received": "received",
    "offered": "offered",
    "signed": "handling",
    "signed_by_time": "handling",
    "returned": "received",
    "consultation_opened": "consulting",
    "ruled": "offered",
    "suspended": "suspended",
    "resumed": "handling",
    "banked": "banked",
    "taken_up": "handling",
    "replied": "replied",
    "sent_back": "handling",
    "approved": "feedback",
    "closed": "closed",
    "reopened": "handling",
    "declined": "declined",
    "answered_at_once": "closed",
    "settled_on_spot": "closed",
    "withdrawn": "withdrawn",
}
ENDED = frozenset({"closed", "declined", "withdrawn"})

RETURN_WORDS = (
    "现场不在我单位管理范围，权属另有单位。",
    "此事不在我单位清单内，属{right}事项。",
    "核对台账，设施登记在{right}名下。",
    "井盖和路面没有损坏，是内部设施问题，应由{right}处理。",
    "地点不在我单位养护线内。",
)
PROGRESS_WORDS = (
    "已到现场查看，材料明天到。",
    "已约好上门时间。",
    "等检测结果，后天给出。",
    "已通知施工队进场。",
    "与物业、住户三方碰头，方案已定。",
    "夜间复查一次，情况有好转。",
    "正在核对产权资料。",
)
# What a case waits for by the kinds of the field: ground, words, evidence, what the caller is told, the longest wait.
SUSPENDED = (
    ("weather", "连续降雨，土方不能开挖，等天晴。", "云气预〔2026〕雨情提示第17号",
     "这几天雨一直在下，开挖会塌方。天晴两天就动工，哪天开工先告诉您。", 9),
    ("awaiting_caller", "等反映人从外地回来开门查看。", "", "要进屋才能查漏点，请告诉我们哪天家里有人，好上门看。", 12),
    ("procedure_elsewhere", "等规划许可批准，已告知反映人。", "云规许受〔2026〕第88号",
     "加装要先批规划许可，材料已经收了。批下来那天就排施工，并告诉您日期。", 24),
    ("construction_window", "主管道要等停气检修的那几天才能换。", "年度检修计划第6页",
     "这一段要停气才能换，检修排在月底，换完当天告诉您。", 21),
)  # fmt: skip
BANKED = (
    ("等老旧小区改造资金下达。", "老旧小区改造资金下达", "这栋楼列进了下一批改造，钱还没到。每季度告诉您到哪一步。"),
    ("等上游管网改造完成后接通。", "上游管网改造完成", "上游的管网先改，改完才能接您门口这段。每季度告诉您进度。"),
    ("等公共停车场选址批复。", "公共停车场选址批复", "要建停车场才有地方停，选址报上去了。批复下来当天告诉您。"),
)  # fmt: skip


@dataclass
class Course:
    """A case's steps as they are told, one after another; `at` is the moment reached."""

    rng: Random
    at: dt.datetime
    steps: list[Step] = field(default_factory=list)

    def add(self, what: str, by: str, hours: float = 0.0, said: str = "", **facts: Any) -> None:
        self.at += dt.timedelta(seconds=round(hours * 3600))
        self.steps.append(Step(what, self.at, by, said, facts))

    def at_work(self) -> None:
        """This will move on to working hours when the moment lies outside them."""
        local = self.at.astimezone(LOCAL)
        while local.weekday() > 4 or not 8 <= local.hour < 18:
            if local.weekday() > 4 or local.hour >= 18:
                local += dt.timedelta(days=1)
            local = local.replace(hour=8, minute=self.rng.randint(31, 59), second=0, microsecond=0)
        self.at = local.astimezone(dt.UTC)


@dataclass(frozen=True)
class Told:
    """What the course of a case depends on."""

    matter: Matter
    place: Place
    named: Named
    body: str
    wrong_body: str | None
    names: Mapping[str, str]
    channel: str
    kind: str
    urgency: str


def course(told: Told, said_at: dt.datetime, rng: Random) -> tuple[tuple[Step, ...], bool, str]:
    """This will plan a whole life: the steps, whether the reply is late, and its text."""
    line = Course(rng, said_at)
    line.add("received", CENTRE if told.channel != "grid" else told.body)
    early = _early_end(told, line)
    if early is not None:
        return tuple(line.steps), False, early
    late = rng.random() < SHARE_LATE
    due = said_at + dt.timedelta(days=told.named.days * 1.4 + 0.3)
    _hand_over(told, line)
    _work(told, line, due, late=late)
    reply = _reply(told, line)
    _after_reply(told, line)
    return tuple(line.steps), late, reply


def _early_end(told: Told, line: Course) -> str | None:
    rng = line.rng
    if told.kind == "inquiry" and rng.random() < 0.6:
        said = words.answer(told.matter, told.place, "受理中心", "当场", rng)
        line.add("answered_at_once", CENTRE, rng.uniform(0.03, 0.2), said)
        return said
    if told.channel == "grid" and told.matter.spot and rng.random() < 0.7:
        said = rng.choice(
            ("当场清理完毕。", "已劝离并当场恢复。", "随手修好，试过可用。", "贴了提示，物主当场搬走。")
        )
        line.add("settled_on_spot", told.body, rng.uniform(0.1, 0.8), said)
        return said
    if rng.random() < SHARE_DECLINED:
        ground = rng.choice(("other_procedure", "same_facts", "beyond_duty"))
        said = "这件事正由其他法定程序办理，请向原办理机关了解进度；有新情况可以再告诉我们。"
        line.add("declined", CENTRE, rng.uniform(0.3, 1.8), said, ground=ground)
        return said
    return None


def _hand_over(told: Told, line: Course) -> None:
    rng = line.rng
    quick = 0.12 if told.urgency == "emergency" else rng.choice((0.3, 0.6, 1.1, 1.8))
    if told.wrong_body:
        line.add("offered", CENTRE, quick, to=told.wrong_body)
        line.at_work()
        line.add("signed", told.wrong_body, rng.uniform(0.2, 1.9))
        said = return_words(told.names[told.body], rng)
        line.add(
            "return_asked",
            told.wrong_body,
            rng.uniform(0.6, 6),
            said,
            ground="not_our_duty",
            cited_item=told.named.item,
            proposed_body=told.body,
        )
        line.add("returned", CENTRE, rng.uniform(0.3, 3.5))
        quick = rng.uniform(0.1, 0.8)
    if told.named.outcome == "contested":
        line.add("consultation_opened", CENTRE, quick, invited=list(told.named.bodies))
        line.at_work()
        line.add(
            "ruled",
            OFFICE,
            rng.uniform(3, 9),
            f"按现场权属，由{told.names[told.body]}主办，另一单位配合。",
            to=told.body,
        )
    else:
        line.add("offered", CENTRE, quick, to=told.body, item=told.named.item)
    if told.urgency == "normal":
        line.at_work()
    by_clock = rng.random() < SHARE_SIGNED_BY_CLOCK
    line.add(
        "signed_by_time" if by_clock else "signed", told.body, 2.0 if by_clock else rng.uniform(0.1, 1.9)
    )


def _work(told: Told, line: Course, due: dt.datetime, *, late: bool) -> None:
    rng = line.rng
    line.add("contacted", told.body, rng.uniform(0.4, 5), reached=rng.random() < 0.9)
    left = max(2.0, (due - line.at).total_seconds() / 3600)
    spend = left * (rng.uniform(1.08, 2.1) if late else rng.uniform(0.12, 0.8))
    if told.named.parts and rng.random() < 0.3:
        part, what = rng.choice(told.named.parts)
        line.add("part_asked", told.body, spend * 0.1, what, of=part)
        line.add("part_done", part, spend * 0.25, "已按要求配合到位。")
        spend *= 0.65
    if rng.random() < 0.42:
        line.add("progressed", told.body, spend * 0.4, rng.choice(PROGRESS_WORDS))
        spend *= 0.6
    if rng.random() < 0.02:
        ground, said, evidence, told_caller, longest = rng.choice(SUSPENDED[:3])
        wait = spend * 0.2
        until = (line.at + dt.timedelta(hours=wait)).astimezone(LOCAL).date() + dt.timedelta(days=longest)
        facts = {"ground": ground, "evidence": evidence, "told": told_caller, "until": until}
        line.add("suspended", told.body, wait, said, **facts)
        line.add("resumed", told.body, rng.uniform(30, 120))
    line.at += dt.timedelta(hours=spend)
    line.at_work()


def _reply(told: Told, line: Course) -> str:
    rng = line.rng
    outcome = rng.choices(("solved", "partly", "explained", "planned", "not_true"), (66, 10, 14, 7, 3))[0]
    said = reply_words(told, line.at, rng, solved=outcome == "solved")
    line.add("replied", told.body, 0.0, said, outcome=outcome)
    if rng.random() < SHARE_SENT_BACK:
        line.add("sent_back", CENTRE, rng.uniform(0.5, 3), "没有写和谁联系、什么时候。", missing="contact")
        line.add("replied", told.body, rng.uniform(1, 6), said, outcome=outcome)
    return said


def _after_reply(told: Told, line: Course) -> None:
    rng = line.rng
    line.add("approved", CENTRE, rng.uniform(0.2, 3.5))
    _feedback(line, again=False)
    if rng.random() < SHARE_REOPENED:
        line.add("reopened", CENTRE, rng.uniform(24, 400), "问题没有真正解决，请求重新办理。")
        line.at_work()
        line.add("replied", told.body, rng.uniform(8, 60), "已再次到场处理并与您当面确认。", outcome="solved")
        line.add("approved", CENTRE, rng.uniform(0.2, 3))
        _feedback(line, again=True)


def _feedback(line: Course, *, again: bool) -> None:
    rng = line.rng
    if rng.random() < SHARE_ANSWERED:
        solved = rng.choices(("yes", "partly", "no"), (90, 7, 3) if again else (78, 12, 10))[0]
        mood = {"yes": (70, 25, 5), "partly": (15, 55, 30), "no": (2, 18, 80)}[solved]
        satisfied = rng.choices(("satisfied", "basically", "not"), mood)[0]
        contacted = "yes" if rng.random() < 0.93 else "no"
        how = rng.choice(("link", "link", "phone"))
        line.add(
            "feedback_given",
            FEEDBACK_BODY,
            rng.uniform(2, 70),
            "",
            contacted=contacted,
            solved=solved,
            satisfied=satisfied,
            channel=how,
        )
        line.add("closed", FEEDBACK_BODY, rng.uniform(0.1, 2))
    else:
        line.add("closed", FEEDBACK_BODY, 120.0, how="no_answer")


def return_words(right: str, rng: Random) -> str:
    """This will give the reason for which a body returns a case, naming the body that it thinks right."""
    return rng.choice(RETURN_WORDS).format(right=right)


def reply_words(told: Told, at: dt.datetime, rng: Random, *, solved: bool) -> str:
    """This will write the reply of the case's body, dated by the day of contact."""
    local = at.astimezone(LOCAL)
    body, contacted = told.names[told.body], f"{local.month}月{local.day}日"
    return words.answer(told.matter, told.place, body, contacted, rng, solved=solved)


def until(steps: tuple[Step, ...], what: str) -> tuple[Step, ...]:
    """This will give the steps up to the first of a kind (a signature by the clock is a signature)."""
    last = next(n for n, s in enumerate(steps) if s.what in (what, f"{what}_by_time"))
    return steps[: last + 1]


def status_after(steps: tuple[Step, ...]) -> str:
    """This will give the state that a case is in after its last step."""
    return next(STATUS_AFTER[s.what] for s in reversed(steps) if s.what in STATUS_AFTER)


def in_hand(steps: tuple[Step, ...]) -> tuple[Step, ...] | None:
    """This will give the steps up to where the body works on it; None when the case never came so far."""
    last = next((n for n, s in enumerate(steps) if s.what == "contacted"), None)
    if last is None:
        return None
    at_work = takewhile(lambda s: s.what in ("contacted", "progressed", "part_asked", "part_done"), steps[last:])
    return (*steps[:last], *at_work)


def aside(steps: tuple[Step, ...], told: Told, how: str, now: dt.datetime, rng: Random) -> tuple[Step, ...] | None:
    """This will leave a case suspended or banked, since some day before its answer was due; None if it cannot be.

    The day on which it goes on lies ahead.
    """
    kept = in_hand(steps)
    if kept is None:
        return None
    at = kept[-1].at + dt.timedelta(hours=rng.uniform(1, 40))
    tomorrow, day = now.astimezone(LOCAL).date() + dt.timedelta(days=1), at.astimezone(LOCAL).date()
    if at >= now:
        return None
    if how == "banked":
        why, waits_for, told_caller = rng.choice(BANKED)
        review = max(day + dt.timedelta(days=rng.randint(60, 150)), tomorrow + dt.timedelta(days=9))
        facts = {"waits_for": waits_for, "told": told_caller, "review_on": review}
        return (*kept, Step("banked", at, told.body, why, facts))
    fit = [one for one in SUSPENDED if tomorrow < day + dt.timedelta(days=one[4])]
    if not fit:
        return None
    ground, said, evidence, told_caller, longest = rng.choice(fit)
    until = day + dt.timedelta(days=longest)
    facts = {"ground": ground, "evidence": evidence, "told": told_caller, "until": until}
    return (*kept, Step("suspended", at, told.body, said, facts))
