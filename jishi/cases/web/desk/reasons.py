"""The reasons of triage in the reader's language: they are stored as Chinese sentences of known shapes."""

import re
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jishi.duties import queries as duties

# One shape of a piece of a reason, and how it is said. A piece that fits no shape stays in its own words.
SHAPES: tuple[tuple[re.Pattern[str], Any], ...] = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"文中有“(?P<words>.+)”，即(?P<name>.+)", _("文中有“%(words)s”，即%(name)s")),
        (r"文中有“(?P<words>.+)”，往(?P<way>[东南西北]+)(?P<m>\d+)米", _("文中有“%(words)s”，往%(way)s%(m)s米")),
        (r"文中有“(?P<words>.+)”，在它(?P<way>[东南西北]+)边", _("文中有“%(words)s”，在它%(way)s边")),
        (r"文中有“(?P<words>.+)”，离它(?P<m>\d+)米", _("文中有“%(words)s”，离它%(m)s米")),
        (r"文中有“(?P<one>.+)”和“(?P<other>.+)”之间", _("文中有“%(one)s”和“%(other)s”之间")),
        (r"文中有“(?P<words>.+)”", _("文中有“%(words)s”")),
        (r"文中两条路相交：“(?P<one>.+)”“(?P<other>.+)”", _("文中两条路相交：“%(one)s”“%(other)s”")),
        (r"离“(?P<one>.+)”与“(?P<other>.+)”的边界不到10米", _("离“%(one)s”与“%(other)s”的边界不到10米")),
        (r"楼号与地图上的点相符", _("楼号与地图上的点相符")),
        (r"与地图上的点相符", _("与地图上的点相符")),
        (r"没有说地方，按本人登记的居住地", _("没有说地方，按本人登记的居住地")),
        (r"服务跟着住的地方走", _("服务跟着住的地方走")),
        (r"不在本地网格内", _("不在本地网格内")), (r"“(?P<name>.+)”，不在本市", _("%(name)s，不在本市")),
        (r"如果是“(?P<matter>[^”]+)”：(?P<rest>.+)", _("如果是“%(matter)s”：%(rest)s")),
        (r"由人选定", _("由人选定")),
        (r"全文超过 10000 字", _("全文超过 10000 字")),
        (r"清单里没有对上的条目，由属地兜底单位牵头", _("清单里没有对上的条目，由属地兜底单位牵头")),
        (r"同一地点", _("同一地点")),
        (r"相距约(?P<m>\d+)米", _("相距约%(m)s米")),
        (r"同一天", _("同一天")),
        (r"相隔(?P<n>\d+)天", _("相隔%(n)s天")),
        (r"同在(?P<name>.+)", _("同在%(name)s")),
        (r"同一事项“(?P<matter>.+)”", _("同一事项“%(matter)s”")),
        (r"同一事项", _("同一事项")),
        (r"事项可能不同", _("事项可能不同")),
        (r"说法相近", _("说法相近")),
        (r"用了相同的词", _("用了相同的词")),
        (r"相距较远", _("相距较远")),
        (r"有一方没有说清地点", _("有一方没有说清地点")),
        (r"同一栋楼", _("同一栋楼")),
        (r"楼号不同", _("楼号不同")),
        (r"单元不同", _("单元不同")),
        (r"说的不是同样的事", _("说的不是同样的事")),
    )
)
WAYS = {"东": "E", "南": "S", "西": "W", "北": "N"}


def told(reason: str) -> str:
    """This will say a stored reason in the reader's language, piece by piece."""
    if not (get_language() or "").startswith("en"):
        return reason
    return "; ".join(_piece(piece) for piece in reason.split("；") if piece)


def _piece(text: str) -> str:
    for shape, said in SHAPES:
        if found := shape.fullmatch(text):
            facts = found.groupdict()
            if "way" in facts:
                facts["way"] = "".join(WAYS[w] for w in facts["way"])
            if "matter" in facts:
                facts["matter"] = _called(facts["matter"])
            return str(said) % facts
    return text.replace("”、“", "”, “")  # words that were said, one beside the other


def _called(matter: str) -> str:
    """Give the English name of a matter of the book; one without, or of a former book, keeps its Chinese name."""
    return next((m.called("en") for m in duties.matters().values() if m.name == matter), matter)
