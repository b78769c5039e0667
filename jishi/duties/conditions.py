"""A condition as a form: a tree of groups and tests that is read from named fields and written back as fields.

The form knows the closed table of operators and the words of the day; it judges nothing itself: what a condition may
say is asked of the kernel, test by test, so that every fault is told beside its own test.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jishi.kernels import dutylist
from jishi.kernels.dutylist import Vocabulary
from jishi.kernels.dutylist.conditions import DEEPEST, MOST_TESTS
from jishi.kernels.dutylist.facts import ANSWER, FACT_TYPES
from jishi.kernels.dutylist.operators import KNOWN, OPERATORS, operator_for, operators_of
from jishi.kernels.dutylist.vocabulary import space_of

ROOT: Final = "c"
FEW: Final = 20  # choices that are shown at once; more are typed, with suggestions
ONE_VALUE: Final = frozenset({"is", "has"})
MANY_VALUES: Final = frozenset({"in", "has_any", "has_all"})  # these take a list even of one; the others one or a list
PAIRS: Final = frozenset({"between", "between_days", "time_between", "season_between"})
TRUTHS: Final = frozenset({"empty", "is_working"})
LONGEST_VALUE: Final = 200


Fields = Mapping[str, Sequence[str]]  # all values of each name, as `dict(request.POST.lists())` gives them


@dataclass
class Node:
    """A group (`all`, `any`) with parts, or a test; `negated` says not."""

    kind: str
    negated: bool = False
    parts: list["Node"] = field(default_factory=list)
    fact: str = ""
    op: str = ""
    values: list[str] = field(default_factory=list)
    path: str = ROOT
    faults: list[tuple[str, str]] = field(default_factory=list)  # Chinese and English

    def walk(self) -> Iterable["Node"]:
        """Give this node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def numbered(self, path: str = ROOT) -> "Node":
        """Give every node its path, by its position."""
        self.path = path
        for at, part in enumerate(self.parts):
            part.numbered(f"{path}.{at}")
        return self


class TooLarge(ValueError):
    """A form with more groups and tests than a condition may have."""


# ---- JSON ↔ nodes --------------------------------------------------------------------------------------------------


def from_json(page: Any) -> Node:
    """Read a stored condition as a form: its root is a group. :raises ConditionRefused: it is no condition."""
    root = _bare(_node(dutylist.parse_condition(page)))
    if root.kind == "test" or root.negated:
        root = Node("all", parts=[root])
    return root.numbered()


def _bare(node: Node) -> Node:
    """Take off groups that hold one part and say nothing themselves."""
    while node.kind != "test" and not node.negated and len(node.parts) == 1:
        node = node.parts[0]
    return node


def _node(cond: dutylist.Cond) -> Node:
    match cond:
        case dutylist.Not(part):
            node = _node(part)
            node.negated = not node.negated
            return node
        case dutylist.All(parts):
            return Node("all", parts=[_node(p) for p in parts])
        case dutylist.Any(parts):
            return Node("any", parts=[_node(p) for p in parts])
        case dutylist.Test():
            return Node("test", fact=cond.fact, op=cond.op, values=_texts(cond))


def _texts(test: dutylist.Test) -> list[str]:
    if test.op == KNOWN or test.value is None:
        return []
    if isinstance(test.value, bool):
        return ["yes" if test.value else "no"]
    return [str(v) for v in test.value] if isinstance(test.value, tuple) else [str(test.value)]


def to_json(root: Node, words: Vocabulary) -> dict[str, Any] | None:
    """Write the form as a condition; None where it names no test. What is not complete is written as it stands."""
    if not root.parts:
        return None
    return _page(_bare(root), words)


def _page(node: Node, words: Vocabulary) -> dict[str, Any]:
    page: dict[str, Any]
    if node.kind == "test":
        page = {"fact": node.fact, "op": node.op}
        if node.op != KNOWN:
            page["value"] = _value(node, words)
        if unit := unit_of(node.fact, node.op, words):
            page["unit"] = unit
    else:
        page = {node.kind: [_page(p, words) for p in node.parts]}
    return {"not": page} if node.negated else page


def unit_of(fact: str, op: str, words: Vocabulary) -> str:
    """Give the unit in which a question is asked, where the test compares numbers."""
    question = words.questions.get(fact.removeprefix(ANSWER)) if fact.startswith(ANSWER) else None
    return question.unit if question is not None and op in OPERATORS["number"] else ""


def _value(node: Node, words: Vocabulary) -> Any:
    given = [v for v in node.values if v]
    kind = kind_of(node.fact, node.op, words)
    if kind == "truth":
        return {"yes": True, "no": False}.get(given[0]) if given else None
    if kind == "number":
        return _number(given[0]) if given else None
    if kind == "numbers":
        return [_number(v) for v in given]
    if kind == "weekdays":
        return [int(v) if v.isdigit() else v for v in given]
    if node.op in PAIRS:
        return given
    if kind in ("day", "code") or (node.op not in MANY_VALUES and len(given) == 1):
        return given[0] if given else None
    return given


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def kind_of(fact: str, op: str, words: Vocabulary) -> str:
    """Tell what a test's value looks like: nothing, truth, number(s), day(s), times, season, weekdays, code(s)."""
    plain = {
        KNOWN: "nothing", "between": "numbers", "before": "day", "after": "day", "between_days": "days",
        "time_between": "times", "season_between": "season", "weekday_in": "weekdays",
    }  # fmt: skip
    if op in plain:
        return plain[op]
    if op in TRUTHS or (op == "is" and FACT_TYPES.get(fact) == "bool"):
        return "truth"
    if op in OPERATORS["number"]:
        return "number"
    return "code" if op in ONE_VALUE else "codes"


# ---- fields ↔ nodes ------------------------------------------------------------------------------------------------


def from_fields(said: Fields) -> Node:
    """Read the form as it was sent. :raises TooLarge: it has more parts than a condition may have."""
    below: dict[str, set[int]] = {}
    for name in said:
        path, _, what = name.partition(":")
        above, _, at = path.rpartition(".")
        if what == "k" and above.startswith(ROOT) and at.isascii() and at.isdigit():
            below.setdefault(above, set()).add(int(at))
    if sum(map(len, below.values())) > 2 * MOST_TESTS:
        raise TooLarge
    return _sent(said, ROOT, below, 1).numbered()


def _sent(said: Fields, path: str, below: Mapping[str, set[int]], depth: int) -> Node:
    if depth > DEEPEST + 2:
        raise TooLarge
    one = {what: (said.get(f"{path}:{what}") or [""])[-1] for what in "knfo"}
    kind, negated = one["k"], one["n"] == "1"
    if kind == "test":
        values = [v.strip()[:LONGEST_VALUE] for v in said.get(f"{path}:v", ())]
        return Node("test", negated, fact=one["f"], op=one["o"], values=values)
    parts = [_sent(said, f"{path}.{at}", below, depth + 1) for at in sorted(below.get(path, ()))]
    return Node("any" if kind == "any" else "all", negated, parts)


def changed(root: Node, what: str) -> tuple[Node, str]:
    """Do what a button of the form says (`test c.0`, `group c`, `drop c.1`); gives the tree and the path to look at."""
    verb, _, path = what.partition(" ")
    node = next((n for n in root.walk() if n.path == path), None)
    if node is None:
        return root, ""
    if verb == "drop" and path != ROOT:
        above = next(n for n in root.walk() if node in n.parts)
        above.parts.remove(node)
        return root.numbered(), above.path
    if verb in ("test", "group") and node.kind != "test":
        new = Node("test") if verb == "test" else Node("any", parts=[Node("test")])
        node.parts.append(new)
        root.numbered()
        return root, new.path if verb == "test" else new.parts[0].path
    return root, ""


def fitted(root: Node, words: Vocabulary) -> Node:
    """Give every test an operator that its fact has: the fact was just chosen, or another one."""
    for node in root.walk():
        known = operators(node.fact, words)
        if node.kind == "test" and known and node.op not in known:
            node.op = known[0]
    return root


def coded(root: Node, codes: Mapping[str, Mapping[str, str]]) -> Node:
    """Read names as the codes they stand for (`codes`: space → name → code); what is no name stays as it is."""
    for node in root.walk():
        if node.kind == "test":
            named = codes.get(space(node.fact, node.op), {})
            node.values = [named.get(v, v) for v in node.values]
    return root


def operators(fact: str, words: Vocabulary) -> Sequence[str]:
    """Give the operators of a fact; of a question only those that fit the way it is answered."""
    if not fact:
        return ()
    question = words.questions.get(fact.removeprefix(ANSWER)) if fact.startswith(ANSWER) else None
    return (*OPERATORS[question.type], KNOWN) if question is not None else operators_of(fact)


def space(fact: str, op: str) -> str:
    """Give the space that a test's codes belong to; empty where its value is no code."""
    if not op or operator_for(fact, op) is None:
        return ""
    return space_of(dutylist.Test(fact, op))


# ---- faults --------------------------------------------------------------------------------------------------------

_SHAPE: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_fact": ("没有“{fact}”这个事实", "there is no fact {fact}"),
    "unknown_operator": ("“{fact}”不能用“{op}”来比较", "{fact} has no operator {op}"),
    "empty_list": ("还没选值", "no value is chosen yet"),
    "missing_value": ("还没选值", "no value is chosen yet"),
    "duplicate_value": ("同一个值写了两次", "one value stands there twice"),
    "too_many_values": ("值太多了", "there are too many values"),
    "bad_code": ("这不是一个代码：{values}", "this is no code: {values}"),
    "bad_number": ("这个数不能用：{values}", "this number cannot be used: {values}"),
    "bad_range": ("起止不对：{values}", "from and to do not fit: {values}"),
    "bad_day": ("日期要写成 2026-06-01 这样", "a day is written like 2026-06-01"),
    "bad_time": ("时刻要写成 22:00 这样", "a time is written like 22:00"),
    "bad_season": ("每年的日子要写成 06-01 这样", "a day of the year is written like 06-01"),
    "bad_weekday": ("星期是 1 到 7", "a weekday is 1 to 7"),
    "wrong_operator": ("比较方法和问题的类型不合", "operator and question do not fit"),
    "wrong_unit": ("单位和问题不合", "the unit is not the question's"),
    "wrong_type": ("值写得不完整：{values}", "the value is not complete: {values}"),
}
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "matter": ("事项分类里没有“{code}”", "the code book has no {code}"),
    "division": ("没有“{code}”这个区划", "there is no division {code}"),
    "grid": ("没有“{code}”这个网格", "there is no grid {code}"),
    "zone": ("没有登记“{code}”这个范围", "no zone {code} is registered"),
    "kind": ("没有“{code}”这一类地点", "there is no kind of place {code}"),
    "body": ("单位名录里没有“{code}”", "the register of bodies has no {code}"),
    "body_kind": ("没有“{code}”这一类单位", "there is no kind of body {code}"),
    "tag": ("没有“{code}”这个标签", "there is no tag {code}"),
}
_VALUE: Final = ("没有“{code}”这个选项", "there is no choice {code}")
_NO_FACT: Final = ("选一个事实", "choose a fact")
_EMPTY: Final = ("这一组里还没有条件", "this group holds no test yet")
_TOO_MUCH: Final = ("条件太多或套得太深：最多 200 个，8 层", "too many tests or levels: at most 200 and 8")


def told(root: Node, words: Vocabulary) -> bool:
    """Write beside every node what is wrong with it; gives whether the whole condition stands."""
    for node in root.walk():
        node.faults = []
        if node.kind == "test":
            node.faults = list(_test_faults(node, words))
        elif not node.parts and node.path != ROOT:
            node.faults = [_EMPTY]
    if any(n.faults for n in root.walk()):
        return False
    try:
        dutylist.parse_condition(to_json(root, words))
    except dutylist.ConditionRefused:  # every part stands, so it is the whole that is too much
        root.faults = [_TOO_MUCH]
    return not root.faults


def _test_faults(node: Node, words: Vocabulary) -> Iterable[tuple[str, str]]:
    if not node.fact:
        yield _NO_FACT
        return
    if node.fact.startswith(ANSWER) and node.fact.removeprefix(ANSWER) not in words.questions:
        yield _said(_SHAPE["unknown_fact"], node)
        return
    page = _page(node, words)
    page = page.get("not", page)
    try:
        test = dutylist.parse_condition(page)
    except dutylist.ConditionRefused as no:
        is_empty = not any(node.values) and not no.code.startswith("unknown")
        yield _said(_SHAPE.get("missing_value" if is_empty else no.code, _SHAPE["wrong_type"]), node)
        return
    name = space(node.fact, node.op)
    for finding in dutylist.validate(test, words):
        if finding.code in ("wrong_operator", "wrong_unit"):
            yield _said(_SHAPE[finding.code], node)
    for code in (v for v in node.values if v and name):
        if code not in words.known(name) and not (name == "body" and code.startswith("$")):
            zh, en = _WORDS.get(name, _VALUE)
            yield zh.format(code=code), en.format(code=code)


def _said(pair: tuple[str, str], node: Node) -> tuple[str, str]:
    facts = {"fact": node.fact, "op": node.op, "values": "、".join(v for v in node.values if v)}
    return pair[0].format(**facts), pair[1].format(**facts)
