"""Who is to be served where: one answer per person and purpose, with its sentence (spec 20 §3.4).

Living, registration and membership of a collective are three facts; none stands in for another. Where one is missing
the answer says which, and nobody is sent away: an office that has the fact answers wherever the person stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NoReturn

from django.db.models import Q
from django.utils.timezone import localdate

from jishi.accounts.actions import reading
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, Refused
from jishi.foundation.sealed import Owner
from jishi.kernels.procedure import Spoken
from jishi.places import memory, serving_rules
from jishi.places.lineage import successors
from jishi.places.models import Dwelling, Residence, TransitionItem
from jishi.places.queries.members import grids_of_houses
from jishi.places.serving_rules import Rule
from jishi.places.shapes import E7

TABLE = Residence._meta.db_table
FIELDS = ("building", "division")
NAMES = {
    "living": Spoken("现在住在哪里", "where the person lives now"),
    "registered": Spoken("户籍在哪里", "where the person is registered"),
    "collective": Spoken("是哪个集体的成员", "which collective the person belongs to"),
    "dwelling": Spoken("是哪一套房", "which dwelling it is about"),
}


class UnknownPurpose(Refused):
    code, status = "unknown_purpose", 422
    zh, en = "没有这种用途：“{purpose}”。", "There is no such purpose: “{purpose}”."
    next_zh, next_en = "可用的：{known}。", "Known: {known}."


class MayNotFollow(Refused):
    code, status = "may_not_follow", 422
    zh, en = "“{purpose}”不能改为跟着“{follows}”走。", "“{purpose}” may not follow “{follows}”."
    next_zh, next_en = "照规则来：{rule}。", "The rule says: {rule}."


class NotByPlace(Refused):
    code, status = "not_by_place", 403
    zh, en = "没有哪个门能按地方列出人来。", "No door lists people by place."
    next_zh = "问一件事该谁办，请用“由谁办”；要人数，用各社区的人数。"
    next_en = "To know who serves a person, ask for that person; for numbers, use the counts of communities."


def residents_of(_place: str) -> NoReturn:
    """Refuse to list the people of a place, whoever asks (spec 20 §11).

    :raises NotByPlace: always.
    """
    raise NotByPlace


@dataclass(frozen=True, slots=True)
class Asking:
    """One question. `follows`: what the rule of a room above says, a fact or `dwelling:<id>`; empty: the table's.

    `group`: the group of offers, where the purpose is `offer`; empty: none in particular.
    """

    person: int
    purpose: str
    day: date
    follows: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves: a division's code ("" when the fact is missing), its grid where one lives, and why.

    `by`: living, registered, collective, dwelling, transition, not_known. `until`: the day on which it must be asked
    again, if one is known.
    """

    division: str
    grid: str | None
    by: str
    reason: Spoken
    until: date | None


@dataclass(frozen=True, slots=True)
class _Fact:
    """One row with what was sealed in it, on a day."""

    row: int
    kind: str
    division: str
    building: int | None
    since: date
    until: date | None
    here_since: date  # in this community, in whichever house of it
    on_roll_since: date | None  # asked to be on the roll here, and the assembly consented


def serving(person: int, purpose: str, day: date, *, follows: str = "") -> Serving:
    """Give the community that serves this person for a purpose on a day; a batch of one.

    Refuses as `serving_many`.
    """
    return serving_many([Asking(person, purpose, day, follows)])[0]


def serving_many(asked: Sequence[Asking]) -> list[Serving]:
    """Give who serves each, in order; a bounded number of statements, however many are asked.

    Each row that is opened is a reading that its person sees; only rows that the purpose follows are opened.
    :raises UnknownPurpose: a purpose that the table does not have. :raises MayNotFollow: not for this purpose.
    :raises NotAllowed: a resident asks about somebody else; the actor's post may not read residence.
    :raises KeyNotAvailable: the keys are away.
    """
    _ensure_may_ask({one.person for one in asked})
    wanted = [_wanted(one) for one in asked]
    items = _items({one.purpose for one in asked}, {one.day for one in asked})
    facts = _facts([(one.person, one.day, kinds | _belonging(one, items)) for one, kinds in
                    zip(asked, wanted, strict=True)], {one.purpose for one in asked})  # fmt: skip
    dwellings = _dwellings({i for one in asked if (i := _dwelling_of(one)) is not None})
    found = [_answer(one, facts.get((one.person, one.day), {}), items, dwellings) for one in asked]
    return _with_grids(asked, found, facts)


def _ensure_may_ask(people: set[int]) -> None:
    """A resident asks about herself; who holds a receipt, a program and nobody signed in ask about nobody.

    Of posts the purpose `residence.place` names the roles: an office that has the fact answers wherever people stand.
    """
    by = scope.current().actor
    if by.kind != "staff" and people - {by.account_id if by.kind == "resident" else None}:
        raise NotAllowed(why="由谁办，只能问自己的。")


# --- what the rule says ------------------------------------------------------------------------------------


def _wanted(one: Asking) -> frozenset[str]:
    """Which facts the question needs, after the rule was asked."""
    rule = _rule(one, "village")
    if one.follows and not one.follows.startswith("dwelling:"):
        if one.follows not in rule.may:
            raise MayNotFollow(purpose=one.purpose, follows=one.follows, rule=rule.sentence.zh)
        return frozenset({one.follows})
    if one.follows and rule.follows != "dwelling":
        raise MayNotFollow(purpose=one.purpose, follows="dwelling", rule=rule.sentence.zh)
    if rule.follows == "registered_or_living":
        return frozenset({"registered", "living"})
    return frozenset() if rule.follows == "dwelling" else frozenset({rule.follows})


def _rule(one: Asking, where: str) -> Rule:
    rule = serving_rules.load().of(one.purpose, where)
    if rule is None:
        raise UnknownPurpose(purpose=one.purpose, known="、".join(serving_rules.load().purposes))
    return rule


def _answer(
    one: Asking, facts: Mapping[str, _Fact], items: Sequence[TransitionItem], dwellings: Mapping[int, str]
) -> Serving:
    rule = _rule(one, _where("living", facts, one.day))
    follows = one.follows or rule.follows
    if follows.startswith("dwelling"):
        return _by_dwelling(one, rule, dwellings)
    if follows == "registered_or_living":
        follows = _roll(facts, one.day, rule)
        rule = _rule(one, _where(follows, facts, one.day))
    agreed = _agreed(one, facts, items)
    if agreed is not None and agreed.served_by != "living":
        return _by_agreement(agreed)
    return _by_fact(follows, facts, rule, one.day)


def _by_fact(follows: str, facts: Mapping[str, _Fact], rule: Rule, day: date) -> Serving:
    fact = facts.get(follows)
    if fact is None:
        return _not_known(follows, rule)
    code = _today(fact.division, day)
    said = Spoken(
        f"{rule.sentence.zh}；登记的{NAMES[follows].zh}，自{fact.since.isoformat()}起。",
        f"{rule.sentence.en}; on record: {NAMES[follows].en}, since {fact.since.isoformat()}.",
    )
    return Serving(code, None, follows, said, fact.until)


def _not_known(follows: str, rule: Rule) -> Serving:
    return Serving("", None, "not_known", Spoken(
        f"{rule.sentence.zh}；还不知道{NAMES[follows].zh}，没有拿别的顶。在哪里问都照办，请本人补一句。",
        f"{rule.sentence.en}; not on record: {NAMES[follows].en}, and nothing else was put in its place. Whoever is "
        "asked answers; the person may add it.",
    ), None)  # fmt: skip


def _roll(facts: Mapping[str, _Fact], day: date, rule: Rule) -> str:
    """The roll of one place, never of two: where one lives after the days, application and consent; else registered.

    村民委员会组织法 13(3): 在本村居住一年以上，本人申请，并且经村民会议或者村民代表会议同意.
    """
    living = facts.get("living")
    if living is None or living.on_roll_since is None or living.on_roll_since > day:
        return "registered"
    return "living" if day - living.here_since >= timedelta(days=rule.living_days) else "registered"


def _where(kind: str, facts: Mapping[str, _Fact], day: date) -> str:
    fact = facts.get(kind)
    row = memory.ground(day).divisions.get(fact.division) if fact else None
    return "urban" if row is not None and row.kind == "residents_committee" else "village"


def _today(code: str, day: date) -> str:
    """Follow a community that was renamed or merged; one that was split stays as it was said until a person says."""
    if code in memory.ground(day).divisions or not code.startswith(_area()):
        return code
    known: dict[tuple[str, date], str] = scope.current().memo.setdefault("heirs", {})
    if (code, day) not in known:
        heirs = successors(code, day)
        known[(code, day)] = heirs[0].code if len(heirs) == 1 else code
    return known[(code, day)]


def _area() -> str:
    memo = scope.current().memo
    if "area" not in memo:
        memo["area"] = memory.area_prefix(_tenant())
    return str(memo["area"])


# --- the dwelling -----------------------------------------------------------------------------------------


def _dwelling_of(one: Asking) -> int | None:
    said = one.follows.removeprefix("dwelling:")
    return int(said) if one.follows.startswith("dwelling:") and said.isascii() and said.isdigit() else None


def _dwellings(ids: Iterable[int]) -> dict[int, str]:
    listed = sorted(ids)
    if not listed:
        return {}
    rows = Dwelling.objects.filter(tenant_id=_tenant(), id__in=listed)
    known = rows.values_list("id", "building__compound__community", "building__lng_e7", "building__lat_e7")
    return {pk: community or _community_at((lng, lat)) for pk, community, lng, lat in known}


def _by_dwelling(one: Asking, rule: Rule, dwellings: Mapping[int, str]) -> Serving:
    number = _dwelling_of(one)
    code = dwellings.get(number) if number is not None else None
    if not code:
        return _not_known("dwelling", rule)
    told = Spoken(f"{rule.sentence.zh}。", f"{rule.sentence.en}.")
    return Serving(_today(code, one.day), None, "dwelling", told, None)


# --- what was agreed for a transition ---------------------------------------------------------------------


def _items(purposes: Iterable[str], days: Iterable[date]) -> list[TransitionItem]:
    """Items in force, signed by both sides, but those that leave all of a purpose where the rule puts it."""
    listed = sorted(days)
    if not listed:
        return []
    rows = TransitionItem.objects.filter(
        Q(to_date=None) | Q(to_date__gt=listed[0]), Q(settled_on=None) | Q(settled_on__gt=listed[0]),
        Q(transition__closed_on=None) | Q(transition__closed_on__gt=listed[0]),
        tenant_id=_tenant(), purpose__in=set(purposes), from_date__lte=listed[-1],
    ).exclude(Q(origin_agreed_by="") | Q(receiving_agreed_by="") | Q(served_by="living", group=""))  # fmt: skip
    return list(rows.select_related("transition").order_by("-group", "id"))  # of one group before of all


def _belonging(one: Asking, items: Sequence[TransitionItem]) -> frozenset[str]:
    """Who belongs to a torn-down community is known from registration and collective; opened only where it matters."""
    if any(i.purpose == one.purpose and i.group in ("", one.group) for i in items):
        return frozenset({"registered", "collective"})
    return frozenset()


def _agreed(one: Asking, facts: Mapping[str, _Fact], items: Sequence[TransitionItem]) -> TransitionItem | None:
    belongs = {facts[kind].division for kind in ("registered", "collective") if kind in facts}
    for item in items:
        if item.purpose != one.purpose or item.group not in ("", one.group):
            continue
        if item.transition.from_community not in belongs:
            continue
        until = _lasts_until(item)
        if item.from_date <= one.day and (until is None or one.day < until):
            return item
    return None


def _lasts_until(item: TransitionItem) -> date | None:
    """Its own end, or the day on which it was settled or its transition closed, whichever comes first."""
    ends = (item.to_date, item.settled_on, item.transition.closed_on)
    return min((day for day in ends if day is not None), default=None)


def _by_agreement(item: TransitionItem) -> Serving:
    code = item.named or item.transition.from_community
    return Serving(code, None, "transition", Spoken(
        f"过渡期的约定（{item.document_no or '双方已签'}）：这一项由写明的社区办，用电话和网上办，不用跑。",
        f"As agreed for the transition ({item.document_no or 'signed by both sides'}): the community named serves "
        "this, by telephone and on the web; nobody need travel.",
    ), _lasts_until(item))  # fmt: skip


# --- opening rows -----------------------------------------------------------------------------------------


def _facts(
    asked: Sequence[tuple[int, date, frozenset[str]]], purposes: Iterable[str]
) -> dict[tuple[int, date], dict[str, _Fact]]:
    """Open the rows that are needed, in one reading, and lay them out by person, day and kind."""
    people = {person for person, _, kinds in asked if kinds}
    kinds = {kind for _, _, said in asked for kind in said}
    if not people:
        return {}
    rows = Residence.objects.filter(tenant_id=_tenant(), account__in=people, kind__in=kinds, secondary=False)
    by_person: dict[int, list[Residence]] = {}
    for row in rows.order_by("id"):
        by_person.setdefault(row.account_id, []).append(row)
    chosen = {
        (person, day, row.kind): row
        for person, day, said in asked
        for row in by_person.get(person, ())
        if row.kind in said and _holds(row, day)
    }
    opened = _opened({row.id for row in chosen.values()}, purposes)
    found: dict[tuple[int, date], dict[str, _Fact]] = {}
    for (person, day, kind), row in chosen.items():
        if "division" in opened.get(row.id, {}):
            found.setdefault((person, day), {})[kind] = _fact(row, opened[row.id])
    return found


def _holds(row: Residence, day: date) -> bool:
    upper = row.active.upper
    return row.active.lower <= day and (upper is None or day < upper) and day <= row.ends_on


def _opened(ids: Iterable[int], purposes: Iterable[str]) -> dict[int, dict[str, str]]:
    now = scope.current()
    why = "弄清由哪个社区办：" + "、".join(sorted(purposes))
    found = reading.read(
        [(TABLE, i) for i in ids], FIELDS, purpose="residence.place", reason=why, by=now.actor, now=now.recorded_at
    )
    return {row: values for (_, row), values in found.items()}


def _fact(row: Residence, said: Mapping[str, str]) -> _Fact:
    building = said.get("building", "")
    return _Fact(
        row.id, row.kind, said["division"], int(building) if building else None, row.active.lower,
        row.active.upper or row.ends_on, row.here_since or row.active.lower,
        row.roll_asked_on if row.roll_consent_no else None,
    )  # fmt: skip


# --- the grid where one lives ------------------------------------------------------------------------------


def _with_grids(
    asked: Sequence[Asking], found: Sequence[Serving], facts: Mapping[tuple[int, date], Mapping[str, _Fact]]
) -> list[Serving]:
    """Fill in the grid: always the one of the building where the person lives, as its edition draws it that day."""
    lived: dict[int, tuple[_Fact, int]] = {}
    for at, (one, told) in enumerate(zip(asked, found, strict=True)):
        living = facts.get((one.person, one.day), {}).get("living") if told.by == "living" else None
        if living is not None and living.building is not None:
            lived[at] = (living, living.building)
    floors = _floors(
        {fact.row for at, (fact, house) in lived.items() if memory.ground(asked[at].day).of_floor(house, None)[1]}
    )
    whole = list(found)
    for day in sorted({asked[at].day for at in lived}):
        rows = [at for at in lived if asked[at].day == day]
        houses = grids_of_houses([(lived[at][1], floors.get(lived[at][0].row)) for at in rows], day=day)
        for at, housed in zip(rows, houses, strict=True):
            whole[at] = replace(found[at], grid=housed.grid or None)
    return whole


def _floors(rows: set[int]) -> dict[int, int | None]:
    """Open of these rows, and of no others, which dwelling it is: floors of their houses have several grids."""
    if not rows:
        return {}
    now = scope.current()
    said = reading.read(
        [(TABLE, i) for i in rows], ["dwelling"], purpose="residence.place", by=now.actor, now=now.recorded_at,
        reason="弄清在哪个网格：这栋楼各层不在一个网格",
    )  # fmt: skip
    dwelling = {row: int(values["dwelling"]) for (_, row), values in said.items() if values.get("dwelling")}
    known = Dwelling.objects.filter(tenant_id=_tenant(), id__in=set(dwelling.values()))
    floor = dict(known.values_list("id", "floor"))
    return {row: floor.get(number) for row, number in dwelling.items()}


def _grid_at(point: tuple[int, int] | None, day: date) -> str | None:
    ground = memory.ground(day)
    if point is None or not ground.grids:
        return None
    at = int(ground.index.locate([point[0] / E7], [point[1] / E7]).grid[0])
    return ground.index.codes[at] if at >= 0 else None


def _community_at(point: tuple[int, int]) -> str:
    ground = memory.ground(localdate(scope.current().recorded_at))
    code = _grid_at(point, localdate(scope.current().recorded_at))
    return ground.by_code[code].community if code else ""


def _tenant() -> int:
    return scope.current().actor.tenant_id


def own_residence_rows(actor: Actor) -> list[Owner]:
    """Give the sealed rows of this person, so that she sees who opened them; wired in `config.wiring.OWN_ROWS`."""
    if actor.kind != "resident" or actor.account_id is None:
        return []
    rows = Residence.objects.filter(tenant_id=actor.tenant_id, account=actor.account_id).order_by("id")
    return [(TABLE, pk) for pk in rows.values_list("id", flat=True)]


@dataclass(frozen=True, slots=True)
class OwnResidence:
    """One row as the person herself sees it; half open in days, and kept until `ends_on`."""

    id: int
    kind: str
    secondary: bool
    division: str
    address: str
    group: str
    since: date
    until: date | None
    ends_on: date
    source: str
    roll_asked_on: date | None
    roll_consent_no: str

    def lasts(self, day: date) -> bool:
        """Tell whether it holds on the day."""
        return self.since <= day and (self.until is None or day < self.until) and day <= self.ends_on


def own_residences(by: Actor, *, now: datetime) -> list[OwnResidence]:
    """Open a person's own rows for her own page, newest first; her looking stands on her list as any other.

    :raises NotAllowed: anybody but a resident.
    """
    if by.kind != "resident" or by.account_id is None:
        raise NotAllowed(why="只有本人看得到自己的全部。")
    rows = list(Residence.objects.filter(tenant_id=by.tenant_id, account=by.account_id).order_by("-active", "-id"))
    owners, why = [(TABLE, row.id) for row in rows], "本人打开“我住在哪里”"
    place = reading.read(owners, ["division"], purpose="residence.place", reason=why, by=by, now=now)
    more = reading.read(owners, ["address", "group"], purpose="residence.address", reason=why, by=by, now=now)
    return [
        OwnResidence(
            r.id, r.kind, r.secondary, place[(TABLE, r.id)].get("division", ""),
            more[(TABLE, r.id)].get("address", ""), more[(TABLE, r.id)].get("group", ""), r.active.lower,
            r.active.upper, r.ends_on, r.source, r.roll_asked_on, r.roll_consent_no,
        )
        for r in rows
    ]  # fmt: skip
