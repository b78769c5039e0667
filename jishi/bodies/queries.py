"""Looking at organisations. Names are kept in memory per tenant and looked at again when a body changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count

from django.db import connection
from django.db.models import Count, Exists, OuterRef
from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.bodies import calendars
from jishi.bodies.calendars import Hours
from jishi.bodies.models import Body, GridPost, GridPostNamed, GridRole, Post, Term
from jishi.foundation import marks, scope
from jishi.foundation.actor import Actor
from jishi.places import queries as places
from jishi.places.queries import coming

__all__ = [
    "BodyName", "Changing", "GridRegister", "Held", "Hours", "PostRow", "Servant", "Vacancy", "all_bodies", "by_code",
    "calendar_by_label", "district_above", "existing", "grid_register", "grid_registers", "handing_over", "hours_of",
    "ids_below", "is_of_community", "look_at_calendars_again", "mark", "names", "posts_counted", "posts_for",
    "posts_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BodyName:
    id: int
    code: str
    name: str
    name_en: str
    short_name: str
    level: str
    division_code: str
    parent_id: int | None
    calendar: str
    work_phone: str
    supervising_phone: str
    active_from: date
    active_to: date | None

    def lasts_on(self, day: date) -> bool:
        return self.active_from <= day and (self.active_to is None or day < self.active_to)

    def called(self, lang: str) -> str:
        return self.name_en if lang.startswith("en") and self.name_en else self.name


Mark = tuple[object, ...]

_kept: dict[tuple[str, int], tuple[Mark, dict[int, BodyName]]] = {}
_changes = count(1)  # names what one transaction sees of its own changes; nobody else shares it

# Committed rows only gain versions and ids, so the three together never come back to an earlier answer.
_MARK = marks.declare(
    "bodies",
    """
    SELECT json_build_array(coalesce(sum(version), 0), coalesce(max(id), 0), count(*))
    FROM bodies_body WHERE tenant_id = %(t)s::bigint
    """,
)
_FIELDS = (
    "id", "code", "name", "name_en", "short_name", "level", "division_code", "parent_id", "calendar", "work_phone",
    "supervising_phone", "active_from", "active_to",
)  # fmt: skip


def names() -> dict[int, BodyName]:
    """Give every body of the tenant, ended ones too, by id; once per transaction it asks whether any has changed.

    What a transaction has changed itself it reads for itself alone: nobody else may see what may be rolled back.
    """
    return _seen()[1]


def mark() -> Mark:
    """Name the state of the bodies that `names` gives now: equal marks, equal bodies."""
    return _seen()[0]


def _seen() -> tuple[Mark, dict[int, BodyName]]:
    now = scope.current()
    found: tuple[Mark, dict[int, BodyName]] | None = now.memo.get("bodies")
    if found is None:
        found = now.memo["bodies"] = _own() if "bodies.changed" in now.memo else _shared(now.actor.tenant_id)
    return found


def _shared(tenant_id: int) -> tuple[Mark, dict[int, BodyName]]:
    key = (str(connection.settings_dict["NAME"]), tenant_id)
    mark: Mark = tuple(marks.mark(_MARK))
    if key not in _kept or _kept[key][0] != mark:
        _kept[key] = (mark, _read(tenant_id))
    return _kept[key]


def _own() -> tuple[Mark, dict[int, BodyName]]:
    return (("own", next(_changes)), _read(scope.current().actor.tenant_id))


def _read(tenant_id: int) -> dict[int, BodyName]:
    rows = Body.objects.filter(tenant_id=tenant_id).order_by("id").values_list(*_FIELDS)
    return {row[0]: BodyName(*row) for row in rows}


def forget() -> None:
    """Look again, because this transaction has changed a body."""
    memo = scope.current().memo
    memo.pop("bodies", None)
    memo["bodies.changed"] = True
    marks.forget(_MARK)


def existing(ids: Iterable[int], *, on: date) -> dict[int, BodyName]:
    """Give those of `ids` that exist on the day."""
    known = names()
    return {i: known[i] for i in ids if i in known and known[i].lasts_on(on)}


def is_of_community(by: Actor, community: str) -> bool:
    """Tell whether the post belongs to the body of a village or community, not to another that works there."""
    today = localdate(scope.current().recorded_at)
    mine = existing(by.body_ids, on=today).values()
    return any(b.level == "community" and b.division_code == community for b in mine)


def by_code(codes: Iterable[str], *, on: date) -> dict[str, BodyName]:
    """Give the bodies with these codes that exist on the day."""
    wanted = set(codes)
    return {b.code: b for b in names().values() if b.code in wanted and b.lasts_on(on)}


def all_bodies(*, on: date, levels: Iterable[str] | None = None) -> list[BodyName]:
    """List the bodies of the day, by level and code."""
    kinds = set(levels) if levels is not None else None
    found = [b for b in names().values() if b.lasts_on(on) and (kinds is None or b.level in kinds)]
    return sorted(found, key=lambda b: (b.level, b.code))


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a post, by account, and since when."""

    term_id: int
    account_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class PostRow:
    id: int
    title: str
    title_en: str
    roles: tuple[str, ...]
    area: str
    holders: tuple[Held, ...]


def posts_of(body_id: int, *, now: datetime) -> list[PostRow]:
    """Give the posts of a body with who holds them at `now`; two statements."""
    tenant = scope.current().actor.tenant_id
    rows = list(Post.objects.filter(tenant_id=tenant, body_id=body_id).order_by("id"))
    held: dict[int, list[Held]] = {}
    for term in Term.objects.filter(tenant_id=tenant, post__body_id=body_id, active__contains=now).order_by("id"):
        held.setdefault(term.post_id, []).append(Held(term.id, term.account_id, term.active.lower))
    return [
        PostRow(p.id, p.title, p.title_en, tuple(p.roles), p.area, tuple(held.get(p.id, ()))) for p in rows
    ]  # fmt: skip


def posts_counted(*, now: datetime) -> dict[int, tuple[int, int]]:
    """Give, per body, how many posts it has and how many of them nobody holds at `now`; one statement."""
    filled = Term.objects.filter(post=OuterRef("pk"), active__contains=now)
    rows = Post.objects.filter(tenant_id=scope.current().actor.tenant_id).order_by().values("body_id")
    told = rows.annotate(whole=Count("id"), vacant=Count("id", filter=~Exists(filled)))
    return {r["body_id"]: (r["whole"], r["vacant"]) for r in told}


def district_above(body_id: int) -> int | None:
    """Give the body above, to which a dispatch to a street is copied (北京市接诉即办工作条例 12(1))."""
    body = names().get(body_id)
    return body.parent_id if body else None


def ids_below(body_id: int) -> list[int]:
    """Give the ids of the bodies directly below."""
    return [b.id for b in names().values() if b.parent_id == body_id]


def hours_of(ids: Iterable[int | None]) -> dict[int | None, Hours]:
    """Give each body's working calendar; None is the platform's own, office hours."""
    known = names()
    return {i: calendars.named(known[i].calendar if i is not None and i in known else calendars.OFFICE) for i in ids}


def look_at_calendars_again() -> None:
    """Read the tables of the years anew: a town has adopted another edition of its files."""
    calendars.named.cache_clear()


def calendar_by_label(label: str) -> Hours:
    """Give the calendar that a clock remembers by name."""
    return calendars.by_label(label)


# --- the public register of a grid (spec 20 §3.3; 滨州市社会治理网格化服务管理条例 6) -------------

NAMED = (GridRole.LEADER, GridRole.PARTY_SECRETARY, GridRole.FULL_TIME, GridRole.ADVISER)
NEEDED = (GridRole.LEADER, GridRole.FULL_TIME)  # a grid without one of them says since when


@dataclass(frozen=True, slots=True)
class Servant:
    """Who serves, as the public sees it: a name, the post, the post's work phone. Never the account's own number."""

    role: str
    name: str
    title: str
    title_en: str
    work_phone: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A role that nobody holds, since when; None: nobody has held it in this register."""

    role: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class GridRegister:
    """What the public may know of who serves a grid, at one moment. `phone`: the community's, for a vacant post."""

    grid: places.GridRow
    people: tuple[Servant, ...]  # leader, secretary, full-time workers, advisers, in this order
    vacancies: tuple[Vacancy, ...]
    part_time: int  # couriers, volunteers, building heads: how many; they are no officials and are not named
    party: str
    phone: str
    phone_of: str
    supervising_phone: str
    supervised_by: str
    current_since: datetime | None  # the last time that a term began or ended here

    def of(self, role: str) -> tuple[Servant, ...]:
        """Give who holds one role."""
        return tuple(one for one in self.people if one.role == role)


def grid_register(grid_id: int, now: datetime) -> GridRegister | None:
    """Give the public register of one grid at a moment; None: no such grid then. Refuses nobody: it is public."""
    return grid_registers([grid_id], now).get(grid_id)


def grid_registers(grid_ids: Sequence[int], now: datetime) -> dict[int, GridRegister]:
    """Give the registers of grids at a moment, by id, in four statements whatever their number."""
    tenant, day = scope.current().actor.tenant_id, localdate(now)
    rows = {i: row for i in grid_ids if (row := places.grid(i, day=day)) is not None}
    posts = list(
        GridPost.objects.filter(tenant_id=tenant, grid__in=rows, active__startswith__lte=now)
        .select_related("post").order_by("id")
    )  # fmt: skip
    terms: dict[int, list[Term]] = {}
    for term in Term.objects.filter(
        tenant_id=tenant, post__in={p.post_id for p in posts}, active__startswith__lte=now
    ).order_by("id"):  # fmt: skip
        terms.setdefault(term.post_id, []).append(term)
    people = accounts.names_of({t.account_id for held in terms.values() for t in held if _lasts(t, now)})
    parties = Body.objects.filter(tenant_id=tenant, serves_grid__in=rows, active_from__lte=day).order_by("-id")
    party = {b.serves_grid_id: b.name for b in parties if b.active_to is None or day < b.active_to}
    return {
        i: _register(row, [p for p in posts if p.grid_id == i], terms, people, party.get(i, ""), now)
        for i, row in rows.items()
    }


def _register(
    row: places.GridRow, posts: Sequence[GridPost], terms: dict[int, list[Term]], people: dict[int, str], party: str,
    now: datetime,
) -> GridRegister:  # fmt: skip
    held = [
        (post, term)
        for post in posts if _lasts(post, now)
        for term in terms.get(post.post_id, ()) if _lasts(term, now)
    ]  # fmt: skip
    shown = [
        Servant(p.role, people[t.account_id], p.post.title, p.post.title_en, p.post.work_phone,
                max(p.active.lower, t.active.lower))
        for role in NAMED for p, t in held if p.role == role and people.get(t.account_id)
    ]  # fmt: skip
    there = {one.role for one in shown}
    changes = [m for p in posts for t in terms.get(p.post_id, ()) for m in _edges(p, t) if m <= now]
    community, above = _answering(row.community, localdate(now))
    work = community.work_phone if community else ""
    return GridRegister(
        row, tuple(shown),
        tuple(Vacancy(r, _vacant_since(r, posts, terms, now)) for r in NEEDED if r not in there),
        len({t.account_id for p, t in held if p.role == GridRole.PART_TIME}), party, work,
        community.name if community else "", above.supervising_phone if above else "", above.name if above else "",
        max(changes, default=None),
    )  # fmt: skip


def _answering(community: str, day: date) -> tuple[BodyName | None, BodyName | None]:
    """Give the community's body, and the nearest above it (itself first) that has a supervising phone."""
    known = names()
    found = [b for b in known.values() if b.level == "community" and b.division_code == community and b.lasts_on(day)]
    own = min(found, key=lambda b: b.id, default=None)
    above = own or next(
        (b for b in known.values() if b.level == "street" and b.division_code == community[:9] + "000"), None
    )
    for _ in range(6):
        if above is None or above.supervising_phone:
            break
        above = known.get(above.parent_id) if above.parent_id is not None else None
    return own, above


def _vacant_since(
    role: str, posts: Sequence[GridPost], terms: dict[int, list[Term]], now: datetime
) -> datetime | None:
    ends = [
        min(e for e in (p.active.upper, t.active.upper) if e is not None)
        for p in posts if p.role == role
        for t in terms.get(p.post_id, ()) if p.active.upper is not None or t.active.upper is not None
    ]  # fmt: skip
    began = [p.active.lower for p in posts if p.role == role]
    return max((e for e in ends if e <= now), default=min(began, default=None))


def _edges(post: GridPost, term: Term) -> tuple[datetime, ...]:
    moments = (post.active.lower, post.active.upper, term.active.lower, term.active.upper)
    return tuple(m for m in moments if m is not None)


def _lasts(row: GridPost | Term, now: datetime) -> bool:
    return row.active.lower <= now and (row.active.upper is None or now < row.active.upper)


# --- who serves when a plan of grids comes into force (spec 21 §12) --------------------------------


@dataclass(frozen=True, slots=True)
class Next:
    """Who will serve: a post with its holder's name, empty where nobody holds it. `named`: its row, None: goes on."""

    role: str
    name: str
    title: str
    title_en: str
    work_phone: str
    named: int | None = None


@dataclass(frozen=True, slots=True)
class Changing:
    """One grid before and after a plan: who serves now, who will. `fate`: stays, new, gone."""

    code: str
    name: str
    fate: str
    served: tuple[Servant, ...]
    will: tuple[Next, ...]

    @property
    def nobody(self) -> bool:
        """Tell whether the coming grid has neither leader nor full-time worker who is there."""
        return self.fate != "gone" and not any(n.role in NEEDED and n.name for n in self.will)


def handing_over(plan_id: int, now: datetime) -> tuple[Changing, ...]:
    """Give who serves each grid of a plan now and who will; empty once it is in force or withdrawn, or is not there.

    A constant number of statements. Refuses nobody: it shows what the register of a grid shows.
    """
    plan = coming.coming(plan_id, by=scope.current().actor)
    if plan is None or plan.status in ("IN_FORCE", "WITHDRAWN"):
        return ()
    registers = grid_registers([grid for grid, _ in plan.before.values()], now)
    served = {code: registers[grid].people for code, (grid, _) in plan.before.items() if grid in registers}
    named = _named(plan_id, now)
    found = [
        Changing(code, title, "stays" if code in plan.before else "new", served.get(code, ()),
                 _will(served.get(code, ()), named.get(code, ())))
        for code, (_, title) in plan.after.items()
    ] + [
        Changing(code, title, "gone", served.get(code, ()), ())
        for code, (_, title) in plan.before.items() if code not in plan.after
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.code))


def _named(plan_id: int, now: datetime) -> dict[str, list[Next]]:
    tenant = scope.current().actor.tenant_id
    rows = list(GridPostNamed.objects.filter(tenant_id=tenant, plan=plan_id).select_related("post").order_by("id"))
    terms = Term.objects.filter(tenant_id=tenant, post__in={r.post_id for r in rows}, active__contains=now)
    holds = dict(terms.order_by("-id").values_list("post_id", "account_id"))
    people = accounts.names_of(holds.values())
    found: dict[str, list[Next]] = {}
    for r in rows:
        who = people.get(holds.get(r.post_id, 0), "")
        found.setdefault(r.grid_code, []).append(
            Next(r.role, who, r.post.title, r.post.title_en, r.post.work_phone, r.id)
        )
    return found


def _will(served: Sequence[Servant], named: Sequence[Next]) -> tuple[Next, ...]:
    """Who goes on, but in a role for which somebody is named; then the named."""
    taken = {one.role for one in named}
    on = [Next(s.role, s.name, s.title, s.title_en, s.work_phone) for s in served if s.role not in taken]
    return (*on, *named)


def posts_for(community: str, *, now: datetime) -> list[tuple[int, str, str]]:
    """Give (id, title, holder's name) of the posts of a community's body and its street's."""
    tenant, day = scope.current().actor.tenant_id, localdate(now)
    near = [b.id for b in names().values() if b.lasts_on(day) and b.division_code in (community, community[:9] + "000")]
    rows = list(Post.objects.filter(tenant_id=tenant, body__in=near).order_by("body", "id"))
    terms = Term.objects.filter(tenant_id=tenant, post__in=[r.id for r in rows], active__contains=now)
    holds = dict(terms.order_by("-id").values_list("post_id", "account_id"))
    people = accounts.names_of(holds.values())
    return [(r.id, r.title, people.get(holds.get(r.id, 0), "")) for r in rows]


@dataclass(frozen=True, slots=True)
class ServingPost:
    """One post that serves a grid now, and who holds it; `holders` is empty where the post is vacant."""

    id: int
    grid_id: int
    role: str
    title: str
    work_phone: str
    hours_per_week: Decimal | None
    since: datetime
    holders: tuple[str, ...]


def posts_serving(grid_ids: Iterable[int], *, now: datetime) -> dict[int, list[ServingPost]]:
    """Give the posts that serve grids now, leader first, for whoever keeps the register; three statements."""
    tenant = scope.current().actor.tenant_id
    rows = list(
        GridPost.objects.filter(tenant_id=tenant, grid__in=list(grid_ids), active__contains=now)
        .select_related("post").order_by("grid", "id")
    )  # fmt: skip
    terms: dict[int, list[int]] = {}
    held = Term.objects.filter(tenant_id=tenant, post__in={r.post_id for r in rows}, active__contains=now)
    for post, account in held.order_by("id").values_list("post_id", "account_id"):
        terms.setdefault(post, []).append(account)
    people = accounts.names_of({a for held_by in terms.values() for a in held_by})
    order = {role: n for n, role in enumerate(GridRole.values)}
    found: dict[int, list[ServingPost]] = {}
    for r in sorted(rows, key=lambda r: (r.grid_id, order[r.role], r.id)):
        named = tuple(people[a] for a in terms.get(r.post_id, ()) if people.get(a))
        found.setdefault(r.grid_id, []).append(ServingPost(
            r.id, r.grid_id, r.role, r.post.title, r.post.work_phone, r.hours_per_week, r.active.lower, named
        ))  # fmt: skip
    return found
