"""The same rules once more, the slow way: no index, no compiling, straight from the words of the
specification."""

from itertools import combinations, product

from jishi.kernels.dutylist import COMMUNITY, STREET, All, Any, Not, Test
from jishi.kernels.dutylist.items import natural

CLASSES = ("zone", "grid", "community", "street", "district", "city", "province")
HEAD = {2: "province", 4: "city", 6: "district", 9: "street", 12: "community"}


def head(code):
    return next((code[:n] for n in (2, 4, 6, 9) if set(code[n:]) <= {"0"}), code)


def truth(cond, ask):
    """Kleene, over a function that answers a test."""
    if isinstance(cond, Test):
        return ask(cond)
    if isinstance(cond, Not):
        inner = truth(cond.part, ask)
        return None if inner is None else not inner
    found = [truth(part, ask) for part in cond.parts]
    if isinstance(cond, All):
        return False if False in found else None if None in found else True
    return True if True in found else None if None in found else False


def answer(facts):
    def ask(test):
        fact = facts.get(test.fact)
        if test.op == "known":
            return fact is not None
        return None if fact is None else ANSWERS[test.op](fact.value, test.value)

    return ask


def many(value):
    return value if isinstance(value, tuple) else (value,)


def _is(value, wanted):
    if isinstance(value, bool):
        return value == wanted
    if not isinstance(value, str):
        return value.code == wanted
    return _first(value == wanted, wanted.startswith(value + "."))


def _first(yes, maybe):
    return True if yes else None if maybe else False


def _under(value, wanted):
    yes = any(value == w or value.startswith(w + ".") for w in many(wanted))
    return _first(yes, any(w.startswith(value + ".") for w in many(wanted)))


def _division(value, wanted):
    last = head(value.divisions[-1])
    yes = any(last.startswith(head(w)) for w in many(wanted))
    return _first(yes, any(head(w).startswith(last) for w in many(wanted)))


def _marked(values, wanted, place):
    return _first(bool(set(values) & set(many(wanted))), not place.exact)


ANSWERS = {
    "is": _is,
    "in": lambda v, w: _first(v in w, any(code.startswith(v + ".") for code in w)),
    "under": _under,
    "has": lambda v, w: w in v,
    "has_all": lambda v, w: set(w) <= v,
    "empty": lambda v, w: (len(v) == 0) == w,
    "≥": lambda v, w: v >= w,
    "between": lambda v, w: w[0] <= v <= w[1],
    "is_kind": lambda v, w: v.kind in many(w),
    "in_division": _division,
    "in_zone": lambda v, w: _marked(v.zones, w, v),
    "in_kind": lambda v, w: _marked(v.kinds, w, v),
    "in_grid": lambda v, w: _marked({v.grid}, w, v) if v.grid is None else v.grid in many(w),
    "weekday_in": lambda v, w: v.at.isoweekday() in w,
    "is_working": lambda v, w: v.working == w,
    "after": lambda v, w: v.at.date().isoformat() > w,
    "time_between": lambda v, w: v.at.strftime("%H:%M") >= w[0] or v.at.strftime("%H:%M") < w[1],
    "season_between": lambda v, w: v.at.strftime("%m-%d") >= w[0] or v.at.strftime("%m-%d") <= w[1],
}


def areas(item, world):
    found = set()
    for code in item.holder:
        if len(code) == 12:
            found.add(code)
        else:
            named = {division for division, body in world.holders.items() if body == code}
            if not named:
                return ()
            found |= named
    return tuple(sorted(found))


def whole(item, world):
    parts = [item.condition]
    if item.matters:
        parts.append(Test("matter", "under", item.matters))
    if areas(item, world):
        parts.append(Test("place", "in_division", areas(item, world)))
    scope = [
        ("in_division", item.scope.divisions),
        ("in_grid", item.scope.grids),
        ("in_zone", item.scope.zones),
    ]
    if any(codes for _, codes in scope):
        parts.append(Any(tuple(Test("place", op, codes) for op, codes in scope if codes)))
    return All(tuple(parts))


def each_test(cond, positive=True):
    if isinstance(cond, Test):
        yield cond, positive
    elif isinstance(cond, Not):
        yield from each_test(cond.part, not positive)
    else:
        for part in cond.parts:
            yield from each_test(part, positive)


def place_class(item, world):
    named = []
    for test, positive in each_test(item.condition):
        if positive and test.op in ("in_zone", "in_grid"):
            named.append(test.op.removeprefix("in_"))
        if positive and test.op == "in_division":
            named += [HEAD[len(head(code))] for code in many(test.value)]
    named += ["zone"] * bool(item.scope.zones) + ["grid"] * bool(item.scope.grids)
    named += [HEAD[len(head(code))] for code in item.scope.divisions]
    if not (item.scope.zones or item.scope.grids or item.scope.divisions):
        named += [HEAD[len(head(code))] for code in areas(item, world)]
    return min((CLASSES.index(name) for name in named), default=CLASSES.index("city"))


def rank(item, facts, world):
    matter = facts["matter"].value if "matter" in facts else ""
    depths = [len(m.split(".")) for m in item.matters if matter == m or matter.startswith(m + ".")]
    tests = len(list(each_test(item.condition)))
    newest = -item.effective_from.toordinal()
    return (-item.priority, -max(depths, default=0), place_class(item, world), -tests, newest)


def lead(item, facts, world):
    """(body, known): the lead, or that the place does not tell yet."""
    size = {STREET: 9, COMMUNITY: 12}.get(item.lead_body)
    if size is None:
        return item.lead_body, True
    last = head(facts["place"].value.divisions[-1]) if "place" in facts else ""
    if len(last) < size:
        return None, False
    return world.holders.get(last[:size].ljust(12, "0")), True


def missing(item, facts, world, told):
    """The shortest list of facts such that some answers to their tests make the item match, by trying all."""
    cond, ask = whole(item, world), answer(facts)
    places = [test for test, _ in each_test(cond) if ask(test) is None]
    names = sorted({test.fact for test in places} | (set() if told else {"place"}))
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            if (told or "place" in chosen) and _can(cond, ask, places, chosen):
                return chosen
    return None


def _can(cond, ask, places, chosen):
    free = [at for at, test in enumerate(places) if test.fact in chosen]
    for guesses in product((True, False), repeat=len(free)):
        by_place = dict(zip(free, guesses, strict=True))
        turn = iter(range(len(places)))

        def guess(test, turn=turn, by_place=by_place):
            found = ask(test)
            return by_place.get(next(turn)) if found is None else found

        if truth(cond, guess) is True:
            return True
    return False


def decide(facts, world, day):
    """(outcome, number, body, candidates, missing) by reading every item."""
    yes, maybe = [], []
    for item in world.items:
        if not item.effective_from <= day or (item.effective_to and item.effective_to <= day):
            continue
        found = truth(whole(item, world), answer(facts))
        body, told = lead(item, facts, world)
        if found is False or (told and body is None):
            continue
        if found is True and told:
            yes.append((rank(item, facts, world), item, body))
        else:
            maybe.append((rank(item, facts, world), item, body, missing(item, facts, world, told)))
    best = min((one[0] for one in yes), default=None)
    tied = sorted(
        (one for one in yes if one[0] == best), key=lambda one: (natural(one[1].number), one[1].key)
    )
    bodies = {one[2] for one in tied}
    open_ones = [
        one
        for one in maybe
        if one[3] is not None
        and len(one[3]) in (1, 2)
        and (best is None or one[0] < best or (one[0] == best and bodies != {one[2]}))
    ]
    if open_ones:
        first = min(open_ones, key=lambda one: (one[0], len(one[3]), one[3]))
        return ("ask", None, None, None, first[3])
    if not tied:
        return ("fallback", None, None, [], ())
    named = [(one[1].key, one[2]) for one in tied]
    if len(bodies) > 1:
        return ("contested", None, None, named, ())
    return ("named", tied[0][1].key, tied[0][2], named, ())
