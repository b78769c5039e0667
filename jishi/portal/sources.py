"""Joins the rooms' figures into the home pages: what `looks` draws comes from here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jishi.cases.queries import home, mediations, models_compared, ticking, today, topics, watched
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.portal.web import looks


def matters(actor: Actor, now: datetime) -> Sequence[looks.Matter]:
    """Give a resident's own matters, each with who has it and the promised day."""
    if actor.kind not in ("resident", "reporter"):
        return []
    numbers = home.report_numbers(actor)
    return [
        looks.Matter(
            title=one.title, now_at=_now_at(one), answer_by=one.promise if not home.is_over(one.status) else None,
            url=reverse("timeline", args=[numbers[one.number]]), aside=_state(one.status),
        )
        for one in home.mine(actor, now)
        if one.number in numbers
    ]  # fmt: skip


def around(actor: Actor, now: datetime) -> looks.Around | None:
    """Give what residents said in the last seven whole days."""
    week = home.week(now)
    if week is None:
        return None
    return looks.Around(
        area=_("全市"), from_day=week.from_day, to_day=week.to_day, said=week.said, answered=week.answered,
        overdue=week.overdue, running=week.running,
        most=tuple((matter.called(get_language() or "zh"), n) for matter, n in week.most),
    )  # fmt: skip


def counts(actor: Actor, now: datetime) -> Mapping[str, int]:
    """Give what waits before each desk."""
    found = dict(home.counts(actor, now))
    if actor.has("mediator"):
        found["mediations"] = mediations.waiting(actor)
    if actor.has("office"):
        found["topic-board"] = topics.waiting(actor)
    if waits := models_compared.drifted(actor) + models_compared.silenced(actor):
        found["models"] = waits
    return found


def boards(actor: Actor, now: datetime) -> Sequence[looks.Board]:
    """Give a board for each office that the actor holds: two statements each, whatever the rows."""
    found = [_board(role, made, actor, now) for role, made in _BOARDS.items() if actor.has(role)]
    if actor.has("auditor"):
        found += _watching(actor, now)
    if actor.has("office") and not actor.has("ruler"):  # who keeps the lists; whoever rules begins with what is stuck
        found.append(_keeping(actor, now))
    if actor.has("operator", "office", "ruler"):
        found.append(_promises(actor, now))
    if actor.has("office") and actor.has("ruler"):
        found.append(_keeping(actor, now))
    return found


def _watching(actor: Actor, now: datetime) -> list[looks.Board]:
    """Give what an auditor comes for: whether the record holds, and what was left out, opened or undone."""
    one, record, out = watched.watched(by=actor, now=now), reverse("record"), reverse("exclusions")
    return [
        looks.Board(_("留痕核对"), record, _("去核对"), [
            looks.Figure(_("有日根的日子"), one.anchored, record),
            looks.Figure(_("缺日根的日子"), one.missing, record, "late" if one.missing else ""),
            looks.Figure(_("和留痕对不上的事"), one.different, record, "late" if one.different else ""),
        ]),
        looks.Board(_("剔除、解封、抽样"), out, _("看剔除台账"), [
            looks.Figure(_("等人决定的剔除"), one.to_exclude, out),
            looks.Figure(_("在用的剔除"), one.excluded, out),
            looks.Figure(_("三十天里申请的解封"), one.unsealing),
            looks.Figure(_("三十天里撤销的归并"), one.undone),
            looks.Figure(_("三十天里的回访抽样"), one.drawn, reverse("quality")),
        ]),
    ]  # fmt: skip


def _keeping(actor: Actor, now: datetime) -> looks.Board:
    """Give what the keeper of the lists has in hand, and what the lists left open."""
    one, left = duties.keeping(day=localdate(now)), watched.contested(by=actor, now=now)
    desk = reverse("desk-duties")
    edition = reverse("desk-duties-edition", args=[one.list_id]) if one.list_id else desk
    coverage = reverse("desk-duties-coverage", args=[one.list_id]) if one.list_id else desk
    return looks.Board(_("三张清单"), desk, _("去管清单"), [
        looks.Figure(_("有争议的事"), left.now, f"{reverse('cases')}?status=CONSULTING"),
        looks.Figure(_("三十天里的裁定先例"), left.precedents),
        looks.Figure(_("检查发现的"), one.findings, coverage),
        looks.Figure(_("没有写依据的条目"), one.without_law, edition),
        looks.Figure(_("起草和征求意见中的版本"), one.drafts, desk),
        looks.Figure(_("等着生效的版本"), one.coming, desk),
    ])  # fmt: skip


def _dispatching(one: today.Standing) -> looks.Board:
    desk, kinds = reverse("dispatch"), one.by_kind
    return looks.Board(_("派单台"), desk, _("去派单"), [
        looks.Figure(_("待派"), kinds["dispatch"], desk),
        looks.Figure(_("退单待答"), kinds["return_answer"], f"{desk}?queue=returns"),
        looks.Figure(_("会商"), kinds["consult"], f"{desk}?queue=consulting"),
    ], empty=_("没有待派的事。新收到的会按还剩多久排在这里。"))  # fmt: skip


def _handling(one: today.Standing) -> looks.Board:
    desk, kinds = reverse("inbox"), one.by_kind
    return looks.Board(_("我单位"), desk, _("去办"), [
        looks.Figure(_("待签收"), kinds["sign"], f"{desk}?show=sign"),
        looks.Figure(_("办理中"), kinds["handling"] + kinds["reopen"], f"{desk}?show=running"),
        looks.Figure(_("要先联系"), kinds["contact"], f"{desk}?show=running"),
    ], empty=_("没有等你们办的事。派给你们的会先到这里。"))  # fmt: skip


def _reviewing(one: today.Standing) -> looks.Board:
    return looks.Board(_("审核"), reverse("review"), _("去审核"), [
        looks.Figure(_("等审核的"), one.by_kind["review"], reverse("review")),
        looks.Figure(_("等复核的"), one.by_kind["recheck"], reverse("second-look")),
    ], empty=_("没有等审核的答复。承办单位交来的会先到这里。"))  # fmt: skip


def _asking(one: today.Standing) -> looks.Board:
    return looks.Board(_("回访台"), reverse("feedback"), _("去回访"), [
        looks.Figure(_("要回访的"), one.all, reverse("feedback")),
    ], empty=_("没有要回访的。答复审核通过的会先到这里。"))  # fmt: skip


_BOARDS = {"dispatcher": _dispatching, "handler": _handling, "reviewer": _reviewing, "feedback": _asking}
_WAYS = {
    "dispatch": "{dispatch}?case={number}", "return_answer": "{dispatch}?queue=returns&case={number}",
    "consult": "{dispatch}?queue=consulting&case={number}", "review": "{review}?case={number}",
    "recheck": "{again}?case={number}",
    "feedback": "{feedback}?case={number}",
}  # fmt: skip


def _board(role: str, made: Callable[[today.Standing], looks.Board], actor: Actor, now: datetime) -> looks.Board:
    one = today.standing(role, by=actor, now=now)
    board = made(one)
    pressing = [
        looks.Figure(_("已经过期"), one.late, board.url, "late" if one.late else ""),
        looks.Figure(_("今天到期"), one.today, board.url, "near" if one.today else ""),
    ]
    return replace(
        board, figures=[*board.figures, *pressing], oldest=one.oldest, first=[_first(b) for b in one.begin]
    )


def _promises(actor: Actor, now: datetime) -> looks.Board:
    """Give the whole town's promises: the board of those who watch, and of those who take calls."""
    one, cases = today.promises(by=actor, now=now), reverse("cases")
    watching = actor.has("office", "ruler")
    return looks.Board(
        _("对居民的承诺"), cases, _("看全部事件"),
        [
            looks.Figure(_("没办完的"), one.all, f"{cases}?status=open"),
            looks.Figure(_("过了答复日"), one.late, f"{cases}?status=open&due_before={_yesterday(now)}",
                         "late" if one.late else ""),
            looks.Figure(_("今天要答复"), one.today, f"{cases}?status=open", "near" if one.today else ""),
            looks.Figure(_("会商"), one.consulting, f"{cases}?status=CONSULTING"),
            looks.Figure(_("今天收到"), one.received_today, cases),
        ],
        first=[_first(b) for b in today.overdue(by=actor, now=now)] if watching else (),
        empty=_("没有过了答复日的事。") if watching else "",
    )  # fmt: skip


def _first(one: today.Begin) -> looks.First:
    if one.kind in _WAYS:
        pages = {name: reverse(name) for name in ("dispatch", "review", "feedback")} | {"again": reverse("second-look")}
        url = _WAYS[one.kind].format(number=one.number, **pages)
    else:
        url = reverse("case" if one.kind == "promise" else "inbox-case", args=[one.number])
    return looks.First(one.title, url, one, "" if one.kind == "promise" else ticking.name_of(one.kind), one.urgency)


def _yesterday(now: datetime) -> date:
    return localdate(now) - timedelta(days=1)


def _now_at(one: home.Mine) -> str:
    if one.lead and not home.is_over(one.status):
        return f"{one.lead} · {_state(one.status)}"
    return _state(one.status)


def _state(status: str) -> str:
    return _(home.state_word(status))
