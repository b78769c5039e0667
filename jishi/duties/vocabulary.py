"""The words that conditions may use in this town on a day, and what they are called."""

from collections.abc import Iterable, Mapping
from typing import Any

from jishi.bodies import queries as bodies
from jishi.duties.memory import Law
from jishi.duties.reading import chain_of
from jishi.kernels.dutylist import Question, Vocabulary
from jishi.kernels.dutylist.sentences import FACT_WORDS
from jishi.places import queries as places

# Facts whose choices are ours. The rooms above use the same codes; a project test compares them.
CHOICES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "channel": {
        "web": ("网上", "web"), "phone": ("电话", "phone"), "visit": ("来访", "visit"), "grid": ("网格", "grid"),
        "import": ("导入", "import"), "api": ("接口", "API"), "patrol": ("巡查", "patrol"),
        "open311": ("外部程序", "outside program"),
    },
    "kind": {
        "report": ("诉求", "report"), "complaint": ("投诉", "complaint"), "inquiry": ("咨询", "inquiry"),
        "help": ("求助", "plea for help"), "suggestion": ("建议", "suggestion"), "praise": ("表扬", "praise"),
        "tip_off": ("举报", "tip-off"),
    },
    "urgency": {
        "normal": ("一般", "normal"), "urgent": ("紧急", "urgent"), "emergency": ("险情", "emergency"),
    },
    "caller_kind": {
        "resident": ("居民", "resident"), "business": ("经营者", "business"), "unit": ("单位", "organisation"),
        "grid_worker": ("网格员", "grid worker"), "visitor": ("外来人员", "visitor"),
    },
    "risk_marks": {
        "injury": ("可能伤人", "somebody may get hurt"), "fire": ("火情", "fire"), "gas": ("燃气", "gas"),
        "flood": ("水患", "flood"), "crowd": ("人员聚集", "crowd"), "self_harm": ("轻生", "self-harm"),
    },
}  # fmt: skip

# Where a fact came from, as the rooms above write it beside the fact.
SOURCES: Mapping[str, str] = {
    "登记": "at intake", "诉求人": "the caller", "按文字推断": "guessed from the words", "由人选定": "said by a person",
}  # fmt: skip

# Kinds of place that a condition may ask for. What has no name here is still refused at the check.
PLACE_KINDS: Mapping[str, tuple[str, str]] = {
    "compound": ("小区", "a housing compound"), "old_estate": ("老旧小区", "an old housing estate"),
    "commercial": ("商品房小区", "a commercial housing compound"), "building": ("楼栋", "a building"),
    "road": ("道路", "a road"), "lane": ("背街小巷", "a back lane"), "path": ("步道", "a path"),
    "market": ("市场", "a market"), "school": ("学校", "a school"), "park": ("公园", "a park"),
    "river": ("河道", "a river"), "square": ("广场", "a square"), "hospital": ("医院", "a hospital"),
    "site": ("工地", "a building site"), "service_station": ("便民服务站", "a service station"),
    "village": ("村", "a village"), "company": ("企业", "a company"), "shop": ("商铺", "a shop"),
}  # fmt: skip

# How the form groups facts, and what it calls the operators; a test compares both with the kernel's closed table.
FACT_GROUPS: tuple[tuple[tuple[str, str], tuple[str, ...]], ...] = (
    (("什么事", "What"), ("matter", "kind", "urgency", "tags", "risk_marks", "reports_joined", "same_as_earlier")),
    (("在哪里", "Where"), ("place", "road_owner", "facility_owner", "compound_manager")),
    (("什么时候", "When"), ("said_at", "in_emergency")),
    (("谁、怎么说的", "Who and how"), ("caller_kind", "channel", "has_photo")),
)
OPERATOR_NAMES: Mapping[str, tuple[str, str]] = {
    "is": ("是", "is"), "in": ("是其中之一", "is one of"), "under": ("属于（含下级）", "is under"),
    "has": ("含", "has"),
    "has_any": ("含其中之一", "has one of"), "has_all": ("同时含", "has all of"), "empty": ("为空", "is empty"),
    "in_division": ("在区划", "is in division"), "in_grid": ("在网格", "is in grid"),
    "in_zone": ("在划定范围", "is in zone"),
    "in_kind": ("是这一类地点", "is of kind"), "is_kind": ("是这一类单位", "is a body of kind"),
    "=": ("等于", "="), "<": ("少于", "<"), "≤": ("不超过", "≤"), ">": ("超过", ">"), "≥": ("不少于", "≥"),
    "between": ("在两数之间", "is between"), "before": ("早于", "is before"), "after": ("晚于", "is after"),
    "between_days": ("在两天之间", "is between days"), "time_between": ("在每天的时段", "is at a time of day"),
    "weekday_in": ("在星期", "is on weekdays"), "is_working": ("在工作时间", "is in working time"),
    "season_between": ("在每年的时段", "is in a season"), "known": ("已经知道", "is known"),
}  # fmt: skip


def vocabulary_of(law: Law) -> Vocabulary:
    """Give the words of a day. Bodies, zones and grids come from their registers, with the period they exist in.

    A body or zone of another time is known with its days, so that a list naming one that ends is told.
    """
    known, marked = bodies.names().values(), places.zones()
    grids = {g.code: g.community for g in places.grids_in("", law.day)}
    divisions = {code for body in known for code in chain_of(body.division_code)}
    divisions |= {d.code for d in places.communities(day=law.day)}
    return Vocabulary(
        matters=frozenset(law.matters),
        divisions=frozenset(divisions),
        grids=grids,
        zones={z.code: z.divisions for z in marked.values()},
        kinds=frozenset(PLACE_KINDS),
        bodies={b.code: b.level for b in known},
        questions=dict(_questions(law)),
        values={fact: frozenset(choices) for fact, choices in CHOICES.items()},
        lives={f"body:{b.code}": (b.active_from, b.active_to) for b in known}
        | {f"zone:{z.code}": (z.active_from, z.active_to) for z in marked.values()},
    )


def _questions(law: Law) -> Iterable[tuple[str, Question]]:
    for matter in law.matters.values():
        for q in matter.questions:
            kind = str(q.get("type", "choice"))
            if kind == "number":
                yield str(q["code"]), Question("number", unit=str(q.get("unit") or ""))
                continue
            choices = frozenset(c["code"] for c in choices_of(q))
            yield str(q["code"]), Question("set" if kind == "many" else "code", choices)


def choices_of(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the choices of a question; yes and no of a question that is answered so."""
    if question.get("type") == "bool":
        return [{"code": "yes", "text": "是", "text_en": "Yes"}, {"code": "no", "text": "不是", "text_en": "No"}]
    return [dict(c) for c in question.get("choices", ())]


def question_of(fact: str) -> dict[str, Any]:
    """Give the question that asks for a fact that no matter asks: the kind of place, the channel, a time."""
    if fact == "place":
        kinds = [{"code": c, "text": zh, "text_en": en} for c, (zh, en) in PLACE_KINDS.items()]
        text = {"text": "在什么样的地方", "text_en": "What kind of place is it?"}
        return {"code": "place", "type": "choice", "choices": kinds, **text}
    zh, en = FACT_WORDS.get(fact, (fact, fact))
    choices = [{"code": c, "text": words[0], "text_en": words[1]} for c, words in CHOICES.get(fact, {}).items()]
    return {"code": fact, "type": "choice" if choices else "text", "choices": choices, "text": zh, "text_en": en}


def names(law: Law, lang: str) -> dict[str, str]:
    """Give what codes are called, by "space:code", for sentences and traces; kept with the law of the day."""
    key = f"names {lang[:2]}"
    if key not in law.memo:
        law.memo[key] = _names(law, lang)
    return law.memo[key]  # type: ignore[no-any-return]


def _names(law: Law, lang: str) -> dict[str, str]:
    at = 1 if lang.startswith("en") else 0
    found = {f"matter:{m.code}": m.called(lang) for m in law.matters.values()}
    for body in sorted(bodies.names().values(), key=lambda b: b.id):
        found[f"body:{body.code}"] = body.called(lang)
        if body.level in ("street", "community"):
            found[f"division:{body.division_code}"] = body.short_name if not at else body.called(lang)
    found |= {f"zone:{z.code}": z.name for z in places.zones().values()}
    found |= {f"grid:{g.code}": g.name or g.code for g in places.grids_in("", law.day)}
    found |= {f"source:{zh}": (zh, en)[at] for zh, en in SOURCES.items()}
    for fact, choices in CHOICES.items():
        found |= {f"value.{fact}:{code}": words[at] for code, words in choices.items()}
    found |= {f"kind:{code}": words[at] for code, words in PLACE_KINDS.items()}
    found |= {"body:$street": ("镇街", "the street")[at], "body:$community": ("社区（村）", "the community")[at]}
    for matter in law.matters.values():
        for q in matter.questions:
            found[f"fact:answers.{q['code']}"] = said(q, lang)
            found |= {f"answers.{q['code']}:{c['code']}": said(c, lang) for c in choices_of(q)}
    return found | {f"list:{holder}": title for holder, title in law.titles.items()}


def said(thing: Mapping[str, Any], lang: str) -> str:
    """Give the words of a question or choice in the language, Chinese where it has no other."""
    own = thing.get("text_en") or thing.get("en") if lang.startswith("en") else None
    return str(own or thing.get("text") or thing.get("zh") or thing.get("code", ""))
