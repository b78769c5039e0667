"""What happened, in sentences for the one who asked: who, when, on what ground. One function a kind of event."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jishi.cases.queries.story import Happened
from jishi.cases.states import CASE, HANDOVER
from jishi.cases.web.resident import moving_time, second_look
from jishi.cases.web.resident.codes import (
    CHANNELS,
    CONTACTED,
    COVERS,
    DECLINES,
    ELEMENTS,
    GROUNDS,
    OUTCOMES,
    SATISFIED,
    SOLVED,
    UNSEALS,
    say,
)

Line = dict[str, Any]


def line(h: Happened, *, others: int) -> Line | None:
    """Give one line of the timeline; None: it says nothing to a resident."""
    told = _TELL[h.what](h) if h.what in _TELL else _by_the_table(h)
    if told is None:
        return None
    return {"at": h.at, "item": None if told.pop("no_item", False) else h.item, "others": others, **told}


def _said(h: Happened) -> Line:
    title = (
        _("您说的")
        if h.codes.get("channel") in ("web", None)
        else _("您%(how)s") % {"how": say(CHANNELS, h.codes["channel"])}
    )
    return {"title": title, "icon": "speak", "kind": "done", "said": h.words.get("text", "")}


def _added(h: Happened) -> Line:
    title = _("话务员从录音里听到的") if h.codes.get("heard") else _("您补充了一句")
    return {"title": title, "icon": "plus", "kind": "done", "said": h.words["text"]}


def _offered(h: Happened) -> Line:
    why = h.words.get("why", "")
    text = _("清单没有选它。派单台写的理由：") if why else ""
    return {"title": _("派给%(body)s") % {"body": h.body}, "icon": "send", "kind": "wait", "text": text, "said": why}


def _taken_back(h: Happened) -> Line:
    title = _("从%(body)s收回，重新派") % {"body": h.body}
    return {"title": title, "kind": "back", "said": h.words.get("reason", "")}


def _signed(h: Happened) -> Line:
    return {"title": _("%(body)s签收，开始办") % {"body": h.body}, "icon": "check", "kind": "run"}


def _signed_by_time(h: Happened) -> Line:
    title = _("%(body)s到时没有签收，按规则算签收") % {"body": h.body}
    return {"title": title, "icon": "wait", "kind": "wait", "sub": _("从这一刻起，办理的时间也照样算它的。")}


def _return_asked(h: Happened) -> Line:
    note = _("退回理由：%(ground)s。原话：") % {"ground": say(GROUNDS, h.codes.get("ground"))}
    sub = _("它说应当是%(body)s。答复日不变。") % {"body": h.other} if h.other else _("答复日不变。")
    return {
        "title": _("%(body)s要退回") % {"body": h.body},
        "kind": "back",
        "note": note,
        "note_said": h.words.get("words", ""),
        "sub": sub,
        "cites": True,
    }


def _returned(h: Happened) -> Line:
    """The words of the body stand with the asking; here only that it was let go, by whom, and on which ground."""
    ground, answer = say(GROUNDS, h.codes.get("ground")), h.words.get("answer", "")
    return {
        "title": _("%(body)s退回了，重新派") % {"body": h.body},
        "kind": "back",
        "text": _("理由是“%(ground)s”。派单台核对后同意。") % {"ground": ground},
        "said": answer,
        "took": h.codes.get("took"),
        "no_item": True,
    }


def _returned_by_time(h: Happened) -> Line:
    ground = say(GROUNDS, h.codes.get("ground"))
    text = _("理由是“%(ground)s”。派单台到时没有答复，按规则退回成立。") % {"ground": ground}
    return _returned(h) | {"text": text, "said": ""}


def _return_denied(h: Happened) -> Line:
    title = _("派单台不同意退回，仍由%(body)s办") % {"body": h.body}
    return {
        "title": title,
        "kind": "run",
        "icon": "scale",
        "text": _("理由原话："),
        "said": h.words.get("words", ""),
        "cites": True,
    }


def _consulting(h: Happened) -> Line:
    text = _("请了%(bodies)s，问的是：") % {"bodies": h.other}
    return {
        "title": _("请几个单位一起说清楚归谁"),
        "kind": "hold",
        "icon": "group",
        "text": text,
        "said": h.words.get("question", ""),
    }


def _contested(h: Happened) -> Line:
    return _consulting(h) | {"title": _("归谁办说法不一，转去会商"), "sub": _("会商期间答复日照走。")}


def _position(h: Happened) -> Line:
    return {
        "title": _("%(body)s说了它的依据") % {"body": h.body},
        "kind": "hold",
        "icon": "speak",
        "said": h.words.get("text", ""),
        "cites": True,
    }


def _agreed(h: Happened) -> Line:
    return {"title": _("会商一致：由%(body)s办") % {"body": h.body}, "kind": "run", "icon": "check"}


def _ruled(h: Happened) -> Line:
    title = _("裁定由%(body)s办，不能再退") % {"body": h.body}
    return {
        "title": title,
        "kind": "run",
        "icon": "scale",
        "text": _("理由原话："),
        "said": h.words.get("reasons", ""),
        "cites": True,
    }


def _upheld(h: Happened) -> Line:
    return _ruled(h) | {"title": _("裁定仍由%(body)s办，不能再退") % {"body": h.body}}


def _contact(h: Happened) -> Line:
    if h.codes.get("reached") != "yes":
        return {"title": _("%(body)s联系过，没有联系上") % {"body": h.body}, "kind": "run", "icon": "phone"}
    how = {
        "phone": _("%(body)s打电话联系了您"),
        "visit": _("%(body)s上门联系了您"),
        "message": _("%(body)s发消息联系了您"),
    }.get(h.codes.get("how", ""), _("%(body)s联系了您"))
    return {"title": how % {"body": h.body}, "kind": "run", "icon": "phone", "contact": True}


def _progress(h: Happened) -> Line:
    waits = h.words.get("waiting_for", "")
    title = _("%(body)s说到哪一步了") % {"body": h.body}
    return {
        "title": title,
        "kind": "run",
        "icon": "run",
        "said": h.words.get("text", ""),
        "waits": waits,
        "until": h.codes.get("until"),
    }


def _replied(h: Happened) -> Line:
    title = _("%(body)s写好答复，送去审核") % {"body": h.body}
    return {
        "title": title,
        "kind": "run",
        "icon": "edit",
        "sub": _("审核的是另一位，看四样：什么时候、跟谁联系，做了什么，何时做完。"),
    }


def _review_back(h: Happened) -> Line:
    missing = _("、").join(say(ELEMENTS, m) for m in h.codes.get("missing", []))
    text = _("还缺：%(missing)s。") % {"missing": missing} if missing else ""
    return {
        "title": _("审核没有通过，退回补写"),
        "kind": "back",
        "text": text,
        "sub": _("剩下的办理时间接着算，不重新给。"),
    }


def _approved(h: Happened) -> Line:
    outcome = say(OUTCOMES, h.codes.get("outcome"))
    basis = h.words.get("basis", "")
    return {
        "title": _("%(body)s答复您") % {"body": h.body},
        "kind": "done",
        "icon": "done",
        "said": h.words.get("text", ""),
        "text": _("办理结果：%(outcome)s") % {"outcome": outcome} if outcome else "",
        "sub": _("依据：%(basis)s") % {"basis": basis} if basis else "",
        "id": "reply",
        "files": h.files,
    }


def _judged(h: Happened) -> Line:
    answers = {
        "c": say(CONTACTED, h.codes["contacted"]),
        "s": say(SOLVED, h.codes["solved"]),
        "h": say(SATISFIED, h.codes["satisfied"]),
    }
    text = _("联系：%(c)s；解决：%(s)s；满意：%(h)s") % answers
    return {"title": _("您的评价"), "icon": "speak", "kind": "done", "text": text, "said": h.words.get("text", "")}


def _closed(h: Happened) -> Line:
    return {"title": _("办结"), "kind": "done", "icon": "done", "sub": _("没有回答的，记作“没有回答”，不会当成满意。")}


def _declined(h: Happened) -> Line:
    note = _("理由：%(ground)s。原话：") % {"ground": say(DECLINES, h.codes.get("ground"))}
    return {"title": _("没有受理"), "kind": "back", "note": note, "note_said": h.words.get("text", "")}


def _objected(h: Happened) -> Line:
    title = _("您不同意不受理") if h.own else _("说这件事的居民不同意不受理")
    return {
        "title": title,
        "kind": "hold",
        "icon": "scale",
        "said": h.words.get("text", ""),
        "sub": _("由另一位来看。"),
    }


def _overturned(h: Happened) -> Line:
    return {
        "title": _("另一位看过，重新受理"),
        "kind": "run",
        "icon": "check",
        "said": h.words.get("why", ""),
        "sub": _("答复日接着原来剩下的时间算，不少于 1 个工作日。"),
    }


def _reopened(h: Happened) -> Line:
    title = _("您说没有解决，重新办") if h.own else _("同一件事的另一位居民说没有解决，重新办")
    return {"title": title, "kind": "run", "icon": "again", "said": h.words.get("why", "")}


def _redispatched(h: Happened) -> Line:
    return {"title": _("原来的单位不对，重新派"), "kind": "back", "said": h.words.get("why", "")}


def _absorbed(h: Happened) -> Line:
    return {
        "title": _("和 %(number)s 合在一起办：说的是同一件事") % {"number": h.codes.get("into", "")},
        "kind": "hold",
        "icon": "merge",
        "sub": _("您的答复日不变，早的那个算数；办完了照样问您自己。"),
    }


def _restored(h: Happened) -> Line:
    sub = _("答复日从您说的那天重新算起。")
    if h.codes.get("replied"):
        sub = _("先前的答复没有解决您这一件，会再答复您。") + sub
    title = _("从 %(number)s 拆回来，单独办") % {"number": h.codes.get("from", "")}
    return {"title": title, "kind": "run", "icon": "split", "sub": sub}


def _parted(h: Happened) -> Line:
    return {
        "title": _("从 %(number)s 分出来，另立一件办") % {"number": h.codes.get("from", "")},
        "kind": "run",
        "icon": "split",
        "sub": _("答复日按您说的那天算。"),
    }


def _split(h: Happened) -> Line:
    return {"title": _("您一次说了几件事，分开办"), "kind": "run", "icon": "split"}


def _withdrawn(h: Happened) -> Line:
    title = _("您撤回了") if h.own else _("说这件事的居民撤回了")
    return {"title": title, "kind": "back", "said": h.words.get("why", "")}


def _community(h: Happened) -> Line:
    title = _("留作社区件：没有人再要求，也接着办")
    return {"title": title, "kind": "run", "icon": "group", "said": h.words.get("why", "")}


def _opened(h: Happened) -> Line:
    title = _("公开了：谁都看得到遮住个人信息的原话")
    return {"title": title, "kind": "run", "icon": "book"}


def _closed_to_public(h: Happened) -> Line:
    return {"title": _("不再公开"), "kind": "hold", "icon": "lock"}


def _termination_asked(h: Happened) -> Line:
    title = _("%(body)s申请终止办理，等另一个人审批") % {"body": h.body}
    return {"title": title, "kind": "hold", "icon": "scale", "said": h.words.get("needed", "")}


def _terminated(h: Happened) -> Line:
    return {
        "title": _("终止办理"),
        "kind": "back",
        "icon": "done",
        "said": h.words.get("text", ""),
        "sub": _("需要的配合有了，可以要求重办。"),
    }


def _answered_at_once(h: Happened) -> Line:
    return {"title": _("当场答复"), "kind": "done", "icon": "done", "said": h.words.get("text", "")}


def _settled(h: Happened) -> Line:
    return {"title": _("网格员当场解决"), "kind": "done", "icon": "done", "said": h.words.get("text", "")}


def _attempted(h: Happened) -> Line:
    return {"title": _("打过回访电话，没有接通"), "kind": "run", "icon": "phone"}


def _expired(h: Happened) -> Line | None:
    titles = {
        "promise": _("到了答复日，还没有答复"),
        "dispatch": _("派单的时间到了，还没有派出"),
        "handling": _("办理的时间到了，还没有办完"),
        "contact": _("第一次联系的时间到了，还没有联系上您"),
        "review": _("审核的时间到了，还没有审完"),
        "recheck": _("复核的时间到了，还没有复核；没有复核，就不办结"),
        "reopen": _("重办的时间到了，还没有办完"),
        "consult": _("会商的时间到了，还没有结果"),
        "ruling": _("裁定的时间到了，还没有裁定"),
    }
    title = titles.get(h.codes.get("kind", ""))
    return (
        {"title": title, "kind": "near", "icon": "bell", "sub": _("平台已经告诉管这件事的上一级。")} if title else None
    )


def _photos_added(h: Happened) -> Line:
    n = len(h.codes.get("photos") or ())
    return {"title": _("补了照片（%(n)s 张）") % {"n": n}, "icon": "plus", "kind": "done"}


def _recorded(h: Happened) -> Line:
    titles = {
        "report.recording_added": _("补了录音"), "report.recording_written": _("录音听写好了"),
        "report.recording_confirmed": _("您核对了听写"), "report.recording_taken_back": _("您删掉了录音"),
    }  # fmt: skip
    sub = _("请在“照片、录音和公开的内容”里核对。") if h.what == "report.recording_written" else ""
    return {"title": titles[h.what], "icon": "plus", "kind": "done", "sub": sub}


def _covered(h: Happened) -> Line:
    title = _("一张照片遮盖后公开了") if h.what == "report.photo_shown" else _("公开的文字遮盖了几处")
    why = _("理由：%(ground)s。您的原话、原照片没有动，封着。") % {"ground": say(COVERS, h.codes.get("ground"))}
    return {"title": title, "icon": "eye", "kind": "run", "text": why, "said": h.words.get("why", "")}


def _answer_photo(h: Happened) -> Line:
    """A photo that the body sent along with its reply: covered and public, or not any more (spec 10 §2)."""
    if h.what == "reply.photo_hidden":
        return {"title": _("承办单位的一张照片不再公开"), "icon": "eye", "kind": "run", "said": h.words.get("why", "")}
    text = _("和答复一起登在公开页上。")
    if ground := h.codes.get("ground"):
        text += _("遮盖的理由：%(ground)s。") % {"ground": say(COVERS, ground)}
    return {"title": _("承办单位的一张照片遮盖好了，给大家看"), "icon": "eye", "kind": "run", "text": text}


def _kept_from_strangers(h: Happened) -> Line:
    mine = h.codes.get("side") == "caller"
    of_photo = h.what == "report.photo_hidden"
    titles = {
        (True, True): _("您把一张照片藏起来了"), (True, False): _("一张照片不再公开"),
        (False, True): _("您没有让它公开"), (False, False): _("审核岗没有让它公开"),
    }  # fmt: skip
    return {"title": titles[of_photo, mine], "icon": "lock", "kind": "hold", "said": h.words.get("why", "")}


def _unsealed(h: Happened) -> Line:
    """Who, why, for how long: a confidential reporter learns it the moment it is possible."""
    titles = {
        "unsealing.asked": _("%(body)s申请看您是谁，等另一单位决定"),
        "unsealing.granted": _("%(body)s的一位工作人员可以看到您是谁"),
        "unsealing.denied": _("%(body)s要看您是谁，没有批准"),
        "unsealing.looked": _("%(body)s的那位工作人员看了您是谁"),
        "unsealing.ended": _("%(body)s不能再看您是谁了"),
    }  # fmt: skip
    why = _("理由：%(ground)s。") % {"ground": say(UNSEALS, h.codes.get("ground"))}
    for_a_day = _("经另一单位批准，只给这一个人看 24 小时。") if h.what == "unsealing.granted" else ""
    return {"title": titles[h.what] % {"body": h.body}, "icon": "eye", "kind": "near", "text": f"{why}{for_a_day}",
            "said": h.words.get("text", "")}  # fmt: skip


def _by_the_table(h: Happened) -> Line | None:
    """A move that has no sentence of its own is said in the words of the table of lives."""
    lang = "en" if (get_language() or "zh").startswith("en") else "zh"
    for life in (CASE, HANDOVER):
        for move in (*life.moves, *life.acts):
            if move.trail == h.what:
                title = move.title.in_(lang)
                return {"title": f"{title}：{h.body}" if h.body and lang == "zh" else title, "kind": "run"}
    return None


_TELL: Mapping[str, Callable[[Happened], Line | None]] = {
    "report.said": _said,
    "report.added_to": _added,
    **dict.fromkeys(
        ("unsealing.asked", "unsealing.granted", "unsealing.denied", "unsealing.looked", "unsealing.ended"), _unsealed
    ),
    "report.photo_added": _photos_added,
    "report.photo_shown": _covered,
    "report.recording_added": _recorded,
    "report.recording_written": _recorded,
    "report.recording_confirmed": _recorded,
    "report.recording_taken_back": _recorded,
    "report.redacted": _covered,
    "report.photo_hidden": _kept_from_strangers,
    "report.hidden": _kept_from_strangers,
    "reply.photo_shown": _answer_photo,
    "reply.photo_hidden": _answer_photo,
    "case.offered": _offered,
    "case.offer_taken_back": _taken_back,
    "handover.signed": _signed,
    "handover.signed_by_time": _signed_by_time,
    "handover.return_asked": _return_asked,
    "handover.returned": _returned,
    "handover.returned_by_time": _returned_by_time,
    "handover.return_denied": _return_denied,
    "case.consultation_opened": _consulting,
    "case.contested": _contested,
    "case.position_stated": _position,
    "case.consultation_concluded": _agreed,
    "case.ruled": _ruled,
    "case.upheld": _upheld,
    "case.contacted": _contact,
    "case.progressed": _progress,
    "case.replied": _replied,
    "case.sent_back": _review_back,
    "case.reply_approved": _approved,
    "feedback.answered": _judged,
    "feedback.attempted": _attempted,
    "case.closed": _closed,
    "case.declined": _declined,
    "case.objected": _objected,
    "case.decline_overturned": _overturned,
    "case.reopened": _reopened,
    "case.reopened_elsewhere": _redispatched,
    "case.absorbed": _absorbed,
    "case.restored": _restored,
    "case.parted": _parted,
    "case.parted_of": _parted,
    "case.split": _split,
    "case.withdrawn": _withdrawn,
    "case.kept_as_community": _community,
    "case.opened_to_public": _opened,
    "case.closed_to_public": _closed_to_public,
    "case.termination_asked": _termination_asked,
    "case.terminated": _terminated,
    "case.answered_at_once": _answered_at_once,
    "case.settled_on_spot": _settled,
    "clock.expired": _expired,
    **moving_time.TELL,
    **second_look.TELL,
}
