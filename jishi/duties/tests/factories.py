"""A small town's book and lists, made by the real verbs; other rooms' tests stand on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import an_actor
from jishi.bodies.tests.factories import COMMUNITY_A, COUNTY, a_town
from jishi.duties.actions import codebook, founding, lists
from jishi.duties.actions.codebook import NewMatter
from jishi.duties.sheet import COLUMNS, NewItem, cells_of
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.kernels import dutylist
from jishi.kernels.dutylist import Facts, Place

HOLDER = f"streets:{COUNTY}"
DEPTH = {"code": "depth_cm", "text": "水大约多深", "text_en": "How deep is the water?", "type": "number", "unit": "cm"}
WARRANTY = {
    "code": "warranty", "text": "过保修期了吗", "text_en": "Out of warranty?", "type": "choice",
    "choices": [{"code": "in", "text": "还在保修", "text_en": "covered"},
        {"code": "expired", "text": "已过保修", "text_en": "expired"}],
}  # fmt: skip
BOOK = (
    NewMatter("01", "供水排水", "Water"), NewMatter("01.02", "排水防涝", "Drainage"),
    NewMatter("01.02.01", "雨水井堵塞", "Blocked drain", aliases=("雨水篦子堵",)),
    NewMatter("01.02.03", "道路积水", "Flooded road", questions=(DEPTH,)),
    NewMatter("02", "房屋", "Housing"), NewMatter("02.01", "房屋维修", "Repairs"),
    NewMatter("02.01.01", "楼顶漏水", "Leaking roof", questions=(WARRANTY,)),
    NewMatter("02.01.04", "邻里漏水", "Leak between neighbours"),
)  # fmt: skip
DEEP = {"fact": "answers.depth_cm", "op": "≥", "value": 50, "unit": "cm"}
COVERED = {"fact": "answers.warranty", "op": "is", "value": "in"}
ITEMS = (
    NewItem("基本-001", "basic", "老旧小区雨水口清掏", ("01.02.01",),
        {"fact": "place", "op": "in_kind", "value": "old_estate"},
            "$street", promises={"promise": "5wd", "handling": "4wd"}, priority=60),
    NewItem("基本-002", "basic", "邻里漏水调解", ("02.01.04",), None, "$community",
            legal_basis="物业管理条例|第十条|街道办事处", promises={"promise": "7wd"}),
    NewItem("配合-001", "assist", "市政雨水井疏通", ("01.02",), None, "swj", "市水务局", "负责疏通", "巡查上报",
            promises={"promise": "3wd", "handling": "2wd"}),
    NewItem("收回-001", "taken_back", "深水处置", ("01.02.03",), DEEP, "cgj", "市城管局", "负责处置",
            promises={"promise": "1wd"}, priority=70),
    NewItem("收回-002", "taken_back", "保修期内渗漏督促", ("02.01.01",), COVERED, "swj", "市水务局", "督促建设单位"),
    NewItem("配合-002", "assist", "维修资金使用指导", ("02.01.01",), {"not": COVERED}, "cgj", "市城管局", "指导",
        "征求意见"),
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """A founded town: ids by body code, the first edition, and people who keep and adopt lists."""

    tenant_id: int
    bodies: dict[str, int]
    list_id: int
    keeper: Actor
    authority: Actor


def a_stage(tenant_id: int, *, items: Sequence[NewItem] = ITEMS, from_day: date = date(2025, 1, 1)) -> Stage:
    """Found bodies, book and lists of a small town."""
    bodies, by = a_town(tenant_id), system(tenant_id)
    with scope.work(by):
        codebook.adopt_book(BOOK, number=1, effective_from=date(2025, 1, 1), source="test", by=by, now=MONDAY_TEN)
        founding.set_fallback(COUNTY, bodies["sqzx"], from_day=date(2025, 1, 1), by=by, now=MONDAY_TEN)
        list_id = founding.load_lists(
            as_csv(items), title="镇街履职事项清单", holder=HOLDER, effective_from=from_day,
            document_no="云办〔2025〕1号",
            by=by, now=MONDAY_TEN,
        )  # fmt: skip
    return Stage(
        tenant_id, bodies, list_id, an_actor(tenant_id, "office", body_id=bodies["bgs"], post_id=11),
        an_actor(tenant_id, "ruler", body_id=bodies["bgs"], post_id=12),
    )  # fmt: skip


def as_csv(items: Sequence[NewItem]) -> str:
    """Write items as the csv that the founding reads."""
    rows = [list(COLUMNS), *(cells_of(i) for i in items)]
    return "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)


def a_draft(
    stage: Stage, *, items: Sequence[NewItem] = ITEMS, from_day: date = date(2026, 6, 1), now: datetime = MONDAY_TEN
) -> int:
    """Draft the second edition; gives its id."""
    with scope.work(stage.keeper):
        return lists.draft(
            HOLDER, title="镇街履职事项清单", effective_from=from_day, items=items, by=stage.keeper, now=now
        )


def facts_of(matter: str, *, kinds: tuple[str, ...] = (), community: str = COMMUNITY_A, **answers: object) -> Facts:
    """Give the facts of a report about a matter at a community of the first street."""
    place = Place((f"{community[:6]}000000", f"{community[:9]}000"), community=community, kinds=frozenset(kinds))
    found = {"matter": dutylist.entered(matter), "place": dutylist.derived(place)}
    return found | {f"answers.{k}": dutylist.said(v) for k, v in answers.items()}  # type: ignore[arg-type]
