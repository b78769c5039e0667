"""归并 · 拆分: one report, one case, many reports; what was put together can be taken apart again (spec 10 §4).

`restore(absorb(x)) = x`; who belonged to what at a moment never changes afterwards; no report is ever without a case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from jishi.cases import policies, triage
from jishi.cases.actions import (
    belonging,
    dangers,
    feedback,
    moving,
    promises,
    publishing,
    rechecking,
    recusing,
    running,
)
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Clock, Membership, Reply, Report
from jishi.cases.refusals import (
    AccusedDiffer,
    AlreadyAMember,
    CommunityAlready,
    ConfidentialStandsAlone,
    GroundNeeded,
    IntoHasEnded,
    LastReport,
    LessUrgent,
    LivesOn,
    NotAMember,
    NothingAbsorbed,
    OneAndTheSame,
    TooFewParts,
    UnknownMatter,
)  # fmt: skip
from jishi.cases.states import CASE, MembershipEnd, Status, Urgency, Voice
from jishi.duties import queries as duties
from jishi.foundation import outbox
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

STANDS_ASIDE = ("accused_body_ids", "line_body_ids", "let_in_body_ids")


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things that one report said; `matter` empty: nobody has said yet what it is."""

    text: str
    matter: str = ""


@transaction.atomic
def absorb(case_id: int, *, into: int, why: str = "", by: Actor, now: datetime, version: int | None = None) -> Case:
    """Merge a case into another: its reports belong there from now on, each with his own promise (row 26).

    :raises OneAndTheSame, IntoHasEnded, StillRunning, ConfidentialStandsAlone, AccusedDiffer, LessUrgent: see each.
    :raises NotFound: one of them is not there for this actor.
    """
    if case_id == into:
        raise OneAndTheSame
    held, home = moving.hold_two(case_id, into, by=by, version=version)
    move = moving.ensure(held, "merging.absorb", by=by)
    members, there = belonging.members_of(held.case), belonging.members_of(home.case)
    _ensure_desk_of(home, by)
    _ensure_fits(held.case, members, home.case, there)
    evidence = triage.evidence(members[0].report, held.case, home.case, now=now) if members else {}
    clock = promises.last(held.clocks)
    own = [_own(m, clock, held) for m in members]
    belonging.end(members, MembershipEnd.ABSORBED, now=now)
    known = {m.report_id for m in there}
    moved = [(m, o) for m, o in zip(members, own, strict=True) if m.report_id not in known]
    came = _come(home, there, moved, why="absorbed", by=by, now=now, evidence=evidence)
    belonging.conclude_beside(held.case, by=by, now=now)
    dangers.carry([m.report_id for m in members], into=home.case.id, by=by)
    row = moving.handover_row(held, move.verb) if held.lead is not None else None
    told = {"into": home.case.number, "reports": len(members), "facts": evidence.get("facts", [])}
    moving.carry_out(
        held, move, by=by, now=now, handover_move=row, handover_values={"ended_at": now, "end": "absorbed"},
        case_values={"absorbed_into_id": home.case.id, "reports_count": 0}, codes=told,
        words={"why": why.strip()} if why.strip() else None,
    )  # fmt: skip
    aside = sorted({*home.case.aside_account_ids, *held.case.aside_account_ids})
    codes = {"case": held.case.number, "reports": len(came)}
    _take_note(home, "case.took_in", by=by, now=now, codes=codes, verb=move.verb, aside=aside)
    return held.case


@transaction.atomic
def restore(case_id: int, *, why: str = "", by: Actor, now: datetime, version: int | None = None) -> Case:
    """Undo a merge: those reports which are still there belong here again, each promise from its own start (row 27).

    :raises NothingAbsorbed: none is. :raises LastReport: the other case would be left with none.
    """
    seen = Case.objects.filter(tenant_id=by.tenant_id, id=case_id).first()
    if seen is None:
        raise NotFound
    at = moving.living(seen)
    held, home = moving.hold_two(case_id, at, by=by, version=version)
    move = moving.ensure(held, "merging.restore", by=by)
    if moving.living(held.case) != at:  # merged on while we waited
        raise moving.stale(held.case, version or seen.version, by)
    _ensure_desk_of(home, by)
    there = belonging.members_of(home.case)
    back = _to_take_back(held.case, home.case, {m.report_id for m in there})
    leaving = {leaf.id for _, leaf in back if leaf is not None}
    stay = [m for m in there if m.id not in leaving]
    _ensure_not_last(home.case, stay)
    kept = promises.last(held.clocks)
    own = [_own_again(m, leaf, kept, promises.last(home.clocks)) for m, leaf in back]
    belonging.end([leaf for _, leaf in back if leaf is not None], MembershipEnd.RESTORED, now=now)
    replied = Reply.objects.filter(case=home.case).exclude(approved_at=None).exists()
    was_kept = kept is not None and kept.stopped_at is not None and kept.stopped_at < held.case.status_since
    case = moving.carry_out(
        held, move, by=by, now=now, spares=("promise",) if was_kept else (),
        case_values={"absorbed_into_id": None, "lead_id": None},
        tells=("not_settled_caller",) if replied else ("restored_caller",),
        codes={"from": home.case.number, "reports": len(back), "replied": replied},
        words={"why": why.strip()} if why.strip() else None,
    )  # fmt: skip
    rows = [(leaf or m, o, held.clock("promise")) for (m, leaf), o in zip(back, own, strict=True)]
    came = belonging.begin(case, rows, why="restored", by=by, now=now)
    dangers.carry([m.report_id for m, _ in back], into=case.id, by=by)
    promises.bind(case, held.clock("promise"), came, now=now)
    belonging.count(case, came)
    _go_on(home, stay, now=now)
    _take_note(home, "case.gave_back", by=by, now=now, codes={"case": case.number, "reports": len(leaving)},
               verb=move.verb)  # fmt: skip
    rechecking.settle(home, by=by, now=now)
    return case


@transaction.atomic
def join(case_id: int, *, report_id: int, why: str = "", by: Actor, now: datetime,
         version: int | None = None) -> Case:  # fmt: skip
    """Let a report belong to this case as well: it said two things, or is about to leave the other.

    :raises AlreadyAMember: it does. :raises ConfidentialStandsAlone, AccusedDiffer, IntoHasEnded: as in a merge.
    :raises NotFound: no report, or one whose case this actor does not see.
    """
    held = moving.hold(case_id, by=by, version=version)
    _ensure_desk_of(held, by)
    _ensure_open(held.case)
    there = belonging.members_of(held.case)
    report = _report(report_id, by)
    if any(m.report_id == report.id for m in there):
        raise AlreadyAMember(report=report.number, number=held.case.number)
    other = Membership.objects.filter(report=report, to_at=None).select_related("report", "case").order_by("id").first()
    if other is None:
        raise NotFound
    if other.case.status in CASE.ends:
        raise IntoHasEnded(**_named(other.case))
    policies.ensure_may_see(by, policies.Stand(other.case, None))  # nobody reads a report by taking it over
    _ensure_alike([report.voice], report, there, held.case)
    own = promises.of_member(other, promises.last(Clock.objects.filter(case=other.case)))
    _come(held, there, [(other, own)], why="joined", by=by, now=now, continues=False)
    _take_note(
        held, "case.joined", by=by, now=now, codes={"report": report.number}, words=why, verb="merging.join",
        aside=sorted({*held.case.aside_account_ids, *other.case.aside_account_ids}),
    )  # fmt: skip
    return held.case


@transaction.atomic
def leave(case_id: int, *, report_id: int, why: str = "", tenant_code: str, by: Actor, now: datetime,
          version: int | None = None) -> Case:  # fmt: skip
    """Take a report out of this case. Where it belongs to no other, it gets a case of its own; that one is given.

    :raises NotAMember: it is not in it. :raises LastReport: nobody else has said it.
    """
    held = moving.hold(case_id, by=by, version=version)
    _ensure_desk_of(held, by)
    _ensure_open(held.case)
    there = belonging.members_of(held.case)
    member = _member(there, report_id, held.case)
    stay = [m for m in there if m.id != member.id]
    _ensure_not_last(held.case, stay)
    own = promises.of_member(member, promises.last(held.clocks))
    belonging.end([member], MembershipEnd.LEFT, now=now)
    elsewhere = Membership.objects.filter(report=member.report, to_at=None).select_related("case").first()
    birth = ensure_move(CASE, "merging.leave", "")
    case = elsewhere.case if elsewhere else belonging.new_case(
        member, birth, own, by=by, now=now, tenant_code=tenant_code, codes={"replied": _is_replied(held)}
    )  # fmt: skip
    dangers.carry([report_id], into=case.id, by=by)
    _go_on(held, stay, now=now)
    codes = {"report": member.report.number, "to": case.number}
    _take_note(held, "case.left", by=by, now=now, codes=codes, words=why, verb=birth.verb)
    rechecking.settle(held, by=by, now=now)
    return case


@transaction.atomic
def split(report_id: int, *, case_id: int, parts: Sequence[Part], tenant_code: str, by: Actor, now: datetime,
          version: int | None = None) -> list[Case]:  # fmt: skip
    """Let one report that said several things belong to several cases, each named by its part (一单多诉).

    The first part stays where the report is; every other gets a case of its own. `version` is that of the report.
    :raises TooFewParts: fewer than two, or one without words. :raises UnknownMatter: not a leaf of the book in force.
    """
    report, all_held = belonging.hold_report(report_id, by=by, version=version)
    held = next((h for h in all_held if h.case.id == case_id), None)
    if held is None:
        raise NotAMember(report=report.number, number="")
    _ensure_desk_of(held, by)
    _ensure_open(held.case)
    said = [p.text.strip() for p in parts]
    if len(said) < 2 or not all(said):
        raise TooFewParts
    for part in parts:
        _ensure_matter(part.matter)
    there = belonging.members_of(held.case)
    member = _member(there, report.id, held.case)
    clock = promises.last(held.clocks)
    own = promises.of_member(member, clock)
    belonging.end([member], MembershipEnd.SPLIT, now=now)
    (first,) = belonging.begin(held.case, [(member, own, clock)], why="split", by=by, now=now)
    first.change(part_text=said[0])
    feedback.go_with(member, first)
    birth = ensure_move(CASE, "merging.split", "")
    cases = [held.case]
    for text, part in zip(said[1:], parts[1:], strict=True):
        cases.append(belonging.new_case(
            member, birth, own, by=by, now=now, tenant_code=tenant_code, text=text, matter=part.matter
        ))  # fmt: skip
    report.change()
    codes = {"report": report.number, "to": [c.number for c in cases[1:]]}
    _take_note(held, "case.split", by=by, now=now, codes=codes, verb=birth.verb)
    return cases


@transaction.atomic
def keep_as_community(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Keep a case that no caller owns: the matter is everybody's, the last report may leave (spec 10 §4).

    :raises GroundNeeded: no reason. :raises CommunityAlready: it is one.
    """
    held = moving.hold(case_id, by=by, version=version)
    _ensure_desk_of(held, by)
    _ensure_open(held.case)
    if held.case.community:
        raise CommunityAlready(number=held.case.number)
    if not why.strip():
        raise GroundNeeded(what="为什么没有人要求了还要办", what_en="why it goes on without a caller")
    held.case.change(community=True)
    moving.beside(held, "case.kept_as_community", by=by, now=now, words={"why": why.strip()})
    return held.case


# --- what may be put together ------------------------------------------------------------------------------


def _ensure_desk_of(held: Held, by: Actor) -> None:
    """:raises NotFound: not to be seen. :raises NotAllowed: not this desk's to merge or part."""
    if not policies.PARTIES["dispatcher"](by, held.stand):
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="合在一起还是拆开，由派单员来定。")


def _ensure_open(case: Case) -> None:
    """:raises LivesOn: it was merged. :raises WrongMoment: it has ended."""
    if case.status == Status.ABSORBED:
        raise LivesOn(number=Case.objects.values_list("number", flat=True).get(id=moving.living(case)))
    if case.status in CASE.ends:
        state = CASE.state(case.status).name
        raise WrongMoment(state=case.status, state_zh=state.zh, state_en=state.en, open=[], open_zh="—", open_en="—")


def _ensure_fits(case: Case, members: Sequence[Membership], into: Case, there: Sequence[Membership]) -> None:
    if into.status in CASE.ends:
        raise IntoHasEnded(**_named(into))
    running.ensure_nothing_runs(case)
    running.ensure_nothing_runs(into)
    _ensure_alike([m.report.voice for m in members], case, there, into)
    if Urgency.values.index(case.urgency) > Urgency.values.index(into.urgency):
        raise LessUrgent(number=into.number)


def _ensure_alike(voices: Sequence[str], one: Case | Report, there: Sequence[Membership], into: Case) -> None:
    """:raises ConfidentialStandsAlone: only one is. :raises AccusedDiffer: not the same bodies stand aside, or not the
    same are let in for want of a dispatcher."""
    if (Voice.CONFIDENTIAL in voices) != any(m.report.voice == Voice.CONFIDENTIAL for m in there):
        raise ConfidentialStandsAlone
    if any({*getattr(one, name)} != {*getattr(into, name)} for name in STANDS_ASIDE):
        raise AccusedDiffer


def _ensure_not_last(case: Case, stay: Sequence[Membership]) -> None:
    if not stay and not case.community and case.status not in CASE.ends:
        raise LastReport(number=case.number)


def _ensure_matter(code: str) -> None:
    row = duties.matter(code) if code else None
    if code and (row is None or not row.is_leaf or row.becomes.get("codes")):
        raise UnknownMatter(matter=code, successor=duties.successor_sentence(code))


def _named(case: Case) -> dict[str, str]:
    state = CASE.state(case.status).name
    return {"number": case.number, "state": state.zh, "state_en": state.en}


# --- moving them -------------------------------------------------------------------------------------------


def _own(member: Membership, clock: Clock | None, held: Held) -> promises.Own:
    """What he was promised; on a case whose promise was kept before, nothing is owed to him by then."""
    own = promises.of_member(member, clock)
    return own if held.clock("promise") is not None else promises.answered(own)


def _come(
    home: Held, there: Sequence[Membership], moved: Sequence[tuple[Membership, promises.Own]], *, why: str, by: Actor,
    now: datetime, evidence: Mapping[str, Any] | None = None, continues: bool = True,
) -> list[Membership]:  # fmt: skip
    """Let callers come into a case: the earliest promise binds it; where it waits for answers, they are asked too."""
    clock = home.clock("promise")
    owed = [own for _, own in moved if not own.answered]
    if clock is None and owed and home.case.status != Status.FEEDBACK:
        clock = promises.revive(home.case, home.clocks, there, min(owed, key=lambda o: o.started_at))
        home.clocks.append(clock)
    rows = [(m, own, clock) for m, own in moved]
    came = belonging.begin(home.case, rows, why=why, by=by, now=now, evidence=evidence, continues=continues)
    promises.bind(home.case, clock, [*there, *came], now=now)
    closed = publishing.narrowed_by(home.case, [m.case for m, _ in moved])
    belonging.count(home.case, [*there, *came], **closed)
    if home.case.status == Status.FEEDBACK:
        feedback.ask_also(home.case, came, now=now)
    return came


def _go_on(held: Held, stay: Sequence[Membership], *, now: datetime) -> None:
    """Let a case go on with those who stay; the earliest of their promises binds it."""
    if held.case.status not in CASE.ends:
        promises.bind(held.case, held.clock("promise"), stay, now=now)
    belonging.count(held.case, stay)


def _own_again(first: Membership, leaf: Membership | None, kept: Clock | None, there: Clock | None) -> promises.Own:
    """What he was promised, by the amount of the case that he comes back to and with the pauses of both."""
    before = promises.of_member(first, kept)
    return before if leaf is None else replace(promises.of_member(leaf, there), amount=before.amount)


def _to_take_back(case: Case, home: Case, there: set[int]) -> list[tuple[Membership, Membership | None]]:
    """Pair what the merge ended with the row that holds its place now; None: the report was there before.

    :raises NothingAbsorbed: all of them have gone elsewhere since.
    """
    rows = Membership.objects.filter(case=case).select_related("report").order_by("id")
    since = case.status_since
    newest = {m.report_id: m for m in rows}.values()
    ended = [m for m in newest if m.end == MembershipEnd.ABSORBED and m.to_at is not None and m.to_at >= since]
    found: list[tuple[Membership, Membership | None]] = []
    level: dict[int, tuple[Membership, Membership]] = {m.id: (m, m) for m in ended}
    while level:
        nexts = Membership.objects.filter(continues__in=list(level)).select_related("report").order_by("id")
        children = {c.continues_id: c for c in nexts}
        deeper: dict[int, tuple[Membership, Membership]] = {}
        for at, (first, row) in level.items():
            child = children.get(at)
            if child is not None and child.to_at is not None:
                deeper[child.id] = (first, child)
            elif child is not None and child.case_id == home.id:
                found.append((first, child))
            elif child is None and row is first and first.report_id in there:
                found.append((first, None))
        level = deeper
    if not found and not case.community:
        raise NothingAbsorbed
    return sorted(found, key=lambda pair: pair[0].id)


def _take_note(
    held: Held, entry: str, *, by: Actor, now: datetime, codes: Mapping[str, Any], verb: str, words: str = "",
    aside: Sequence[int] = (),
) -> None:  # fmt: skip
    """Record on the other case what a merge did to it, and tell who holds it; who stands `aside` does so there too."""
    said = {"why": words.strip()} if words.strip() else None
    values = {"aside_account_ids": list(aside)} if aside else None
    moving.beside(held, entry, by=by, now=now, codes=codes, words=said, case_values=values)
    recusing.share(held.case, aside, by=by)
    outbox.announce(CaseMoved(held.case.id, verb, held.case.status, ("added_lead",)), at=now)


def _is_replied(held: Held) -> bool:
    return Reply.objects.filter(case=held.case).exclude(approved_at=None).exists()


def _member(there: Sequence[Membership], report_id: int, case: Case) -> Membership:
    found = next((m for m in there if m.report_id == report_id), None)
    if found is None:
        raise NotAMember(report=report_id, number=case.number)
    found.case = case
    return found


def _report(report_id: int, by: Actor) -> Report:
    row = Report.objects.select_for_update().filter(tenant_id=by.tenant_id, id=report_id).first()
    if row is None:
        raise NotFound
    return row
