"""One sieve for every list of cases: the page, the API, the sheet, what a person keeps, what is done to many.

The same words in an address give the same rows everywhere, in the order that was asked for. Keyset paging: the next
page begins exactly where this one ends. No filter is about who said it (spec 10 §16, §19.10).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.timezone import get_current_timezone, localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Clock, ForEach, Handover, Part, SavedFilter, Tagged
from jishi.cases.states import CASE, ClockKind, Role, Status, Urgency
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


def filtered(filters: Filters, *, by: Actor) -> QuerySet[Case]:
    """Give the cases this actor sees, as filtered; not in any order yet."""
    rows = policies.visible_to(by, Case.objects.all()).filter(*_conditions(filters))
    if wanted := tsquery_text(filters.q) if filters.q else "":
        # the expression of the index `cases_search`, word for word
        rows = rows.extra(
            where=["to_tsvector('simple', cases_case.search) @@ to_tsquery('simple', %s)"], params=[wanted]
        )
    return rows


def _conditions(filters: Filters) -> list[Q]:
    matter, at, here = filters.matter, filters.changed_after, OuterRef("pk")
    known: list[tuple[Any, Callable[[], Q]]] = [
        (filters.status, lambda: Q(status__in=_states(filters.status))),
        (matter, lambda: _of_matter(duties.codes_under(matter))),
        (filters.tag, lambda: Q(Exists(Tagged.objects.filter(case=here, tag=filters.tag)))),
        (filters.body, lambda: _of_body(filters.body or 0, filters.role)),
        (filters.grid, lambda: Q(grid__code=filters.grid)),
        (filters.urgency, lambda: Q(urgency=filters.urgency)),
        (filters.clock, lambda: _with_clock(filters.clock)),
        (filters.due_before, lambda: Q(promise_due_at__lt=filters.due_before, status__in=sorted(CASE.open_states))),
        (at, lambda: Q(changed_at__gt=at) | Q(status_since__gt=at) | Q(received_at__gt=at)),
    ]
    return [condition() for asked_for, condition in known if asked_for]


def walk(rows: QuerySet[Case], sort: str, *, after: str, limit: int) -> tuple[list[Case], str]:
    """Give one page in its order and the key of the next; the key is empty exactly where no row follows.

    :raises Invalid: a key that is none.
    """
    column, down = ("promise_due_at", False) if sort == "due" else ("received_at", sort.startswith("-"))
    if after:
        rows = rows.filter(_beyond(column, after, down=down))
    order = F(column).desc() if down else F(column).asc(nulls_last=True)
    page = list(rows.order_by(order, "-id" if down else "id")[: limit + 1])
    last = page[limit - 1] if len(page) > limit else None
    return page[:limit], f"{_micros(getattr(last, column))}.{last.id}" if last is not None else ""


def _beyond(column: str, after: str, *, down: bool) -> Q:
    micros, _, number = after.partition(".")
    if not numbers.names_a_row(number) or not (micros == "none" or (micros.isdigit() and len(micros) <= 17)):
        raise Invalid(detail=f"after: {after[:80]}")
    key = int(number)
    if micros == "none":
        return Q(**{column: None, "id__gt": key})
    at = datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=int(micros))
    side = "lt" if down else "gt"
    beyond = Q(**{f"{column}__{side}": at}) | Q(**{column: at, f"id__{side}": key})
    return beyond if down else beyond | Q(**{column: None})


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


def _of_body(body: int, role: str) -> Q:
    if role == "assist":
        return Q(Exists(Part.objects.filter(case=OuterRef("pk"), asked_body=body)))
    if role == "lead":
        return Q(lead_id=body)
    return Q(lead_id=body) | Q(Exists(Handover.objects.filter(case=OuterRef("pk"), body_id=body, role=Role.LEAD)))


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
