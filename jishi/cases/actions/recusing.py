"""Standing aside: the line above an accused body, and persons who are kin or have an interest (spec 10 §13, 90 §4.2).

Both bind in the database: whoever stands aside finds the case nowhere from this moment on. What he did before stays.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import moving, naming
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import (
    Case,
    Clock,
    Cluster,
    ClusterReport,
    Consultation,
    Mediation,
    MediationParty,
    Membership,
    Part,
    Report,
    Sitting,
)
from jishi.cases.refusals import GroundNeeded, HoldsTheCase
from jishi.cases.states import CASE, OPEN, AsideGround, ClockKind, Status
from jishi.foundation import outbox, scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed

OBJECTED = timedelta(days=1)  # an objection has no clock: so long it waits for a dispatcher
UNPLACED, PLACED_AGAIN = "unplaced_office", "again_dispatcher"  # messages at once


@transaction.atomic
def say_line(
    case_id: int, *, line: Sequence[int], why: str, by: Actor, now: datetime, version: int | None = None
) -> Case:
    """Say which bodies above the accused stand aside in this case: all of them at first, as the bodies declare it.

    Taking one out of the line lets the upper level lead where nobody else is left (济南市12345条例 32). Who was let in
    for want of a dispatcher stays so until one is there again, whatever is said of the others.
    :raises NotAllowed: not the dispatcher's to say; nobody is accused; a body whose desk receives reports.
    :raises HoldsTheCase: a body that works on it now. :raises GroundNeeded: no reason. :raises BodyDoesNotExist.
    """
    held = moving.hold(case_id, by=by, version=version)
    if not policies.PARTIES["dispatcher"](by, held.stand):
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="哪些上级回避，由派单员登记。")
    case, wanted = held.case, sorted({*line} - {*held.case.accused_body_ids})
    if not why.strip() or wanted == sorted(case.line_body_ids):
        raise GroundNeeded(what="另一份回避名单和理由", what_en="another list of who stands aside, and why")
    naming.ensure_bodies(sorted({*wanted} - {*case.line_body_ids}), case=case, now=now)
    _ensure_line(held, wanted, by, now)
    before = list(case.line_body_ids)
    let_in = sorted({*case.let_in_body_ids} - {*wanted})
    with scope.within(system(by.tenant_id)):
        _keep(case, wanted, let_in)
        moving.beside(
            held, "case.line_said", by=by, now=now, words={"why": why.strip()},
            codes={"from": before, "line": wanted}, case_values={"line_body_ids": wanted, "let_in_body_ids": let_in},
        )  # fmt: skip
    return case


def let_offices_place(*, by: Actor, now: datetime) -> int:
    """Take the office of the leading group out of the line of what waits for the desk where no dispatcher is left and
    the time for it has run out: the upper level leads (济南市12345条例 32). Run by the clock; gives how many.

    To be placed, in consultation, or declined with an objection that nobody has looked at for a day.

    The line was said while somebody else could place it. Dispatchers leave, stand aside, a case moves to another place:
    whichever it was, the office finds it at the end of that time, and not for a gap between two grants. It is told at
    once. The case names who was let in, so that they are shut out again (`shut_out_again`).
    """
    with scope.work(by):
        desks = accounts.desks_of("office", now=now)
        waiting = Case.objects.filter(tenant_id=by.tenant_id).exclude(line_body_ids=[])
        blind = waiting.filter(_late(now), line_body_ids__overlap=sorted({body for body, _ in desks}))
        found = list(policies.without_a_desk(blind).order_by("id").values_list("id", flat=True))
    return sum(_let_it_place(case_id, desks, by=by, now=now) for case_id in found)


def _late(now: datetime) -> Q:
    """What waits for the desk, and too long: a pause of one clock is the time of another."""
    runs = Clock.objects.filter(case=OuterRef("pk"), stopped_at=None, due_at__lte=now)
    placing, talking = runs.filter(kind=ClockKind.DISPATCH), runs.filter(kind=ClockKind.CONSULT)
    objected = Q(status=Status.DECLINED, objected_at__gte=F("status_since"), objected_at__lte=now - OBJECTED)
    return objected | Q(Exists(placing), status=Status.RECEIVED) | Q(Exists(talking), status=Status.CONSULTING)


def _let_it_place(case_id: int, desks: Sequence[tuple[int, str]], *, by: Actor, now: datetime) -> bool:
    with scope.work(by):
        held = moving.hold(case_id, by=by)
        case = held.case
        line = sorted({*case.line_body_ids} - {b for b, area in desks if case.division_code.startswith(area)})
        still = line != sorted(case.line_body_ids) and Case.objects.filter(_late(now), id=case.id).exists()
        if not still or not policies.nobody_places(case):
            return False
        let_in = sorted({*case.let_in_body_ids, *case.line_body_ids} - {*line})
        _turn(held, "case.offices_let_in", line, let_in, "no_dispatcher_left", UNPLACED, by=by, now=now)
        return True


def shut_out_again(*, by: Actor, now: datetime) -> int:
    """Put whoever was let in for want of a dispatcher back into the line, once one is there again who has nothing to do
    with the accused: need alone let them in (济南市12345条例 32, spec 10 §13). Run by the clock; gives how many.

    Exactly those whom the case names, whatever has become of it since, and everywhere from this moment on; the
    dispatchers are told at once where something is left to do. Not who leads it by now or has a piece of it, as long as
    that lasts; nor a desk that receives.
    """
    with scope.work(by):
        rows = policies.with_a_desk_again(Case.objects.filter(tenant_id=by.tenant_id))
        found = list(rows.order_by("id"))
        receiving = naming.receiving_bodies(by=by, now=now) if found else set[int]()
        due = [case.id for case in found if {*case.let_in_body_ids} - receiving - _working(case)]
    return sum(_shut_out(case_id, receiving, by=by, now=now) for case_id in due)


def _shut_out(case_id: int, receiving: set[int], *, by: Actor, now: datetime) -> bool:
    with scope.work(by):
        held = moving.hold(case_id, by=by)
        case = held.case
        back = {*case.let_in_body_ids} - receiving - _working(case)
        if not back or not policies.somebody_places_again(case):
            return False
        line, let_in = sorted({*case.line_body_ids, *back}), sorted({*case.let_in_body_ids} - back)
        told = PLACED_AGAIN if case.status not in CASE.ends or _is_objected(case) else ""
        _turn(held, "case.offices_shut_out", line, let_in, "dispatcher_again", told, by=by, now=now)
        return True


def _is_objected(case: Case) -> bool:
    """Tell whether a decline waits to be looked at again."""
    at = case.objected_at
    return case.status == Status.DECLINED and at is not None and at >= case.status_since


def _turn(
    held: Held, entry: str, line: Sequence[int], let_in: Sequence[int], ground: str, tells: str, *,
    by: Actor, now: datetime,
) -> None:  # fmt: skip
    """Change who stands aside and who was let in; one entry, one message at once, or none."""
    case = held.case
    codes = {"from": list(case.line_body_ids), "line": line, "let_in": let_in, "ground": ground}
    _keep(case, line, let_in)
    moving.beside(
        held, entry, by=by, now=now, codes=codes, case_values={"line_body_ids": line, "let_in_body_ids": let_in}
    )
    outbox.announce(CaseMoved(case.id, entry, case.status, (tells,) if tells else ()), at=now)


def _ensure_line(held: Held, line: Sequence[int], by: Actor, now: datetime) -> None:
    case = held.case
    if line and not case.accused_body_ids:
        raise NotAllowed(why="这一件没有投诉哪个单位，没有上级要回避。")
    if {*line} & naming.receiving_bodies(by=by, now=now):
        raise NotAllowed(why="受理的单位不回避：诉求人就是说给它听的。")
    if found := sorted({*line} & _working(case)):
        known = bodies.names()
        raise HoldsTheCase(body=known[found[0]].name, body_en=known[found[0]].called("en"))


def _working(case: Case) -> set[int]:
    """Give the bodies that hold the case or a piece of it now."""
    parts = Part.objects.filter(case=case, status__in=["ASKED", "SIGNED"]).values_list("asked_body_id", flat=True)
    talks = Consultation.objects.filter(case=case, concluded_at=None).values_list("invited", flat=True)
    found = {*parts, *(b for invited in talks for b in invited)}
    return found if case.lead_id is None else {*found, case.lead_id}


def share(case: Case, persons: Sequence[int], *, by: Actor) -> None:
    """Let the same persons stand aside from every report of the case, also from one that has just come into it."""
    if persons:
        with scope.within(system(by.tenant_id)):
            reports = Membership.objects.filter(case=case, to_at=None).values("report")
            Report.objects.filter(id__in=reports).update(aside_account_ids=sorted(persons))


def _keep(case: Case, line: Sequence[int], let_in: Sequence[int]) -> None:
    """The same bodies stand aside from its reports, what they form with others, and what was sealed beside it.

    From a report of several open cases only who stands aside in each: whoever leads one of them reads what it is about.
    A cluster is of many cases: here bodies come into its line, and what makes it anew lets them go.
    """
    reports = Membership.objects.filter(case=case, to_at=None).values("report")
    accusing = Report.objects.filter(id__in=reports).exclude(accused_body_ids=[])
    accusing.update(line_body_ids=list(line), let_in_body_ids=list(let_in))
    elsewhere = Membership.objects.filter(report__in=accusing, to_at=None, case__status__in=OPEN).exclude(case=case)
    everywhere: dict[int, set[int]] = {}
    for report_id, theirs in elsewhere.values_list("report", "case__line_body_ids"):
        everywhere[report_id] = everywhere.get(report_id, {*line}) & {*theirs}
    for report_id, kept in everywhere.items():
        spared = sorted({*let_in, *line} - kept)
        Report.objects.filter(id=report_id).update(line_body_ids=sorted(kept), let_in_body_ids=spared)
    formed = ClusterReport.objects.filter(report__in=reports).values("cluster")
    for row in Cluster.objects.filter(id__in=formed).exclude(accused_body_ids=[]):
        Cluster.objects.filter(id=row.id).update(line_body_ids=sorted({*row.line_body_ids, *line}))
    both = [*case.accused_body_ids, *line]
    Mediation.objects.filter(case=case).update(accused_body_ids=both)
    for noun in (MediationParty, Sitting):
        noun.objects.filter(mediation__case=case).update(accused_body_ids=both)


@transaction.atomic
def stand_aside(
    case_id: int, *, ground: str, words: str = "", by: Actor, now: datetime, version: int | None = None
) -> Case:
    """Let a colleague say of himself that he is kin or has an interest; from now on he finds the case nowhere.

    Everybody in a post must say so himself (公务员法 76, 77); nobody else says it for him, and no list of kin is kept.
    :raises NotAllowed: not a person in a post, or no case that is open. :raises GroundNeeded: no ground of the list.
    """
    held = moving.hold(case_id, by=by, version=version)
    policies.ensure_may_see(by, held.stand)
    if by.kind != "staff" or by.account_id is None or held.case.status in CASE.ends:
        raise NotAllowed(why="回避由在岗的人自己提出，在事情办结以前。")
    if ground not in AsideGround.values or (ground == AsideGround.OTHER and not words.strip()):
        raise GroundNeeded(what="为什么要回避", what_en="why you stand aside")
    persons = sorted({*held.case.aside_account_ids, by.account_id})
    share(held.case, persons, by=by)
    with scope.within(system(by.tenant_id)):
        moving.beside(
            held, "case.stood_aside", by=by, now=now, codes={"ground": ground},
            words={"why": words.strip()} if words.strip() else None, case_values={"aside_account_ids": persons},
        )  # fmt: skip
    return held.case


@transaction.atomic
def let_back(
    case_id: int, *, account_id: int, why: str, by: Actor, now: datetime, version: int | None = None
) -> Case:
    """Let a colleague who stood aside by mistake find the case again: another person's word, with a reason, on record.

    He cannot do it himself: the case is nowhere for him. A report stays closed to him that also belongs to another case
    from which he stands aside.
    :raises NotAllowed: not the dispatcher's to say, or the case has ended. :raises GroundNeeded: no reason, or he does
    not stand aside.
    """
    held = moving.hold(case_id, by=by, version=version)
    if not policies.PARTIES["dispatcher"](by, held.stand):
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="按错了回避的，由派单员核实以后登记。")
    if held.case.status in CASE.ends:
        raise NotAllowed(why="回避按错了，在事情办结以前改。")
    if not why.strip() or account_id not in held.case.aside_account_ids:
        raise GroundNeeded(what="是哪一位按错了，怎么核实的", what_en="who pressed it by mistake, and how you know")
    persons = sorted({*held.case.aside_account_ids} - {account_id})
    with scope.within(system(by.tenant_id)):
        elsewhere = Membership.objects.filter(to_at=None, case__aside_account_ids__contains=[account_id])
        reports = Membership.objects.filter(case=held.case, to_at=None).values("report")
        mine = Report.objects.filter(id__in=reports)
        mine.exclude(id__in=elsewhere.exclude(case=held.case).values("report")).update(aside_account_ids=persons)
        moving.beside(
            held, "case.let_back", by=by, now=now, codes={"account": account_id}, words={"why": why.strip()},
            case_values={"aside_account_ids": persons},
        )  # fmt: skip
    return held.case
