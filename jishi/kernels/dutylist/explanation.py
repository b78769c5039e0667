"""A trace as a clerk reads it: the choice first, then who else was looked at and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from .conditions import Test, parse_condition
from .decision import Decision
from .facts import Json
from .sentences import NO_NAMES, Names, fact_words, named, words_of
from .trace import Trace

_ROLES: Final = (
    "chosen",
    "refused",
    "contested",
    "asked",
    "same_body",
    "part",
    "lower",
    "unknown",
    "rejected",
)
_HEADS: Final[Mapping[str, tuple[str, str]]] = {
    "named": ("{n}条看过，结论：{body}", "{n} items looked at; it is for {body}"),
    "named_with_assist": (
        "{n}条看过，结论：{body}主办，{assists}协办",
        "{n} items looked at; {body} leads, {assists} assists",
    ),
    "contested": ("{n}条看过，两家都沾边：{bodies}", "{n} items looked at; contested: {bodies}"),
    "ask": ("{n}条看过，先问清：{missing}", "{n} items looked at; first ask: {missing}"),
    "fallback": (
        "{n}条看过，清单没有，兜底：{body}",
        "{n} items looked at; no item matches; {body} coordinates",
    ),
    "refused": ("{n}条看过，不能这样派：{refusal}", "{n} items looked at; it cannot go there: {refusal}"),
}
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "chosen": ("选中", "chosen"),
    "refused": ("清单指向这里，但不能这样派", "named by the list, but it cannot go there"),
    "contested": ("也对得上，而且一样优先", "matches as well, with equal rank"),
    "asked": ("如果知道{missing}就可能对上", "would match if {missing} were known"),
    "unknown": ("如果知道{missing}就可能对上", "would match if {missing} were known"),
    "same_body": ("也对得上，指向同一单位", "matches as well and names the same body"),
    "part": ("", ""),
    "lower": ("没选：{by}", "not chosen: {by}"),
}
_BY: Final[Mapping[str, tuple[str, str]]] = {
    "priority": ("优先级低于{other}", "lower priority than {other}"),
    "depth": ("事项不如{other}具体", "its matter is less specific than that of {other}"),
    "place": ("地点不如{other}具体", "its place is less specific than that of {other}"),
    "tests": ("条件不如{other}具体", "its condition is less specific than that of {other}"),
    "day": ("生效早于{other}", "in force from an earlier day than {other}"),
    "number": ("与{other}并列，编号在后", "equal to {other}, with a later number"),
}
_SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "said": ("来电人说", "said by the caller"),
    "derived": ("由地点或登记得出", "derived from the place or a register"),
    "guessed": ("系统建议", "guessed"),
    "entered": ("经办人填", "entered by a person"),
}
_MARKS: Final = {True: " ✓", False: " ✗", None: " ?"}


def explain(decision: Decision | Trace, lang: str = "zh", names: Names = NO_NAMES) -> tuple[str, ...]:
    """This will give the lines of the page, from a decision or from a stored trace, the same for both."""
    page = (decision if isinstance(decision, Trace) else decision.trace).page
    at = 1 if lang == "en" else 0
    told = cast("dict[str, str]", page["matter_names"])
    names = {**{f"matter:{code}": name for code, name in told.items()}, **names}
    rows = sorted(_pages(page["rows"]), key=lambda row: _ROLES.index(str(row["role"])))
    lines = [_head(page, at, names, len(rows) + sum(cast(int, o["count"]) for o in _pages(page["others"])))]
    lines += [_row_line(row, at, names) for row in rows]
    lines += _refused_assists(page, at, names)
    if page["others"]:
        lines.append(_others_line(_pages(page["others"]), at, names))
    return (*lines, _lists_line(page, at, names))


def _pages(page: Json) -> list[dict[str, Json]]:
    return cast("list[dict[str, Json]]", page)


def _body(names: Names, body: Json, at: int) -> str:
    return named(names, "body", str(body)) if body else ("没有单位", "nobody")[at]


def _list(words: list[str], at: int) -> str:
    return ("、", ", ")[at].join(dict.fromkeys(words))


def _head(page: Mapping[str, Json], at: int, names: Names, count: int) -> str:
    refusal = cast("dict[str, Json] | None", page["refusal"])
    said = {
        "n": count,
        "body": _body(names, page["body"], at),
        "assists": _list([_body(names, each["body"], at) for each in _pages(page["assists"])], at),
        "bodies": _list([_body(names, each["body"], at) for each in _pages(page["candidates"])], at),
        "missing": _list(
            [fact_words(str(fact), at, names) for fact in cast("list[str]", page["missing"])], at
        ),
        "refusal": _refusal(refusal, at, names) if refusal else "",
    }
    return _ended(_HEADS[str(page["outcome"])][at].format(**said), at)


def _ended(sentence: str, at: int) -> str:
    """A sentence that ends with the question it asks needs no full stop after it."""
    return sentence if sentence.endswith(("?", "？")) else sentence + ("。", ".")[at]


def _refusal(refusal: dict[str, Json], at: int, names: Names) -> str:
    from_law = _list([str(law) for law in cast("list[str]", refusal["articles"])], at)
    body, number = _body(names, refusal["body"], at), refusal["number"]
    said = (f"{number}不能派给{body}", f"{number} cannot be given to {body}")[at]
    return said + (f"（{from_law}）", f" ({from_law})")[at] if from_law else said


def _row_line(row: dict[str, Json], at: int, names: Names) -> str:
    number = cast("list[str]", row["item"])[2]
    parts = _pages(row["parts"])
    bodies = (
        [part["body"] for part in parts] if row["role"] == "part" else [row["body"]] if row["body"] else []
    )
    body = _list([_body(names, each, at) for each in bodies], at)
    head = f"{body} {number} {row['name']}".strip()
    role = str(row["role"])
    if role == "rejected":
        said = _rejected(row, at, names)
    else:
        missing = [fact_words(str(fact), at, names) for fact in cast("list[str]", row["missing"])]
        said = _SAID[role][at].format(missing=_list(missing, at), by=_lower(row, at))
    if role in ("chosen", "contested", "refused"):
        tests = [
            _test(test, at, names) + _MARKS[cast("bool | None", test["verdict"])] for test in _shown(row)
        ]
        said += ("。", ". ")[at] + ("；", "; ")[at].join(
            [*tests, (f"优先{row['priority']}", f"priority {row['priority']}")[at]]
        )
    if role == "part":
        said = _part(row, at, names)
    return _ended(f"{head}{('：', ': ')[at]}{said}", at)


def _part(row: dict[str, Json], at: int, names: Names) -> str:
    """An assist item beside the lead: who leads it, what its own body is asked to do."""
    asked = ("；", "; ")[at].join(str(each["part"]) for each in _pages(row["parts"]) if each["part"])
    if not row["parts"]:
        return ("也对得上，没有可请协办的单位", "matches as well, but there is no body to ask")[at]
    lead = _body(names, row["body"], at) if row["body"] else ""
    said = (
        f"配合事项，由{lead}主办" if lead else "配合事项",
        f"an assist item led by {lead}" if lead else "an assist item",
    )
    return said[at] + ("；已列为协办", "; asked to assist")[at] + (("：", ": ")[at] + asked if asked else "")


def _shown(row: dict[str, Json]) -> list[dict[str, Json]]:
    return [test for test in _pages(row["tests"]) if test["part"] != "holder"]


def _lower(row: dict[str, Json], at: int) -> str:
    cause = cast("dict[str, Json] | None", row.get("cause"))
    if not cause or cause["why"] != "lower":
        return ""
    return _BY[str(cause["by"])][at].format(other=cast("list[str]", cause["against"])[2])


def _rejected(row: dict[str, Json], at: int, names: Names) -> str:
    cause = cast("dict[str, Json]", row["cause"])
    if cause["why"] == "no_body":
        return ("没选：这里没有对应的单位", "not chosen: no body is named for this division")[at]
    tests = _pages(cause["tests"])
    said = [_opposite(test, at, names) for test in tests]
    return ("没选：", "not chosen: ")[at] + ("；", "; ")[at].join(said)


def _opposite(test: dict[str, Json], at: int, names: Names) -> str:
    if test["verdict"] is False:
        return ("不符“{}”", "it is not so that {}")[at].format(_test(test, at, names))
    return ("排除“{}”", "excluded because {}")[at].format(_test(test, at, names))


def _test(test: dict[str, Json], at: int, names: Names) -> str:
    page: dict[str, Json] = {key: test[key] for key in ("fact", "op", "value", "unit") if key in test}
    said = words_of(cast(Test, parse_condition(page)), at, names)
    source = cast("dict[str, Json] | None", test["source"])
    if source is None:
        return said + ("（不知道）", " (not known)")[at]
    text = named(names, "source", str(source["text"])) or _SOURCES[str(source["kind"])][at]
    if "score" in source:
        text += f" {cast(float, source['score']):.0%}"
    return said + (f"（{text}）", f" ({text})")[at]


def _refused_assists(page: Mapping[str, Json], at: int, names: Names) -> list[str]:
    left_out = ("没有请协办：{}。", "Not asked to assist: {}.")[at]
    return [left_out.format(_refusal(each, at, names)) for each in _pages(page["refused_assists"])]


def _others_line(others: list[dict[str, Json]], at: int, names: Names) -> str:
    each = [(f"{o['name']}（{o['count']}条）", f"{_matter(o, names)} ({o['count']})")[at] for o in others]
    count = sum(cast(int, o["count"]) for o in others)
    head = (
        f"其余{count}条没选，都因为事项不同支：",
        f"The other {count} belong to other branches of the matter: ",
    )[at]
    return head + _list(each, at) + ("。", ".")[at]


def _matter(other: Mapping[str, Json], names: Names) -> str:
    return names.get(f"matter:{other['matter']}") or str(other["name"])


def _lists_line(page: Mapping[str, Json], at: int, names: Names) -> str:
    lists = cast("list[list[Json]]", page["lists"])
    said = [
        (
            f"{named(names, 'list', str(name))}第{edition}版",
            f"{named(names, 'list', str(name))} edition {edition}",
        )[at]
        for name, edition in lists
    ]
    if not said:
        return (f"按{page['day']}有效的清单：没有一份管到这里。", f"On {page['day']} no list covers this.")[
            at
        ]
    return (
        (f"按{page['day']}有效的清单：", f"By the lists in force on {page['day']}: ")[at]
        + _list(said, at)
        + ("。", ".")[at]
    )
