"""From a pin and the names in a text to one place, or two, or none: a product of likelihoods (spec 12 §2)."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import shapely
from shapely import Point

from jishi.places.mentions import Said, Words, between, joined
from jishi.places.things import Ground, Thing

FLOOR, WEAK_FLOOR, PIN_FLOOR = 0.03, 0.4, 0.03
SURE = 0.6  # below it nothing is filled in
NEAR_M = 300.0
_WAYS = {"东": (1, 0), "西": (-1, 0), "北": (0, 1), "南": (0, -1)}


class Pin(NamedTuple):
    x: float
    y: float
    sigma: float  # metres


class Candidate(NamedTuple):
    """One place that the words or the pin may mean, in metres of the plane."""

    thing: int  # place in `things`; −1 for a crossing or a bare pin
    x: float
    y: float
    radius_m: float
    level: str
    label: str
    reason: str
    parts: frozenset[int]  # things that it is made of
    plain: bool = False  # said by a plain word alone
    score: float = 1.0
    p: float = 0.0


class Found(NamedTuple):
    candidates: tuple[Candidate, ...]
    abstained: str


def spot(words: Words, pin: Pin | None, ground: Ground) -> Found:
    """Weigh the places that one text and one pin may mean."""
    made = list(_candidates(words, pin, ground))
    if not made:
        return Found((), "which_compound" if words.houses else "no_place_named")
    scored = [c._replace(score=_score(c, words.names, pin, ground)) for c in made]
    kept = _without_wider(_merged(scored, pin, ground), ground)
    only_plain = pin is None and all(m.weak for m in words.names)
    return _decided(_shared(kept, only_plain=only_plain))


def _candidates(words: Words, pin: Pin | None, ground: Ground) -> Iterator[Candidate]:
    crossed: set[int] = set()
    for made in (*_crossings(words, ground), *_middles(words, ground)):
        if not made.parts & crossed or made.level == "crossing":
            crossed |= made.parts
            yield made
    compounds = {t for m in words.names for t in m.things if ground.things[t].level == "compound"}
    lone = words.houses if len(compounds) == 1 else ()
    for mention in words.names:
        for at in mention.things:
            if at not in crossed:
                yield _named(words, mention, at, _house_of(mention, at, lone, ground), ground)
    if pin is not None:
        yield from _around(pin, () if compounds else words.houses, ground)
        yield Candidate(-1, pin.x, pin.y, pin.sigma, "point", "", "地图上的点", frozenset())


def _is_road(mention: Said, ground: Ground) -> bool:
    return ground.things[mention.things[0]].level == "road"


def _crossings(words: Words, ground: Ground) -> Iterator[Candidate]:
    for first, second in combinations([m for m in words.names if _is_road(m, ground)], 2):
        made = _crossing(words, first, second, ground)
        if made is not None:
            yield made


def _middles(words: Words, ground: Ground) -> Iterator[Candidate]:
    for first, second in zip(words.names, words.names[1:], strict=False):
        if between(words, first, second):
            yield _middle(first, second, ground)


def _crossing(words: Words, first: Said, second: Said, ground: Ground) -> Candidate | None:
    for a in first.things:
        for b in second.things:
            middle = _met(a, b, ground)
            if middle is None:
                continue
            one, other, middle = ground.things[a], ground.things[b], ground.corner(a, b)
            if middle is None:
                continue
            is_corner = joined(words, first, second) or first.start == second.start
            label = f"{one.name}与{other.name}{'路口' if is_corner else '一带'}"
            reason = f"文中两条路相交：“{one.name}”“{other.name}”"
            return Candidate(-1, *middle, 60.0, "crossing", label, reason, frozenset({a, b}))
    return None


def _middle(first: Said, second: Said, ground: Ground) -> Candidate:
    """What lies between two names: the middle, as uncertain as they are far from each other."""
    a, b = first.things[0], second.things[0]
    one, other = ground.things[a], ground.things[b]
    (ax, ay), (bx, by) = (ground.plane.xy(t.lng, t.lat) for t in (one, other))
    radius = max(40.0, math.hypot(ax - bx, ay - by) / 2)
    reason = f"文中有“{one.name}”和“{other.name}”之间"
    label = f"{one.name}和{other.name}之间"
    return Candidate(-1, (ax + bx) / 2, (ay + by) / 2, radius, "between", label, reason, frozenset({a, b}))


def _met(a: int, b: int, ground: Ground) -> Point | None:
    """Where two roads come within 30 m of each other; looked up once in the life of the ground."""
    pair = (min(a, b), max(a, b))
    if pair not in ground.crossings:
        one, other = (ground.things[at].shape for at in pair)
        apart = a == b or shapely.distance(one, other) > 30
        ground.crossings[pair] = None if apart else shapely.intersection(one.buffer(15), other.buffer(15)).centroid
    return ground.crossings[pair]


def _house_of(mention: Said, at: int, lone: Sequence[str], ground: Ground) -> int | None:
    """The building that is said with a compound, or alone in a text that says one compound."""
    known = ground.buildings.get(at, {})
    said = (mention.building,) if mention.building else lone
    return next((known[number] for number in said if number in known), None)


def _named(words: Words, mention: Said, at: int, house: int | None, ground: Ground) -> Candidate:
    place = house if house is not None else at
    thing = ground.things[place]
    x, y = ground.plane.xy(thing.lng, thing.lat)
    radius, reason = thing.radius_m, f"文中有“{words.text[mention.start : mention.end]}”"
    if house is not None:
        reason += f"，即{thing.name}"
    elif mention.shift is not None:
        way, metres = mention.shift
        x += sum(_WAYS[w][0] for w in way) * metres / math.sqrt(len(way))
        y += sum(_WAYS[w][1] for w in way) * metres / math.sqrt(len(way))
        radius, reason = max(30.0, metres * 0.3) + min(radius, 60.0), f"{reason}，往{way}{metres:.0f}米"
    elif mention.side:
        step = min(120.0, max(40.0, radius)) / math.sqrt(len(mention.side))
        x += sum(_WAYS[w][0] for w in mention.side) * step
        y += sum(_WAYS[w][1] for w in mention.side) * step
        radius, reason = max(40.0, min(radius, 120.0)), f"{reason}，在它{mention.side}边"
    elif mention.away:
        radius, reason = radius + mention.away, f"{reason}，离它{mention.away:.0f}米"
    elif mention.beside:
        radius += 40.0
    parts = frozenset({at, place})
    return Candidate(place, x, y, radius, thing.level, thing.name, reason, parts, plain=mention.weak)


def _around(pin: Pin, houses: Sequence[str], ground: Ground) -> Iterator[Candidate]:
    """A house number without a compound means a house near the pin."""
    for at in (at for number in houses for at in ground.numbered.get(number, ())):
        thing = ground.things[at]
        x, y = ground.plane.xy(thing.lng, thing.lat)
        if math.hypot(x - pin.x, y - pin.y) <= pin.sigma * 2 + 100:
            reason = "楼号与地图上的点相符"
            yield Candidate(at, x, y, thing.radius_m, "building", thing.name, reason, frozenset({at}))


def _score(one: Candidate, said: Sequence[Said], pin: Pin | None, ground: Ground) -> float:
    score = 0.8 if one.level == "point" else 1.0
    for mention in said:
        fit = max(_fit(one, at, ground) for at in mention.things)
        score *= max(fit, WEAK_FLOOR if mention.weak else FLOOR)
    if pin is not None and one.level != "point":
        away = max(0.0, _metres_to(one, pin, ground))
        score *= max(math.exp(-0.5 * (away / pin.sigma) ** 2), PIN_FLOOR)
    return score


def _metres_to(one: Candidate, pin: Pin, ground: Ground) -> float:
    if one.thing >= 0:
        return float(shapely.distance(ground.things[one.thing].shape, shapely.Point(pin.x, pin.y)))
    return math.hypot(one.x - pin.x, one.y - pin.y) - one.radius_m


def _fit(one: Candidate, at: int, ground: Ground) -> float:
    """How well a candidate agrees with a thing that was said: it is it, lies in it, near it, or elsewhere."""
    if at in one.parts:
        return 1.0
    thing = ground.things[at]
    if one.thing >= 0 and ground.things[one.thing].compound == at:
        return 1.0
    away = ground.metres_between(one.thing, at) if one.thing >= 0 else _metres_from(one, thing)
    reach = 0.0 if thing.shape.area else thing.radius_m
    if away <= reach + 20:
        return 0.95
    return 0.5 if away <= NEAR_M else 0.0


def _metres_from(one: Candidate, thing: Thing) -> float:
    return float(shapely.distance(shapely.Point(one.x, one.y), thing.shape))


def _merged(scored: Sequence[Candidate], pin: Pin | None, ground: Ground) -> list[Candidate]:
    """A pin that agrees with a name is not a second place: it makes a wide place small."""
    named = [c for c in scored if c.level != "point"]
    if pin is None or not named:
        return list(scored)
    best = max(named, key=lambda c: c.score)
    if _metres_to(best, pin, ground) > max(3 * pin.sigma, 50.0):
        return list(scored)
    made = []
    for one in named:
        if one is best and pin.sigma < one.radius_m:
            one = one._replace(x=pin.x, y=pin.y, radius_m=pin.sigma, reason=f"{one.reason}；与地图上的点相符")
        made.append(one)
    return made


def _without_wider(scored: Sequence[Candidate], ground: Ground) -> list[Candidate]:
    """“翠竹社区翠竹苑” names the compound; the community around it was said to find it."""
    unique = {(c.thing, c.label, round(c.x), round(c.y)): c for c in sorted(scored, key=lambda c: c.score)}
    rows = list(unique.values())
    kept = []
    for one in rows:
        narrower = (
            o for o in rows if o is not one and o.radius_m < one.radius_m and o.score >= one.score * 0.4
            and (one.parts & o.parts or (one.thing >= 0 and _fit(o, one.thing, ground) >= 0.95))
        )  # fmt: skip
        if one.level == "point" or next(narrower, None) is None:
            kept.append(one)
    return sorted(kept, key=lambda c: (-c.score, c.radius_m, c.label))


def _shared(kept: Sequence[Candidate], *, only_plain: bool) -> list[Candidate]:
    """Turn scores into probabilities; something is always kept for “elsewhere”."""
    total = sum(c.score for c in kept)
    best = max(c.score for c in kept)
    ceiling = 0.4 if only_plain else 0.97
    elsewhere = 0.03 * best
    return [c._replace(p=min(ceiling, c.score / (total + elsewhere))) for c in kept[:3]]


def _decided(found: Sequence[Candidate]) -> Found:
    first = found[0]
    if first.p >= SURE:
        return Found(tuple(found), "")
    if len(found) == 1:
        return Found(tuple(found), "name_is_a_plain_word")
    apart = math.hypot(first.x - found[1].x, first.y - found[1].y)
    if first.p >= 0.3 and apart <= NEAR_M + first.radius_m and len(found) == 2 and not first.plain:
        return Found(tuple(found), "")  # two names of one spot: the likelier, both shown
    return Found(tuple(found), "two_places" if len(found) == 2 else "several_places")
