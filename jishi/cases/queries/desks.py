"""What waits at the desk, by clock, and the list of cases. Pages are keyset; nothing is asked per row.

No list here is ordered, filtered or counted by who said it (spec 10 §16, §19.10).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate
from django.utils.translation import get_language

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Clock, ForEach, Handover, Membership
from jishi.cases.queries import sifting, ticking
from jishi.cases.queries.sifting import Filters
from jishi.cases.states import OWED, HandoverStatus, Status
from jishi.duties import queries as duties
from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid

LIMIT = 50
# What a row of the desk shows, and nothing else: a case and a clock have eighty columns between them.
_SHOWN = (
    "due_at", "started_at",
    *(f"case__{name}" for name in (
        "number", "title", "status", "urgency", "kind", "matter", "place_name", "address_text", "lead", "received_at",
        "routed", "reports_count", "tags",
    )),
)  # fmt: skip
OBJECTION_DAYS = 90  # a decline is objected to within its window; older ones are history

@dataclass(frozen=True, slots=True)
class Queue:
    """Cases in one state, ordered by the clock that runs in it; `routed`: only those of which the lists said this."""

    clock: str
    status: str
    routed: tuple[str, ...] = ()


QUEUES: Mapping[str, Queue] = {
    "waiting": Queue("dispatch", Status.RECEIVED),
    "returns": Queue("return_answer", HandoverStatus.RETURN_ASKED),
    "asking": Queue("dispatch", Status.RECEIVED, ("ask",)),
    "contested": Queue("dispatch", Status.RECEIVED, ("contested",)),
    "fallback": Queue("dispatch", Status.RECEIVED, ("fallback",)),
    "consulting": Queue("consult", Status.CONSULTING),
    "objections": Queue("", Status.DECLINED),
}


@dataclass(frozen=True, slots=True)
class Due:
    """The clock of one row, as the chip reads it."""

    due_at: datetime | None
    share_used: float
    late: bool
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One case in a list."""

    id: int
    number: str
    title: str
    status: str
    urgency: str
    kind: str
    matter: str
    place: str
    channel: str
    lead: str
    received_at: datetime
    clock: Due | None
    outcome: str = ""
    reports: int = 1
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `after` is the key of the next one, empty at the end."""

    rows: tuple[Row, ...]
    after: str


# --- the dispatch desk -------------------------------------------------------------------------------------


def counts(by: Actor) -> dict[str, int]:
    """Count what waits in each queue, in one statement, from indexes of open work alone; history is not touched."""
    here = policies.at_the_desk(by, Case.objects.all()).order_by()
    waiting = here.filter(status__in=(Status.RECEIVED, Status.CONSULTING)).values("status", "routed")
    returned = _returned().filter(case__in=here).order_by().values("status").annotate(routed=Value(""))
    objected = _objected(by).order_by().values("status").annotate(routed=Value(""))
    told = [rows.annotate(n=Count("id")).values_list("status", "routed", "n") for rows in (waiting, returned, objected)]
    found = dict.fromkeys(QUEUES, 0)
    for status, routed, n in told[0].union(*told[1:], all=True):
        for code, one in QUEUES.items():
            if one.status == status and (not one.routed or routed in one.routed):
                found[code] += n
    return found


def queue(code: str, *, by: Actor, now: datetime, after: str = "", limit: int = LIMIT) -> Page:
    """Give one page of a queue, the most pressing first; one statement.

    :raises Invalid: an unknown queue, or a key that is none.
    """
    if code not in QUEUES:
        raise Invalid(detail=code)
    if code == "objections":
        return _objections(by, after, limit)
    rows: QuerySet[Any] = _at_the_desk(QUEUES[code], by).annotate(
        channel=_channel("case"),
        asked=F("handover__body") if code == "returns" else Value(None, output_field=IntegerField()),
    )
    rows = _after_clock(rows, after).select_related("case").order_by(F("due_at").asc(nulls_last=True), "id")
    page = list(rows.only(*_SHOWN)[: limit + 1])
    shown = tuple(
        _row(c.case, channel=c.channel, asked=c.asked, outcome=c.case.routed, clock=_due(c, now))
        for c in page[:limit]
    )
    last = page[limit - 1] if len(page) > limit else None
    return Page(shown, f"{last.due_at.isoformat() if last.due_at else ''}~{last.id}" if last else "")


def _at_the_desk(one: Queue, by: Actor) -> QuerySet[Clock]:
    """The running clocks of one queue, of cases this actor sees; walked in their order, not sorted."""
    rows = Clock.objects.filter(tenant_id=by.tenant_id, stopped_at=None, kind=one.clock)
    here = policies.at_the_desk(by, Case.objects.all())
    if one.clock == "return_answer":
        asked = ForEach(_returned().filter(pk=OuterRef("handover")))
        return rows.filter(ForEach(here.filter(pk=OuterRef("case"))), asked)
    if one.routed:  # few of the many that wait: found by what the lists said of them
        return rows.filter(case__in=here, case__status=one.status, case__routed__in=one.routed)
    return rows.filter(ForEach(here.filter(pk=OuterRef("case"), status=one.status)))


def _returned() -> QuerySet[Handover]:
    return Handover.objects.filter(status=HandoverStatus.RETURN_ASKED)


def _channel(case: str) -> Subquery:
    first = Membership.objects.filter(case=OuterRef(case), to_at=None).order_by("id")
    return Subquery(first.values("report__channel")[:1], output_field=CharField())


def _objected(by: Actor) -> QuerySet[Case]:
    """Declined cases whose caller disagrees and nobody has looked again."""
    rows = policies.at_the_desk(by, Case.objects.filter(status=Status.DECLINED, objected_at__gte=F("status_since")))
    return rows.filter(status_since__gte=RawSQL("now() - make_interval(days => %s)", [OBJECTION_DAYS]))


def _objections(by: Actor, after: str, limit: int) -> Page:
    rows = _objected(by).annotate(channel=_channel("pk")).order_by("status_since", "id")
    if after:
        moment, _, number = after.partition("~")
        at, key = _moment(moment), _key(number)
        rows = rows.filter(Q(status_since__gt=at) | Q(status_since=at, id__gt=key))
    page = list(rows[: limit + 1])
    more = f"{page[limit - 1].status_since.isoformat()}~{page[limit - 1].id}" if len(page) > limit else ""
    return Page(tuple(_row(c, channel=c.channel) for c in page[:limit]), more)


def _after_clock(rows: QuerySet[Any], after: str) -> QuerySet[Any]:
    if not after:
        return rows
    moment, _, number = after.partition("~")
    key = _key(number)
    if not moment:
        return rows.filter(due_at=None, id__gt=key)
    at = _moment(moment)
    return rows.filter(Q(due_at__gt=at) | Q(due_at=at, id__gt=key) | Q(due_at=None))


# --- the list of cases -------------------------------------------------------------------------------------


def cases(filters: Filters, *, by: Actor, now: datetime, after: str = "", limit: int = LIMIT) -> Page:
    """Give one page of the cases this actor sees, in the order asked for; one statement, two for what a
    body was asked.

    :raises Invalid: a key that is none.
    """
    page, more = sifting.page(
        filters, by=by, after=after, limit=limit,
        dress=lambda rows: rows.annotate(channel=_channel("pk")).select_related("lead"),
    )  # fmt: skip
    return Page(tuple(_row(c, channel=getattr(c, "channel", ""), clock=_promise(c, now)) for c in page), more)


def _promise(case: Case, now: datetime) -> Due | None:
    if case.status not in OWED or case.promise_due_at is None:
        return None
    whole = (case.promise_due_at - case.received_at).total_seconds()
    gone = (now - case.received_at).total_seconds() / whole if whole > 0 else 1.0
    return Due(case.promise_due_at, min(1.0, max(0.0, gone)), case.promise_due_at < now)


def _due(clock: Clock, now: datetime) -> Due | None:
    if clock.due_at is None:
        return None
    return Due(clock.due_at, ticking.share(clock, now), clock.due_at < now)


def _row(
    case: Case, *, channel: str | None, asked: int | None = None, outcome: str = "", clock: Due | None = None
) -> Row:
    lang = get_language() or "zh"
    matter = duties.law(localdate()).matters.get(case.matter) if case.matter else None
    body = bodies.names().get(asked or case.lead_id or 0)
    return Row(
        id=case.id, number=case.number, title=case.title, status=case.status, urgency=case.urgency, kind=case.kind,
        matter=matter.called(lang) if matter else "", place=case.place_name or case.address_text, channel=channel or "",
        lead=body.called(lang) if body else "", received_at=case.received_at, clock=clock, outcome=outcome,
        reports=case.reports_count, tags=tuple(case.tags),
    )  # fmt: skip


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(detail="after") from None


def _key(text: str) -> int:
    if not numbers.names_a_row(text):
        raise Invalid(detail="after")
    return int(text)
