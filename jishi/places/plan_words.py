"""What a calculation found, in sentences of both languages: faults, exemptions, certificates, relaxations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jishi.kernels import gridplan as planner
from jishi.places.models import PlanRun
from jishi.places.plan_files import Frozen

MOST = 200  # findings of a kind that are kept
NAMED = 3  # addresses named in a sentence

RULES = {
    "H1": ("有楼没有分进网格", "a unit is in no grid"), "H2": ("不连成一片", "is not in one piece"),
    "H3": ("把一个小区拆开了", "splits a compound"), "H4": ("户数不在区间里", "is out of the band of households"),
    "H5": ("跨过了屏障", "crosses a barrier"), "H6": ("跨过了社区边界", "crosses the community's border"),
    "H7": ("走得太远", "is too far to walk"), "H8": ("网格数不对", "the number of grids is another"),
    "H9": ("动了钉住的楼", "moves a pinned unit"), "exemption": ("豁免不成立", "lists a needless exemption"),
}  # fmt: skip
EXEMPT = {
    "oversize_alone": ("{n} 户在一栋楼里，不能再分", "{n} households in one building that cannot be parted"),
    "small_island": ("{n} 户在屏障后面，自成一格", "{n} households behind a barrier, a grid of their own"),
    "unpeopled": ("没有住户的地面", "ground without homes"),
}


REASONS = {
    "was_over": ("原网格超过上限", "its old grid was above the band"),
    "was_under": ("原网格不足下限", "its old grid was below the band"),
    "cut_off": ("与原网格不再相连", "it hangs together with its old grid no more"),
    "makes_room": ("给别处让位", "it makes room for others"),
    "new_unit": ("新楼", "it is new"),
    "border_rule": ("原来跨了边界", "its old grid crossed a border"),
    "too_far": ("原网格里有人走得太远", "somebody in its old grid walked too far"),
    "by_hand": ("人工调整", "it was moved by hand"),
    "better": ("更近", "it is nearer"),
}


SLIP = (
    "本楼从 {day} 起归 {after} 网格，原来是 {before} 网格。原因：{why}。正在办的事不用重新说。",
    "From {day} this house belongs to grid {after}, until then to grid {before}. Why: {why}. Nothing that is being "
    "dealt with has to be said again.",
)
SCAN = "扫一扫，看由谁服务、打哪个电话 · Scan to see who serves you and whom to call"


def slip(before: str, after: str, day: str, reason: str) -> tuple[str, str]:
    """Say on paper which grid a house will belong to, from which day, why; in both languages at once."""
    why = REASONS.get(reason, (reason, reason))
    zh, en = (
        text.format(day=day, after=after[12:], before=before[12:], why=said)
        for text, said in zip(SLIP, why, strict=True)
    )
    return zh, en


def fault(one: planner.Fault, code_of: Mapping[int, str]) -> tuple[str, str]:
    """Say a fault in both languages, with the grid and the number."""
    zh, en = RULES.get(one.rule, (one.code, one.code))
    code = code_of.get(one.grid, "")
    number = {
        "H4": (f"：{one.number} 户", f": {one.number} households"),
        "H7": (f"：有人要走 {one.number} 米", f": somebody would walk {one.number} m"),
    }.get(one.rule, ("", ""))
    who = (f"{code[12:]} 网格", f"Grid {code[12:]} ") if code else ("", "")
    return f"{who[0]}{zh}{number[0]}", f"{who[1]}{en}{number[1]}"


def bare(code: str) -> dict[str, Any]:
    """Give the row of a grid whose units all stand outside the community's border: it would have no ground."""
    zh = f"{code[12:]} 网格的楼都在社区界外，没有地面"
    return {"kind": "fault", "code": "H6:no_ground", "grid_code": code, "zh": zh,
            "en": f"Grid {code[12:]} has no ground: its buildings stand outside the community's border"}  # fmt: skip


def findings(
    frozen: Frozen, plan: planner.Plan, faults: Sequence[planner.Fault], codes: Mapping[int, str], run: PlanRun
) -> list[dict[str, Any]]:
    """Give what is kept beside a run, row by row."""
    rows = []
    for one in faults[:MOST]:
        zh, en = fault(one, codes)
        rows.append({"kind": "fault", "code": f"{one.rule}:{one.code}", "zh": zh, "en": en,
                     "grid_code": codes.get(one.grid, "")})  # fmt: skip
    for exemption in plan.exemptions[:MOST]:
        zh, en = (t.format(n=exemption.households) for t in EXEMPT[exemption.kind])
        rows.append({"kind": "exemption", "code": exemption.kind, "zh": zh, "en": en,
                     "grid_code": codes[exemption.grid]})  # fmt: skip
    if faults:
        rows += [_certificate(c, frozen) for c in plan.certificates[:MOST]]
        rows += [_relaxation(r, frozen, run) for r in plan.relaxations[:MOST]]
    return rows


def _who(frozen: Frozen, units: Sequence[int]) -> tuple[str, str]:
    names = list(dict.fromkeys(str(frozen.labels[u]) for u in units))
    if len(names) > NAMED:
        return f"{'、'.join(names[:NAMED])}等 {len(names)} 处", f"{', '.join(names[:NAMED])} and others ({len(names)})"
    return "、".join(names), ", ".join(names)


def _certificate(one: planner.Certificate, frozen: Frozen) -> dict[str, Any]:
    zh, en = _who(frozen, one.units)
    band, n = frozen.problem.band, one.households
    far = one.evidence.get("max_walk_m") if one.kind != "packing" else frozen.problem.max_walk_m
    zh_far = f"、没有人走超过 {far:g} 米的一格" if far else ""
    en_far = f" in which nobody walks more than {far:g} m" if far else ""
    told = {
        "no_count": (f"{zh}合起来 {n} 户：分成几个网格都不在 {band.lo}–{band.hi} 户里。",
                     f"{en}: {n} households together fit no number of grids of {band.lo}–{band.hi}."),
        "too_small": (f"{zh}只有 {n} 户，与别处不相连，不够一个网格的 {band.lo} 户。",
                      f"{en}: {n} households lie alone, a grid needs {band.lo}."),
        "too_big": (f"{zh}有 {n} 户，不能再分，一个网格最多 {band.hi} 户。",
                    f"{en}: {n} households cannot be parted, a grid holds {band.hi} at most."),
        "homeless": (f"{zh}（{n} 户）和周围哪些楼连在一起，都凑不成 {band.lo}–{band.hi} 户{zh_far}。",
                     f"{en} ({n} households): no connected ground around it holds {band.lo}–{band.hi}{en_far}."),
        "packing": (f"{zh}共 {n} 户：每处都能凑成一格，但凑不成互不重叠{zh_far}的一套。",
                    f"{en}, {n} households: each has a possible grid, but no set of them fits together{en_far}."),
    }.get(one.kind) or _cut(one, frozen, (zh, en))  # fmt: skip
    zh, en = (f"{said}{mark}" for said, mark in zip(told, _by_solver(one), strict=True))
    return {"kind": "certificate", "code": one.kind, "zh": zh[:600], "en": en[:600]}


def _cut(one: planner.Certificate, frozen: Frozen, names: tuple[str, str]) -> tuple[str, str]:
    """What hangs together by few places alone: which; or by one way each: that every way of parting was looked at."""
    band, n = frozen.problem.band, one.households
    many = (f" {one.evidence['count']} 个", f"{one.evidence['count']} ") if "count" in one.evidence else ("", "")
    if "hubs" in one.evidence:
        hubs = _who(frozen, one.evidence["hubs"])
        return (f"{names[0]}（{n} 户）全靠{hubs[0]}连在一起：没有这里，其余各块都不够一格；每格都要含其中一处，"
                f"凑不成{many[0]} {band.lo}–{band.hi} 户的网格。",
                f"{names[1]} ({n} households) hang together by {hubs[1]} alone: without it, every part "
                f"is too small. Each grid needs one of these places: "
                f"no {many[1]}grids of {band.lo}–{band.hi} come out.")  # fmt: skip
    return (f"{names[0]}（{n} 户）之间都只有一条路相连，怎么分，都分不成{many[0]} {band.lo}–{band.hi} 户的网格。",
            f"{names[1]} ({n} households) are joined by one way each: however they are parted, "
            f"no {many[1]}grids of {band.lo}–{band.hi} come out.")  # fmt: skip


def _by_solver(one: planner.Certificate) -> tuple[str, str]:
    """Mark a proof that nobody replayed, with the model that the solver was asked (spec 21 §5: solver proof)."""
    if not one.solver_proof:
        return "", ""
    model = str(one.evidence.get("model", ""))[:12]
    return (f"这是求解器的证明，没有一步步重走过；模型 {model}。",
            f" This is the solver's proof, not replayed step by step; model {model}.")  # fmt: skip


def _relaxation(one: planner.Relaxation, frozen: Frozen, run: PlanRun) -> dict[str, Any]:
    if one.kind == "pair":
        return _pair(one, frozen, run)
    zh, en = _who(frozen, one.units)
    w = np.asarray(frozen.problem.units.households, np.int64)
    asked: dict[str, Any] = {}
    if one.kind in ("band", "both"):
        homes = [int(w[list(g)].sum()) for g in one.grids]
        asked = {"ask_lo": min([run.lo, *homes]), "ask_hi": max([run.hi, *homes])}
        out = [h for h in homes if not run.lo <= h <= run.hi]
        listed = "、".join(str(h) for h in out[:8]), ", ".join(str(h) for h in out[:8])
        told = (f"放宽区间到 {asked['ask_lo']}–{asked['ask_hi']} 户（有网格是 {listed[0]} 户）",
                f"Widen the band to {asked['ask_lo']}–{asked['ask_hi']} (grids of {listed[1]})")  # fmt: skip
        more, sure = ("。", "."), ("", "")
        if one.kind == "both":
            asked["ask_walk_m"], sure = one.walk_m, _how_sure(one)
            more = (f"，同时最远步行放宽到 {one.walk_m} 米（现在限 {run.max_walk_m} 米）。",
                    f" and let the longest walk be {one.walk_m} m (now {run.max_walk_m} m).")  # fmt: skip
        told = (told[0] + more[0] + sure[0], told[1] + more[1] + sure[1])
    elif one.kind == "island":
        asked = {"ask_islands": True}
        n = int(w[list(one.units)].sum())
        told = (f"允许 {zh} 的 {n} 户自成一格。", f"Let the {n} households of {en} be a grid of their own.")
    elif one.kind == "split":
        asked, name = _split(one, frozen)
        told = (f"允许拆开{name}所在的小区，沿楼栋分。", f"Let the compound of {name} be split along its buildings.")
    elif one.kind == "walk":
        asked = {"ask_walk_m": one.walk_m}
        told = (f"最远步行放宽到 {one.walk_m} 米（现在限 {run.max_walk_m} 米）。",
                f"Let the longest walk be {one.walk_m} m (now {run.max_walk_m} m).")  # fmt: skip
    elif one.kind == "crossing":
        told = ("把一处已有的通道登记进来。", "List a crossing that exists.")
    else:
        told = ("允许一个网格跨社区，两个社区都要签字。", "Let one grid cross the border; both communities sign.")
    said = {"kind": "relaxation", "code": one.kind, "zh": told[0][:600], "en": told[1][:600]}
    return {**said, "price": one.price, **asked}


def _pair(one: planner.Relaxation, frozen: Frozen, run: PlanRun) -> dict[str, Any]:
    """Two rules together; a press asks for both, unless one of them is first to be entered or signed elsewhere."""
    rows = [_relaxation(part, frozen, run) for part in one.parts]
    asks = [{k: v for k, v in row.items() if k.startswith("ask_")} for row in rows]
    merged = {k: v for ask in asks for k, v in ask.items()} if all(asks) else {}
    zh, en = "".join(row["zh"] for row in rows), " ".join(row["en"] for row in rows)
    return {"kind": "relaxation", "code": "pair", "zh": zh[:600], "en": en[:600], "price": one.price, **merged}


def _how_sure(one: planner.Relaxation) -> tuple[str, str]:
    """Say of two limits that give way together whether less would do."""
    if one.at_least is None:
        return "还能不能更省，没有算清。", " Whether less would do is not known."
    if one.at_least >= one.price:
        return "已证明只动这两条上限没有更省的办法。", " It is proved that nothing less of these two limits would do."
    return f"代价低于 {one.at_least:.0f} 的不行。", f" Nothing under {one.at_least:.0f} would do."


def _split(one: planner.Relaxation, frozen: Frozen) -> tuple[dict[str, Any], str]:
    """Which compound, and one of its addresses: the planner's sentence names it by its number."""
    number = int(one.sentence.split()[2]) if one.sentence.startswith("Split compound ") else -1
    rows = np.flatnonzero(np.asarray(frozen.problem.atoms) == number)
    if not len(rows):
        return {}, _who(frozen, one.units[:1])[0]
    return {"ask_split_id": int(frozen.compounds[rows[0]])}, str(frozen.labels[rows[0]])
