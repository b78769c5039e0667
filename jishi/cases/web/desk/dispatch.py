"""派单台: queues by clock; list, object, act side by side; the state of the page is its address."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.bodies import queries as bodies
from jishi.cases.actions import reckoning
from jishi.cases.models import Case
from jishi.cases.queries import casepage, desks, judging, risks, ticking
from jishi.cases.states import CASE, Status
from jishi.cases.web.desk import acts, belonging, kept, reasons
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.desk.forms import Branch, branch_of, matter_label, within
from jishi.foundation.refusals import Refused
from jishi.places import queries as places

QUEUES = (
    ("waiting", _("待派"), _("没有待派的事。新收到的会按还剩多久排在这里。")),
    ("returns", _("退单待答"), _("没有等着答复的退单。")),
    ("asking", _("要先问清"), _("没有要先问清的事。")),
    ("contested", _("两家都沾边"), _("没有两家都沾边的事。")),
    ("fallback", _("清单没有，兜底"), _("没有清单对不上的事。")),
    ("consulting", _("会商"), _("没有正在会商的事。")),
    ("objections", _("申诉"), _("没有等着再看的不予受理。")),
)
ROLES = ("dispatcher", "ruler", "office")  # the office finds what no dispatcher may place (`policies.at_the_desk`)
SURE = 0.3  # the share from which a guess is offered as a button; below it the nearest three are quiet links
NEAREST = 3
# What keys do on a list from which several can be chosen, and what letters do with the case that is open.
CHOOSING_KEYS = (
    (("X",), _("选中这一件，再按一次不选")), (("Shift X",), _("从上次选的到这一件都选")),
    (("Shift A",), _("这一页全选或全不选")), (("L",), _("选中的一起办")),
)  # fmt: skip
PAGE_KEYS = (
    (("[", "]"), _("左边、右边的队列")), (("T",), _("其余的判断经过")), *CHOOSING_KEYS,
    *(((a.key.upper(),), a.label) for a in acts.ACTS if a.key),
)  # fmt: skip
OUTCOMES = {"contested": _("两家都沾边"), "ask": _("先问清再定"), "fallback": _("清单没有，兜底")}
CHANNELS = {
    "web": _("网上"), "phone": _("电话"), "visit": _("来访"), "grid": _("网格"), "import": _("导入"), "api": _("接口"),
    "patrol": _("巡查"), "open311": _("外部程序"),
}  # fmt: skip


@never_cache
@require_GET
@staffed(*ROLES)
def desk(request: HttpRequest) -> HttpResponse:
    """Show one queue, and the case that the address names."""
    return page(request)


def page(
    request: HttpRequest, *, act: acts.Act | None = None, form: Any = None, refused: Refused | None = None,
    number: str = "", query: dict[str, str] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the desk, also after a press that was refused: what was typed stays in its form."""
    asked = query or {k: str(v) for k, v in request.GET.items()}
    code = asked.get("queue") or "waiting"
    found = desks.queue(code, by=request.actor, now=request.now, after=asked.get("after", ""))
    warned = risks.waiting(by=request.actor)
    number = number or asked.get("case", "")
    context: dict[str, Any] = {
        "queues": _tabs(request, code), "queue": code, "page_keys": PAGE_KEYS,
        "may_bulk": request.actor.has("dispatcher"), "rows": _rows(found, asked, number), "after": found.after,
        "title": next(label for key, label, _e in QUEUES if key == code),
        "empty": next(empty for key, _l, empty in QUEUES if key == code),
        "first": found.rows[0].number if found.rows and not number else "", "states": states(), "dense": True,
        "query": urlencode({k: v for k, v in asked.items() if k in ("queue", "after")}), "channels": CHANNELS,
        "dangers": warned, "soon": risks.soon(lang()), "marked": {w.id for w in warned},
    }  # fmt: skip
    if number:
        case = casepage.find(number, by=request.actor)
        context |= opened(request, case, act=act, form=form, refused=refused)
        context["next_case"] = _next(found, case.number)
    return render(request, "cases/desk/dispatch.html", context, status=status)


def opened(
    request: HttpRequest, case: Case, *, act: acts.Act | None = None, form: Any = None, refused: Refused | None = None
) -> dict[str, Any]:
    """Give what the object and act panes show of one case; a bounded number of statements."""
    by, now, language = request.actor, request.now, lang()
    handovers = casepage.handovers_of(case)
    stand = casepage.stand_of(case, handovers)
    judged = judging.judge(case, lang=language, now=now)
    entries = casepage.entries_of(case)
    objected = case.status == Status.DECLINED and any(e.verb == "case.objected" for e in entries)
    open_acts = acts.open_to(stand, casepage.open_moves(by, stand), objected=objected)
    looked_at = judging.items_looked_at(judged.routed)
    rows = casepage.clocks_of(case)
    said = casepage.said_of(case)
    shown = forms_of(open_acts, act, form, now=now, language=language, first=looked_at)
    guessed, branch = _guessed(said, language, request) if not case.matter else ([], None)
    open_leaves = within(branch.code if branch and branch.chosen else "", judging.duties.leaves(day=localdate(now)))
    return {
        "case": case, "lead": stand.lead, "said": said, "judged": judged, "clock": _desk_clock(rows, now),
        "precedents": judging.precedents(case), "matter": _matter(case, language), "grid": grid_of(case),
        "acts": shown,
        "alike": belonging.alike_to(case, said, open_acts, by=by, now=now),
        "before": _before(handovers, judged, language),
        "offering": any(a.code == "offer" for a in open_acts), "refused": refused,
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
        "returned": [h for h in handovers if h.return_asked_at], "talks": casepage.talks_of(case, lang=language)
        if case.status == Status.CONSULTING else [], "seq": entries[-1].seq if entries else 0,
        "item_options": [judging.item_label(i, language) for i in looked_at],
        "objection": _objection(case, entries) if objected else "",
        "body_options": [b.called(language) for b in bodies.all_bodies(on=localdate(now))], "outcomes": OUTCOMES,
        "matter_options": [matter_label(m, language) for m in open_leaves], "guessed": guessed, "branch": branch,
    } | belonging.parted(case, said, by=by, now=now, lang=language) | kept.offered(
        said, shown, request.GET, now=now, lang=language
    )  # fmt: skip


def _before(handovers: list[Any], judged: judging.Judged, language: str) -> dict[str, Any] | None:
    """Give whom the case was with when it was merged, for a case that came back: the offer is filled in with it."""
    last = handovers[0] if handovers else None
    if last is None or last.end != "absorbed":
        return None
    value = f"{last.body_id}:{last.duty_item_id or 0}"
    listed = value in {t.value for t in judged.targets}
    return {"value": value if listed else "other", "body": bodies.names()[last.body_id].called(language)}


def forms_of(
    open_acts: list[acts.Act], act: acts.Act | None, form: Any, *, now: Any, language: str, first: Any
) -> list[dict[str, Any]]:
    """Give each open act with its form; the one that was refused keeps what was typed, and stands open."""
    return [
        {
            "act": a, "form": form if act is a else acts.form_of(a, now=now, lang=language, first=first),
            "open": act is a,
        }
        for a in open_acts
    ]  # fmt: skip


def states() -> dict[str, Any]:
    return {s.code: {"chip": s.chip, "zh": s.name.zh, "en": s.name.en} for s in CASE.states}


def grid_of(case: Case) -> str:
    """Name the grid of a case as the edition of its receipt has it; empty where none is known."""
    row = places.grid_of_edition(case.grid_id, case.grid_edition_id) if case.grid_id else None
    return row.name if row else ""


def _desk_clock(rows: list[Any], now: Any) -> Any:
    wanted = {"dispatch", "return_answer", "consult", "sign"}
    running = [c for c in rows if c.stopped_at is None and c.kind in wanted and not reckoning.is_paused(c)]
    first = min(running, key=lambda c: (c.due_at is None, c.due_at or c.started_at), default=None)
    if first is None:
        return None
    return {
        "name": ticking.name_of(first.kind), "due_at": first.due_at, "share_used": ticking.share(first, now),
        "late": first.due_at is not None and first.due_at < now,
    }  # fmt: skip


def _matter(case: Case, language: str) -> str:
    path = judging.duties.matter_path(case.matter) if case.matter else []
    return " / ".join(m.called(language) for m in path)


def _guessed(said: Any, language: str, request: HttpRequest) -> tuple[list[dict[str, Any]], Branch | None]:
    """What triage thought of, for a case whose matter nobody has said: label, share, words; and the sure branch."""
    book = judging.duties.matters()
    rows = [g.row for g in casepage.guesses_of(said) if g.row.stage == "classify"]
    found = [
        {
            "label": matter_label(book[c["value"]], language), "p": f"{float(c['p']):.0%}",
            "why": reasons.told(str(c.get("reason") or "")), "sure": float(c["p"]) >= SURE,
        }
        for row in rows
        for c in row.candidates
        if c.get("value") in book
    ]  # fmt: skip
    branches = (branch_of(row.candidates, lang=language, chosen=request.GET.get("branch", "")) for row in rows)
    return [g for g in found if g["sure"]] or found[:NEAREST], next((b for b in branches if b), None)


def _objection(case: Case, entries: list[Any]) -> str:
    last = [e for e in entries if e.verb == "case.objected"][-1]
    return casepage.trail.words_of("case", case.id).get(last.seq, {}).get("text", "")


def _tabs(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    counted = desks.counts(request.actor)
    base = reverse("dispatch")
    codes = [key for key, _l, _e in QUEUES]
    at = codes.index(code)
    keys = {codes[at - 1]: "[", codes[(at + 1) % len(codes)]: "]"}
    return [
        {
            "code": key, "label": label, "url": f"{base}?queue={key}", "count": counted[key], "here": key == code,
            "key": keys.get(key, ""),
        }
        for key, label, _empty in QUEUES
    ]  # fmt: skip


def _rows(found: desks.Page, asked: dict[str, str], number: str) -> list[dict[str, Any]]:
    """Give what a row shows; what fifty rows say alike is said once, not by fifty rounds of the template."""
    kept = {k: v for k, v in asked.items() if k in ("queue", "after")}
    channels = {code: str(label) for code, label in CHANNELS.items()}
    choose, people = str(_("选 %(title)s")), str(_("%(n)s 人说"))
    return [
        {
            "row": row, "url": f"?{urlencode({**kept, 'case': row.number})}#case", "on": row.number == number,
            "flag": OUTCOMES.get(row.outcome, ""), "choose": choose % {"title": row.title},
            "below": " · ".join(
                part
                for part in (
                    row.lead, row.matter, channels.get(row.channel, ""), row.place,
                    people % {"n": f"{row.reports:,}"} if row.reports > 1 else "",
                )
                if part
            ),
        }
        for row in found.rows
    ]  # fmt: skip


def _next(found: desks.Page, number: str) -> str:
    numbers = [r.number for r in found.rows]
    if number not in numbers:
        return numbers[0] if numbers else ""
    at = numbers.index(number)
    return (numbers[at + 1 :] + numbers[:at])[0] if len(numbers) > 1 else ""
