"""Whether a dispute may be mediated, by whom, between whom; nothing here changes anything (spec 10 §11)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.cases import mediation_rules, policies
from jishi.cases.actions import asking, mediators
from jishi.cases.actions.alongside import worded
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Clock, Mediation, Mediator, Membership, Report
from jishi.cases.refusals import GroundNeeded
from jishi.cases.states import MEDIATION_TALKING, Status, Urgency, Voice
from jishi.foundation import ends
from jishi.foundation.refusals import Refused
from jishi.kernels.text.risk import risk

# While a body holds the case and has not answered: mediation goes beside the work, it does not replace it.
WHILE = frozenset({Status.OFFERED.value, Status.HANDLING.value, Status.SUSPENDED.value, Status.BANKED.value})
NO_DANGER = "none"


class NotMediated(Refused):
    code, status = "not_mediated", 422
    zh, en = "这件事不能调解：{why}。", "This is not a matter for mediation: {why_en}."
    next_zh = "有人正有危险，先打 {call}；这件事请派单台设为险情，按紧急的规矩办。"
    next_en = "If somebody is in danger, call {call} first; the desk marks the case as an emergency."


class SpokenInConfidence(Refused):
    code, status = "spoken_in_confidence", 409
    zh = "有人是匿名或保密说的，调解要双方见面。"
    en = "Somebody spoke anonymously or in confidence; mediation means meeting."
    next_zh, next_en = "这件事照常办，不提调解。", "The case is handled as ever, without mediation."


class MediationRuns(Refused):
    code, status = "mediation_runs", 409
    zh, en = "这件事已经在调解。", "This case is in mediation already."
    next_zh, next_en = "等这一次结束，再提议。", "Wait until this one is over."


class NotRegistered(Refused):
    code, status = "not_a_registered_mediator", 422
    zh, en = "这位调解员不在册，或者不调解这一类事。", "This mediator is not registered, or does not take this kind."
    next_zh, next_en = "从名册里另请一位。", "Choose another from the register."


class Conflicted(Refused):
    code, status = "mediator_conflicted", 409
    zh, en = "这位调解员与这件事有关，应当回避。", "This mediator has to do with the matter and must step aside."
    next_zh, next_en = "从名册里另请一位。", "Choose another from the register."


class PartiesMissing(Refused):
    code, status = "parties_missing", 422
    zh, en = "调解要两方到 {most} 方，现在 {given} 方。", "Mediation has 2 to {most} parties; there are {given}."
    next_zh, next_en = "写明和谁有争议；太多的，先推几位。", "Say with whom; if they are many, they choose a few."


@dataclass(frozen=True, slots=True)
class Other:
    """A party who is no caller, as whoever proposes it calls him; sealed."""

    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed. `danger`: code of an excluded kind, or ``none``: whoever proposes it has to say.

    `reports`: which callers take part; none named: all of them.
    """

    kind: str
    what: str
    mediator_id: int
    others: tuple[Other, ...] = ()
    danger: str = ""
    reports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    mediator: Mediator
    reports: Sequence[Report]


def ensure_sound(held: Held, proposal: Proposal, *, now: datetime) -> Sound:
    """Insist that this may be mediated; gives mediator and callers.

    :raises NotMediated, SpokenInConfidence, NotRegistered, Conflicted, PartiesMissing, GroundNeeded.
    """
    rules = mediation_rules.load()
    members = Membership.objects.filter(case=held.case, to_at=None).select_related("report").order_by("id")
    reports = [m.report for m in members]
    ensure_mediated(held.case, reports, proposal)
    if proposal.kind not in rules.kinds:
        raise GroundNeeded(what="是哪一类争议", what_en="what kind of dispute it is")
    worded(proposal.what, least=5, most=200, what="争什么，一句话", what_en="what it is about, in one sentence")
    if any(r.voice != Voice.OPEN for r in reports):
        raise SpokenInConfidence
    chosen = [r for r in reports if not proposal.reports or r.id in proposal.reports]
    given = len(chosen) + len(proposal.others)
    if not chosen or not 2 <= given <= rules.parties_most or any(not o.name.strip() for o in proposal.others):
        raise PartiesMissing(most=rules.parties_most, given=given)
    return Sound(ensure_mediator(held, proposal.mediator_id, proposal.kind, now=now), chosen)


def ensure_mediated(case: Case, reports: Sequence[Report], proposal: Proposal) -> None:
    """Refuse what goes by the urgent rules instead: by the answer given, by the words said, by the case itself.

    The words are read once and nothing is kept of it: no mark on a person (spec 12 §7).
    :raises GroundNeeded: nobody said whether there is danger. :raises NotMediated.
    """
    rules = mediation_rules.load()
    marks = risk([proposal.what, *(r.text_shown for r in reports)], rules.words)
    found = next((one.code for each in marks for one in each), "")
    code = proposal.danger if proposal.danger in rules.excluded else found
    if code or case.urgency == Urgency.EMERGENCY:
        known = rules.excluded.get(code)
        why = (known.name.zh, known.name.en) if known is not None else ("是险情", "it is an emergency")
        raise NotMediated(why=why[0], why_en=why[1], call=known.call if known is not None else "110")
    if proposal.danger != NO_DANGER:
        raise GroundNeeded(what="有没有人动手、孩子有没有危险", what_en="whether anybody, or a child, is in danger")


def ensure_mediator(held: Held, mediator_id: int, kind: str, *, now: datetime) -> Mediator:
    """Give the mediator if he is registered today, takes this kind, and has nothing to do with the matter.

    Every body in which the person holds a post counts. :raises NotRegistered, Conflicted.
    """
    found = mediators.in_force(mediator_id, localdate(now))
    if found is None or kind not in found.kinds:
        raise NotRegistered
    accused = set(held.case.recused_body_ids)
    posts = accounts.accounts_of_bodies(accused, now=now) if accused else {}
    aside = {a for ids in posts.values() for a in ids} | {*held.case.aside_account_ids}
    callers = {account for _report, account in held.members}
    if found.body_id in accused or found.account_id in aside | callers:
        raise Conflicted
    return found


def ensure_none_runs(case: Case) -> None:
    """:raises MediationRuns: one is open."""
    if Mediation.objects.filter(case=case, status__in=sorted(MEDIATION_TALKING)).exists():
        raise MediationRuns


def stand_of(held: Held, mediator_id: int) -> policies.Stand:
    """Give the case as rights see it, with who would mediate."""
    chair = Mediator.objects.filter(id=mediator_id).values_list("account_id", flat=True).first()
    return replace(held.stand, mediator=chair)


def ensure_days(dates: Sequence[date], *, now: datetime) -> list[date]:
    """Give the agreed days in order. :raises NotAhead, TooFar, GroundNeeded: none, past, or too far ahead."""
    days = sorted(set(dates))
    if not days:
        raise GroundNeeded(what="到哪天做到", what_en="by which day it is done")
    if days[0] < localdate(now):
        raise asking.NotAhead(given=days[0].isoformat())
    most = int(mediation_rules.load().furthest.removesuffix("mo"))
    last = localdate(now) + timedelta(days=most * 31)
    if days[-1] > last:
        raise asking.TooFar(given=days[-1].isoformat(), limit=last.isoformat())
    return days


def last_day(clock: Clock, now: datetime) -> date:
    """Give the last day that a clock of whole days leaves: it ends at that day's midnight."""
    return ends.last_day(clock.due_at or now)

