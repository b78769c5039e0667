"""One line of a drafted edition as a form: edited, added, withdrawn by the verbs that an import uses.

Every button works without script: the form is sent, the page comes back with what was typed. With script the same
answers replace parts of the page while one types.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jishi.bodies import queries as bodies
from jishi.duties import conditions, policies, printed, queries, sheet
from jishi.duties.actions import lists
from jishi.duties.conditions import Node, TooLarge
from jishi.duties.memory import Law
from jishi.duties.models import DutyList
from jishi.duties.refusals import ItemsRefused, ensure_open
from jishi.duties.sheet import Known, NewItem
from jishi.duties.vocabulary import FACT_GROUPS, OPERATOR_NAMES, names
from jishi.duties.web.desk import now_of, staff_of
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Stale
from jishi.kernels import dutylist, worktime
from jishi.kernels.dutylist.facts import ANSWER
from jishi.kernels.dutylist.sentences import WEEKDAYS, fact_words

BASES: Final = 6  # legal bases that one line may cite on the form
MATTERS: Final = 12
UNITS: Final = ("wd", "hd", "nd", "wh", "nh", "nm", "mo")
TEXTS: Final = ("superior_dept", "superior_duty", "own_part", "receiving_office", "way", "examples", "remark")


@dataclass(frozen=True)
class Desk:
    """What the form stands on: the edition, the law and the words of its first day, and what they are called."""

    row: DutyList
    law: Law
    known: Known
    called: Mapping[str, str]
    lang: str


@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, list_id: int, number: str = "") -> HttpResponse:
    """Edit one line of a draft, or add one (`number` is empty)."""
    by, desk = staff_of(request), _desk(request, list_id)
    there = {i.number: i for i in lists.items_of(desk.row)}
    if number and number not in there:
        raise NotFound
    before = there.get(number)
    if request.method == "GET":
        return _page(request, desk, before, before or _blank(there), conditions.from_json(_stored(before)))
    said, what = request.POST, request.POST.get("do", "")
    if what == "withdraw" and before is not None:
        return _withdraw(request, desk, before, by)
    try:
        root = conditions.from_fields(dict(said.lists()))
    except TooLarge as no:
        raise Invalid(detail=_("条件太多或套得太深：最多 200 个，8 层。")) from no
    root = conditions.coded(root, _codes(desk))
    if what == "save":
        return _save(request, desk, before, root, by)
    root, focus = conditions.changed(root, what)
    conditions.fitted(root, desk.known.words)
    conditions.told(root, desk.known.words)
    return _page(request, desk, before, _item(said, before, root, desk), root, focus=focus, is_asked=what == "look")


def _save(request: HttpRequest, desk: Desk, before: NewItem | None, root: Node, by: Actor) -> HttpResponse:
    said = request.POST
    new = _item(said, before, root, desk)
    stands = conditions.told(root, desk.known.words)
    faults = [f for f in _form_faults(said, new, desk) if f["column"] != "条件"]
    if not stands:
        faults.append(_fault("条件", _("条件还有要改的地方，在它旁边写着。")))
    if before is None and any(i.number == new.number for i in lists.items_of(desk.row)):
        faults.append(_fault("序号", _("这个编号已经有了。")))
    if faults:
        return _page(request, desk, before, new, root, faults=faults, status=422)
    try:
        lists.edit(desk.row.id, put=[new], seen_version=_version(said), by=by, now=now_of(request))
    except Stale:
        desk.row.refresh_from_db()
        now_there = next((i for i in lists.items_of(desk.row) if i.number == new.number), None)
        return _page(request, desk, before, new, root, differs=_differences(now_there, new), is_stale=True, status=412)
    except ItemsRefused as no:
        return _page(request, desk, before, new, root, faults=_refused(no, new, desk), status=422)
    messages.success(request, _("%(number)s 已保存，清单回到起草。") % {"number": new.number})
    return redirect("desk-duties-edition", list_id=desk.row.id)


def _withdraw(request: HttpRequest, desk: Desk, before: NewItem, by: Actor) -> HttpResponse:
    lists.edit(desk.row.id, drop=[before.number], seen_version=_version(request.POST), by=by, now=now_of(request))
    messages.success(request, _("%(number)s 已撤下，清单回到起草。") % {"number": before.number})
    return redirect("desk-duties-edition", list_id=desk.row.id)


# ---- what was said -------------------------------------------------------------------------------------------------


def _desk(request: HttpRequest, list_id: int) -> Desk:
    by = staff_of(request)
    policies.ensure_may_keep(by)
    row = DutyList.objects.filter(tenant_id=by.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    ensure_open("edit", row.state)
    law, lang = queries.law(row.effective.lower), _lang()
    return Desk(row, law, lists.known_on(row.effective.lower, row.holder), names(law, lang), lang)


def _item(said: QueryDict, before: NewItem | None, root: Node, desk: Desk) -> NewItem:
    """The line as the form says it; a condition that says the same as before keeps its author's spelling."""
    matter = _codes(desk)["matter"]
    condition = conditions.to_json(root, desk.known.words)
    if before is not None and condition == conditions.to_json(conditions.from_json(_stored(before)), desk.known.words):
        condition = _stored(before)
    matters = dict.fromkeys(matter.get(m.strip(), m.strip()) for m in said.getlist("matters")[:MATTERS] if m.strip())
    priority = said.get("priority", "")
    return NewItem(
        number=before.number if before else said.get("number", "").strip(), kind=said.get("kind", ""),
        name=said.get("name", "").strip(), matters=tuple(matters), condition=condition or None,
        lead_body=said.get("lead_body", "").strip(), powers=tuple(said.getlist("powers")[: len(dutylist.POWERS)]),
        legal_basis=_basis(said), promises=_promises(said),
        priority=int(priority) if priority.isascii() and priority.isdigit() else -1,
        **{key: _clean(said.get(key, "")) for key in TEXTS},
    )  # fmt: skip


def _basis(said: QueryDict) -> str:
    """Law, article and quoted words, row by row; the two marks that separate them are written wide."""
    rows = []
    for law, article, words in zip(*(said.getlist(f"basis-{n}")[:BASES] for n in ("law", "article", "words"))):  # noqa: B905
        parts = [_clean(p).replace(";", "；").replace("|", "｜").replace("\n", "") for p in (law, article, words)]
        if any(parts):
            rows.append("|".join(parts) if parts[1] or parts[2] else parts[0])
    return ";".join(rows)


def _promises(said: QueryDict) -> dict[str, str]:
    found = {}
    for clock in sheet.CLOCKS:
        if amount := said.get(f"p-{clock}", "").strip():
            found[clock] = f"{amount.lstrip('0')}{said.get(f'u-{clock}', '')}"
    return found


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _stored(item: NewItem | None) -> Any:
    return dict(item.condition) if item is not None and item.condition else None


def _version(said: QueryDict) -> int:
    text = said.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


def _blank(there: Mapping[str, NewItem]) -> NewItem:
    """A new line with the next free number of the basic list."""
    taken = [int(n.rpartition("-")[2]) for n in there if n.rpartition("-")[2].isdigit() and n.startswith("基本-")]
    return NewItem(f"基本-{max(taken, default=0) + 1:03d}", "basic", "")


# ---- what is wrong -------------------------------------------------------------------------------------------------

_ANCHORS: Final = {
    "序号": "i-number", "类别": "i-kind", "事项名称": "i-name", "对应上级部门": "i-superior_dept",
    "上级部门职责": "i-superior_duty",
    "镇街配合职责": "i-own_part", "承接部门": "i-receiving_office", "工作方式": "i-way", "事项代码": "i-matters-0",
    "条件": "condition", "主办单位": "i-lead_body", "法定职权": "i-powers", "时限": "p-promise",
    "法律依据": "basis-law-0", "优先级": "i-priority", "示例": "i-examples", "备注": "i-remark",
}  # fmt: skip


def _form_faults(said: QueryDict, new: NewItem, desk: Desk) -> list[dict[str, str]]:
    """What a file's row would be refused for, by the same rules, each with the field that it is about."""
    faults = [*sheet.text_faults(0, new), *sheet.item_faults(0, new, desk.known)]
    if not 0 <= new.priority <= 99:
        faults.append(sheet.Fault(0, "优先级", "bad_priority"))
    for clock, amount in new.promises.items():
        try:
            worktime.parse_amount(amount)
        except worktime.WorktimeRefused:
            wrong = f"{_clocks(desk.lang)[clock]} {said.get(f'p-{clock}')}"
            faults.append(sheet.Fault(0, "时限", "bad_promise", wrong))
    return [_fault(f.column, f.sentence(desk.lang)) for f in faults]


def _refused(no: ItemsRefused, new: NewItem, desk: Desk) -> list[dict[str, str]]:
    own = "en" if desk.lang == "en" else "zh"
    return [
        _fault(f["column"], f[own] if f["number"] == new.number else f"{f['number']}：{f[own]}")
        for f in no.facts["faults"]
    ]


def _fault(column: str, text: str) -> dict[str, str]:
    return {"column": column, "label": _label(column), "text": text, "anchor": _ANCHORS.get(column, "item-form")}


def _label(column: str) -> str:
    """A column of the file as the form calls it."""
    return {
        "序号": _("编号"), "类别": _("类别"), "事项名称": _("事项名称"), "对应上级部门": _("对应上级部门"),
        "上级部门职责": _("上级部门职责"), "镇街配合职责": _("镇街配合职责"), "承接部门": _("承接部门"),
        "工作方式": _("工作方式"), "事项代码": _("事项代码"), "条件": _("条件"), "主办单位": _("主办单位"),
        "法定职权": _("法定职权"), "时限": _("时限"), "法律依据": _("法律依据"), "优先级": _("优先级"),
        "示例": _("示例"), "备注": _("备注"),
    }.get(column, column)  # fmt: skip


def _differences(there: NewItem | None, mine: NewItem) -> list[dict[str, str]]:
    """Where the stored line and the typed one differ, by the printed names of the columns."""
    if there is None:
        return []
    heads = {key: name for name, key in sheet.COLUMNS.items()}
    both = zip(sheet.COLUMNS.values(), sheet.cells_of(there), sheet.cells_of(mine), strict=True)
    return [{"column": _label(heads[key]), "theirs": a, "mine": b} for key, a, b in both if a != b]


# ---- the page ------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, desk: Desk, before: NewItem | None, new: NewItem, root: Node, *,
    faults: Sequence[dict[str, str]] = (), differs: Sequence[dict[str, str]] = (), is_stale: bool = False,
    focus: str = "", is_asked: bool = True, status: int = 200,
) -> HttpResponse:  # fmt: skip
    columns = {f["column"] for f in faults}
    page = {
        "list": printed.edition_of(desk.row), "before": before, "item": new, "faults": faults, "differs": differs,
        "is_stale": is_stale, "wrong": {f.name: _HEADS[f.name] in columns for f in fields(NewItem)},
        "weekdays": [(str(n), WEEKDAYS[n - 1][1 if desk.lang == "en" else 0]) for n in range(1, 8)],
        "kinds": [(k, n[1 if desk.lang == "en" else 0]) for k, n in printed.KINDS.items()],
        "matters": [*(_matter(m, desk) for m in new.matters), _matter("", desk)][:MATTERS],
        "leads": _leads(desk, new.lead_body), "powers": _powers(new, desk.lang),
        "departments": sorted(desk.known.departments),
        "bases": [*printed.bases_of(new.legal_basis), printed.Basis("", "", "")][:BASES],
        "clocks": _clock_rows(new, desk.lang), "units": [(u, _units()[u]) for u in UNITS],
        "root": _node(root, desk, focus, is_asked), "facts": _fact_groups(desk), "said": _sentence(root, desk),
        "suggestions": _suggestions(root, desk), "version": desk.row.version,
    }  # fmt: skip
    return render(request, "duties/item_edit.html", page, status=status)


_HEADS: Final = {key: name for name, key in sheet.COLUMNS.items()}


def _matter(code: str, desk: Desk) -> dict[str, str]:
    return {"code": code, "name": desk.called.get(f"matter:{code}", "")}


def _powers(new: NewItem, lang: str) -> list[tuple[str, str, bool]]:
    """Every lawful power with what it is called, and whether this line names it."""
    return [(code, names[lang == "en"], code in new.powers) for code, names in dutylist.POWERS.items()]


def _leads(desk: Desk, chosen: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Who may lead, by level: the body of the place first, then departments, towns, communities."""
    found: dict[str, list[tuple[str, str]]] = {}
    first = [(dutylist.STREET, _("所在镇街")), (dutylist.COMMUNITY, _("所在社区（村）"))]
    for body in bodies.all_bodies(on=desk.row.effective.lower):
        found.setdefault(body.level, []).append((body.code, body.called(desk.lang)))
    order = ("city_dept", "district_dept", "company", "street", "town", "community", "village")
    levels = sorted(found, key=lambda level: (order.index(level) if level in order else 2, level))
    groups = [(_("按事发地"), first), *((_levels().get(level, level), found[level]) for level in levels)]
    if chosen and not any(code == chosen for _level, options in groups for code, _name in options):
        groups.append((_("现在写的"), [(chosen, desk.called.get(f"body:{chosen}", chosen))]))
    return groups


def _levels() -> dict[str, str]:
    return {
        "city": _("市级"), "city_dept": _("市级部门"), "district": _("区县"), "district_dept": _("区县部门"),
        "company": _("企业"), "street": _("镇街"), "town": _("镇街"), "community": _("社区（村）"),
        "village": _("社区（村）"),
    }  # fmt: skip


def _clocks(lang: str) -> dict[str, str]:
    return {
        "promise": _("对外承诺"), "handling": _("办理"), "sign": _("签收时限"), "contact": _("首次联系"),
        "review": _("审核"), "part": _("协办"),
    }  # fmt: skip


def _units() -> dict[str, str]:
    return {
        "wd": _("个工作日"), "hd": _("个半天（工作日）"), "nd": _("个自然日"), "wh": _("个工作小时"),
        "nh": _("个自然小时"), "nm": _("分钟"), "mo": _("个月"), "wm": _("工作分钟"),
    }  # fmt: skip


def _clock_rows(new: NewItem, lang: str) -> list[dict[str, str]]:
    rows = []
    for clock, label in _clocks(lang).items():
        amount = new.promises.get(clock, "")
        count = amount.rstrip("abcdefghijklmnopqrstuvwxyz")
        rows.append({"clock": clock, "label": label, "n": count, "unit": amount[len(count) :] or "wd"})
    return rows


def _fact_groups(desk: Desk) -> list[tuple[str, list[tuple[str, str]]]]:
    """All facts that a condition may ask, by kind, and the questions of the matters."""
    at = 1 if desk.lang == "en" else 0
    groups = [(titles[at], [(f, fact_words(f, at, desk.called)) for f in facts]) for titles, facts in FACT_GROUPS]
    asked = sorted(f"{ANSWER}{code}" for code in desk.known.words.questions)
    return [*groups, (_("事项的附加问题"), [(f, fact_words(f, at, desk.called)) for f in asked])]


def _node(node: Node, desk: Desk, focus: str, is_asked: bool) -> dict[str, Any]:  # noqa: FBT001
    """One group or test as the template draws it; unless one asked, a test still being filled in is not scolded."""
    at, words = (1 if desk.lang == "en" else 0), desk.known.words
    told = [f[at] for f in node.faults] if is_asked or any(node.values) else []
    page: dict[str, Any] = {
        "path": node.path, "kind": node.kind, "negated": node.negated, "faults": told,
        "focus": node.path == focus, "is_root": node.path == conditions.ROOT,
    }  # fmt: skip
    if node.kind != "test":
        return page | {"parts": [_node(p, desk, focus, is_asked) for p in node.parts]}
    space, kind = conditions.space(node.fact, node.op), conditions.kind_of(node.fact, node.op, words)
    known = [(code, _called(space, code, desk)) for code in sorted(words.known(space))] if space else []
    few = len(known) <= conditions.FEW
    return page | {
        "fact": node.fact, "op": node.op, "value_kind": kind, "few": few, "choices": known if few else [],
        "ops": [(op, OPERATOR_NAMES[op][at]) for op in conditions.operators(node.fact, words)],
        "values": _values(node, kind, few), "chosen": [v for v in node.values if v], "space": space,
        "unit": conditions.unit_of(node.fact, node.op, words), "first": (node.values or [""])[0],
        "second": (node.values[1:] or [""])[0], "codes": [code for code, _name in known],
        "named": [(v, _called(space, v, desk)) for v in dict.fromkeys(node.values) if v and v in words.known(space)],
    }  # fmt: skip


def _values(node: Node, kind: str, few: bool) -> list[str]:  # noqa: FBT001
    """The fields of typed codes: one for each, and an empty one behind them."""
    given = [v for v in node.values if v]
    if kind == "codes" and not few:
        return [*given, ""]
    return given[:1] or [""]


def _called(space: str, code: str, desk: Desk) -> str:
    name = desk.called.get(f"{space}:{code}", "")
    return f"{name}（{code}）" if space == "body_kind" and name else name or _levels().get(code, code)


def _sentence(root: Node, desk: Desk) -> dict[str, Any]:
    """The condition in words, as the list prints it; or that it is not complete yet."""
    stands = conditions.told(root, desk.known.words) if not any(n.faults for n in root.walk()) else False
    if not stands:
        count = sum(bool(n.faults) for n in root.walk())
        return {"stands": False, "count": count, "faults": root.faults}
    cond = dutylist.parse_condition(conditions.to_json(root, desk.known.words))
    return {"stands": True, "text": dutylist.sentence(cond, "en" if desk.lang == "en" else "zh", desk.called)}


def _suggestions(root: Node, desk: Desk) -> list[tuple[str, list[tuple[str, str]]]]:
    """The lists behind typed codes, once for each space that the form needs; matters always."""
    words = desk.known.words
    spaces = {"matter"} | {
        s for n in root.walk() if n.kind == "test" and (s := conditions.space(n.fact, n.op))
        if len(words.known(s)) > conditions.FEW
    }  # fmt: skip
    return [(s, [(c, desk.called.get(f"{s}:{c}", c)) for c in sorted(words.known(s))]) for s in sorted(spaces)]


def _codes(desk: Desk) -> dict[str, dict[str, str]]:
    """Space → name → code, so that a name can be typed where a code is meant; a name of two codes is no name."""
    found: dict[str, dict[str, str]] = {}
    twice: set[tuple[str, str]] = set()
    for key, name in desk.called.items():
        space, _sep, code = key.partition(":")
        names_of = found.setdefault(space, {})
        if names_of.setdefault(name, code) != code:
            twice.add((space, name))
    for space, name in twice:
        del found[space][name]
    return found


def _lang() -> str:
    return "en" if (translation.get_language() or "").startswith("en") else "zh"
