"""A small town: two streets, a zone, a grid, a code book of five matters; random items and facts over it."""

from datetime import UTC, date, datetime
from itertools import product

from hypothesis import strategies as st

from jishi.kernels.dutylist import (
    COMMUNITY,
    STREET,
    Editions,
    Fact,
    Item,
    Matter,
    Moment,
    Place,
    Question,
    Ref,
    Scope,
    Source,
    Vocabulary,
    parse_condition,
)
from jishi.kernels.dutylist.conditions import leaves

DAY = date(2026, 11, 20)
PROVINCE, CITY, DISTRICT = "330000000000", "330300000000", "330302000000"
EAST, WEST = "330302001000", "330302002000"
EAST_ONE = "330302001001"
UP = (PROVINCE, CITY, DISTRICT)
NAMES = {"1": "市政", "1.1": "道路坑槽", "1.2": "步道护栏", "2": "市容", "2.1": "占道"}
MATTERS = {code: Matter(code, name, code.rpartition(".")[0]) for code, name in NAMES.items()}
LEVELS = {
    "B-build": "city_dept",
    "B-water": "city_dept",
    "B-east": "street",
    "B-west": "street",
    "B-east-1": "community",
    "B-office": "district_dept",
    "B-city": "city_dept",
}
HOLDERS = {EAST: "B-east", WEST: "B-west", EAST_ONE: "B-east-1"}
COORDINATORS = {DISTRICT: "B-office", CITY: "B-city"}
WORDS = Vocabulary(
    matters=frozenset(MATTERS),
    divisions=frozenset({*UP, EAST, WEST, EAST_ONE}),
    grids={"G1": EAST_ONE},
    zones={"Z1": (EAST,)},
    kinds=frozenset({"river"}),
    bodies={code: "dept" if level.endswith("dept") else level for code, level in LEVELS.items()},
    tags=frozenset({"t", "u"}),
    questions={
        "depth": Question("number", unit="cm", minimum=0, maximum=3, whole=True),
        "scenic": Question("code", frozenset({"yes", "no"})),
    },
    values={"channel": frozenset({"phone", "web"}), "caller_kind": frozenset({"owner"})},
)
EAST_POINT = Place((*UP, EAST, EAST_ONE), None, "G1", frozenset({"Z1"}), frozenset({"river"}))
EAST_PLAIN = Place((*UP, EAST, EAST_ONE))
WEST_POINT = Place((*UP, WEST))
PLACES = (
    EAST_POINT,
    EAST_PLAIN,
    WEST_POINT,
    Place((*UP, EAST), zones=frozenset({"Z1"})),
    Place((*UP, EAST), exact=False),
    Place(UP, exact=False),
)
VALUES = {
    "matter": tuple(MATTERS),
    "channel": ("phone", "web"),
    "has_photo": (True, False),
    "tags": (frozenset(), frozenset({"t"}), frozenset({"u"}), frozenset({"t", "u"})),
    "answers.depth": (0, 1, 2, 3),
    "answers.scenic": ("yes", "no"),
    "road_owner": (Ref("B-build", "dept"), Ref("B-east", "street")),
    "said_at": (
        Moment(datetime(2026, 11, 20, 9, tzinfo=UTC), working=True),
        Moment(datetime(2026, 11, 21, 23, tzinfo=UTC), working=False),
    ),
    "place": PLACES,
}
TESTS = (
    {"fact": "matter", "op": "under", "value": "1"},
    {"fact": "matter", "op": "is", "value": "1.2"},
    {"fact": "channel", "op": "is", "value": "phone"},
    {"fact": "has_photo", "op": "is", "value": True},
    {"fact": "has_photo", "op": "known"},
    {"fact": "tags", "op": "has", "value": "t"},
    {"fact": "tags", "op": "has_all", "value": ["u", "t"]},
    {"fact": "tags", "op": "empty", "value": True},
    {"fact": "answers.depth", "op": "≥", "value": 2},
    {"fact": "answers.depth", "op": "between", "value": [1, 2]},
    {"fact": "answers.scenic", "op": "in", "value": ["yes"]},
    {"fact": "road_owner", "op": "is_kind", "value": "street"},
    {"fact": "place", "op": "in_division", "value": EAST},
    {"fact": "place", "op": "in_zone", "value": "Z1"},
    {"fact": "place", "op": "in_grid", "value": "G1"},
    {"fact": "place", "op": "in_kind", "value": ["river"]},
)
DATED_TESTS = (
    {"fact": "said_at", "op": "weekday_in", "value": [6, 7]},
    {"fact": "said_at", "op": "time_between", "value": ["22:00", "06:00"]},
    {"fact": "said_at", "op": "is_working", "value": True},
    {"fact": "said_at", "op": "season_between", "value": ["11-01", "03-31"]},
    {"fact": "said_at", "op": "after", "value": "2026-11-20"},
)


def an_item(number="基本-001", **fields):
    """An item of the building department, on every matter, everywhere, unless said otherwise."""
    given = {"list_id": "L", "list_kind": "basic", "name": "a duty", "lead_body": "B-build"}
    given |= {"holder_level": "city_dept", "legal_basis": "a law", **fields}
    if isinstance(given.get("condition"), dict):
        given["condition"] = parse_condition(given["condition"])
    return Item(number, **given)


def lists(*items, **fields):
    """The editions of these items in the small town."""
    known = {"matters": MATTERS, "body_levels": LEVELS, "coordinators": COORDINATORS, "holders": HOLDERS}
    return Editions(tuple(items), **{**known, **fields})


def facts_of(**values):
    """Facts by name; `answers__depth` stands for answers.depth."""
    return {name.replace("__", "."): Fact(value, Source("said")) for name, value in values.items()}


def conditions(tests=TESTS, *, known=True):
    """Random condition trees, as JSON."""
    leaf = st.sampled_from([test for test in tests if known or test["op"] != "known"])
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=4,
    )


@st.composite
def facts(draw):
    """Random facts, some of them missing."""
    known = {}
    for name, values in VALUES.items():
        value = draw(st.sampled_from((None, *values)))
        if value is not None:
            known[name] = Fact(value, Source("said"))
    return known


@st.composite
def item_lists(draw, tests=TESTS, most=6):
    """A few random items that like to be of equal rank."""
    items = []
    for at in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(("basic", "basic", "basic", "assist", "taken_back")))
        cond = draw(st.one_of(st.just({}), conditions(tests)))
        items.append(
            an_item(
                f"基本-{at + 1}",
                list_id=draw(st.sampled_from(("L", "M"))),
                list_kind=kind,
                lead_body=draw(st.sampled_from(("B-build", "B-water", STREET, COMMUNITY, "B-east"))),
                holder=draw(st.sampled_from(((), (EAST,), (DISTRICT,), ("B-west",)))),
                matters=draw(st.sampled_from(((), ("1",), ("1.2",), ("1", "2"), ("1.1", "1")))),
                condition=parse_condition(cond),
                scope=draw(
                    st.sampled_from((Scope(), Scope(), Scope((EAST,), (), ("Z1",)), Scope(grids=("G1",))))
                ),
                priority=draw(st.sampled_from((50, 50, 50, 60))),
                own_part=draw(st.sampled_from(("", "fence it"))),
                effective_from=draw(st.sampled_from((date(2026, 1, 1), date(2026, 1, 1), date(2026, 6, 1)))),
                effective_to=draw(st.sampled_from((None, None, date(2026, 11, 20)))),
            )
        )
    return items


def every_place(items):
    """All places of the town, as far as these items can tell them apart."""
    asked = {
        test.op for item in items for cond in (item.condition, item.scope.cond) for _, test in leaves(cond)
    }
    chains = [UP[:1], UP[:2], UP, (*UP, EAST), (*UP, WEST), (*UP, EAST, EAST_ONE)]
    grids = (None, "G1", "another") if "in_grid" in asked else (None,)
    zones = (frozenset(), frozenset({"Z1"})) if "in_zone" in asked else (frozenset(),)
    kinds = (frozenset(), frozenset({"river"})) if "in_kind" in asked else (frozenset(),)
    for chain, grid, zone, kind, exact in product(chains, grids, zones, kinds, (True, False)):
        if not (grid == "G1" and chain[-1] != EAST_ONE) and not (zone and chain[-1] == WEST):
            yield Place(chain, None, grid, zone, kind, exact)


def every_facts(items):
    """All facts, missing ones included, over the values above, of the facts that these items ask about."""
    names = {"matter", "place"} | {test.fact for item in items for _, test in leaves(item.condition)}
    values = {**VALUES, "place": tuple(every_place(items))}
    columns = [[(name, value) for value in (None, *values[name])] for name in sorted(names)]
    for row in product(*columns):
        yield {name: Fact(value, Source("said")) for name, value in row if value is not None}
