"""From a calculation to grids: drafted, checked, noticed, answered, adopted by people (spec 21 §12).

The life is institutions/procedures/gridplan.toml. No way leads from a division with a fault to an edition: the audit
runs on what was frozen when it is checked and once more when it is adopted; then the edition's own checks run.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import shapely
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from jishi.accounts.actions import proving
from jishi.foundation import outbox, procedures, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, SamePerson, Stale
from jishi.kernels.procedure import Move
from jishi.kernels.text.minimise import minimise_one
from jishi.places import plan_files, plan_rules, plan_words
from jishi.places.actions import grids
from jishi.places.events import GridPlanMoved
from jishi.places.models import GridEdition, GridPlan, Objection, PlanGrid, PlanRun, PlanStatus, RunStatus
from jishi.places.policies import ensure_may_plan
from jishi.places.queries import plans as looking
from jishi.places.refusals import (
    NoticeIsOver,
    NoticeStillRuns,
    ObjectionsOpen,
    ObjectionWasRight,
    PlanBaseReplaced,
    PlanHasFaults,
    PlanOpenAlready,
    RunNotReady,
    SaidEnough,
    SaidEnoughToday,
    TooSoon,
    UnknownUnit,
    WordsNeeded,
)

LIFE = "gridplan"
NOTICE_DAYS = EFFECTIVE_DAYS = 7  # at least; institutions/procedures/gridplan.toml
LEGAL = ("legal", "legal_with_exemptions")
ASKED = "让人算出或者手工改过这份方案的人不得自己通过"
ASKED_EN = "nobody adopts a plan that he or she had calculated or changed by hand"


@transaction.atomic
def draft(run_id: int, *, by: Actor, now: datetime) -> GridPlan:
    """This will make a proposal of a finished calculation without fault.

    :raises NotAllowed: not the street's or the town's office. :raises RunNotReady, PlanHasFaults: of the run.
    :raises PlanOpenAlready: the community has a plan on its way.
    """
    run = PlanRun.objects.select_for_update(of=("self",)).filter(tenant_id=by.tenant_id, id=run_id).first()
    if run is None:
        raise NotFound
    ensure_may_plan(by, run.community)
    move = _move("gridplan.draft", "")
    _ensure_sound(run)
    ended = (PlanStatus.IN_FORCE, PlanStatus.WITHDRAWN)
    if GridPlan.objects.filter(tenant_id=by.tenant_id, community=run.community).exclude(status__in=ended).exists():
        raise PlanOpenAlready
    plan = GridPlan.objects.create(
        tenant_id=by.tenant_id, community=run.community, run=run, status=move.to, status_since=now, drafted_by=by.label
    )
    _tell(plan, move, by=by, now=now, codes={"run": run.id}, new=True)
    return plan


@transaction.atomic
def check(plan_id: int, *, by: Actor, now: datetime, version: int | None = None) -> GridPlan:
    """This will have the auditor judge what was frozen; whoever presses signs its exemptions.

    :raises PlanHasFaults: how many, and the first in words. :raises PlanBaseReplaced: calculated from another edition.
    """
    plan, move = _held(plan_id, "gridplan.check", by, version)
    _ensure_base(plan.run, by)
    _ensure_sound(plan.run)
    report = _drawn(plan, by)
    _go(plan, move, now, audited_at=now, audited_hash=report.hash)
    exempt = [g.code for g in PlanGrid.objects.filter(run=plan.run).exclude(exempt="").order_by("code")]
    _tell(plan, move, by=by, now=now, codes={"hash": report.hash, "exempt": exempt})
    return plan


@transaction.atomic
def publish(plan_id: int, *, by: Actor, now: datetime, days: int = NOTICE_DAYS, version: int | None = None) -> GridPlan:
    """This will publish the plan: map, moved addresses, reasons; objections are taken for `days` natural days.

    :raises TooSoon: fewer than seven days. :raises PlanBaseReplaced: calculated from another edition.
    """
    plan, move = _held(plan_id, "gridplan.publish", by, version)
    _ensure_base(plan.run, by)
    last = localdate(now) + timedelta(days=days)
    if not NOTICE_DAYS <= days <= 365:
        raise TooSoon(day=(localdate(now) + timedelta(days=NOTICE_DAYS)).isoformat())
    _go(plan, move, now, notice_from=localdate(now), notice_to=last)
    _tell(plan, move, by=by, now=now, codes={"until": last.isoformat()})
    return plan


@transaction.atomic
def object_(
    plan_id: int, *, text: str, by: Actor, now: datetime, unit: str = "", wanted: str = ""
) -> Objection:
    """This will take an objection of anybody: one sentence, perhaps a house and the grid it should be in, which is
    tried at once: what it would break stands beside the sentence. Names and numbers in it are masked.

    :raises NoticeIsOver: its last day is past. :raises WordsNeeded. :raises UnknownUnit: no such house or grid.
    :raises SaidEnough: this person has objected as often as one may. :raises SaidEnoughToday: so have, today, all who
    are not signed in.
    """
    rows = GridPlan.objects.filter(tenant_id=by.tenant_id, id=plan_id)
    seen, _ = _objectable(rows.select_related("run").first(), now)
    said = _words(text, 4, 500, "哪里不合适", "what is wrong")
    _ensure_not_enough(seen, by, now)
    found = _tried(seen.run, unit, wanted) if unit and wanted else {}  # long: before anything is locked
    plan, move = _objectable(rows.select_for_update(of=("self",)).first(), now)
    if plan.run_id != seen.run_id:
        raise Stale
    _ensure_not_enough(plan, by, now)  # once more: two presses at the same moment
    row = Objection.objects.create(
        tenant_id=by.tenant_id, plan=plan, text=minimise_one(said).shown[:500], round=plan.rounds, made_at=now, **found
    )
    _tell(plan, move, by=by, now=now, codes={"objection": row.id, "unit": row.unit, "wanted": row.wanted_code},
          words={"text": row.text})  # fmt: skip
    return row


def _objectable(plan: GridPlan | None, now: datetime) -> tuple[GridPlan, Move]:
    if plan is None:
        raise NotFound
    move = _move("gridplan.object", plan.status)
    if plan.notice_to is not None and localdate(now) > plan.notice_to:
        raise NoticeIsOver(day=plan.notice_to.isoformat())
    return plan, move


def _ensure_not_enough(plan: GridPlan, by: Actor, now: datetime) -> None:
    """Nobody drowns the others' objections: a person by what the trail says she made, the nameless all together."""
    rules = plan_rules.load()
    made = trail.Entry.objects.filter(
        tenant_id=by.tenant_id, subject_kind="gridplan", subject_id=plan.id, verb="gridplan.objected"
    )
    if by.kind != "anonymous":
        own = trail.named(by, ("gridplan", plan.id)).split("/")[0]  # a resident by the pseudonym of this plan alone
        if made.filter(Q(actor=own) | Q(actor__startswith=f"{own}/")).count() >= rules.per_person:
            raise SaidEnough(most=rules.per_person)
    elif made.filter(actor="anonymous", at__date=localdate(now)).count() >= rules.unnamed_per_day:
        raise SaidEnoughToday(most=rules.unnamed_per_day)


def _tried(run: PlanRun, unit: str, wanted: str) -> dict[str, Any]:
    """What a wish would break, said at once."""
    label_of = {ref: label for ref, label, _ in looking.units_of(run)}
    if unit not in label_of:
        raise UnknownUnit
    found = {"unit": unit, "wanted_code": wanted, "unit_label": label_of[unit]}
    tried = looking.tried(run, {unit: wanted})
    if tried.breaks:
        found |= {"breaks_zh": tried.breaks[0][0][:300], "breaks_en": tried.breaks[0][1][:300]}
    return found


@transaction.atomic
def answer(
    plan_id: int, *, objection_id: int, words: str, is_right: bool, by: Actor, now: datetime, version: int | None = None
) -> Objection:
    """This will answer one objection in words and say whether it is right.

    :raises NotFound: no such objection, or it is answered. :raises WordsNeeded.
    """
    plan, move = _held(plan_id, "gridplan.answer", by, version)
    open_ = Objection.objects.select_for_update(of=("self",)).filter(plan=plan, answered_at=None)
    row = open_.filter(id=objection_id).first()
    if row is None:
        raise NotFound
    said = _words(words, 4, 1000, "怎么答复", "the answer")
    row.change(answer=minimise_one(said).shown[:1000], is_right=is_right, answered_at=now)
    _tell(plan, move, by=by, now=now, codes={"objection": row.id, "right": is_right}, words={"answer": row.answer})
    return row


@transaction.atomic
def conclude(plan_id: int, *, by: Actor, now: datetime, version: int | None = None) -> GridPlan:
    """This will end the notice once its days are over and every objection is answered.

    :raises NoticeStillRuns: until when. :raises ObjectionsOpen: how many are not answered.
    """
    plan, move = _held(plan_id, "gridplan.conclude", by, version)
    if plan.notice_to is None or localdate(now) <= plan.notice_to:
        raise NoticeStillRuns(day=plan.notice_to.isoformat() if plan.notice_to else "—")
    left = Objection.objects.filter(plan=plan, answered_at=None).count()
    if left:
        raise ObjectionsOpen(count=left)
    _go(plan, move, now)
    _tell(plan, move, by=by, now=now, codes={"objections": Objection.objects.filter(plan=plan).count()})
    return plan


@transaction.atomic
def revise(plan_id: int, *, run_id: int, by: Actor, now: datetime, version: int | None = None) -> GridPlan:
    """This will put a changed calculation in the plan's place; it is checked and published again.

    :raises RunNotReady: no other finished run of the community. :raises PlanHasFaults: of that run.
    """
    plan, move = _held(plan_id, "gridplan.revise", by, version)
    run = PlanRun.objects.filter(tenant_id=by.tenant_id, id=run_id, community=plan.community).first()
    if run is None or run.id == plan.run_id:
        raise RunNotReady
    _ensure_sound(run)
    former = plan.run_id
    _go(plan, move, now, run=run, audited_at=None, audited_hash="", notice_from=None, notice_to=None,
        rounds=plan.rounds + 1)  # fmt: skip
    _tell(plan, move, by=by, now=now, codes={"from": former, "run": run.id})
    return plan


@transaction.atomic
def adopt(
    plan_id: int, *, document_no: str, effective_from: date, by: Actor, now: datetime, version: int | None = None
) -> GridPlan:
    """This will make the plan the community's next grid edition, in force from a day at least seven days ahead.

    :raises SamePerson: who had it calculated, changed it by hand, drafted, revised, checked or published it, in
    whichever post.
    :raises ObjectionWasRight: one of this round was, and nothing was changed. :raises WordsNeeded: a document number.
    :raises TooSoon. :raises PlanHasFaults: the auditor's last look. :raises PlanBaseReplaced: another edition came
    after the one that the plan was calculated from. :raises Refused: whatever `grids.adopt` refuses.
    """
    plan, move = _held(plan_id, "gridplan.adopt", by, version)
    ensure_another(plan, "gridplan.adopt", by=by)
    proving.ensure_fresh(by, now=now)
    number = _words(document_no, 2, 80, "文号", "the document number")
    right = Objection.objects.filter(plan=plan, round=plan.rounds, is_right=True).count()
    if right:
        raise ObjectionWasRight(count=right)
    first = localdate(now) + timedelta(days=EFFECTIVE_DAYS)
    if effective_from < first:
        raise TooSoon(day=first.isoformat())
    base = _ensure_base(plan.run, by)
    _ensure_sound(plan.run)
    report = _drawn(plan, by)
    if report.hash != plan.audited_hash:
        raise PlanHasFaults(count=1, first="图与核查时的不同")
    edition = grids.adopt(report, effective_from=effective_from, document_no=number, by=by, now=now,
                          replaces=base.number if base else None)  # fmt: skip
    _go(plan, move, now, document_no=number, effective_from=effective_from, edition=edition)
    _tell(plan, move, by=by, now=now, codes={"edition": edition.id, "from": effective_from.isoformat()})
    return plan


@transaction.atomic
def enter_force(plan_id: int, *, by: Actor, now: datetime) -> GridPlan:
    """This will close an adopted plan on its day; the edition is in force by its own days.

    :raises TooSoon: the day is not there.
    """
    plan, move = _held(plan_id, "gridplan.enter_force", by, None)
    if plan.effective_from is None or localdate(now) < plan.effective_from:
        raise TooSoon(day=plan.effective_from.isoformat() if plan.effective_from else "—")
    _go(plan, move, now)
    _tell(plan, move, by=by, now=now, codes={"edition": plan.edition_id})
    return plan


def enter_force_due(*, by: Actor, now: datetime) -> int:
    """This will close every adopted plan whose day has come; gives how many."""
    due = GridPlan.objects.filter(
        tenant_id=by.tenant_id, status=PlanStatus.ADOPTED, effective_from__lte=localdate(now)
    )
    ids = list(due.order_by("id").values_list("id", flat=True))
    for plan_id in ids:
        enter_force(plan_id, by=by, now=now)
    return len(ids)


@transaction.atomic
def withdraw(plan_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> GridPlan:
    """This will take a plan back before it is in force; an edition that waits for its day goes with it.

    :raises WordsNeeded: no reason. :raises EffectiveInThePast: people are served by it already.
    """
    plan, move = _held(plan_id, "gridplan.withdraw", by, version)
    reason = _words(why, 4, 500, "为什么撤回", "why it is withdrawn")
    if plan.edition_id is not None:
        grids.withdraw(plan.edition_id, by=by, now=now)
    _go(plan, move, now, why_withdrawn=minimise_one(reason).shown[:500])
    _tell(plan, move, by=by, now=now, words={"why": plan.why_withdrawn})
    return plan


# --- one person, one side ----------------------------------------------------------------------------------------


def ensure_another(plan: GridPlan, verb: str, *, by: Actor) -> None:
    """Insist on the pairs of `[[separation]]`, over the whole life of the plan and every post of the person (90 §4.2).

    :raises SamePerson: says why.
    """
    if by.kind not in ("staff", "client"):
        return
    life = procedures.load(LIFE)
    entry = {m.verb: m.trail for m in life.moves}
    for pair in life.separations:
        if verb not in pair.verbs:
            continue
        other = entry[pair.verbs[0] if pair.verbs[1] == verb else pair.verbs[1]]
        if any(e.verb == other and _same(e.actor, by) for e in trail.of("gridplan", plan.id)):
            raise SamePerson(why=pair.why.zh, why_en=pair.why.en)
    if verb == "gridplan.adopt" and any(_same(label, by) for label in _asked_by(plan.run)):
        raise SamePerson(why=ASKED, why_en=ASKED_EN)


def _asked_by(run: PlanRun) -> Iterator[str]:
    """Give who had the division calculated and who changed it by hand, the last first."""
    step: PlanRun | None = run
    while step is not None:
        yield step.asked_by
        step = step.parent


def why_not(plan: GridPlan, verb: str, *, by: Actor) -> SamePerson | None:
    """Say what `ensure_another` would refuse, for the page that offers the press; None: nothing."""
    try:
        ensure_another(plan, verb, by=by)
    except SamePerson as no:
        return no
    return None


def _same(label: str, by: Actor) -> bool:
    return label.split("/")[0] == _person(by)


def _person(by: Actor) -> str:
    """Give the person of an actor's label, in whichever post."""
    return by.label.split("/")[0]


# --- what every verb does ----------------------------------------------------------------------------------------


def _move(verb: str, status: str) -> Move:
    return procedures.ensure_move(procedures.load(LIFE), verb, status)


def _held(plan_id: int, verb: str, by: Actor, version: int | None) -> tuple[GridPlan, Move]:
    row = GridPlan.objects.select_for_update(of=("self",)).filter(tenant_id=by.tenant_id, id=plan_id)
    plan = row.select_related("run").first()
    if plan is None:
        raise NotFound
    moves = procedures.load(LIFE).moves
    if not (by.kind == "clock" and any(m.verb == verb and m.who[0].startswith("clock:") for m in moves)):
        ensure_may_plan(by, plan.community)
    move = _move(verb, plan.status)
    if version is not None and version != plan.version:
        raise Stale
    return plan, move


def _go(plan: GridPlan, move: Move, now: datetime, **values: Any) -> None:
    plan.change(status=move.to, status_since=now, **values)


def _tell(
    plan: GridPlan, move: Move, *, by: Actor, now: datetime, codes: dict[str, Any] | None = None,
    words: dict[str, str] | None = None, new: bool = False,
) -> None:  # fmt: skip
    said = {"community": plan.community, **(codes or {})}
    trail.record(move.trail, ("gridplan", plan.id), by=by, at=now, codes=said, words=words, new=new)
    outbox.announce(GridPlanMoved(plan.id, plan.community, plan.status), at=now)


def _words(said: str, least: int, most: int, what: str, what_en: str) -> str:
    text = " ".join(said.split())
    if not least <= len(text) <= most:
        raise WordsNeeded(what=what, what_en=what_en, least=least, most=most)
    return text


def _ensure_sound(run: PlanRun) -> None:
    """Nobody's word is taken for it: the auditor judges the stored division again."""
    if run.status != RunStatus.DONE:
        raise RunNotReady
    faults = plan_files.audited(run)
    if faults or run.verdict not in LEGAL:
        codes = looking.codes_of(run.id)
        first = plan_words.fault(faults[0], codes)[0] if faults else run.verdict
        raise PlanHasFaults(count=max(len(faults), 1), first=first)


def _ensure_base(run: PlanRun, by: Actor) -> GridEdition | None:
    """A plan replaces the edition it was calculated from, the last there is, and no other: give it, if there is any."""
    last = looking.edition_in_force(run.community, date.max, by=by)
    if (last.id if last else None) != run.base_id:
        raise PlanBaseReplaced
    return last


def _drawn(plan: GridPlan, by: Actor) -> grids.Report:
    """The grids of the plan, and the special ones that stay, as the checks of an edition see them."""
    frozen, drawn = plan_files.plan_of(plan.run)
    ground, specials = plan_files.grounds(frozen, drawn.assignment)
    rows = list(PlanGrid.objects.filter(run=plan.run).order_by("code"))
    bare = [g.code for g in rows if g.number not in ground]
    if bare:
        raise PlanHasFaults(count=len(bare), first=plan_words.bare(bare[0])["zh"])
    features = [
        _feature(ground[g.number], code=g.code, name=g.name, kind="general")
        for g in rows
    ] + [
        _feature(specials[s.code], code=s.code, name=s.name, kind="special", special_of=s.special_of,
                 owner_ref=s.owner_ref)
        for s in frozen.specials
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    report = grids.check(text, division=plan.community, crs="cgcs2000", by=by)
    if report.blockers:
        told = report.as_json()["findings"]
        first = next(f["words"] for f in told if f["level"] == "blocker")
        raise PlanHasFaults(count=len(report.blockers), first=first)
    return report


def _feature(shape: Any, **said: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": said, "geometry": shapely.geometry.mapping(shape)}

