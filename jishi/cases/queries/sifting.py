"""One sieve for every list of cases: the page, the API, the sheet, what a person keeps, what is done to many.

The same words in an address give the same rows everywhere, in the order that was asked for. Keyset paging: the next
page begins exactly where this one ends. No filter is about who said it (spec 10 §16, §19.10).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.timezone import get_current_timezone, localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Clock, ForEach, Handover, Part, SavedFilter, Tagged
from jishi.cases.states import CASE, OWED, ClockKind, Role, Status, Urgency
from jishi.duties import queries as duties
from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, Refused
from jishi.kernels.text.words import tsquery_text

MANY = 10_000  # beyond it a list says "more than"
SEARCH_MS = 4_000  # a search by words that takes longer is given up
NAMES = (
    "status", "matter", "tag", "body", "role", "grid", "urgency", "clock", "due_before", "changed_after", "q", "sort",
)  # fmt: skip
SORTS = ("-received", "received", "due")  # newest first, oldest first, soonest promise first
ROLES = ("lead", "assist")
_CODE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})*")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list asks for. `body` without `role`: it leads or has led; `clock`: one of this kind runs."""

    status: str = ""
    matter: str = ""
    tag: str = ""
    body: int | None = None
    role: str = ""
    grid: str = ""
    urgency: str = ""
    clock: str = ""
    due_before: datetime | None = None
    changed_after: datetime | None = None
    q: str = ""
    sort: str = "-received"


def read(said: Mapping[str, Any], *, now: datetime) -> tuple[Filters, list[str]]:
    """Read the words of an address; what names nothing filters nothing and is told apart."""
    given = {name: str(said.get(name) or "").strip() for name in NAMES}
    wrong = [name for name, text in given.items() if "\x00" in text or len(text) > 160]
    given |= dict.fromkeys(wrong, "")
    found: dict[str, Any] = {name: given[name] for name in ("tag", "grid", "q")}
    readers: Mapping[str, Any] = {
        "status": _status, "matter": lambda text: _matter(text, now), "body": lambda text: _body(text, now),
        "role": _one_of(ROLES), "urgency": _one_of(Urgency.values), "clock": _one_of(ClockKind.values),
        "due_before": lambda text: _moment(text, whole_day=True), "changed_after": _moment, "sort": _one_of(SORTS),
    }  # fmt: skip
    for name, reader in readers.items():
        if given[name]:
            value = reader(given[name])
            if value is None:
                wrong.append(name)
            else:
                found[name] = value
    return Filters(**found), wrong


def asked(said: Mapping[str, Any], *, now: datetime) -> Filters:
    """Read the words of a program. :raises Invalid: names what means nothing."""
    filters, wrong = read(said, now=now)
    if wrong:
        raise Invalid(detail=f"{wrong[0]}: {str(said.get(wrong[0]))[:80]}")
    return filters


def query_of(said: Mapping[str, Any]) -> str:
    """Write the words of an address in one order, without the place in the pages."""
    return urlencode([(name, str(said[name]).strip()) for name in NAMES if str(said.get(name) or "").strip()])


# --- words that are slow -----------------------------------------------------------------------------------


class SearchIsSlow(Refused):
    code, status = "search_is_slow", 503
    zh, en = "搜索现在慢，没有等它。别的都照常。", "The search is slow now; it was not waited for. All else goes on."
    next_zh = "去掉“找”里的字，按状态、事项、单位来筛，或者过一会儿再搜索。"
    next_en = "Leave the words out and filter by state, matter or body, or search again later."


@contextmanager
def patiently(*lists: Filters) -> Iterator[None]:
    """Read what is searched by words under a shorter patience, in a savepoint: a late search takes nothing with it.

    :raises SearchIsSlow: it was given up.
    """
    if not any(one.q for one in lists):
        yield
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {SEARCH_MS}")
            yield
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as late:
        raise SearchIsSlow from late


# --- rows --------------------------------------------------------------------------------------------------

Dress = Callable[[QuerySet[Case]], QuerySet[Case]]  # what a list shows besides


def filtered(filters: Filters, *, by: Actor) -> QuerySet[Case]:
    """Give the cases this actor sees, as filtered; not in any order yet."""
    rows = policies.visible_to(by, Case.objects.all()).filter(*_conditions(filters))
    if wanted := tsquery_text(filters.q) if filters.q else "":
        # the expression of the index `cases_search`, word for word
        rows = rows.extra(
            where=["to_tsvector('simple', cases_case.search) @@ to_tsquery('simple', %s)"], params=[wanted]
        )
    return rows


def _conditions(filters: Filters, *, each: bool = False) -> list[Q]:
    matter, at, here = filters.matter, filters.changed_after, OuterRef("pk")
    known: list[tuple[Any, Callable[[], Q]]] = [
        (filters.status, lambda: Q(status__in=_states(filters.status))),
        (matter, lambda: _of_matter(duties.codes_under(matter))),
        (filters.tag, lambda: Q(Exists(Tagged.objects.filter(case=here, tag=filters.tag)))),
        (filters.body, lambda: _of_body(filters.body or 0, filters.role, each=each)),
        (filters.grid, lambda: Q(grid__code=filters.grid)),
        (filters.urgency, lambda: Q(urgency=filters.urgency)),
        (filters.clock, lambda: _with_clock(filters.clock)),
        (filters.due_before, lambda: Q(promise_due_at__lt=filters.due_before, status__in=sorted(OWED))),
        (at, lambda: Q(changed_at__gt=at) | Q(status_since__gt=at) | Q(received_at__gt=at)),
    ]
    return [condition() for asked_for, condition in known if asked_for]


def page(
    filters: Filters, *, by: Actor, after: str, limit: int, dress: Dress = lambda rows: rows
) -> tuple[list[Case], str]:
    """Give one page in its order and the key of the next; the key is empty exactly where no row follows.

    :raises Invalid: a key that is none.
    """
    if grounds := _grounds(filters, by):
        rows = _walked(grounds, filters, by=by, after=after, dress=dress, most=limit + 1)
    else:
        rows = list(_ordered(dress(filtered(filters, by=by)), filters.sort, after)[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], f"{_micros(getattr(last, _order(filters.sort)[0]))}.{last.id}" if last is not None else ""


def _ordered(rows: QuerySet[Case], sort: str, after: str) -> QuerySet[Case]:
    column, down = _order(sort)
    if after:
        rows = rows.filter(_beyond(column, after, down=down))
    return rows.order_by(F(column).desc() if down else F(column).asc(nulls_last=True), "-id" if down else "id")


def _order(sort: str) -> tuple[str, bool]:
    return ("promise_due_at", False) if sort == "due" else ("received_at", sort.startswith("-"))


# --- what a body was asked, in the order of receipt ---------------------------------------------------------

FIRST_LOOK, LOOK_ON = 200, 8  # rows of a first look; each that follows takes so many times as many


def _grounds(filters: Filters, by: Actor) -> list[policies.Ground]:
    """Give the rows whose cases the list is made of, where it is what a body was ever asked: their indexes hold the
    receipt, so that a page is read from its end and not from all of them. A search has an index of its own."""
    if filters.q or filters.sort == "due":
        return []
    if policies.by_grounds_alone(by):
        return policies.grounds(by)
    if filters.body and not filters.role and by.kind in ("staff", "client") and by.has(*policies.DESK):
        asked = Handover.objects.filter(body=filters.body, role=Role.LEAD)
        held = Case.objects.filter(lead=filters.body)
        return [policies.Ground(asked, at="received_at"), policies.Ground(held, case="id", at="received_at")]
    return []


def _walked(
    grounds: Sequence[policies.Ground], filters: Filters, *, by: Actor, after: str, dress: Dress, most: int
) -> list[Case]:  # fmt: skip
    """Give cases in the order of receipt: the next few that the grounds name, then those of them that are asked for."""
    rows: QuerySet[Case] = Case.objects.filter(tenant_id=by.tenant_id)
    if policies.by_grounds_alone(by):
        rows = rows.filter(*_conditions(filters, each=True))
    else:  # a desk sees by place; the body is what the grounds are of
        rows = policies.visible_to(by, rows).filter(*_conditions(replace(filters, body=None)))
    rows, found, key, many = dress(rows), list[Case](), after, FIRST_LOOK
    while True:
        named = _named(grounds, by.tenant_id, key, down=filters.sort.startswith("-"), many=many)
        of_these = rows.extra(where=["cases_case.id = ANY (%s)"], params=[[case for _, case in named]])
        found += _ordered(of_these, filters.sort, "")[: most - len(found)]
        if len(found) == most or len(named) < many:
            return found
        at, case = named[-1]
        key, many = f"{_micros(at)}.{case}", many * LOOK_ON


def _named(
    grounds: Sequence[policies.Ground], tenant_id: int, after: str, *, down: bool, many: int
) -> list[tuple[datetime, int]]:
    """Give the next cases that the grounds name, with the moment of receipt; a case may be named by several."""
    sides = []
    for ground in grounds:
        rows = ground.rows.filter(tenant_id=tenant_id)
        if after:
            rows = rows.filter(_beyond(ground.at, after, down=down, case=ground.case))
        order = [F(name).desc() if down else F(name).asc() for name in (ground.at, ground.case)]
        sides.append(rows.order_by(*order).values_list(ground.at, ground.case)[:many])
    return sorted(sides[0].union(*sides[1:], all=True), reverse=down)[:many]


def _beyond(column: str, after: str, *, down: bool, case: str = "id") -> Q:
    micros, _, number = after.partition(".")
    if not numbers.names_a_row(number) or not (micros == "none" or (micros.isdigit() and len(micros) <= 17)):
        raise Invalid(detail=f"after: {after[:80]}")
    key = int(number)
    if micros == "none":
        return Q(**{column: None, f"{case}__gt": key})
    at = datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=int(micros))
    side = "lt" if down else "gt"
    beyond = Q(**{f"{column}__{side}": at}) | Q(**{column: at, f"{case}__{side}": key})
    beyond &= Q(**{f"{column}__{side}e": at})  # said alone as well: an index begins here instead of at its end
    return beyond | Q(**{column: None}) if column == "promise_due_at" else beyond


def _micros(moment: datetime | None) -> str:
    if moment is None:
        return "none"
    return str((moment - datetime.fromtimestamp(0, tz=UTC)) // timedelta(microseconds=1))


# --- counts ------------------------------------------------------------------------------------------------


def counts(lists: Sequence[Filters], *, by: Actor) -> list[int]:
    """Count several lists, each up to MANY + 1, in one statement."""
    if not lists:
        return []
    parts: list[str] = []
    params: list[Any] = []
    for filters in lists:
        inner = filtered(filters, by=by).order_by().values("id")[: MANY + 1]
        sql, own = inner.query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")
        params += own
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        row = cursor.fetchone()
    return [int(n) for n in row]


def saved(*, by: Actor) -> list[SavedFilter]:
    """Give what this person keeps, by name."""
    return list(SavedFilter.objects.filter(tenant_id=by.tenant_id, account=by.account_id or 0).order_by("name"))


# --- words -------------------------------------------------------------------------------------------------


def _status(text: str) -> str | None:
    named = [part if part.lower() != "open" else "open" for part in text.split(",")]
    named = [part if part == "open" else part.upper() for part in named]
    return ",".join(named) if set(named) <= {"open", *Status.values} else None


def _states(text: str) -> list[str]:
    found = {state for part in text.split(",") for state in (CASE.open_states if part == "open" else (part,))}
    return sorted(found)


def _matter(text: str, now: datetime) -> str | None:
    """Read a code, also of a branch or of a book of before; or what a leaf is called."""
    code = text.split()[-1]
    if _CODE.fullmatch(code):
        return code
    leaves = duties.law(localdate(now)).leaves
    named = [m.code for m in leaves if text in (m.name, m.name_en, *m.aliases)]
    return named[0] if len(named) == 1 else None


def _body(text: str, now: datetime) -> int | None:
    if numbers.names_a_row(text):
        return int(text)
    rows = bodies.all_bodies(on=localdate(now))
    return next((b.id for b in rows if text in (b.name, b.short_name, b.name_en, b.code)), None)


def _of_matter(codes: Sequence[str]) -> Q:
    return Q(matter=codes[0]) if len(codes) == 1 else Q(matter__in=codes)


def _with_clock(kind: str) -> Q:
    """Few run of most kinds: they are looked up. The promise runs on nearly all open work and on nothing that has
    ended: the open are walked in their order, each is asked."""
    running = Clock.objects.filter(case=OuterRef("pk"), kind=kind, stopped_at=None)
    if kind == ClockKind.PROMISE:
        return Q(status__in=sorted(CASE.open_states)) & Q(ForEach(running))
    return Q(Exists(running))


def _of_body(body: int, role: str, *, each: bool) -> Q:
    """`each`: few rows are asked, each for itself."""
    if role == "assist":
        return Q(Exists(Part.objects.filter(case=OuterRef("pk"), asked_body=body)))
    if role == "lead":
        return Q(lead_id=body)
    led = Handover.objects.filter(case=OuterRef("pk"), body_id=body, role=Role.LEAD)
    return Q(lead_id=body) | Q((ForEach if each else Exists)(led))


def _one_of(known: Sequence[str]) -> Any:
    return lambda text: text if text in known else None


def _moment(text: str, *, whole_day: bool = False) -> datetime | None:
    """Read a moment, or a day of the town: its midnight, for `whole_day` the one that ends it."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if whole_day else 0)
            found = datetime.combine(day, time.min, get_current_timezone())
        else:
            found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    found = found if found.tzinfo is not None else found.replace(tzinfo=get_current_timezone())
    return found if 1900 < found.year < 3000 else None
