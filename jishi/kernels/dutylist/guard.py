"""The guard: no pushing duties down. One function, five refusals, one exception (emergency)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .facts import Json
from .items import COMMUNITY, Item

Role: TypeAlias = Literal["lead", "assist", "act_first"]

TOWNS: Final = frozenset({"town", "street"})
COMMUNITIES: Final = frozenset({"community", "village"})
WORKERS: Final = frozenset({"grid", "grid_worker"})
TOWN_OR_BELOW: Final = TOWNS | COMMUNITIES | WORKERS
LONGEST_EMERGENCY_HOURS: Final = 24  # acting first ends by itself; the room that offers it keeps the clock

# The articles of 潍坊 and 北京 are those that the specification names; their texts were not read.
# No source at hand gives the number of the article of 行政处罚法, so the refusal itself says that it was not compared.
_TOWN_LAWS: Final = ("潍坊市12345条例 第二十四条第二款", "北京市街道办事处条例 第十条")
COMMUNITY_LAWS: Final = ("北京市接诉即办工作条例 第十七条第二款", "北京市街道办事处条例 第三十二条")
# Of the other powers no law is at hand.
_POWER_LAWS: Final[Mapping[str, str]] = {"penalty": "行政处罚法 第十七条（条号未对照原文）"}

# The kinds of administrative power as lists of powers and duties 权责清单 divide them; the guiding document of 2015
# was not at hand to compare.
POWERS: Final[Mapping[str, tuple[str, str]]] = {
    "penalty": ("行政处罚", "administrative penalty"),
    "licence": ("行政许可", "administrative licence"),
    "coercion": ("行政强制", "administrative coercion"),
    "inspection": ("行政检查", "administrative inspection"),
    "confirmation": ("行政确认", "administrative confirmation"),
    "levy": ("行政征收", "administrative levy"),
    "payment": ("行政给付", "administrative payment"),
    "adjudication": ("行政裁决", "administrative adjudication"),
    "reward": ("行政奖励", "administrative reward"),
}

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "taken_back_pushed_down": {
        "zh": "{number}“{name}”已由{lead}收回，不能交给镇街及以下办理。",
        "en": "{number} “{name}” was taken back by {lead}; it cannot be given to a town or below.",
    },
    "town_cannot_lead_assist": {
        "zh": "{number}是配合事项，主办是{lead}，镇街只能协办。可以改为请{body}协办。",
        "en": "{number} is an assist item led by {lead}; a town can only assist: offer {body} as such.",
    },
    "not_on_communitys_list": {
        "zh": "{number}“{name}”不在{body}自己的清单上，不能交给社区（村）。",
        "en": "{number} “{name}” is not on the own list of {body}; it cannot be given to a community.",
    },
    "community_cannot_lead_assist": {
        "zh": "{number}是配合事项，社区（村）不能主办，主办是{lead}。",
        "en": "{number} is an assist item; a community cannot lead it. It is led by {lead}.",
    },
    "part_text_missing": {
        "zh": "{number}是{lead}自己的基本职责。请{body}协办，要写明请它做哪一部分。",
        "en": "{number} is a basic duty of {lead}. To ask {body} to assist, say which part it does.",
    },
    "lawful_power_needed": {
        "zh": "{number}需要法定职权“{power}”，由{lead}行使，社区（村）和网格员没有这项职权，不能代行。",
        "en": "{number} takes the lawful power “{power}” of {lead}; neither community nor grid worker exercises it.",
    },
}


@dataclass(frozen=True, slots=True)
class GuardRefusal:
    """A duty that may not go there: the code, the item, who leads by law and list, the articles.

    `instead` is what may be done: "assist" (offer the town as assist), "part_text" (say the part), ""
    (nothing).
    `list_ref` is the published line itself: list, edition, number.
    """

    code: str
    number: str
    name: str
    body: str
    lead: str
    articles: tuple[str, ...]
    list_ref: tuple[str, int, str]
    instead: str = ""
    powers: tuple[str, ...] = ()

    def sentence(self, lang: str = "zh", names: Mapping[str, str] | None = None) -> str:
        """The refusal as the dispatcher reads it; `names` maps body codes to names."""
        called = names or {}
        at = 1 if lang == "en" else 0
        power = (", " if at else "、").join(POWERS[p][at] for p in self.powers)
        said = {"number": self.number, "name": self.name, "power": power}
        said["lead"] = called.get(f"body:{self.lead}", called.get(self.lead, self.lead))
        said["body"] = called.get(f"body:{self.body}", called.get(self.body, self.body))
        words = _WORDS[self.code]["en" if lang == "en" else "zh"].format(**said)
        if not self.articles:
            return words
        return (
            f"{words} ({'; '.join(self.articles)})"
            if lang == "en"
            else f"{words}（{'；'.join(self.articles)}）"
        )

    def page(self) -> dict[str, Json]:
        """The refusal as JSON."""
        return {
            "code": self.code,
            "number": self.number,
            "body": self.body,
            "lead": self.lead,
            "articles": list(self.articles),
            "list": list(self.list_ref),
            "instead": self.instead,
            "powers": list(self.powers),
        }


def guard(
    item: Item, body: str, role: Role, body_level: str, *, part_text: str = "", emergency: bool = False
) -> GuardRefusal | None:
    """This will refuse an item to a body that must not be given it; None when nothing stands against it.

    `body_level`: the level of the body ("city_dept", "district_dept", "town", "street", "community",
    "village",
    "grid_worker", "company" …). In an emergency any body may be asked to *act first* (role "act_first"); the
    lawful lead is offered at the same moment by the caller. Leading and assisting stay refused.
    """
    if role == "act_first" and emergency:
        return None
    leads = role != "assist"
    if item.list_kind == "taken_back" and body_level in TOWN_OR_BELOW:
        return _refusal("taken_back_pushed_down", item, body, _TOWN_LAWS)
    if body_level in COMMUNITIES and not _on_own_list(item, body):
        return _refusal("not_on_communitys_list", item, body, COMMUNITY_LAWS)
    if leads and item.list_kind == "assist" and body_level in COMMUNITIES | TOWNS:
        return _cannot_lead(item, body, body_level)
    if item.powers and _lacks_the_power(item, body_level, leads=leads):
        laws = tuple(_POWER_LAWS[power] for power in item.powers if power in _POWER_LAWS)
        return _refusal("lawful_power_needed", item, body, laws)
    if not leads and _part_is_missing(item, body, part_text):
        return _refusal("part_text_missing", item, body, (), instead="part_text")
    return None


def _cannot_lead(item: Item, body: str, body_level: str) -> GuardRefusal:
    if body_level in COMMUNITIES:
        return _refusal("community_cannot_lead_assist", item, body, COMMUNITY_LAWS)
    return _refusal("town_cannot_lead_assist", item, body, _TOWN_LAWS[1:], instead="assist")


def _on_own_list(item: Item, body: str) -> bool:
    return body in item.holder or item.holder_level in COMMUNITIES or item.lead_body == COMMUNITY


def _lacks_the_power(item: Item, body_level: str, *, leads: bool) -> bool:
    """Neither a worker nor a community holds an administrative power. The power of an assist line is its lead's: the
    part that such a line writes for others takes none."""
    return body_level in WORKERS | COMMUNITIES and (leads or item.list_kind != "assist")


def _part_is_missing(item: Item, body: str, part_text: str) -> bool:
    """A department's own basic item, passed on to another body without a word about the part."""
    own = item.list_kind == "basic" and item.holder_level not in TOWN_OR_BELOW and body != item.lead_body
    return own and not part_text.strip()


def _refusal(code: str, item: Item, body: str, laws: tuple[str, ...], *, instead: str = "") -> GuardRefusal:
    articles = (*laws, item.legal_basis) if item.legal_basis and item.legal_basis not in laws else laws
    lead = item.lead_body if item.lead_body and not item.lead_body.startswith("$") else item.superior_dept
    return GuardRefusal(
        code, item.number, item.name, body, lead or item.lead_body, articles, item.key, instead, item.powers
    )
