"""The five suggestions of the console, each with its reason, and what is beside them: same matter, own open cases."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jishi.bodies import queries as bodies
from jishi.cases import policies, triage
from jishi.cases.actions import arrival
from jishi.cases.models import Case, Membership, Report
from jishi.cases.queries import judging, knowing, parting, risks
from jishi.cases.states import CASE, Urgency
from jishi.cases.triage import Looked, Stage
from jishi.cases.web.desk import reasons
from jishi.cases.web.desk.forms import Branch, IntakeForm, branch_of, matter_label
from jishi.duties import queries as duties
from jishi.foundation import numbers, sealed
from jishi.foundation.actor import Actor
from jishi.kernels import worktime

FEWEST = 2  # characters before anything is looked at
WORTH = 0.05  # a second matter less likely than this is not worth a line
OWN = 5  # open cases of one number that are shown; never how many there are

ABSTAINED: dict[str, str | Promise] = {
    "too_short": _("写得还太少"), "language": _("不像是中文，看不懂"), "equally_likely": _("两类一样像，请问清楚"),
    "unsure": _("拿不准，看看像不像"), "cannot_tell": _("说不准，请问清楚"),
    "no_code_book": _("还没有事项分类"), "unknown_matter": _("分类里没有这个事项"),
    "skipped": _("这一步没有算出来，不影响登记"), "no_place_named": _("没有说到地名册里的地方"),
    "which_compound": _("只说了楼号，问一下是哪个小区"), "name_is_a_plain_word": _("像地名也像平常话，问一下"),
    "two_places": _("说到两个地方，问一下是哪一个"), "several_places": _("说到好几个地方，问一下是哪一个"),
    "matter_unknown": _("先定事项，才知道归谁"), "calendar_not_known": _("那一年的日历还没有公布"),
    "not_asked": _("还没有比对"), "elsewhere": _("收下，核对以后转给那边"),
}  # fmt: skip
OUTCOMES: dict[str, str | Promise] = {
    "contested": _("两家都沾边"), "ask": _("先问清再定"), "fallback": _("清单没有，兜底"), "refused": _("不能这样派"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of one side of a comparison; `new`: the other side has not got it."""

    text: str
    new: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """An open case that may be the same matter, side by side with what is being said."""

    case: Case
    why: str
    here: tuple[Piece, ...]
    there: tuple[Piece, ...]
    place_here: tuple[Piece, ...]
    place_there: tuple[Piece, ...]
    lead: str
    joined: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One row of the table. `fill`: fields that taking it fills in; `state`: open, taken, silent."""

    key: int
    stage: str
    label: str | Promise
    head: str
    more: tuple[str, ...]
    why: str
    fill: dict[str, str]
    state: str
    others: tuple[tuple[str, dict[str, str], str], ...] = ()  # what it may be instead, and by what words
    mark: str | Promise = ""
    due: datetime | None = None
    branch: Branch | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """Everything that the console shows while somebody is speaking."""

    rows: tuple[Suggestion, ...]
    alike: tuple[Alike, ...]
    questions: tuple[dict[str, Any], ...]
    judged: judging.Judged | None
    looked: Looked | None
    parted: tuple[parting.Told, ...] = ()  # what it says besides, where it surely says several things
    kept: knowing.Kept | None = None  # an answer that is kept, where one surely answers what is asked
    kept_why: str = ""

    @property
    def deaf(self) -> bool:
        """The stage that hears of danger has failed: what is silent is not safe."""
        return self.looked is not None and any(s.stage == Stage.RISK for s in self.looked.suggested)


EMPTY = Strip((), (), (), None, None)


def unaided(form: IntakeForm, *, now: datetime) -> Looked:
    """Look once at the words as if nobody had said the matter, once as the person has it; the first guess is kept.

    What is stored beside the choice must be what triage said before a person looked (spec 12 §1).
    """
    chosen = form.incoming()
    if not chosen.matter:
        return arrival.look([chosen], now=now)[0]
    looked = arrival.look([chosen], now=now)[0]  # one by one: two rows of a batch would be found to be alike
    alone = arrival.look([replace(chosen, matter="")], now=now, compare=False)[0]
    guess = alone.stage(Stage.CLASSIFY)
    return replace(looked, suggested=tuple(guess if s.stage == Stage.CLASSIFY else s for s in looked.suggested))


def of(form: IntakeForm, *, by: Actor, now: datetime, lang: str) -> Strip:
    """Make the strip of a half-filled form; nothing is stored."""
    form.is_valid()
    if len(str(form.data.get("text", "")).strip()) < FEWEST:
        return EMPTY
    looked = unaided(form, now=now)
    judged = judging.told(looked.routed, lang=lang) if looked.routed is not None else None
    alike = tuple(_alike(looked, form, by=by, lang=lang))
    rows = (
        _place(looked, form), _matter(looked, form, lang), _same(looked, alike), _body(looked, judged, form, lang),
        _deadline(looked, form, lang),
    )  # fmt: skip
    parted = parting.of_words(_words(form, now), looked.shown, now=now, lang=lang, first=looked.matter)
    (kept,) = knowing.offered([looked.shown], now=now, lang=lang)
    return Strip(
        rows, alike, tuple(_questions(judged, form, lang)), judged, looked, tuple(parted), kept,
        reasons.told(kept.reason) if kept else "",
    )  # fmt: skip


def _words(form: IntakeForm, now: datetime) -> triage.Words:
    said = form.incoming()
    return triage.Words(
        text=said.text, said_at=now, lng=said.lng, lat=said.lat, crs=said.crs, address_text=said.address_text,
        channel=said.channel, kind=said.kind,
    )  # fmt: skip


def own_open(tel: str, *, by: Actor, now: datetime) -> list[Case]:
    """Give the open cases of this number, so that the operator can add to one; no ended ones, no count (spec 10 §3)."""
    reports = own_reports(tel, by=by, now=now)
    if not reports:
        return []
    mine = Membership.objects.filter(report__in=reports, to_at=None).values("case")
    rows = policies.visible_to(by, Case.objects.filter(id__in=mine, status__in=sorted(CASE.open_states)))
    return list(rows.select_related("lead").order_by("-id")[:OWN])


def own_reports(tel: str, *, by: Actor, now: datetime) -> list[int]:
    """Give the reports whose contact is this number; only for the operator who has the caller on the line."""
    if sum(c.isdigit() for c in tel) < 7 or not by.has("operator"):
        return []
    owners = sealed.find("contact.caller", tel, tenant_id=by.tenant_id, now=now)
    return [row for table, row in owners if table == "cases_report"]


def sure(p: float) -> str:
    """Say in words what the share beside a matter is: how sure the machine is of it."""
    return str(_("把握 %(share)s") % {"share": f"{p:.0%}"})


def why_silent(stage: triage.Suggested) -> str:
    """Say why a stage filled nothing in."""
    return str(ABSTAINED.get(stage.abstained, _("拿不准"))) if stage.abstained else ""


def _reason(candidate: Mapping[str, Any], stage: triage.Suggested) -> str:
    """Join the reason of a candidate with why it was not filled in by itself."""
    both = (reasons.told(str(candidate.get("reason") or "")), why_silent(stage))
    return str(_("；")).join(w for w in both if w)


# --- the five rows -----------------------------------------------------------------------------------------


def _place(looked: Looked, form: IntakeForm) -> Suggestion:
    stage = looked.stage(Stage.LOCATE)
    found = [(str(c.get("label") or ""), _pin(c), c) for c in stage.candidates]
    where = str(form.data.get("where", "")).strip()
    if not found:
        return Suggestion(1, stage.stage, _("地点"), "", (), why_silent(stage), {}, "silent")
    label, fill, first = found[0]
    more = tuple(m for m in (str(first.get("grid_name") or ""), _about(first)) if m)
    others = tuple((name, pin, reasons.told(str(c.get("reason") or ""))) for name, pin, c in found[1:])
    why = _reason(first, stage)
    return Suggestion(
        1, stage.stage, _("地点"), label, more, why, fill, "taken" if where and where == label else "open", others
    )


def _pin(candidate: dict[str, Any]) -> dict[str, str]:
    fill = {"where": str(candidate.get("label") or "")}
    if candidate.get("lng") is not None:
        fill |= {
            "pin": f"{candidate['lng']},{candidate['lat']},{candidate.get('radius_m', 30)}",
            "pin_of": fill["where"],
        }
    return fill


def _about(candidate: dict[str, Any]) -> str:
    return f"± {round(float(candidate['radius_m'])):,} m" if candidate.get("radius_m") else ""


def _matter(looked: Looked, form: IntakeForm, lang: str) -> Suggestion:
    stage = looked.stage(Stage.CLASSIFY)
    if not stage.candidates:
        return Suggestion(2, stage.stage, _("事项"), "", (), why_silent(stage), {}, "silent")
    book = duties.matters()
    named = [(book[c["value"]], float(c["p"]), c) for c in stage.candidates if c["value"] in book]
    if not named:
        return Suggestion(2, stage.stage, _("事项"), "", (), why_silent(stage), {}, "silent")
    others = tuple(
        (f"{m.called(lang)} {q:.0%}", {"matter": matter_label(m, lang)}, reasons.told(str(c.get("reason") or "")))
        for m, q, c in named
        if q >= WORTH
    )
    branch = branch_of(stage.candidates, lang=lang, chosen=str(form.data.get("branch", "")))
    row, p, _first = named[0]
    if stage.abstained == "cannot_tell":  # three to look at, none put forward
        return Suggestion(
            2, stage.stage, _("事项"), "", (), why_silent(stage), {}, "silent", others, branch=branch
        )
    chosen = str(getattr(form, "cleaned_data", {}).get("matter") or "")
    path = " / ".join(m.called(lang) for m in duties.matter_path(row.code)[:-1])
    why = _reason(stage.candidates[0], stage)
    return Suggestion(
        2, stage.stage, _("事项"), row.called(lang), tuple(t for t in (path, sure(p)) if t), why,
        {"matter": matter_label(row, lang)}, "taken" if chosen == row.code else "open",
        others[1:], branch=branch,
    )  # fmt: skip


def _same(looked: Looked, alike: tuple[Alike, ...]) -> Suggestion:
    stage = looked.stage(Stage.DUPLICATES)
    if not alike:
        return Suggestion(
            3, stage.stage, _("相近"), "", (), why_silent(stage) or str(_("没有找到相近的未办结事件")), {}, "silent"
        )
    first = alike[0]
    return Suggestion(
        3, stage.stage, _("相近"), first.case.title, (first.case.number,), first.why, {"join": first.case.number},
        "taken" if first.joined else "open",
    )  # fmt: skip


def _body(looked: Looked, judged: judging.Judged | None, form: IntakeForm, lang: str) -> Suggestion:
    stage = looked.stage(Stage.ROUTE)
    guess = looked.stage(Stage.CLASSIFY)
    if guess.abstained == "cannot_tell":  # a body of a matter that nobody puts forward is none
        return Suggestion(4, stage.stage, _("单位"), "", (), str(_("先定事项，才知道归谁")), {}, "silent")
    others = tuple(_otherwise(looked, lang))
    if judged is None or not judged.targets:
        asked = judged.head if judged is not None and judged.lines else str(_("先定事项，才知道归谁"))
        return Suggestion(4, stage.stage, _("单位"), "", others, why_silent(stage) or asked, {}, "silent")
    first = judged.targets[0]
    sure = judged.outcome in ("named", "named_with_assist")
    more = (*(_assist(a, lang) for a in judged.assists), *others)
    why = f"{first.item.number} {first.item.name}" if first.item else judged.head
    if not sure and first.item:
        why = judged.head
    state = "open" if sure else "silent"
    if sure and str(form.data.get("to", "")) == first.value:
        state = "taken"
    return Suggestion(
        4, stage.stage, _("单位"), "、".join(t.body.called(lang) for t in judged.targets), more, why,
        {"to": first.value} if sure else {}, state, (), OUTCOMES.get(judged.outcome, ""),
    )  # fmt: skip


_IF = re.compile(r"如果是“(?P<matter>[^”]+)”：")


def _otherwise(looked: Looked, lang: str) -> Iterable[str]:
    """Whose it would be if the second or the third matter were right, where that is another body (spec 12 §5)."""
    chances = {str(c["label"]): float(c["p"]) for c in looked.stage(Stage.CLASSIFY).candidates}
    book, known = {m.name: m for m in duties.matters().values()}, bodies.names()
    for one in looked.stage(Stage.ROUTE).candidates:
        found = _IF.match(str(one.get("reason") or ""))
        if found is None or chances.get(found["matter"], 0.0) < WORTH:
            continue
        body = known.get(int(one.get("value") or 0))
        matter = book[found["matter"]].called(lang) if found["matter"] in book else found["matter"]
        told = {"matter": matter, "share": f"{chances[found['matter']]:.0%}"}
        told["body"] = body.called(lang) if body else str(_("要先问清"))
        yield str(_("如果是“%(matter)s”（%(share)s）：%(body)s") % told)


def _assist(assist: Any, lang: str) -> str:
    body = bodies.names().get(assist.body_id)
    return f"{body.called(lang) if body else assist.body_name} · {assist.number}"


def _deadline(looked: Looked, form: IntakeForm, lang: str) -> Suggestion:
    stage = looked.stage(Stage.DEADLINE)
    if str(form.data.get("urgency", "")) == Urgency.EMERGENCY:
        placed, called = risks.soon(lang)
        head = _("%(placed)s内派出") % {"placed": placed}
        why = _("按险情登记；签收以后 %(called)s内联系来电人。不念平常的答复日。") % {"called": called}
        return Suggestion(5, stage.stage, _("时限"), str(head), (), str(why), {}, "silent")
    if looked.dangers:
        first_how_urgent = str(_("听起来是险情：不念平常的答复日，先定急不急"))
        return Suggestion(5, stage.stage, _("时限"), "", (), first_how_urgent, {}, "silent")
    if not stage.candidates or not stage.candidates[0].get("value"):
        return Suggestion(5, stage.stage, _("时限"), "", (), why_silent(stage), {}, "silent")
    first = stage.candidates[0]
    amount = worktime.parse_amount(str(first["label"]))
    due = worktime.add(form.now, amount, bodies.hours_of([None])[None].calendar)
    lines = worktime.explain(due, lang, False)
    state = "taken" if str(form.data.get("due", "")) == str(first["value"]) else "open"
    return Suggestion(
        5, stage.stage, _("时限"), str(first["value"]), (worktime.written(amount, lang),),
        ("；" if lang == "zh" else "; ").join(lines), {"due": str(first["value"])}, state, due=due.moment,
    )  # fmt: skip


# --- beside them -------------------------------------------------------------------------------------------


def _alike(looked: Looked, form: IntakeForm, *, by: Actor, lang: str) -> list[Alike]:
    stage = looked.stage(Stage.DUPLICATES)
    refused = set(str(form.data.get("other_than", "")).split(","))
    ids = {int(c["value"]): c for c in stage.candidates if numbers.names_a_row(c.get("value", ""))}
    if not ids:
        return []
    seen = policies.visible_to(by, Case.objects.filter(id__in=list(ids), status__in=sorted(CASE.open_states)))
    cases = {c.id: c for c in seen}
    first: dict[int, str] = {}
    rows = Report.objects.filter(memberships__case__in=list(cases), memberships__to_at=None).order_by("id")
    for case_id, text in rows.values_list("memberships__case", "text_shown"):
        first.setdefault(case_id, text)
    join = str(form.data.get("join", "")).strip().upper()
    where = str(form.data.get("where", "")) or looked.place.name
    return [
        Alike(
            case, reasons.told(str(ids[i].get("reason") or "")), *_compared(looked.shown, first.get(i, case.title)),
            *_compared(where, case.place_name or case.address_text),
            bodies.names()[case.lead_id].called(lang) if case.lead_id else "", case.number == join,
        )
        for i, case in ((i, cases[i]) for i in ids if i in cases)
        if case.number not in refused
    ]  # fmt: skip


def _compared(here: str, there: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Mark what only one side says; common runs of one character do not count as common."""
    here, there = here[:300], there[:300]
    blocks = [b for b in SequenceMatcher(None, here, there, autojunk=False).get_matching_blocks() if b.size > 1]
    return (
        tuple(_pieces(here, ((b.a, b.a + b.size) for b in blocks))),
        tuple(_pieces(there, ((b.b, b.b + b.size) for b in blocks))),
    )


def _pieces(text: str, common: Iterable[tuple[int, int]]) -> Iterable[Piece]:
    at = 0
    for start, end in common:
        if start > at:
            yield Piece(text[at:start], new=True)
        yield Piece(text[start:end], new=False)
        at = end
    if at < len(text):
        yield Piece(text[at:], new=True)


def _questions(judged: judging.Judged | None, form: IntakeForm, lang: str) -> Iterable[dict[str, Any]]:
    """The questions that would settle it, and those already answered, so that an answer does not vanish."""
    if judged is None:
        return
    matter = _matter_of(judged)
    asked = {str(q["code"]): q for q in judged.questions}
    known = {str(q["code"]): q for m in duties.matter_path(matter) for q in m.questions} if matter else {}
    given = form.answers()
    for code in dict.fromkeys([*asked, *(c for c in known if c in given)]):
        q = asked.get(code) or known[code]
        name = f"a.{code}" + (":n" if q.get("type") == "number" else "")
        yield {
            "name": name, "code": code, "text": _said(q, lang), "type": q.get("type", "text"),
            "unit": q.get("unit") or "",
            "value": str(form.data.get(name, "")), "needed": code in asked,
            "choices": [{"code": c["code"], "text": _said(c, lang)} for c in q.get("choices", ())],
            "unknown": any(c["code"] == "unknown" for c in q.get("choices", ())),
        }  # fmt: skip


def _matter_of(judged: judging.Judged) -> str:
    fact = judged.routed.decision.facts.get("matter")
    return str(fact.value) if fact is not None and fact.value else ""


def _said(thing: dict[str, Any], lang: str) -> str:
    return str((thing.get("text_en") if lang == "en" else "") or thing.get("text") or thing.get("code"))
