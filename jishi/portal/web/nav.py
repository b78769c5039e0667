"""Where a person may go from the bar, by what they are and which roles their post holds.

An entry whose page is not mounted is left out, so the bar never leads nowhere. A post with many ways in keeps one row:
the first stand in the bar, the rest behind a word that opens them (no script needed).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from jishi.foundation.actor import Actor
from jishi.places.queries import houses


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in: name of the address, label, icon, the roles that open it (none: everybody of the group).

    `may`: where the post's area counts besides its roles, what the page itself asks.
    """

    name: str
    label: Any
    icon: str
    roles: frozenset[str] = frozenset()
    may: Callable[[Actor], bool] | None = None


# who has cases before them; the three administrators see no content of a case by their office (trust §4.2)
WORKING = frozenset(
    {
        "operator",
        "dispatcher",
        "handler",
        "head",
        "reviewer",
        "feedback",
        "supervisor",
        "office",
        "ruler",
        "auditor",
    }
)
# what a post does, in one word; titles of posts are the town's own words
ROLES = {
    "operator": _("话务员"), "dispatcher": _("派单员"), "handler": _("承办员"), "reviewer": _("审核员"),
    "feedback": _("回访员"), "supervisor": _("督办员"), "head": _("单位负责人"), "grid_worker": _("网格员"),
    "office": _("领导小组办公室"), "ruler": _("终审岗"), "mediator": _("调解员"), "volunteer": _("志愿者"),
    "auditor": _("审计员"), "system_admin": _("系统管理员"), "security_admin": _("安全管理员"),
}  # fmt: skip
RESIDENT = (
    Entry("home", _("首页"), "home"),
    Entry("mine", _("我的事"), "mine"),
    Entry("map", _("身边"), "map"),
    Entry("duties", _("谁来管"), "law"),
    Entry("my-grid", _("我的网格"), "pin"),
    Entry("assembly", _("议事"), "vote"),
    Entry("offers", _("办事"), "offer"),
    Entry("open", _("公开"), "book"),
)
GRID_WORKER = (
    Entry("grid-today", _("今天"), "home"),
    Entry("grid-report", _("上报"), "speak"),
    Entry("cases", _("事件"), "list"),
    Entry("desk-map", _("地图"), "map"),
    Entry("duties", _("谁来管"), "law"),
)
STAFF = (  # in the order of use: the bar shows the first, the rest are one press away
    Entry("operator", _("话务台"), "phone", frozenset({"operator"})),
    Entry("dispatch", _("派单台"), "desk", frozenset({"dispatcher"})),
    Entry("inbox", _("我单位"), "house", frozenset({"handler"})),
    Entry("pocket", _("随身页"), "walk", frozenset({"volunteer"})),
    Entry("review", _("审核"), "check", frozenset({"reviewer"})),
    Entry("feedback", _("回访台"), "speak", frozenset({"feedback"})),
    Entry("mediations", _("我的调解"), "people", frozenset({"mediator"})),
    Entry("record", _("留痕核对"), "check", frozenset({"auditor", "system_admin", "security_admin"})),
    Entry("dead-letters", _("没送到的"), "send", frozenset({"system_admin"})),
    Entry("break-glass", _("应急通道"), "lock", frozenset({"supervisor", "auditor", "security_admin"})),
    Entry("stuck", _("卡住的事"), "group", frozenset({"supervisor", "office", "ruler", "auditor"})),
    Entry("dispatch", _("派单台"), "desk", frozenset({"ruler"})),  # where what two bodies contest lies
    Entry("cases", _("事件"), "list", WORKING),
    Entry("whistles", _("吹哨台"), "bell", frozenset({"office", "ruler"})),
    Entry("second-look", _("等复核"), "eye", frozenset({"office"})),  # what no reviewer may judge
    Entry("unsealings", _("解封"), "lock", frozenset({"supervisor", "office"})),
    Entry("reminders", _("提醒"), "bell", frozenset({"handler", "head", "dispatcher", "reviewer"})),
    Entry("topic-board", _("每月一题"), "scale", frozenset({"office", "ruler", "handler", "head", "auditor"})),
    Entry("clusters", _("热点"), "bell", frozenset({"dispatcher", "operator", "supervisor", "office", "ruler"})),
    Entry("errands", _("跑腿单"), "walk", frozenset({"dispatcher", "handler"})),
    Entry("gridplan", _("网格方案"), "map", frozenset({"office"})),
    Entry("knowledge-kept", _("知识库"), "book", frozenset({"operator", "dispatcher", "handler", "head", "office"})),
    Entry("import", _("导入"), "file", frozenset({"operator", "dispatcher"})),
    Entry("map", _("地图"), "map", WORKING),
    Entry("patrols", _("巡查路线"), "walk", frozenset({"dispatcher", "office"})),
    Entry("bodies", _("单位和岗位"), "house", frozenset({"office", "security_admin"})),
    Entry("places", _("地方"), "pin", frozenset({"office"})),
    Entry("houses-kept", _("小区和楼栋"), "house", may=houses.keeps_houses),
    Entry("notices", _("通知"), "bell", frozenset({"office"})),
    Entry("mediators-kept", _("调解员"), "people", frozenset({"office"})),
    Entry("transitions", _("过渡板"), "people", frozenset({"office"})),
    Entry("auto-offers", _("自动派单"), "send", frozenset({"office"})),
    Entry("danger-rules", _("险情规则"), "bell", frozenset({"dispatcher", "office"})),
    Entry("models", _("模型"), "chart", frozenset({"office", "system_admin", "dispatcher", "auditor"})),
    Entry("duties", _("履职清单"), "law"),
)

IN_THE_BAR = 5  # as many as stand in one row at 1280 px in either language, beside the town, the post and the way out


def entries_of(actor: Actor | None) -> tuple[Entry, ...]:
    """This will give the ways that fit the actor: residents and grid workers five, staff what roles open."""
    if actor is None or actor.kind != "staff":
        return RESIDENT
    if is_grid_worker(actor):
        return GRID_WORKER
    fit = [e for e in STAFF if (not e.roles or actor.has(*e.roles)) and (e.may is None or e.may(actor))]
    return tuple({e.name: e for e in fit}.values())  # each once, where it stands first


def is_grid_worker(actor: Actor | None) -> bool:
    """Somebody out in the streets with a phone, and nothing besides."""
    return actor is not None and actor.kind == "staff" and "grid_worker" in actor.roles <= {"grid_worker", "volunteer"}


def has_dock(actor: Actor | None) -> bool:
    """Residents and grid workers hold a phone: five entries at the thumb. Desks have the bar."""
    return entries_of(actor) in (RESIDENT, GRID_WORKER)


def links(actor: Actor | None, path: str, counts: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """This will give the entries as {name, url, label, icon, count, current, more}; the longest match wins.

    `more`: it stands behind the word that opens the rest. One way too many is no reason to hide two.
    """
    found = []
    for entry in entries_of(actor):
        try:
            url = reverse(entry.name)
        except NoReverseMatch:
            continue
        found.append(
            {
                "name": entry.name,
                "url": url,
                "label": entry.label,
                "icon": entry.icon,
                "count": (counts or {}).get(entry.name),
                "current": False,
                "more": False,
            }
        )
    here = [
        e
        for e in found
        if path == e["url"] or (e["url"] != "/" and path.startswith(e["url"].rstrip("/") + "/"))
    ]
    if here:
        max(here, key=lambda e: len(e["url"]))["current"] = True
    if len(found) > IN_THE_BAR + 1 and not has_dock(actor):
        for rest in found[IN_THE_BAR:]:
            rest["more"] = True
    return found


def behind(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """This will give what stands behind the word: the entries, and the one that is open now."""
    rest = [e for e in found if e["more"]]
    return {"entries": rest, "current": next((e for e in rest if e["current"]), None)}
