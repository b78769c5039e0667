"""自动派单: for a matter that the town has named in a published decision, the rule offers by itself (spec 12 §1).

Only while it is right: of the last 200 confirmed cases that the rule would have offered, it must have named the matter
and the body that answered in 98 of 100 when adopted; below 95 it switches itself off, and says so at the desk. What is
in doubt in any way goes to the desk as before: an unsure guess, a danger, a likely duplicate, a complaint about a body.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases.actions import dispatch
from jishi.cases.actions.alongside import worded
from jishi.cases.models import AutoOffer, Case, Membership, RiskMark, Suggestion
from jishi.cases.refusals import GroundNeeded, NotSureEnough, OffersAlready, UnknownMatter
from jishi.cases.states import CASE, Kind, Status, Urgency, Voice
from jishi.cases.triage import Stage, routing
from jishi.cases.triage.classifying import TOLD
from jishi.duties import queries as duties
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused

JUDGED = 200  # the last confirmed cases of the matter that count
ADOPTED_AT, FLOOR = 0.98, 0.95
READ = 10_000  # of the newest confirmed cases of the town, among which they are looked for
AGAIN = timedelta(days=1)  # how old the last look may be before an offer
ALIKE = 0.5  # a likelier duplicate is the desk's question
CONFIRMED = (Status.FEEDBACK, Status.CLOSED)
SURE = ("named", "named_with_assist")


@dataclass(frozen=True, slots=True)
class Measured:
    """How often the rule would have been right about one matter: `agreed` of `judged`."""

    judged: int = 0
    agreed: int = 0

    @property
    def share(self) -> float:
        return self.agreed / self.judged if self.judged else 0.0


@transaction.atomic
def adopt(matter: str, *, decision: str, published_on: date, by: Actor, now: datetime) -> AutoOffer:
    """Let the rule offer cases of this matter from now on, by a decision that everybody can read.

    :raises NotAllowed: not the leading group office. :raises UnknownMatter: no leaf of the book in force.
    :raises GroundNeeded, TooShortOrLong: no decision. :raises OffersAlready. :raises NotSureEnough: not right enough.
    """
    _ensure_office(by)
    row = duties.matter(matter)
    if row is None or not row.is_leaf:
        raise UnknownMatter(matter=matter, successor=duties.successor_sentence(matter))
    said = worded(decision, least=4, most=200, what="公开的决定", what_en="the published decision")
    if published_on > localdate(now):
        raise GroundNeeded(what="已经公开的决定", what_en="a decision that is published already")
    scope.one_at_a_time("auto_offer", 0)
    if AutoOffer.objects.filter(tenant_id=by.tenant_id, matter=matter, ended_at=None).exists():
        raise OffersAlready(matter=row.name)
    found = measured([matter], tenant_id=by.tenant_id)[matter]
    if found.judged < JUDGED or found.share < ADOPTED_AT:
        raise NotSureEnough(of=found.judged, right=found.agreed, least=JUDGED, share=f"{ADOPTED_AT:.0%}")
    made = AutoOffer.objects.create(
        tenant_id=by.tenant_id, matter=matter, decision=said, published_on=published_on, adopted_at=now,
        judged=found.judged, agreed=found.agreed, last_judged=found.judged, last_agreed=found.agreed, looked_at=now,
    )  # fmt: skip
    _tell("auto_offer.adopted", made, by=by, now=now, words={"decision": said})
    return made


@transaction.atomic
def stop(row_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> AutoOffer:
    """Let people offer these cases again, at once.

    :raises NotAllowed: not the leading group office. :raises NotFound: it does not offer (any more).
    """
    _ensure_office(by)
    row = AutoOffer.objects.select_for_update().filter(tenant_id=by.tenant_id, id=row_id, ended_at=None).first()
    if row is None:
        raise NotFound
    said = worded(why, least=2, most=500, what="为什么停", what_en="why it stops")
    row.change(ended_at=now, ended_why="withdrawn")
    _tell("auto_offer.stopped", row, by=by, now=now, words={"why": said})
    return row


@transaction.atomic
def look_again(*, by: Actor, now: datetime, older_than: timedelta = timedelta(0)) -> list[AutoOffer]:
    """Measure what offers by itself, and switch off what has fallen below its floor; gives what was switched off.

    :raises NotAllowed: only the platform does this.
    """
    if by.kind not in ("clock", "system"):
        raise NotAllowed
    rows = list(
        AutoOffer.objects.select_for_update().filter(
            tenant_id=by.tenant_id, ended_at=None, looked_at__lte=now - older_than
        ).order_by("id")
    )  # fmt: skip
    if not rows:
        return []
    found = measured([row.matter for row in rows], tenant_id=by.tenant_id)
    off = []
    for row in rows:
        told = found[row.matter]
        facts: dict[str, Any] = {"last_judged": told.judged, "last_agreed": told.agreed, "looked_at": now}
        if told.judged and told.share < FLOOR:
            row.change(**facts, ended_at=now, ended_why="measured")
            _tell("auto_offer.switched_off", row, by=by, now=now)
            off.append(row)
        else:
            row.change(**facts)
    return off


def offer(facts: Mapping[str, Any], *, now: datetime) -> None:
    """React to a case that has come in: offer it where its matter is adopted and nothing about it is in doubt.

    It may run twice: a case that is placed already is left alone. What the lists refuse stays with the desk.
    """
    if facts.get("verb") != "intake.receive":
        return
    tenant_id = scope.current().actor.tenant_id
    case = Case.objects.filter(tenant_id=tenant_id, id=facts["case_id"], status=Status.RECEIVED).first()
    if case is None or not case.matter:
        return
    if not AutoOffer.objects.filter(tenant_id=tenant_id, matter=case.matter, ended_at=None).exists():
        return
    look_again(by=system(tenant_id), now=now, older_than=AGAIN)
    row = AutoOffer.objects.filter(tenant_id=tenant_id, matter=case.matter, ended_at=None).first()
    if row is None or _in_doubt(case):
        return
    routed = routing.route_case(case, now=now)
    if routed.outcome not in SURE or routed.item is None or routed.body_id is None:
        return
    rule = clock(tenant_id, f"auto_offer:{row.id}")
    try:
        dispatch.offer(case.id, to=dispatch.Offer(routed.body_id, item_id=routed.item.id), by=rule, now=now)
    except Refused as no:  # the guard, a recused body: the desk reads why when it places the case
        if no.afterwards is not None:
            no.afterwards()


def measured(matters: Collection[str], *, tenant_id: int) -> dict[str, Measured]:
    """Count, for each matter, the last confirmed cases that the rule would have offered, and how many rightly.

    Three statements, whatever the number of matters. A matter that a person had said is no guess and does not count.
    """
    newest = Case.objects.filter(tenant_id=tenant_id, status__in=CONFIRMED).order_by("-id")
    ended = {i: (m, lead) for i, m, lead in newest.values_list("id", "matter", "lead")[:READ]}
    first: dict[int, int] = {}
    joined = Membership.objects.filter(tenant_id=tenant_id, case__in=ended, why="received")
    for case_id, report in joined.order_by("-case", "id").values_list("case", "report"):
        first.setdefault(case_id, report)
    said: dict[int, dict[str, Suggestion]] = {}
    rows = Suggestion.objects.filter(
        tenant_id=tenant_id, report__in=first.values(), stage__in=[Stage.CLASSIFY, Stage.ROUTE]
    )
    for row in rows.order_by("-id").only("report", "stage", "candidates", "abstained"):
        said.setdefault(row.report_id, {})[row.stage] = row
    counted = {m: [0, 0] for m in matters}
    for case_id, report in first.items():
        matter, body = _would_offer(said.get(report, {}))
        if matter in counted and counted[matter][0] < JUDGED:
            counted[matter][0] += 1
            counted[matter][1] += (matter, body) == ended[case_id]
    return {m: Measured(*n) for m, n in counted.items()}


def _would_offer(said: Mapping[str, Suggestion]) -> tuple[str, int]:
    """The matter that was surely guessed and the body that the list surely named for it; nothing otherwise."""
    guess, route = said.get(Stage.CLASSIFY), said.get(Stage.ROUTE)
    if guess is None or route is None or guess.abstained or route.abstained or not guess.candidates:
        return "", 0
    first = guess.candidates[0]
    to: dict[str, Any] = next(iter(route.candidates), {})
    if first.get("reason") == TOLD or to.get("outcome") not in SURE or not to.get("value"):
        return "", 0
    return str(first["value"]), int(to["value"])


def _in_doubt(case: Case) -> bool:
    """Whether a person must look first."""
    if case.urgency == Urgency.EMERGENCY or case.accused_body_ids or case.absorbed_into_id or case.reports_count > 1:
        return True
    member = Membership.objects.filter(case=case, to_at=None).select_related("report").order_by("id").first()
    if Kind.TIP_OFF in (case.kind, member.report.kind if member else Kind.TIP_OFF):
        return True
    if member is None or member.report.voice == Voice.CONFIDENTIAL or RiskMark.objects.filter(case=case).exists():
        return True
    said = {s.stage: s for s in Suggestion.objects.filter(report=member.report_id).order_by("id")}
    guess, alike = said.get(Stage.CLASSIFY), said.get(Stage.DUPLICATES)
    first = guess.candidates[0] if guess and guess.candidates and not guess.abstained else {}
    if first.get("value") != case.matter or first.get("reason") == TOLD:  # what was measured are guesses
        return True
    likely = [c["case_id"] for c in alike.candidates if float(c.get("p", 0)) >= ALIKE] if alike else []
    skipped = any(s.abstained == "skipped" for s in said.values())
    return skipped or Case.objects.filter(id__in=likely, status__in=sorted(CASE.open_states)).exists()


def _ensure_office(by: Actor) -> None:
    if by.kind != "staff" or not by.has("office"):
        raise NotAllowed(why="由领导小组办公室照公开的决定启用、停用。")


def _tell(verb: str, row: AutoOffer, *, by: Actor, now: datetime, words: Mapping[str, str] | None = None) -> None:
    codes = {
        "matter": row.matter, "judged": row.last_judged, "agreed": row.last_agreed, "published_on":
        row.published_on.isoformat(),
    }  # fmt: skip
    trail.record(verb, ("auto_offer", row.id), by=by, at=now, codes=codes, words=dict(words) if words else None)
