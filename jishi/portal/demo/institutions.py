"""The town's institutions, read from `institutions/demo`: bodies, code book, duty lists, golden cases."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jishi.kernels.dutylist import POWERS
from jishi.kernels.dutylist.conditions import parse_condition
from jishi.kernels.dutylist.items import Editions, Item, ListKind
from jishi.kernels.dutylist.items import Matter as BookMatter
from jishi.portal.demo import ground
from jishi.portal.demo.nouns import (
    Body,
    Choice,
    Division,
    DutyItem,
    GoldenDispatch,
    GoldenMessage,
    LegalBasis,
    Matter,
    Question,
)

FOLDER = Path(__file__).resolve().parents[3] / "institutions" / "demo"
KINDS: Mapping[str, ListKind] = {"基本履职": "basic", "配合履职": "assist", "上级收回": "taken_back"}
COORDINATOR = "sqzx"
CODES = {zh: code for code, (zh, _en) in POWERS.items()}


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def bodies() -> tuple[Body, ...]:
    """This will read the bodies of the town."""
    return tuple(Body(**row) for row in _toml("bodies.toml")["body"])


@cache
def matters() -> tuple[Matter, ...]:
    """This will read the code book, three levels, parents before children."""
    return tuple(_matter(row) for row in _toml("matters.toml")["matter"])


def _matter(row: Mapping[str, Any]) -> Matter:
    code = row["code"]
    questions = tuple(
        Question(
            code=q["code"],
            zh=q["zh"],
            en=q["en"],
            type=q["type"],
            unit=q.get("unit"),
            choices=tuple(Choice(**c) for c in q.get("choices", ())),
        )
        for q in row.get("question", ())
    )
    return Matter(
        code=code,
        name=row["name"],
        name_en=row.get("name_en", ""),
        parent=code.rpartition(".")[0] or None,
        level=code.count(".") + 1,
        aliases=tuple(row.get("aliases", ())),
        public=True,
        default_visibility=row.get("default_visibility", "public_after_review"),
        at_home=row.get("at_home", False),
        spot=row.get("spot", False),
        life_days=row.get("life_days", 30),
        questions=questions,
    )


@cache
def duty_items() -> tuple[DutyItem, ...]:
    """This will read the three duty lists that both streets share, in printed order."""
    with (FOLDER / "duty_items.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_duty_item(row) for row in csv.DictReader(file))


def _duty_item(row: Mapping[str, str]) -> DutyItem:
    return DutyItem(
        number=row["序号"],
        kind=KINDS[row["类别"]],
        name=row["事项名称"],
        matters=tuple(row["事项代码"].split(";")),
        condition=json.loads(row["条件"]) if row["条件"] else None,
        lead_body=row["主办单位"],
        powers=tuple(CODES[name] for name in row["法定职权"].split(";") if name),
        superior_dept=row["对应上级部门"],
        superior_duty=row["上级部门职责"],
        own_part=row["镇街配合职责"],
        receiving_office=row["承接部门"],
        way=row["工作方式"],
        legal_basis=tuple(LegalBasis(*line.split("|")) for line in row["法律依据"].split(";") if line),
        promises=dict(pair.split("=") for pair in row["时限"].split(";")),
        priority=int(row["优先级"]),
        examples=tuple(row["示例"].split(";")) if row["示例"] else (),
        remark=row["备注"],
    )


@cache
def golden_dispatches() -> tuple[GoldenDispatch, ...]:
    """This will read the facts whose answer the lists must keep giving."""
    return tuple(
        GoldenDispatch(
            id=row["id"],
            text=row["text"],
            matter=row["matter"],
            place=row["place"],
            community=row["community"],
            place_kinds=tuple(row.get("place_kinds", ())),
            zones=tuple(row.get("zones", ())),
            answers=row.get("answers", {}),
            channel=row.get("channel", "phone"),
            said_at=row.get("said_at"),
            outcome=row["outcome"],
            items=tuple(row.get("items", ())),
            bodies=tuple(row.get("bodies", ())),
            ask=tuple(row.get("ask", ())),
            why=row["why"],
        )
        for row in _toml("golden_dispatches.toml")["dispatch"]
    )


@cache
def golden_messages() -> tuple[GoldenMessage, ...]:
    """This will read the sentences for which the right body must be among the first three."""
    return tuple(GoldenMessage(**row) for row in _toml("golden_messages.toml")["message"])


def editions(divisions: tuple[Division, ...]) -> Editions:
    """This will make the lists ready for `dutylist.decide`: both streets hold the same three lists."""
    holders = tuple(code for code in ground.STREETS)
    items = tuple(
        Item(
            number=item.number,
            list_id=f"yunxi/{item.kind}",
            list_kind=item.kind,
            name=item.name,
            lead_body=item.lead_body,
            holder=holders,
            matters=item.matters,
            condition=parse_condition(dict(item.condition) if item.condition else None),
            own_part=item.own_part,
            powers=item.powers,
            superior_dept=item.superior_dept,
            superior_duty=item.superior_duty,
            promises=item.promises,
            priority=item.priority,
            effective_from=date(2025, 1, 1),
        )
        for item in duty_items()
    )
    held = {body.division: body.code for body in bodies() if body.level in ("street", "community")}
    return Editions(
        items,
        matters={m.code: BookMatter(m.code, m.name, m.parent or "") for m in matters()},
        body_levels={body.code: body.level for body in bodies()},
        coordinators={ground.COUNTY: COORDINATOR} | {d.code: held[d.code] for d in divisions if d.level == 4},
        holders=held,
    )
