"""How the lists judged a case, as the desk reads it: every item looked at, whom to ask, what would be refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.bodies.queries import BodyName
from jishi.cases.models import Case, Ruling
from jishi.cases.states import HANDOVER, Role
from jishi.cases.triage import routing
from jishi.duties import queries as duties
from jishi.duties.queries import ItemRow, Routed
from jishi.kernels import dutylist, worktime

# The order in which the kernel tells its rows, and the sign of each on a page.
MARKS: Mapping[str, str] = {
    "chosen": "yes", "refused": "nope", "contested": "maybe", "asked": "maybe", "same_body": "yes", "part": "yes",
    "lower": "nope", "unknown": "maybe", "rejected": "nope",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One item that was looked at: sign, who and which item, why."""

    mark: str
    title: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody the list names as lead. `item_id` 0: by the fallback, no item."""

    body: BodyName
    item: ItemRow | None
    sign: str  # "2 小时"

    @property
    def value(self) -> str:
        return f"{self.body.id}:{self.item.id if self.item else 0}"


@dataclass(frozen=True, slots=True)
class Judged:
    """The whole answer of the lists for one case."""

    routed: Routed
    head: str
    lines: tuple[Line, ...]
    tail: tuple[str, ...]
    targets: tuple[Target, ...]
    assists: tuple[Any, ...]
    refused: tuple[str, ...]

    @property
    def outcome(self) -> str:
        return self.routed.outcome

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The questions of the matter that would settle it.

        A missing fact that the book has no question for is in the head.
        """
        return [q for q in self.routed.questions if str(q.get("text")) != str(q.get("code"))]


def judge(case: Case, *, lang: str, now: datetime) -> Judged:
    """Ask the lists about a stored case; nothing is stored."""
    return told(routing.route_case(case, now=now), lang=lang, emergency=case.urgency == "emergency")


def told(routed: Routed, *, lang: str, emergency: bool = False) -> Judged:
    """Put a decision into lines, targets and refusals."""
    head, lines, tail = split(duties.explain(routed, lang), routed.decision.trace.page, lang)
    if not duties.dutylist_matter(routed.decision.facts):  # everything might match: the matter comes first
        return Judged(routed, head, (), tail[-1:], (), (), ())
    return Judged(
        routed, head, lines, tail, tuple(_targets(routed, lang)), tuple(routed.assists),
        tuple(_refusals(routed, lang, emergency=emergency)),
    )  # fmt: skip


def told_again(trace: str, *, lang: str) -> tuple[str, tuple[Line, ...], tuple[str, ...]]:
    """Give head, lines and tail of a decision that was stored with a handover."""
    kept = dutylist.Trace.from_json(trace)
    return split(list(dutylist.explain(kept, lang, duties.names(lang))), kept.page, lang)


def split(said: Sequence[str], page: Mapping[str, Any], lang: str) -> tuple[str, tuple[Line, ...], tuple[str, ...]]:
    """Split the told page: the first line is the result, then one line per row of the page, then what is left."""
    order = list(MARKS)
    rows = sorted(page["rows"], key=lambda row: order.index(str(row["role"])))
    gap = ": " if lang.startswith("en") else "："
    lines = []
    for text, row in zip(said[1 : len(rows) + 1], rows, strict=True):
        title, _, why = text.partition(gap)
        chosen = row["role"] == "chosen"
        plain = why.removeprefix("选中。").removeprefix("chosen. ") if chosen else why  # the page says it with a chip
        lines.append(Line(MARKS[row["role"]], title, plain, chosen))
    return said[0], tuple(lines), tuple(said[len(rows) + 1 :])


def precedents(case: Case) -> list[Ruling]:
    """Give the newest five rulings on the same matter that may be followed."""
    if not case.matter:
        return []
    rows = Ruling.objects.filter(tenant_id=case.tenant_id, matter=case.matter, precedent=True).exclude(case=case)
    return list(rows.select_related("named_body").order_by("-id")[:5])


def _targets(routed: Routed, lang: str) -> list[Target]:
    named: list[tuple[int | None, ItemRow | None]] = []
    if routed.outcome in ("named", "named_with_assist"):
        named = [(routed.body_id, routed.item)]
    elif routed.outcome in ("contested", "ask"):
        named = list(routed.candidates)
    elif routed.outcome == "fallback":
        named = [(routed.body_id, None)]
    known = bodies.names()
    found: dict[str, Target] = {}
    for body_id, item in named:
        if body_id is not None:
            one = Target(known[body_id], item, _sign(item, lang))
            found.setdefault(one.value, one)
    return list(found.values())


def _sign(item: ItemRow | None, lang: str) -> str:
    amount = (item.promises.get("sign") if item else None) or HANDOVER.clock("sign").amount
    return worktime.written(worktime.parse_amount(amount), lang)


def _refusals(routed: Routed, lang: str, *, emergency: bool) -> list[str]:
    """Say beforehand what the guard will refuse: the town's bodies as lead of items that are not theirs."""
    law, said = routed.law, []
    names = {f"body:{b.code}": b.called(lang) for b in bodies.names().values()}
    rows = {a.number: a.body_id for a in routed.assists}
    items = [(row, kernel) for row, kernel in law.by_item_id.values() if row.number in rows]
    items = [pair for pair in items if pair[0].kind == "assist" or routed.item and pair[0].id == routed.item.id]
    for row, kernel in items:
        body = bodies.names()[rows[row.number]]
        no = dutylist.guard(kernel, body.code, Role.LEAD.value, body.level, part_text="", emergency=emergency)  # type: ignore[arg-type]
        if no is not None:
            said.append(no.sentence(lang, names))
    if routed.decision.refusal is not None:
        said.append(routed.decision.refusal.sentence(lang, names))
    return list(dict.fromkeys(said))


def items_looked_at(routed: Routed) -> list[ItemRow]:
    """Give the rows of the items that the decision looked at, for citing one of them."""
    keys = [tuple(row["item"]) for row in routed.decision.trace.page["rows"]]  # type: ignore[union-attr,index,arg-type,call-overload]
    return [routed.law.items[k] for k in keys if k in routed.law.items]


def item_label(item: ItemRow, lang: str) -> str:
    """Name an item so that it can be typed and found again: number, name, whose."""
    body = next((b for b in bodies.names().values() if b.code == item.lead_body), None)
    return f"{item.number} {item.name}" + (f" · {body.called(lang)}" if body else "")


def item_by_label(text: str, *, on: datetime, lang: str, first: Sequence[ItemRow] = ()) -> int | None:
    """Find the item that a person named by its label, or by its number where one list alone has it.

    `first` are the items of the case at hand: several streets hold lines with the same words.
    """
    wanted = text.strip()
    if not wanted:
        return None
    rows = [*first, *(row for row, _ in duties.law(localdate(on)).by_item_id.values())]
    exact = [r.id for r in rows if item_label(r, lang) == wanted]
    near = [r.id for r in first if r.number == wanted]
    by_number = list(dict.fromkeys(r.id for r in rows if r.number == wanted))
    found = exact or near or by_number
    return found[0] if exact or len(set(found)) == 1 else None


def body_by_name(text: str, *, on: datetime) -> BodyName | None:
    """Find the body that a person named: full name, short name, English name or code; one that exists on the day."""
    wanted = text.strip()
    if not wanted:
        return None
    rows = bodies.all_bodies(on=localdate(on))
    found = [b for b in rows if wanted in (b.name, b.short_name, b.name_en, b.code)]
    return found[0] if found else None
