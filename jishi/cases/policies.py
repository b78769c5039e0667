"""Who may, at this moment. The button asks, the verb insists; `visible_to` is the list form of `ensure_may_see`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Value

from jishi.accounts import queries as accounts
from jishi.cases import limits
from jishi.cases.models import Case, Consultation, Feedback, Handover, Membership, Part, Participant, Report, Topic
from jishi.cases.states import ENDS, Solved, Status
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels.procedure import Move

OF_THE_FEEDBACK = frozenset(
    {"feedback.answered", "feedback.attempted", "case.recheck_called", "case.recheck_denied", "case.recheck_dropped"}
)
BARRED = ("case.replied", "case.recheck_called", "case.recheck_denied")  # who has left one does not look (again)
RECEIVING = ("operator", "dispatcher", "grid_worker", "system")  # who may say how urgent, and by which channel
PROGRAM = "open311"  # role of a stranger's program: it sends reports and words to public ones, it sees no case
DESK = ("operator", "dispatcher", "reviewer", "feedback", "supervisor", "office", "ruler", "auditor")


@dataclass(frozen=True, slots=True)
class Stand:
    """The case as rights see it: itself and who holds it now."""

    case: Case
    lead: Handover | None
    members: tuple[tuple[int, int | None], ...] = ()  # (report, account) of open memberships, where needed
    asked: int | None = None  # the body that the row beside the case asks (a supervision, a part, a whistle)
    street: int | None = None  # the body that blew the whistle
    host: int | None = None  # the body that hosts it
    mediator: int | None = None  # the account that mediates
    parties: frozenset[int] = frozenset()  # of the mediation


def _is_caller(actor: Actor, stand: Stand) -> bool:
    return any(
        (actor.kind == "reporter" and actor.report_id == report)
        or (actor.kind == "resident" and account is not None and actor.account_id == account)
        for report, account in stand.members
    )


def _holds(actor: Actor, stand: Stand) -> bool:
    return stand.lead is not None and actor.has("handler") and stand.lead.body_id in actor.body_ids


def _outside_the_matter(actor: Actor, stand: Stand) -> bool:
    """The body that holds the case, or answered it last, judges nothing of it."""
    ours = actor.body_ids | actor.tied_to
    lead = stand.lead.body_id if stand.lead else None
    parties = {stand.case.lead_id, lead, stand.asked, stand.street, stand.host}
    return not (parties - {None}) & ours


def _of_the_desk(role: str) -> Callable[[Actor, Stand], bool]:
    """A desk works where its post reaches: the whole town, or one place of it."""
    return lambda actor, stand: actor.has(role) and stand.case.division_code.startswith(actor.area)


def _outside(role: str) -> Callable[[Actor, Stand], bool]:
    """A desk that judges bodies: outside the matter, where its post reaches."""
    desk = _of_the_desk(role)
    return lambda actor, stand: desk(actor, stand) and _outside_the_matter(actor, stand)


def _has_the_copy(actor: Actor, stand: Stand) -> bool:
    return stand.lead is not None and actor.has("handler") and stand.lead.copied_to_id in actor.body_ids


_SUPERVISOR, _OFFICE = _outside("supervisor"), _outside("office")
_DISPATCHER = _of_the_desk("dispatcher")


def _in_the_desks_place(actor: Actor, stand: Stand) -> bool:
    return in_the_desks_place(actor, stand.case)


def in_the_desks_place(actor: Actor, case: Case) -> bool:
    """Where no dispatcher is left who may see the case, the leading group office places it: the upper level leads
    (济南市12345条例 32; spec 10 §13). Nobody else gains anything by it."""
    ours = actor.body_ids | actor.tied_to
    here = actor.has("office") and case.division_code.startswith(actor.area)
    if not here or ours.intersection(case.recused_body_ids):
        return False
    return actor.account_id not in case.aside_account_ids and nobody_places(case)


def nobody_places(case: Case) -> bool:
    """Tell whether every dispatcher of the place is of the accused or the line above them, or stands aside."""
    if not (case.accused_body_ids or case.aside_account_ids):
        return False
    return none_left(
        _dispatchers(), case.division_code, recused=set(case.recused_body_ids), aside=set(case.aside_account_ids)
    )


def none_left(hands: Iterable[accounts.Hand], division: str, *, recused: set[int], aside: set[int]) -> bool:
    """Tell whether none of `hands` whose area covers the place may see it: one rule at intake and at the desk."""
    here = [h for h in hands if any(division.startswith(area) for area in h.areas)]
    return all(h.account_id in aside or recused & h.body_ids for h in here)


def without_a_desk(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Keep the cases that nobody at the dispatch desk may see: the list form of `nobody_places`. One text, however many
    dispatchers there are."""
    return cases.filter(~Q(accused_body_ids=[]) | ~Q(aside_account_ids=[]), _nobody(F("line_body_ids")))


def with_a_desk_again(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Keep the cases into which bodies were let while nobody at the dispatch desk was left, and which somebody there
    who has nothing to do with the accused, the line above them or those let in may place again."""
    line = Func(F("line_body_ids"), F("let_in_body_ids"), template="(%(expressions)s)", arg_joiner=" || ",
                output_field=ArrayField(BigIntegerField()))  # fmt: skip
    return cases.exclude(let_in_body_ids=[]).exclude(_nobody(line))


def somebody_places_again(case: Case) -> bool:
    """Tell the same of one case that lets bodies in."""
    recused = {*case.recused_body_ids, *case.let_in_body_ids}
    return not none_left(_dispatchers(), case.division_code, recused=recused, aside=set(case.aside_account_ids))


def _nobody(line: Any) -> Any:
    """`none_left`, asked of a row with the bodies above the accused as `line`."""
    hands = _dispatchers()
    told: list[list[Any]] = [
        [h.account_id for h in hands], [_written(sorted(h.areas)) for h in hands],
        [_written(sorted(h.body_ids)) for h in hands],
    ]  # fmt: skip
    return _NobodyLeft(F("division_code"), F("accused_body_ids"), line, F("aside_account_ids"), *map(Value, told))


class _NobodyLeft(Func):
    """`none_left`, asked of a row."""

    output_field = BooleanField()
    template = """NOT EXISTS (
        SELECT FROM (SELECT %(expressions)s) AS c (division, accused, line, aside, accounts, areas, bodies),
            unnest(c.accounts::bigint[], c.areas::text[], c.bodies::text[]) AS hand (account, areas, bodies)
        WHERE EXISTS (SELECT FROM unnest(hand.areas::text[]) AS area (code) WHERE starts_with(c.division, area.code))
          AND NOT (hand.account = ANY (c.aside) OR (c.accused || c.line) && hand.bodies::bigint[]))"""


def _written(values: Iterable[object]) -> str:
    """Codes and numbers as the database reads a list of them inside a list; an area may be empty."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def at_the_desk(actor: Actor, cases: QuerySet[Case]) -> QuerySet[Case]:
    """Keep what the dispatch desk shows `actor`: what he sees; the office only what nobody there may place."""
    rows = visible_to(actor, cases)
    whole = actor.kind in ("clock", "system") or actor.has("dispatcher", "ruler")
    return rows if whole else without_a_desk(rows)


def _dispatchers() -> list[accounts.Hand]:
    return _hands("dispatcher")


def _hands(role: str) -> list[accounts.Hand]:
    now = scope.current()
    if f"hands:{role}" not in now.memo:
        now.memo[f"hands:{role}"] = accounts.hands_of(role, now=now.recorded_at)
    found: list[accounts.Hand] = now.memo[f"hands:{role}"]
    return found


def nobody_looks_again(case: Case) -> bool:
    """Tell whether no reviewer of the place is left who may judge a "not solved"."""
    return case.id in none_looks_again([case])


def none_looks_again(cases: Iterable[Case]) -> set[int]:
    """Tell of which cases no reviewer of the place is left who may judge a "not solved": each answered here, took the
    answer down, has judged once, is of the body that answered or of an accused one, or stands aside."""
    rows = {case.id: case for case in cases}
    barred = {case.id: set(case.aside_account_ids) for case in rows.values()}
    entries = trail.Entry.objects.filter(subject_kind="case", subject_id__in=list(rows), verb__in=BARRED)
    for case_id, label in entries.filter(actor__startswith="staff:").values_list("subject_id", "actor"):
        barred[case_id] |= {_account_of(label)}  # the number of a caller's report, of a program, is no account
    took = Feedback.objects.filter(case__in=list(rows), solved=Solved.NO, superseded_by=None)
    for case_id, label in took.filter(recorded_by__startswith="staff:").values_list("case_id", "recorded_by"):
        barred[case_id] |= {_account_of(label)}
    return {
        case.id for case in rows.values() if none_left(
            _hands("reviewer"), case.division_code, recused={*case.recused_body_ids, case.lead_id or 0},
            aside=barred[case.id],
        )
    }  # fmt: skip


def _account_of(label: str) -> int:
    account = label.split("/")[0].split(":")[1]
    return int(account) if account.isdecimal() else 0


def _in_the_reviewers_place(actor: Actor, stand: Stand) -> bool:
    """The leading group office looks where no other reviewer may (spec 10 §13: the upper level leads)."""
    ours, case = actor.body_ids | actor.tied_to, stand.case
    if not _OFFICE(actor, stand) or ours.intersection(case.recused_body_ids):
        return False
    return actor.account_id not in case.aside_account_ids and nobody_looks_again(case)


_REVIEWER, _FEEDBACK, _RULER = _of_the_desk("reviewer"), _of_the_desk("feedback"), _of_the_desk("ruler")
PARTIES: Mapping[str, Callable[[Actor, Stand], bool]] = {
    "anyone": lambda actor, stand: True,
    "caller": _is_caller,
    "operator": _of_the_desk("operator"),
    "dispatcher": lambda actor, stand: _DISPATCHER(actor, stand) or _in_the_desks_place(actor, stand),
    "other_dispatcher": lambda actor, stand: _DISPATCHER(actor, stand) or _in_the_desks_place(actor, stand),
    "rule": lambda actor, stand: actor.kind in ("clock", "system"),
    "platform": lambda actor, stand: actor.kind in ("clock", "system"),
    "grid_worker": lambda actor, stand: bool(actor.area) and _of_the_desk("grid_worker")(actor, stand),
    "offered_body": _holds,
    "lead": _holds,
    "reviewer": lambda actor, stand: _REVIEWER(actor, stand) and _outside_the_matter(actor, stand),
    "recheck_office": _in_the_reviewers_place,
    "feedback_body": lambda actor, stand: _FEEDBACK(actor, stand) and _outside_the_matter(actor, stand),
    "supervisor": _SUPERVISOR,
    "leading_office": _OFFICE,
    "exclusion_desk": lambda actor, stand: _SUPERVISOR(actor, stand) or _OFFICE(actor, stand),
    "copied_body": _has_the_copy,
    "answering_body": lambda actor, stand: actor.has("handler") and stand.case.lead_id in actor.body_ids,
    "asked_body": lambda actor, stand: actor.has("handler") and stand.asked in actor.body_ids,
    "called_body": lambda actor, stand: actor.has("handler") and stand.asked in actor.body_ids,
    "street": lambda actor, stand: actor.has("handler") and stand.street in actor.body_ids,
    "host": lambda actor, stand: actor.has("handler") and not actor.body_ids.isdisjoint({stand.street, stand.host}),
    "district_office": lambda actor, stand: _OFFICE(actor, stand) or PARTIES["ruling_body"](actor, stand),
    "ruling_body": lambda actor, stand: _RULER(actor, stand) and _outside_the_matter(actor, stand),
    "unsealing_asker": lambda actor, stand: (
        _holds(actor, stand) or any(_of_the_desk(role)(actor, stand) for role in ("supervisor", "ruler", "office"))
    ),
    "unsealing_approver": lambda actor, stand: _SUPERVISOR(actor, stand) or _OFFICE(actor, stand),
    "party": lambda actor, stand: actor.kind == "party" and actor.party_id in stand.parties,
    "mediator": lambda actor, stand: (
        actor.kind == "staff" and actor.has("mediator") and stand.mediator in ({actor.account_id} - {None})
    ),
}


def ensure_may(move: Move, actor: Actor, stand: Stand) -> None:
    """Insist that one of the parties whom the table names acts.

    :raises NotFound: the actor may not even see the case. :raises NotAllowed: sees it, may not move it.
    """
    for party in move.who:
        if party.startswith("clock:"):
            if actor.kind in ("clock", "system"):
                return
        elif PARTIES[party](actor, stand):
            return
    ensure_may_see(actor, stand)
    raise NotAllowed(verb=move.verb, who=list(move.who))


def may(move: Move, actor: Actor, stand: Stand) -> bool:
    """Tell whether the button is shown."""
    try:
        ensure_may(move, actor, stand)
    except (NotAllowed, NotFound):
        return False
    return True


def window_of(case: Case) -> timedelta:
    """Give how long after its end a case may be reopened or added to: as the rules say for its matter and place."""
    return timedelta(days=limits.reopen_days(case.matter, case.division_code))


def may_be_added_to(case: Case, now: datetime) -> bool:
    """Tell whether a caller may add a word: open, or ended within the time for reopening (spec 10 §5.1)."""
    ended = case.closed_at or case.status_since
    return case.status not in ENDS or now <= ended + window_of(case)


def may_read(actor: Actor, case: Case, verb: str) -> bool:
    """Tell whether this entry is open to the actor: the handling body reads no feedback before the close (10 §9)."""
    of_the_body = actor.kind in ("staff", "client") and not actor.has(*DESK)
    return not (of_the_body and verb in OF_THE_FEEDBACK and case.status != Status.CLOSED)


def ensure_may_see(actor: Actor, stand: Stand) -> None:
    """Insist that the actor sees this case.

    :raises NotFound: equal to a case that never was.
    """
    if not visible_to(actor, Case.objects.filter(id=stand.case.id)).exists():
        raise NotFound


def visible_to(actor: Actor, cases: QuerySet[Case]) -> QuerySet[Case]:
    """Keep the cases that `actor` may see; recusal is the database's (row security)."""
    rows = cases.filter(tenant_id=actor.tenant_id)
    if actor.kind in ("clock", "system"):
        return rows
    if actor.kind in ("resident", "reporter"):
        mine = Membership.objects.filter(case=OuterRef("pk"), to_at=None)
        who = Q(report=actor.report_id) if actor.kind == "reporter" else Q(report__reporter=actor.account_id)
        return rows.filter(Exists(mine.filter(who)))
    if actor.kind not in ("staff", "client"):
        return rows.none()
    if actor.has(*DESK):
        return rows.filter(division_code__startswith=actor.area) if actor.area else rows
    seen = Q(pk=None)
    for ground in grounds(actor):
        seen |= Q(Exists(ground.rows.filter(**{ground.case: OuterRef("pk")})))
    if actor.has("grid_worker") and actor.area:
        seen |= Q(division_code__startswith=actor.area)
    return rows.filter(seen)


@dataclass(frozen=True, slots=True)
class Ground:
    """Rows that name cases: in `case` the case, in `at` when it was received."""

    rows: QuerySet[Any]
    case: str = "case"
    at: str = "case__received_at"


def grounds(actor: Actor) -> list[Ground]:
    """Give why a body sees cases: it was asked, has the copy, is invited to a consultation that goes on, has a part or
    was called by a whistle. One ground for each body where an index holds the receipt beside it."""
    if not actor.has("handler", "head"):
        return []
    mine = actor.body_ids
    asked = Consultation.objects.filter(concluded_at=None, invited__overlap=[*mine])
    return [
        *(Ground(Handover.objects.filter(body=body), at="received_at") for body in sorted(mine)),
        *(Ground(Handover.objects.filter(copied_to=body), at="received_at") for body in sorted(mine)),
        Ground(asked), Ground(Part.objects.filter(asked_body__in=mine)),
        Ground(Participant.objects.filter(body__in=mine), case="whistle__case", at="whistle__case__received_at"),
    ]  # fmt: skip


def by_grounds_alone(actor: Actor) -> bool:
    """Tell whether what `actor` sees is what his bodies were asked, and nothing besides."""
    staff = actor.kind in ("staff", "client") and not actor.has(*DESK)
    return staff and actor.has("handler", "head") and not (actor.has("grid_worker") and actor.area)


def reports_of(actor: Actor) -> QuerySet[Report]:
    """Keep the reports that this reporter made himself."""
    rows = Report.objects.filter(tenant_id=actor.tenant_id)
    if actor.kind == "reporter":
        return rows.filter(id=actor.report_id or 0)
    if actor.kind == "resident":
        return rows.filter(reporter=actor.account_id)
    return rows.none()


# --- topics: they hang on no case --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TopicStand:
    """A topic as rights see it: who leads it, and every body that has a part in it."""

    lead: int | None
    bodies: frozenset[int]


NOMINATING = ("handler", "head", "office", "ruler", "supervisor", "dispatcher", "grid_worker")


def _is_of_the_topic(actor: Actor, stand: TopicStand) -> bool:
    return actor.has("handler", "head", "office") and not actor.body_ids.isdisjoint(stand.bodies)


TOPIC_PARTIES: Mapping[str, Callable[[Actor, TopicStand], bool]] = {
    "any_body": lambda actor, stand: actor.kind in ("staff", "client") and actor.has(*NOMINATING),
    "topic_office": lambda actor, stand: actor.has("office"),
    "topic_judge": lambda actor, stand: actor.has("office") and stand.lead not in actor.body_ids | actor.tied_to,
    "topic_bodies": _is_of_the_topic,
}


def topic_stand(row: Topic | None) -> TopicStand:
    """Give what rights on a topic turn on."""
    if row is None:
        return TopicStand(None, frozenset())
    return TopicStand(row.lead_body_id, frozenset({row.lead_body_id or 0, *row.assist_body_ids} - {0}))


def ensure_may_on_topic(move: Move, actor: Actor, stand: TopicStand) -> None:
    """Insist that one of the parties whom the table names acts. :raises NotAllowed: somebody else."""
    if not any(TOPIC_PARTIES[party](actor, stand) for party in move.who):
        raise NotAllowed(verb=move.verb, who=list(move.who))


def receiving(actor: Actor) -> Actor:
    """Let whoever found something take it in as the receiving desk does; the right to open it was asked before."""
    return replace(actor, roles=actor.roles | {"system"})
