"""What a check of a drafted edition finds: blockers and warnings, each with its items and, where it can, a witness."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any, Final

from jishi.bodies import queries as bodies
from jishi.duties import memory, sheet
from jishi.duties.models import DutyItem, DutyList, GoldenDispatch
from jishi.duties.reading import facts_from
from jishi.duties.states import ListState
from jishi.duties.vocabulary import vocabulary_of
from jishi.foundation import scope
from jishi.kernels import dutylist
from jishi.kernels.dutylist import Editions, Finding, Item, Vocabulary

Page = dict[str, Any]
BLOCKER, WARNING = "blocker", "warning"
QUICK_BOXES: Final = 60  # a line that needs more boxes to be shown hidden is left out: only a warning is lost
FOUNDING: Final = "founding"

# code → what a person reads, Chinese and English. {items} are numbers, {detail} what the finding says.
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "different_leads": ("两条都可能是最合适的，主办却不同：{items}", "both can be best, with different leads: {items}"),
    "golden_fails": ("样例不再成立：{detail}", "an example no longer holds: {detail}"),
    "equal_items": ("两条除编号外完全相同：{items}", "equal but for their numbers: {items}"),
    "matter_retired": ("事项代码已停用：{detail}", "this matter is retired: {detail}"),
    "unknown_matter": ("事项分类里没有：{detail}", "not in the code book: {detail}"),
    "unknown_body": ("单位名录里没有：{detail}", "no such body: {detail}"),
    "body_ends_earlier": ("主办单位在有效期内撤销：{detail}", "the body ends during the period: {detail}"),
    "body_is_ending": (
        "主办单位要撤销，在那天之前公布新的一版：{detail}",
        "the lead ends; publish a new edition before its day: {detail}",
    ),
    "body_begins_later": ("生效那天主办单位还没有成立：{detail}", "the body does not exist yet: {detail}"),
    "taken_back_item_names_a_town_lead": ("上级收回的事项写了镇街主办", "a taken-back item names a town as lead"),
    "assist_item_names_a_town_lead": ("配合事项写了镇街主办", "an assist item names a town as lead"),
    "too_complex": ("条件太复杂，请拆成几条：{items}", "too complex, split the item: {items}"),
    "no_legal_basis": ("没有写法律依据", "no legal basis is given"),
    "duplicate_items": ("条件、事项、主办都一样：{items}", "same matter, condition and lead: {items}"),
    "not_covered": ("没有哪一条管到：{detail}", "no item covers: {detail}"),
    "never_matches": ("怎样都对不上，这一条用不到", "no facts ever match; the item is never used"),
    "hidden_by": ("总是被前面的条目盖住：{items}", "always behind others: {items}"),
    "unknown_zone": ("没有登记这个范围：{detail}", "no such zone is registered: {detail}"),
    "zone_ends_earlier": ("这个范围在有效期内撤销：{detail}", "the zone ends during the period: {detail}"),
    "zone_begins_later": ("生效那天这个范围还没有划定：{detail}", "the zone does not exist yet: {detail}"),
    "unknown_grid": ("没有这个网格：{detail}", "no such grid: {detail}"),
    "unknown_division": ("没有这个区划：{detail}", "no such division: {detail}"),
    "unknown_question": ("没有事项问这个问题：{detail}", "no matter asks this: {detail}"),
    "unknown_value": ("没有这个选项：{detail}", "no such choice: {detail}"),
    "unknown_kind": ("没有这一类地点：{detail}", "no such kind of place: {detail}"),
    "unknown_tag": ("没有这个标签：{detail}", "no such tag: {detail}"),
    "unknown_body_kind": ("没有这一类单位：{detail}", "no such kind of body: {detail}"),
    "wrong_operator": ("比较方法和问题的类型不合：{detail}", "operator and question do not fit: {detail}"),
    "wrong_unit": ("单位不对：{detail}", "wrong unit: {detail}"),
}  # fmt: skip


def sentence(page: Mapping[str, Any], lang: str = "zh") -> str:
    """Say a stored finding."""
    zh, en = SENTENCES.get(page["code"], ("{detail}", "{detail}"))
    text = en if lang.startswith("en") else zh
    joint = ", " if lang.startswith("en") else "、"
    return text.format(items=joint.join(page["items"]), detail=page.get("detail") or page["code"])


class Draft:
    """An edition in the making, standing where it would stand on its first day: beside the lists of the others."""

    def __init__(self, row: DutyList) -> None:
        self.row = row
        self.day: date = row.effective.lower
        self.law = memory.law(self.day)
        self.rows = list(DutyItem.objects.filter(tenant_id=row.tenant_id, list=row).order_by("position"))

    @cached_property
    def items(self) -> list[Item]:
        levels = self.law.editions.body_levels
        return [memory.as_kernel(each, self.row, levels) for each in self.rows]

    @cached_property
    def editions(self) -> Editions:
        """The law of the first day with this edition in place of its holder's former one."""
        others = tuple(i for i in self.law.editions.items if i.list_id != self.row.holder)
        return replace(self.law.editions, items=(*others, *self.items))

    @cached_property
    def words(self) -> Vocabulary:
        return vocabulary_of(self.law)

    def is_own(self, finding: Finding) -> bool:
        return any(key[0] == self.row.holder for key in finding.items)


def blocking(draft: Draft) -> list[Page]:
    """Give what is checked at every step of the life: words, leads, conflicts, golden dispatches. About a second."""
    found = [f for line in draft.editions.lines if line.item.list_id == draft.row.holder
             for f in dutylist.item_findings(line.item, draft.editions, draft.words)]  # fmt: skip
    found += [f for f in dutylist.duplicates(draft.editions) if draft.is_own(f)]
    found += [f for f in dutylist.conflicts(draft.editions, draft.words) if draft.is_own(f)]
    pages = [_page(f) for f in found]
    pages += [*_equal(draft), *_retired(draft), *golden(draft.editions, draft.day)]
    return sorted(pages, key=lambda p: (p["severity"], p["code"], p["items"]))


def thorough(draft: Draft) -> list[Page]:
    """Give all findings: also what no item covers, what never matches and what others always hide. Some seconds."""
    found = [f for f in dutylist.hidden(draft.editions, draft.words, limit=QUICK_BOXES) if f.code != "too_complex"]
    pages = [*blocking(draft), *(_page(f) for f in found if draft.is_own(f)), *_holes(draft)]
    return sorted(pages, key=lambda p: (p["severity"], p["code"], p["items"]))


def blockers(pages: Iterable[Page]) -> list[Page]:
    """Those that stop the list; one excused by name at the founding of a town does not."""
    return [p for p in pages if p["severity"] == BLOCKER and not p.get("excused")]


def _page(finding: Finding) -> Page:
    page: Page = dict(finding.page())
    page["items"] = [item[2] for item in finding.items]
    return page


def _made(code: str, severity: str, items: Sequence[str], detail: str = "") -> Page:
    empty: Page = {"path": "", "witness": None, "day": None}
    return {"code": code, "severity": severity, "items": list(items), "detail": detail, **empty}


def as_new(row: DutyItem) -> sheet.NewItem:
    """Give a stored item as a file or a form has it."""
    return sheet.NewItem(
        row.number, row.kind, row.name, tuple(row.matters), row.condition or None, row.lead_body, row.superior_dept,
        row.superior_duty, row.own_part, row.receiving_office, row.way, row.legal_basis, dict(row.promises),
        row.priority,
        row.examples, row.remark, tuple(row.powers),
    )  # fmt: skip


def _equal(draft: Draft) -> Iterable[Page]:
    seen: dict[tuple[object, ...], str] = {}
    for row in draft.rows:
        first = seen.setdefault(as_new(row).without_number, row.number)
        if first != row.number:
            yield _made("equal_items", BLOCKER, [first, row.number])


def _retired(draft: Draft) -> Iterable[Page]:
    for row in draft.rows:
        for code in row.matters:
            matter = draft.law.matters.get(code)
            if matter is not None and matter.becomes.get("codes"):
                detail = f"{code} → {'、'.join(matter.becomes['codes'])}"
                yield _made("matter_retired", BLOCKER, [row.number], detail)


def _holes(draft: Draft) -> Iterable[Page]:
    areas = areas_of(draft)
    if not areas:
        return
    for row in matrix(draft, [a.division_code for a in areas]).rows:
        open_cells = [cell.division for cell in row if cell.state == "none"]
        if open_cells:
            name = draft.law.matters[row[0].matter].name
            yield _made("not_covered", WARNING, [], f"{row[0].matter} {name}（{len(open_cells)}/{len(row)}）")


def areas_of(draft: Draft) -> list[bodies.BodyName]:
    """Give the bodies whose ground the edition is asked for: the holder's communities, or streets and towns."""
    what, _, division = draft.row.holder.partition(":")
    levels = ["community", "village"] if what == "communities" else ["street", "town"]
    found = [
        b for b in bodies.all_bodies(on=draft.day, levels=levels)
        if not division or b.division_code.startswith(division.rstrip("0"))
    ]  # fmt: skip
    return sorted(found, key=lambda b: (b.division_code, b.code))


def matrix(draft: Draft, divisions: Sequence[str], matters: Sequence[str] = ()) -> dutylist.Coverage:
    """Give every matter of the book (or those named) in every division: covered, sometimes, by nothing."""
    codes = matters or [m.code for m in draft.law.leaves]
    return dutylist.coverage(draft.editions, codes, divisions, draft.day)


def contested(draft: Draft) -> list[Page]:
    """Give the pairs of lines that can both be best with different leads, each with facts that show it."""
    found = dutylist.conflicts(draft.editions, draft.words)
    return [_page(f) for f in found if draft.is_own(f)]


def golden(editions: Editions, day: date) -> list[Page]:
    """Decide every golden dispatch by these editions; gives one finding per broken one, naming it."""
    rows = GoldenDispatch.objects.filter(tenant_id=scope.current().actor.tenant_id, retired_because="").order_by("ref")
    found = []
    for row in rows:
        got = answer(editions, day, row.facts)
        if (why := difference(row.expected, got)) is not None:
            page = _made("golden_fails", BLOCKER, got["items"], f"{row.ref}：{row.text or row.why}。{why}")
            found.append({**page, "golden": row.ref})
    return found


def ending(list_ids: Sequence[int], lang: str) -> dict[int, list[Page]]:
    """Give, by list, the lines of published editions whose lead has an end while they are in force: one statement,
    none while no body has an end. A check sees a draft; this sees what happened to a list after its publication."""
    leads = {b.code: (b.called(lang), b.active_to) for b in bodies.names().values() if b.active_to is not None}
    if not leads:
        return {}
    rows = DutyItem.objects.filter(
        tenant_id=scope.current().actor.tenant_id, list_id__in=list_ids, list__state=ListState.PUBLISHED,
        lead_body__in=leads,
    )  # fmt: skip
    named: dict[tuple[int, str], list[str]] = {}
    for list_id, number, code, span in rows.order_by("list_id", "position").values_list(
        "list_id", "number", "lead_body", "list__effective"
    ):
        if span is not None and (span.upper is None or leads[code][1] < span.upper):
            named.setdefault((list_id, code), []).append(number)
    found: dict[int, list[Page]] = {}
    for (list_id, code), numbers in named.items():
        detail = "{} {}".format(*leads[code])
        found.setdefault(list_id, []).append(_made("body_is_ending", WARNING, numbers, detail))
    return found


def answer(editions: Editions, day: date, facts: Mapping[str, Any]) -> Page:
    """Give what these editions answer, in the shape of a golden dispatch's expectation."""
    decided = dutylist.decide(facts_from(facts), editions, day)
    items = (decided.item,) if decided.item else tuple(c.item for c in decided.candidates)
    named = {decided.body} if decided.body else {c.body for c in decided.candidates if c.body}
    return {
        "outcome": decided.outcome, "items": [i.number for i in items], "bodies": sorted(named),
        "ask": list(decided.missing),
    }  # fmt: skip


def difference(expected: Mapping[str, Any], got: Mapping[str, Any]) -> str | None:
    """Say how an answer differs from what is expected; None when it does not. What is not expected is not compared."""
    for key in ("outcome", "ask", "items", "bodies"):
        if key not in expected:
            continue
        wanted, had = expected[key], got.get(key)
        same = sorted(wanted) == sorted(had or ()) if isinstance(wanted, list) else wanted == had
        if not same:
            return f"{key}：{_said(wanted)} → {_said(had)}"
    return None


def _said(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
