"""Looking at organisations. Names are kept in memory per tenant and looked at again when a body changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count

from django.db import connection
from django.db.models import Count, Exists, OuterRef

from jishi.bodies import calendars
from jishi.bodies.calendars import Hours
from jishi.bodies.models import Body, Post, Term
from jishi.foundation import scope

__all__ = [
    "BodyName", "Held", "Hours", "PostRow", "all_bodies", "by_code", "calendar_by_label", "district_above",
    "existing", "hours_of", "ids_below", "look_at_calendars_again", "mark", "names", "posts_counted", "posts_of",
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
_MARK = "SELECT coalesce(sum(version), 0), coalesce(max(id), 0), count(*) FROM bodies_body WHERE tenant_id = %s"
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
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [tenant_id])
        mark: Mark = tuple(cursor.fetchone())
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


def existing(ids: Iterable[int], *, on: date) -> dict[int, BodyName]:
    """Give those of `ids` that exist on the day."""
    known = names()
    return {i: known[i] for i in ids if i in known and known[i].lasts_on(on)}


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
