"""What stands on the ground: roads and bridges, compounds and buildings, facilities, their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

from jishi.portal.demo import ground
from jishi.portal.demo.ground import Cell, bend, column_start, edges, in_cell
from jishi.portal.demo.nouns import (
    Building,
    Compound,
    Coord,
    Division,
    Facility,
    GazetteerEntry,
    Grid,
    Line,
    Ring,
    Road,
)

# Between rows, from the south: name west of the river, name east of it, bridge.
CROSS_STREETS = (
    ("麦场路", "南塘后街", None),
    ("南塘路", "南塘路", "南塘桥"),
    ("翠竹南路", "桥东南街", None),
    ("云溪大道", "云溪大道", "云溪桥"),
    ("翠竹北路", "石坊街", None),
    ("柳岸南路", "柳岸南路", "柳岸桥"),
    ("青溪路", "石坊北街", None),
    ("柳岸北路", "东园北路", None),
)
# Between columns, from the west; the river's banks are the seventh and eighth.
LONG_STREETS = {
    1: "西环路", 2: "青溪巷", 3: "竹园路", 4: "翠竹路", 5: "书声路", 6: "老街", 7: "滨河西路",
    8: "河东路", 9: "桥东路", 10: "东市街", 11: "石坊路", 12: "东园路", 13: "东环路",
}  # fmt: skip
ROAD_ALIASES = {
    "云溪大道": ("大道", "云溪路"),
    "老街": ("老大街",),
    "滨河西路": ("河边路",),
    "东环路": ("外环", "环城东路"),
}

# Compounds that the town is known for, and the grid each stands in.
WELL_KNOWN = {
    "翠竹03": ("翠竹苑", "望溪公寓"), "青溪02": ("青溪里",), "柳岸01": ("柳岸小区",),
    "石坊02": ("石坊新村",),
    "桥东02": ("桥东家园",), "河西03": ("阳光里",), "河西02": ("和平里",), "柳岸02": ("清波苑",),
    "柳岸05": ("河畔花园",), "石坊03": ("石坊巷1–19号",),
    "老街02": ("老街40–88号",), "东园04": ("园区职工公寓",),
    "南塘07": ("南塘安置区",), "青溪01": ("青溪村小区",),
}  # fmt: skip
NAMES = """
竹影居 听竹轩 竹溪华庭 翠微园 竹下人家 溪声里 溪语园 青溪花苑 上溪新村 青溪雅居
溪山小筑 麦香园 麦场新村 知秋里 河西一村 河西二村 书香里 梧桐小院 教师新村 书声苑
老街里 城隍巷大院 井水巷小区 钟楼里 临河里 老粮站宿舍 药局巷小区 柳荫里 柳浪苑
云柳府 拂堤苑 东堤苑 望桥里 桥头新村 东市里 纺织新村 桥东花苑 长虹里 石坊里
石匠巷小区 石榴园 坊前里 北坊苑 石坊雅苑 牌楼里 南塘里 荷塘里 塘边人家 藕香苑
南塘新居 站前小区 客运宿舍 菱角湾 塘东苑 塘湾里 东园一区 东园二区 机床厂宿舍
东园新苑 朝晖里 园丁新村 云锦里 化肥厂宿舍 东篱苑 晓园 云岭府 松风里 听涧园
溪桥里 棉麻宿舍 供销大院 水文站宿舍 丰乐里 安澜苑 永和里 乐居苑 望岭苑 和顺里
兴学里 云庐 半亩园 三余里 采薇苑 溪源里 向阳新村 岭下小区 雁来里 桂子坊 稻香里
柿子园 小河湾 玉兰院 廊桥里 竹枝苑
"""
MOST_COMPOUNDS = 90
MANAGERS = ("云和物业", "安居里物业", "溪城物业", "邻好物业", "众和物业服务站", "社区代管")

BUS_STOPS = tuple((column, row) for row in (1, 2, 4, 6, 7) for column in (2, 4, 5, 7, 8, 10, 11, 12))[:34]
# name · kind · cell · place in it · owner · other names
FACILITIES: tuple[tuple[str, str, Cell, tuple[float, float], str | None, tuple[str, ...]], ...] = (
    ("云溪市第一中学", "school", (1, 4), (5.4, 4.5), "jyj", ("一中", "云溪一中")),
    ("青溪小学", "school", (2, 7), (5.4, 0.8), "jyj", ()),
    ("柳岸小学", "school", (4, 7), (5.4, 3.2), "jyj", ()),
    ("石坊小学", "school", (10, 6), (5.4, 1.0), "jyj", ("石坊完小",)),
    ("东园学校", "school", (12, 5), (5.4, 4.8), "jyj", ("东园九年一贯制学校",)),
    ("河西幼儿园", "kindergarten", (2, 1), (5.5, 2.4), "jyj", ()),
    ("翠竹幼儿园", "kindergarten", (3, 3), (5.5, 1.2), "jyj", ()),
    ("桥东幼儿园", "kindergarten", (10, 3), (5.5, 2.0), "jyj", ()),
    ("南塘幼儿园", "kindergarten", (10, 1), (5.5, 2.0), "jyj", ()),
    ("青溪菜市场", "market", (2, 6), (5.5, 3.0), "scjg", ("青溪市场",)),
    ("南塘农贸市场", "market", (11, 1), (5.5, 3.0), "scjg", ("南塘菜场",)),
    ("柳岸便民市场", "market", (5, 6), (5.5, 3.4), "scjg", ()),
    ("河西街道卫生服务中心", "clinic", (2, 3), (5.5, 3.0), "wjw", ("河西卫生院",)),
    ("桥东街道卫生服务中心", "clinic", (9, 3), (5.5, 3.0), "wjw", ("桥东卫生院",)),
    ("云溪市中医院", "hospital", (11, 5), (5.4, 2.0), "wjw", ("中医院",)),
    ("翠竹口袋公园", "park", (4, 5), (5.5, 1.0), "ylhw", ("街心花园",)),
    ("南塘荷花池", "park", (9, 1), (5.5, 3.0), "ylhw", ("荷花池",)),
    ("东园文化广场", "square", (12, 4), (5.5, 3.0), "wtj", ("文化广场",)),
    ("市民广场", "square", (5, 4), (0.6, 5.4), "wtj", ("大广场",)),
    ("滨河步道一号亭", "pavilion", (6, 3), (5.8, 3.0), "ylhw", ("一号亭",)),
    ("滨河步道二号亭", "pavilion", (6, 5), (5.8, 3.0), "ylhw", ("二号亭",)),
    ("滨河步道三号亭", "pavilion", (6, 7), (5.8, 0.5), "ylhw", ("三号亭",)),
    ("桥东泵站", "pump_station", (8, 4), (0.4, 1.0), "swj", ("排涝泵站",)),
    ("柳岸泵站", "pump_station", (6, 6), (5.7, 4.0), "swj", ()),
    ("云溪市自来水厂", "waterworks", (0, 8), (3.0, 5.0), "gsgs", ("水厂",)),
    ("云溪市污水处理厂", "sewage_works", (8, 0), (1.0, 0.6), "psyh", ("污水厂",)),
    ("河西垃圾中转站", "transfer_station", (0, 2), (4.8, 4.9), "ylhw", ("河西中转站",)),
    ("东园垃圾中转站", "transfer_station", (13, 4), (1.0, 3.0), "ylhw", ("东园中转站",)),
    ("老街公共厕所", "toilet", (6, 4), (0.4, 3.0), "ylhw", ("老街公厕",)),
    ("桥东公共厕所", "toilet", (9, 4), (0.4, 1.0), "ylhw", ()),
    ("河西派出所", "police_station", (1, 3), (5.5, 2.0), "gaj", ()),
    ("桥东派出所", "police_station", (8, 3), (5.5, 2.0), "gaj", ()),
    ("云溪消防救援站", "fire_station", (11, 3), (5.5, 2.0), "yjj", ("消防站",)),
    ("云溪市图书馆", "library", (3, 4), (2.7, 5.5), "wtj", ("图书馆",)),
    ("云溪市政务服务中心", "office", (9, 5), (5.5, 3.0), "xzsp", ("办事大厅",)),
    ("老钟楼", "heritage", (5, 3), (5.5, 3.0), "wtj", ("钟楼",)),
    ("云溪汽修城", "office", (13, 2), (3.0, 3.0), None, ("汽修城",)),
    ("桥东步行街", "square", (9, 4), (1.6, 5.4), "cgj", ("步行街",)),
)  # fmt: skip


def roads() -> tuple[Road, ...]:
    """This will give streets, bridges, the riverside path, the railway and the canal as lines."""
    us, vs = edges()
    west, east = us[column_start(7)], us[column_start(8)]
    made: list[tuple[str, str, int, Line]] = []
    for row, (left, right, bridge) in enumerate(CROSS_STREETS, start=1):
        v, width = vs[row * ground.FINE], 32 if left == "云溪大道" else 18
        kind = "main" if bridge else "secondary"
        parts = [(left, us[0], us[-1])] if left == right else [(left, us[0], west), (right, east, us[-1])]
        made += [(name, kind, width, ground.line_along(v=v, start=a, end=b)) for name, a, b in parts]
        if bridge:
            made.append((bridge, "bridge", width, ground.line_along(v=v, start=west, end=east)))
    for column, name in LONG_STREETS.items():
        kind = "main" if column in (1, 4, 8, 11) else "lane" if name == "青溪巷" else "secondary"
        line = ground.line_along(u=us[column_start(column)], start=vs[0], end=vs[-1])
        made.append((name, kind, 8 if kind == "lane" else 20, line))
    made.append(("滨河步道", "path", 4, ground.line_along(u=west + 6, start=vs[3], end=vs[-3])))
    made.append(("云溪铁路", "railway", 12, ground.line_along(u=18.0, start=vs[0], end=vs[-1])))
    made.append(("翠竹渠", "canal", 6, ground.line_along(v=vs[4 * ground.FINE] + 20, start=us[0], end=west)))
    return tuple(
        Road(f"road-{n:02d}", name, ROAD_ALIASES.get(name, ()), kind, width, line)
        for n, (name, kind, width, line) in enumerate(made, start=1)
    )


def compounds(
    grids: list[tuple[Grid, tuple[Cell, ...]]], rng: Random
) -> tuple[list[Compound], list[Building]]:
    """This will build one compound in every general grid, a second where a block has room and is central."""
    cut = {s.cell: s for s in ground.SPECIALS}
    names = iter(NAMES.split())
    made: list[Compound] = []
    buildings: list[Building] = []
    taken = {name for names_ in WELL_KNOWN.values() for name in names_}
    spare = MOST_COMPOUNDS - sum(grid.kind == "general" for grid, _ in grids) - 1
    for grid, blocks in grids:
        if grid.kind != "general":
            continue
        known = iter(WELL_KNOWN.get(grid.name.removesuffix("网格"), ()))
        second = grid.name.startswith("翠竹03") or (len(blocks) == 2 and rng.random() < 0.34 and spare > 0)
        spare -= second
        wanted = 1 + second
        for number, cell in enumerate(sorted(blocks, key=lambda c: (c in cut, c))[:wanted]):
            name = next(known, None) or next(n for n in names if n not in taken)
            box = _lot(cut.get(cell), rng)
            compound, its = _compound(f"cp-{len(made) + 1:03d}", name, grid, cell, box, number, rng)
            made.append(compound)
            buildings += its
    return made, buildings


def _lot(special: ground.SpecialGround | None, rng: Random) -> tuple[float, float, float, float]:
    if special is None:
        left = rng.choice((0.5, 0.7, 2.6))
        low = rng.choice((0.5, 1.2, 2.0))
        return left, low, left + 2.7, low + rng.choice((2.9, 3.4))
    u0, v0, u1, v1 = special.box
    if u0 >= 3:
        return 0.4, 0.5, 2.8, 5.0
    if u1 <= 3:
        return 3.2, 0.5, 5.2, 5.0
    return 0.5, v1 + 0.3, 4.6, 5.7


def _compound(
    id_: str, name: str, grid: Grid, cell: Cell, box: tuple[float, ...], number: int, rng: Random
) -> tuple[Compound, list[Building]]:
    a, b, c, d = box
    kind = _kind_of(name)
    year = rng.randint(1978, 1998) if kind in ("unit", "old_estate", "dormitory") else rng.randint(2001, 2021)
    polygon = _box(cell, a, b, c, d)
    its = list(_buildings(id_, name, kind, year, cell, box, rng))
    aliases = [name.removesuffix("小区")] if name.endswith("小区") else []
    aliases += [f"{name}小区"] if len(name) == 3 and not name.endswith("里") else []
    made = Compound(
        id_, name, tuple(aliases), kind, grid.community, grid.code, year, sum(x.households for x in its),
        "社区代管" if kind in ("old_estate", "village") else rng.choice(MANAGERS[:-1]),
        in_cell(cell, (a + c) / 2, (b + d) / 2), polygon,
    )  # fmt: skip
    return made, its


def _kind_of(name: str) -> str:
    for words, kind in (
        (("宿舍", "公寓"), "dormitory"), (("教师", "园丁", "纺织", "大院"), "unit"),
        (("安置", "新居"), "resettlement"), (("村小区", "上溪新村"), "village"),
        (("一村", "二村", "里", "巷", "号", "新村"), "old_estate"),
    ):  # fmt: skip
        if any(word in name for word in words) and name not in ("青溪里", "望溪公寓"):
            return kind
    return "commercial"


def _buildings(
    compound: str, name: str, kind: str, year: int, cell: Cell, box: tuple[float, ...], rng: Random
) -> Iterator[Building]:
    a, b, c, d = box
    width, height = ground.COLUMNS[cell[0]] / 6, ground.ROWS[cell[1]] / 6
    tall = kind == "commercial" and year > 2008
    rows = max(2, int((d - b) * height / (58 if tall else 46)))
    across = max(1, int((c - a) * width / 66))
    number = 0
    floors = rng.choice((9, 11, 11, 17)) if tall else rng.choice((5, 6, 6, 7))
    for row in range(rows):
        for column in range(across):
            if rng.random() < (0.3 if tall else 0.08):
                continue
            number += 1
            u, v = a + 0.15 + column * (c - a) / across, d - 0.15 - row * (d - b) / rows - 14 / height
            units = rng.choice((1, 2)) if tall else rng.choice((2, 3, 3))
            yield Building(
                f"{compound}-b{number:02d}", compound, f"{number}号楼",
                (f"{number}栋", f"{number}幢", f"{number}#", f"{_chinese(number)}号楼"), floors, units,
                floors * units * 2, in_cell(cell, u + 22 / width, v + 7 / height),
                _box(cell, u, v, u + min(46 / width, (c - a) / across - 0.2), v + 14 / height),
            )  # fmt: skip


def _chinese(number: int) -> str:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十") + (digits[ones] if ones else "")


def _box(cell: Cell, a: float, b: float, c: float, d: float) -> Ring:
    corners = [
        in_cell(cell, *p) for p in ((a, b), ((a + c) / 2, b), (c, b), (c, d), ((a + c) / 2, d), (a, d))
    ]
    return (*corners, corners[0])


def facilities(grids: list[Grid], communities: Iterable[Division]) -> tuple[Facility, ...]:
    """This will place schools, markets, bridges, parks, stops, … and a service station in every community."""
    us, vs = edges()
    made: list[tuple[str, str, Coord, str | None, tuple[str, ...], Ring | None]] = []
    by_name = {g.name: g for g in grids}
    for special in ground.SPECIALS:
        grid = next(g for n, g in by_name.items() if n.endswith(f"·{special.name}专属网格"))
        u0, v0, u1, v1 = special.box
        at = in_cell(special.cell, (u0 + u1) / 2, (v0 + v1) / 2)
        made.append((special.name, special.kind, at, special.owner, special.aliases, grid.polygon))
    made += [(n, k, in_cell(c, *p), o, a, None) for n, k, c, p, o, a in FACILITIES]
    middle = (us[column_start(7)] + us[column_start(8)]) / 2
    for row, (*_, bridge) in enumerate(CROSS_STREETS, start=1):
        if bridge:
            made.append((bridge, "bridge", bend(middle - 1, vs[row * 6] + 1), "zjj", (), None))
    for column, row in BUS_STOPS:
        street = CROSS_STREETS[row - 1][0 if column <= 7 else 1]
        name = f"{street}{LONG_STREETS[column]}口站"
        made.append((name, "bus_stop", bend(us[column_start(column)] + 9, vs[row * 6] + 9), "gjgs", (), None))
    made += _stations(grids, communities)
    return tuple(
        Facility(f"fac-{n:03d}", name, aliases, kind, g.community, g.code, owner, at, ring)
        for n, (name, kind, at, owner, aliases, ring) in enumerate(made, start=1)
        for g in (grid_at(grids, at),)
    )


def _stations(
    grids: list[Grid], communities: Iterable[Division]
) -> list[tuple[str, str, Coord, str | None, tuple[str, ...], Ring | None]]:
    made: list[tuple[str, str, Coord, str | None, tuple[str, ...], Ring | None]] = []
    for community in communities:
        grid = next(g for g in grids if g.community == community.code)
        xs, ys = [p[0] for p in grid.polygon], [p[1] for p in grid.polygon]
        middle = ((min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2)
        name = f"{community.short_name}党群服务中心"
        made.append((name, "service_station", middle, None, (f"{community.short_name}服务站",), None))
    return made


def grid_at(grids: Iterable[Grid], point: Coord) -> Grid:
    """This will find the one grid that holds a point.

    :raises LookupError: when the point lies outside the town.
    """
    for grid in grids:
        if ground.inside(grid.polygon, point):
            return grid
    raise LookupError(f"{point} lies outside the town")


def with_households(grids: Iterable[Grid], made: Iterable[Compound]) -> tuple[Grid, ...]:
    """This will give the grids with the households of the compounds that stand in them."""
    count: dict[str, int] = {}
    for compound in made:
        count[compound.grid] = count.get(compound.grid, 0) + compound.households
    return tuple(replace(g, households=count.get(g.code, 0)) for g in grids)


def gazetteer(
    divisions: Iterable[Division],
    grids: Iterable[Grid],
    roads_: Iterable[Road],
    compounds_: Iterable[Compound],
    buildings: Iterable[Building],
    facilities_: Iterable[Facility],
) -> tuple[GazetteerEntry, ...]:
    """This will list every name of the town with its point, its radius and what it lies within."""
    made = [
        GazetteerEntry(
            d.code, d.name, (d.short_name,), kind, *_middle(d.boundary), _reach(d.boundary), d.parent or ""
        )
        for d in divisions
        if d.boundary
        for kind in (("county", "street", "community")[d.level - 3],)
    ]
    made += [
        GazetteerEntry(g.code, g.name, (), "grid", *_middle(g.polygon), _reach(g.polygon), g.community)
        for g in grids
    ]
    made += [
        GazetteerEntry(
            r.id, r.name, r.aliases, r.kind, *r.line[len(r.line) // 2], _reach(r.line), ground.COUNTY
        )
        for r in roads_
    ]
    made.append(
        GazetteerEntry(
            "river", "云溪河", ("云溪", "大河"), "river", *_middle(ground.river()), 2400, ground.COUNTY
        )
    )
    made += [
        GazetteerEntry(c.id, c.name, c.aliases, "compound", *c.point, _reach(c.polygon), c.community)
        for c in compounds_
    ]
    made += [GazetteerEntry(b.id, b.name, b.aliases, "building", *b.point, 30, b.compound) for b in buildings]
    made += [
        GazetteerEntry(
            f.id, f.name, f.aliases, f.kind, *f.point, _reach(f.polygon) if f.polygon else 40, f.community
        )
        for f in facilities_
    ]
    return tuple(made)


def _middle(ring: Iterable[Coord]) -> Coord:
    points = tuple(ring)
    return sum(p[0] for p in points) // len(points), sum(p[1] for p in points) // len(points)


def _reach(line: Iterable[Coord]) -> int:
    points = tuple(line)
    middle = _middle(points)
    return round(max(ground.metres_between(middle, p) for p in points))
