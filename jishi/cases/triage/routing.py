"""Whose is it? The lists decide on the facts; triage only says how sure the facts are (spec 12 §5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.models import Case, Membership
from jishi.duties import queries as duties
from jishi.duties.queries import Routed
from jishi.kernels import dutylist, worktime
from jishi.kernels.dutylist import Fact, Facts
from jishi.kernels.text.minimise import minimise_one
from jishi.places import queries as places
from jishi.places.queries import Spot

if TYPE_CHECKING:
    from jishi.cases.triage.classifying import Classes
    from jishi.cases.triage.looking import Words


@dataclass(frozen=True, slots=True)
class Route:
    candidates: tuple[dict[str, Any], ...]
    abstained: str
    edition: str
    promises: Mapping[str, str] = field(default_factory=dict)
    routed: Routed | None = None


CERTAIN = 0.95  # of the first matter: then no other world is decided
CODE = 6  # characters: a shorter answer is a code or a small number
WORTH = 0.01  # a matter less likely than this is no world
SKIPPED = Route((), "skipped", "")


def route(
    batch: Sequence["Words"], spots: Sequence[Spot], classes: Sequence["Classes"], *, now: datetime
) -> list[Route]:
    """Decide each report in its likeliest world; what would change if the second or the third matter were
    right is decided too, but where the first is all but certain."""
    day = localdate(now)
    known = facts_of(batch, spots)
    first = [
        facts if w.matter or not c.candidates else _guessing(facts, c.candidates[0])
        for facts, w, c in zip(known, batch, classes, strict=True)
    ]
    worlds = [(i, guess) for i, c in enumerate(classes) for guess in _others(c)]
    decided = duties.decide([*first, *(_guessing(known[i], guess) for i, guess in worlds)], day=day)
    others: dict[int, list[tuple[str, Routed]]] = {}
    for (i, guess), routed in zip(worlds, decided[len(first) :], strict=True):
        others.setdefault(i, []).append((str(guess["label"]), routed))
    return [_said(routed, classes[i], others.get(i, ())) for i, routed in enumerate(decided[: len(first)])]


def _others(classes: "Classes") -> Sequence[Mapping[str, Any]]:
    """The matters that may be right instead of the first."""
    if len(classes.candidates) < 2 or float(classes.candidates[0]["p"]) >= CERTAIN:
        return ()
    return [guess for guess in classes.candidates[1:3] if float(guess["p"]) >= WORTH]


def route_case(case: Case, *, now: datetime) -> Routed:
    """Decide a stored case by the lists in force on the day it was received (spec 11 §5)."""
    return duties.decide([facts_of_case(case)], day=localdate(case.received_at))[0]


def facts_of_case(case: Case) -> Facts:
    """Gather the facts of a case with their sources; what is not known is not there."""
    member = Membership.objects.filter(case=case, to_at=None).select_related("report").order_by("id").first()
    report = member.report if member else None
    facts: dict[str, Fact] = {}
    if case.matter:
        facts["matter"] = dutylist.entered(case.matter, "登记")
    place = places.place_of(case.lng_e7, case.lat_e7, case.division_code, case.grid_id)
    if place is not None:
        facts["place"] = dutylist.derived(place, case.place_name or case.address_text)
    facts["kind"], facts["urgency"] = _entered(case.kind), _entered(case.urgency)
    facts["reports_joined"] = dutylist.derived(case.reports_count)
    if report is not None:
        facts["channel"] = dutylist.derived(report.channel)
        facts["said_at"] = _moments([report.said_at])[report.said_at]
        told = {k: _shown(v) for k, v in report.answers.items() if v not in (None, "")}
        facts |= {f"answers.{k}": dutylist.said(v, "诉求人") for k, v in told.items()}
    return facts


def _shown(value: Any) -> Any:
    """A decision is kept for good: a free answer stands in it without what names a person."""
    return minimise_one(value).shown if isinstance(value, str) and len(value) > CODE else value


def facts_of(batch: Sequence["Words"], spots: Sequence[Spot]) -> list[Facts]:
    """Gather the facts of reports that are not stored yet, all but a matter that is only guessed."""
    said_at = _moments({w.said_at for w in batch})
    found: list[Facts] = []
    for words, spot in zip(batch, spots, strict=True):
        facts: dict[str, Fact] = {"said_at": said_at[words.said_at]}
        if words.matter:
            facts["matter"] = dutylist.entered(words.matter, "登记")
        if spot.place is not None:
            facts["place"] = dutylist.derived(spot.place, spot.name)
        for name, value in (("channel", words.channel), ("kind", words.kind), ("urgency", words.urgency)):
            if value:
                facts[name] = _entered(value)
        for question, answer in words.answers.items():
            if answer not in (None, ""):
                facts[f"answers.{question}"] = dutylist.said(_shown(answer), "诉求人")
        found.append(facts)
    return found


def _guessing(facts: Facts, guess: Mapping[str, Any]) -> Facts:
    """The same facts with a guessed matter."""
    return {**facts, "matter": dutylist.guessed(str(guess["value"]), float(guess["p"]), "按文字推断")}


@lru_cache(maxsize=64)
def _entered(code: str) -> Fact:
    return dutylist.entered(code)


def _said(routed: Routed, classes: "Classes", others: Sequence[tuple[str, Routed]]) -> Route:
    edition = _edition(routed.law)
    if routed.outcome == "fallback" and not classes.candidates:
        return Route((_fallback(routed),), "matter_unknown", edition, routed=routed)
    candidates = _candidates(routed)
    said = {(routed.body_id, routed.outcome)}
    for label, other in others:
        if (other.body_id, other.outcome) not in said:
            said.add((other.body_id, other.outcome))
            candidates += [{**c, "reason": f"如果是“{label}”：{c['reason']}"} for c in _candidates(other)[:1]]
    return Route(tuple(candidates[:3]), "", edition, routed.promises, routed)


def _edition(law: duties.Law) -> str:
    if "triage.edition" not in law.memo:
        law.memo["triage.edition"] = ",".join(sorted({f"{i.list_id}@{i.edition}" for i in law.items.values()}))[:120]
    edition: str = law.memo["triage.edition"]
    return edition


def _candidates(routed: Routed) -> list[dict[str, Any]]:
    known = bodies.names()
    if routed.outcome in ("contested", "ask"):
        questions = "；".join(str(q.get("text")) for q in routed.questions)
        why = f"知道“{questions}”就能定" if routed.outcome == "ask" else "两条同样合适"
        return [
            {"value": body, "label": known[body].name, "item": row.number, "outcome": routed.outcome,
             "reason": f"{row.number} {row.name}（{why}）"}
            for body, row in routed.candidates
        ]  # fmt: skip
    if routed.item is None or routed.body_id is None:
        return [_fallback(routed)]
    row = routed.item
    told = {
        "value": routed.body_id, "label": known[routed.body_id].name, "item": row.number, "outcome": routed.outcome,
        "reason": f"{row.number} {row.name}",
        "assists": [
            {"value": a.body_id, "label": a.body_name, "part": a.part, "item": a.number} for a in routed.assists
        ],
    }  # fmt: skip
    return [told]


def _fallback(routed: Routed) -> dict[str, Any]:
    body = bodies.names().get(routed.body_id or 0)
    return {
        "value": body.id if body else None, "label": body.name if body else "", "item": "", "outcome": routed.outcome,
        "reason": "清单里没有对上的条目，由属地兜底单位牵头",
    }  # fmt: skip


def _moments(every: Iterable[datetime]) -> dict[datetime, Fact]:
    """Each moment on the town's wall clock, and whether one works then."""
    zone, calendar = ZoneInfo(settings.TIME_ZONE), bodies.hours_of([None])[None].calendar
    found = {}
    for at in every:
        local = at.astimezone(zone)
        try:
            working: bool | None = worktime.is_working(local, calendar)
        except worktime.CalendarNotKnown:
            working = None
        found[at] = dutylist.derived(dutylist.Moment(local, working))
    return found
