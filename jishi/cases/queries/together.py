"""Handled together, as pages and programs read it: parts, whistles, questions to outsiders, and who may do what now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import links, parts, whistle
from jishi.cases.actions.moving import OPEN_HANDOVER
from jishi.cases.models import Case, Clock, Handover, OutsideLink, Part, Participant, Rating, Whistle
from jishi.cases.policies import Stand
from jishi.cases.queries import casepage, consulting, ticking
from jishi.cases.queries.ticking import Ticking
from jishi.cases.states import (
    PART,
    PART_OPEN,
    PARTICIPANT,
    PARTICIPANT_OPEN,
    WHISTLE,
    WHISTLE_OPEN,
    WHISTLE_WORKING,
    ParticipantStatus,
    PartStatus,
    RatingSide,
    Role,
    WhistleStatus,
)
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile
from jishi.kernels.procedure import BIRTH, Procedure, Spoken

MOST = 200  # rows of one list
_KINDS = tuple(c.kind for life in (PART, WHISTLE, PARTICIPANT) for c in life.clocks)


@dataclass(frozen=True, slots=True)
class Said:
    """One side's rating as this reader may read it."""

    side: str
    answers: tuple[tuple[str, str], ...]
    words: str
    row: Rating


@dataclass(frozen=True, slots=True)
class OnePart:
    """A part with its clock and the acts that are open to this reader."""

    row: Part
    body: str
    asked_by: str
    state: Spoken
    chip: str
    clock: Ticking | None  # that presses first
    due: Ticking | None  # of the part itself
    acts: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return self.row.status in PART_OPEN


@dataclass(frozen=True, slots=True)
class OneBody:
    """One body called: where it stands, its clock, what this reader may do for it, the ratings that may be read."""

    row: Participant
    body: str
    state: Spoken
    chip: str
    clock: Ticking | None
    acts: tuple[str, ...]
    ratings: tuple[Said, ...]
    rated: tuple[str, ...]  # which sides have rated, whoever may read it
    objectable: tuple[str, ...]  # whose rating this reader may object to
    rulable: tuple[str, ...]  # whose rating waits for a ruling of this reader
    disputed: bool  # a rating was objected to and nobody has ruled


@dataclass(frozen=True, slots=True)
class OneWhistle:
    """A whistle with everybody called."""

    row: Whistle
    case: Case
    street: str
    host: str
    state: Spoken
    chip: str
    clock: Ticking | None
    bodies: tuple[OneBody, ...]
    quorum: str
    acts: tuple[str, ...]

    @property
    def counted(self) -> int:
        return sum(1 for b in self.bodies if b.row.status != ParticipantStatus.RELEASED)

    def count(self, *statuses: str) -> int:
        return sum(1 for b in self.bodies if b.row.status in statuses)

    @property
    def coming(self) -> int:
        return sum(1 for b in self.bodies if b.row.accepted_at and b.row.status != ParticipantStatus.RELEASED)

    @property
    def arrived(self) -> int:
        return sum(1 for b in self.bodies if b.row.arrived_at)

    @property
    def reported(self) -> int:
        return self.count(ParticipantStatus.REPORTED)


@dataclass(frozen=True, slots=True)
class OneLink:
    """A question to an outside party: open, answered, or why it is over."""

    row: OutsideLink
    asked_by: str
    over: str
    may_revoke: bool
    files: tuple[StoredFile, ...] = ()  # sent along with the answer


@dataclass(frozen=True, slots=True)
class Together:
    """Everything beside one case; `may`: what this reader may begin (part, whistle, link)."""

    parts: tuple[OnePart, ...]
    whistles: tuple[OneWhistle, ...]
    links: tuple[OneLink, ...]
    may: frozenset[str]

    @property
    def running(self) -> int:
        return sum(p.is_open for p in self.parts) + sum(w.row.status in WHISTLE_WORKING for w in self.whistles)


def of_case(case: Case, *, by: Actor, now: datetime, lang: str, stand: Stand | None = None) -> Together:
    """Give what was asked of others for this case, newest first; a bounded number of statements."""
    stand = stand or casepage.stand_of(case)
    clocks = _clocks([case.id])
    rows = Part.objects.filter(case=case).select_related("asked_body", "asked_by", "duty_item", "cited_item")
    sent = list(OutsideLink.objects.filter(case=case).select_related("asked_by", "case").order_by("-id")[:MOST])
    along = links.enclosed([s.id for s in sent if s.answered_at], tenant_id=case.tenant_id)
    blown = _whistles(Whistle.objects.filter(case=case), {case.id: stand}, clocks, by=by, now=now, lang=lang)
    busy = {"whistle"} if any(w.row.status in WHISTLE_WORKING for w in blown) else set()
    return Together(
        tuple(_part(p, stand, clocks, by, now, lang) for p in rows.order_by("-id")[:MOST]), tuple(blown),
        tuple(_link(row, stand, by, now, lang, along.get(row.id, ())) for row in sent), _may_begin(stand, by) - busy,
    )


def _may_begin(stand: Stand, by: Actor) -> frozenset[str]:
    """Name what this reader may begin now: the tables' own births, at their moment."""
    found, status = set(), stand.case.status
    asker = any(policies.PARTIES[p](by, stand) for p in PART.open_moves(BIRTH)[0].who)
    if asker and status in parts.ASKABLE:
        found.add("part")
    if asker and status in links.SENDABLE:
        found.add("link")
    if status in whistle.BLOWABLE and by.has("handler") and _street_of(stand.case, by) is not None:
        found.add("whistle")
    return frozenset(found)


def _street_of(case: Case, by: Actor) -> int | None:
    known = bodies.names()
    mine = [known[i] for i in sorted(by.body_ids) if i in known and known[i].level in whistle.STREETS]
    place = case.division_code
    here = [b.id for b in mine if b.id == case.lead_id or place.startswith(b.division_code.rstrip("0") or "-")]
    return here[0] if here else None


# --- one row -----------------------------------------------------------------------------------------------


def _clocks(case_ids: Iterable[int]) -> list[Clock]:
    return list(Clock.objects.filter(case__in=list(case_ids), kind__in=_KINDS).order_by("id"))


def _clock(rows: Sequence[Clock], field: str, row_id: int, now: datetime, lang: str) -> Ticking | None:
    """The running clock of a row that is due first."""
    mine = [c for c in rows if getattr(c, field) == row_id and c.stopped_at is None]
    shown = ticking.shown(mine, lang=lang, now=now)
    return shown[0] if shown else None


def _open_acts(life: Procedure, status: str, stand: Stand, by: Actor) -> tuple[str, ...]:
    """Name the verbs of the table that are open to this person now."""
    rows = [m for m in (*life.moves, *life.acts) if not m.is_birth and m.fits(status, None)]
    may = [
        m.verb for m in rows
        if any(not who.startswith("clock:") and who != "rule" and policies.PARTIES[who](by, stand) for who in m.who)
    ]  # fmt: skip
    return tuple(dict.fromkeys(may))


def _part(row: Part, stand: Stand, clocks: Sequence[Clock], by: Actor, now: datetime, lang: str) -> OnePart:
    state = PART.state(row.status)
    acts = _open_acts(PART, row.status, replace(stand, asked=row.asked_body_id), by)
    asked_to_stop = row.release_asked_at is not None
    closed = {
        "parts.contest": row.contested_at is not None or stand.case.status not in parts.ASKABLE,
        "parts.return_": row.designated, "parts.keep": not asked_to_stop, "parts.ask_release": asked_to_stop,
        "parts.release": row.status == PartStatus.SIGNED and not asked_to_stop,
    }  # fmt: skip
    return OnePart(
        row, _called(row.asked_body_id, lang), _called(row.asked_by_id, lang), state.name, state.chip,
        _clock(clocks, "part_id", row.id, now, lang),
        _clock([c for c in clocks if c.kind == "part"], "part_id", row.id, now, lang),
        tuple(a for a in acts if not closed.get(a, False)),
    )  # fmt: skip


def _called(body_id: int | None, lang: str) -> str:
    body = bodies.names().get(body_id or 0)
    return body.called(lang) if body else ""


def _whistles(
    rows: QuerySet[Whistle], stands: Mapping[int, Stand], clocks: Sequence[Clock], *, by: Actor, now: datetime,
    lang: str,
) -> list[OneWhistle]:  # fmt: skip
    """Give whistles with their bodies and ratings; three statements, however many."""
    found = list(rows.select_related("case").order_by("-id")[:MOST])
    called: dict[int, list[Participant]] = {}
    people = Participant.objects.filter(whistle__in=found).select_related("duty_item", "cited_item").order_by("id")
    for one in people:
        called.setdefault(one.whistle_id, []).append(one)
    rated: dict[int, list[Rating]] = {}
    for r in Rating.objects.filter(participant__whistle__in=found).order_by("id"):
        rated.setdefault(r.participant_id, []).append(r)
    return [
        _whistle(row, stands[row.case_id], called.get(row.id, []), rated, clocks, by=by, now=now, lang=lang)
        for row in found
        if row.case_id in stands
    ]


def _whistle(
    row: Whistle, stand: Stand, called: Sequence[Participant], rated: Mapping[int, list[Rating]],
    clocks: Sequence[Clock], *, by: Actor, now: datetime, lang: str,
) -> OneWhistle:  # fmt: skip
    state = WHISTLE.state(row.status)
    stand = replace(stand, street=row.blown_by_id, host=row.lead_body_id)
    told = tuple(_body(row, one, stand, rated.get(one.id, []), clocks, by=by, now=now, lang=lang) for one in called)
    acts = _open_acts(WHISTLE, row.status, stand, by)
    return OneWhistle(
        row, row.case, _called(row.blown_by_id, lang), _called(row.lead_body_id or row.blown_by_id, lang), state.name,
        state.chip, _clock(clocks, "whistle_id", row.id, now, lang), told, _quorum(row, called, lang), acts,
    )  # fmt: skip


def _quorum(row: Whistle, called: Sequence[Participant], lang: str) -> str:
    """Say who must answer, or how many; whoever need not come no longer counts (`whistle.uphold`)."""
    counted = [one.body_id for one in called if one.status != ParticipantStatus.RELEASED]
    if row.quorum_bodies:
        return (", " if lang == "en" else "、").join(_called(b, lang) for b in row.quorum_bodies if b in counted)
    return str(min(row.quorum_count, len(counted)))


def _body(
    row: Whistle, one: Participant, stand: Stand, ratings: Sequence[Rating], clocks: Sequence[Clock], *, by: Actor,
    now: datetime, lang: str,
) -> OneBody:  # fmt: skip
    stand = replace(stand, asked=one.body_id)
    state = PARTICIPANT.state(one.status)
    sides = {r.side: r for r in ratings}
    acts = [a for a in _open_acts(PARTICIPANT, one.status, stand, by) if _is_its_moment(a, row, sides)]
    objectable = [
        side for side, r in sides.items()
        if row.status == WhistleStatus.RATED and r.objected_at is None
        and (one.body_id if side == RatingSide.STREET else row.blown_by_id) in by.body_ids and by.has("handler")
    ]  # fmt: skip
    may_rule = policies.PARTIES["district_office"](by, stand)
    disputed = tuple(s for s, r in sides.items() if r.objected_at and r.ruled_at is None)
    return OneBody(
        one, _called(one.body_id, lang), state.name, state.chip,
        _clock(clocks, "participant_id", one.id, now, lang), tuple(acts),
        tuple(_said(r) for r in ratings if _may_read(row, r, by)), tuple(sides), tuple(objectable),
        disputed if may_rule else (), bool(disputed),
    )  # fmt: skip


def _is_its_moment(verb: str, row: Whistle, sides: Mapping[str, Rating]) -> bool:
    """Tell whether the whistle as a whole lets a body's act happen now; the verb insists on the same."""
    if verb == "whistle.object_":
        return row.kind != "emergency"
    if verb == "whistle.report":
        return row.status == WhistleStatus.ACTING
    if verb == "rating.rate_body":
        return row.status == WhistleStatus.CONCLUDED and RatingSide.STREET not in sides
    if verb == "rating.rate_whistle":
        return row.status == WhistleStatus.CONCLUDED and RatingSide.BODY not in sides
    return not verb.startswith(("rating.", "whistle.lapse", "whistle.call_off"))


def _may_read(row: Whistle, rating: Rating, by: Actor) -> bool:
    """Neither side reads the other's rating before both are done or the time is up."""
    return row.status == WhistleStatus.RATED or rating.by_body_id in by.body_ids


def _said(r: Rating) -> Said:
    asked = ("came", "did_its_part", "result_holds") if r.side == RatingSide.STREET else (
        "needed", "right_body", "prepared"
    )  # fmt: skip
    return Said(r.side, tuple((q, getattr(r, q)) for q in asked), r.words, r)


def _link(
    row: OutsideLink, stand: Stand, by: Actor, now: datetime, lang: str, along: Iterable[StoredFile] = ()
) -> OneLink:
    over = links.why_over(row, now)
    asker = any(policies.PARTIES[p](by, stand) for p in ("lead", "dispatcher"))
    return OneLink(row, _called(row.asked_by_id, lang), over, asker and over in ("", "expired"), tuple(along))


# --- what waits for a body ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the inbox of a body shows: parts to do, parts asked of others, whistles to answer, questions outside."""

    to_do: tuple[OnePart, ...]
    asked: tuple[OnePart, ...]
    whistles: tuple[tuple[OneWhistle, OneBody], ...]
    blown: tuple[OneWhistle, ...]
    links: tuple[OneLink, ...]


def waiting(*, by: Actor, now: datetime, lang: str) -> Waiting:
    """Give what waits for the actor's bodies, the most pressing first; a bounded number of statements."""
    mine = sorted(by.body_ids)
    rows = list(
        Part.objects.filter(Q(asked_body__in=mine) | Q(case__lead__in=mine), status__in=sorted(PART_OPEN))
        .select_related("case", "asked_body", "asked_by", "duty_item", "cited_item").order_by("id")[:MOST]
    )  # fmt: skip
    blown = Whistle.objects.filter(_of_bodies(mine), status__in=sorted(WHISTLE_OPEN))
    sent = OutsideLink.objects.filter(
        case__lead__in=mine, revoked_at=None, case__status__in=sorted(links.SENDABLE)
    ).select_related("case", "asked_by").order_by("-id")  # fmt: skip
    asked_out = list(sent[:MOST])
    cases = {r.case_id: r.case for r in rows} | {r.case_id: r.case for r in asked_out}
    cases |= {r.case_id: r.case for r in blown.select_related("case")[:MOST]}
    stands, clocks = _stands(cases), _clocks(cases)
    told = [_part(r, stands[r.case_id], clocks, by, now, lang) for r in rows]
    calls = _whistles(blown, stands, clocks, by=by, now=now, lang=lang)
    return Waiting(
        tuple(_by_clock(p for p in told if p.row.asked_body_id in by.body_ids)),
        tuple(_by_clock(p for p in told if p.row.asked_body_id not in by.body_ids)),
        tuple((w, b) for w in calls for b in w.bodies if b.row.body_id in by.body_ids and _waits(w, b)),
        tuple(w for w in calls if w.row.blown_by_id in by.body_ids or w.row.lead_body_id in by.body_ids),
        tuple(_link(r, stands[r.case_id], by, now, lang) for r in asked_out),
    )


def count(*, by: Actor) -> int:
    """Count what waits for the actor's bodies: parts, whistles, consultations without their word; one statement."""
    mine = sorted(by.body_ids)
    to_do = Part.objects.filter(asked_body__in=mine, status__in=sorted(PART_OPEN)).values("id")
    called = Participant.objects.filter(
        body__in=mine, status__in=sorted(PARTICIPANT_OPEN), whistle__status__in=sorted(WHISTLE_WORKING)
    ).values("id")  # fmt: skip
    return to_do.union(called, consulting.waiting(by).values("id"), all=True).count()


def _of_bodies(mine: Sequence[int]) -> Q:
    called = Participant.objects.filter(whistle=OuterRef("pk"), body__in=mine)
    return Q(blown_by__in=mine) | Q(lead_body__in=mine) | Q(Exists(called))


def _waits(w: OneWhistle, b: OneBody) -> bool:
    """A body is done with a whistle when it was released, or when it has rated."""
    if b.row.status == ParticipantStatus.RELEASED:
        return False
    return w.row.status in WHISTLE_WORKING or bool(b.acts)


def _by_clock(rows: Iterable[OnePart]) -> list[OnePart]:
    def due(one: OnePart) -> tuple[bool, Any, int]:
        clock = one.clock
        return (clock is None or clock.due_at is None, clock.due_at if clock and clock.due_at else 0, one.row.id)

    return sorted(rows, key=due)


def _stands(cases: Mapping[int, Case]) -> dict[int, Stand]:
    """Give many cases as rights see them; one statement."""
    leads = {
        h.case_id: h
        for h in Handover.objects.filter(case__in=list(cases), role=Role.LEAD, status__in=OPEN_HANDOVER)
    }
    return {i: Stand(case, leads.get(i)) for i, case in cases.items()}


# --- the whistle board -------------------------------------------------------------------------------------


def board(*, by: Actor, now: datetime, lang: str, show: str = "open") -> list[OneWhistle]:
    """Give the whistles that this reader sees: those that run, or those that ended last; newest first."""
    rows = Whistle.objects.filter(case__in=policies.visible_to(by, Case.objects.all()))
    if show == "objections":
        rows = rows.filter(
            Q(Exists(Participant.objects.filter(whistle=OuterRef("pk"), status=ParticipantStatus.OBJECTED)))
            | Q(Exists(Rating.objects.filter(
                participant__whistle=OuterRef("pk"), objected_at__isnull=False, ruled_at=None
            )))
        )  # fmt: skip
    else:
        wanted = WHISTLE_OPEN if show == "open" else frozenset(WhistleStatus) - WHISTLE_OPEN
        rows = rows.filter(status__in=sorted(wanted))
    cases = {r.case_id: r.case for r in rows.select_related("case").order_by("-id")[:MOST]}
    return _whistles(rows, _stands(cases), _clocks(cases), by=by, now=now, lang=lang)


# --- as JSON -----------------------------------------------------------------------------------------------


def pages(case: Case, *, by: Actor, now: datetime, lang: str = "zh") -> dict[str, list[dict[str, Any]]]:
    """Give parts, whistles and links of a case as a program reads them."""
    found = of_case(case, by=by, now=now, lang=lang)
    return {
        "parts": [part_page(p) for p in found.parts], "whistles": [whistle_page(w) for w in found.whistles],
        "links": [link_page(one) for one in found.links],
    }  # fmt: skip


def part_page(p: OnePart) -> dict[str, Any]:
    row = p.row
    return {
        "id": row.id, "version": row.version, "status": row.status, "body": row.asked_body_id,
        "asked_by": row.asked_by_id, "what": row.what, "item": row.duty_item_id, "asked_at": row.asked_at,
        "signed_at": row.signed_at,
        "due_at": p.due.due_at if p.due else None, "return_ground": row.return_ground or None,
        "return_words": row.return_words, "cited_item": row.cited_item_id, "designated": row.designated,
        "result": row.result, "ended_at": row.ended_at, "open": list(p.acts),
    }  # fmt: skip


def whistle_page(w: OneWhistle) -> dict[str, Any]:
    row = w.row
    return {
        "id": row.id, "version": row.version, "status": row.status, "kind": row.kind, "what": row.what,
        "where": row.where, "blown_by": row.blown_by_id, "lead_body": row.lead_body_id, "blown_at": row.blown_at,
        "gather_at": row.gather_at, "due_at": w.clock.due_at if w.clock else None,
        "quorum_bodies": row.quorum_bodies, "quorum_count": row.quorum_count, "conclusion": row.conclusion,
        "previous": row.previous_id, "open": list(w.acts), "bodies": [_body_page(b) for b in w.bodies],
    }  # fmt: skip


def _body_page(b: OneBody) -> dict[str, Any]:
    row = b.row
    return {
        "id": row.id, "version": row.version, "body": row.body_id, "role": row.role, "status": row.status,
        "item": row.duty_item_id, "why": row.why, "due_at": b.clock.due_at if b.clock else None,
        "accepted_at": row.accepted_at, "objected_at": row.objected_at, "arrived_at": row.arrived_at,
        "absent_at": row.absent_at, "reported_at": row.reported_at, "result": row.result, "open": list(b.acts),
        "rated": list(b.rated),
        "ratings": [{
            "side": r.side, **dict(r.answers), "words": r.words, "objected_at": r.row.objected_at,
            "objection": r.row.objection_words, "ruling": r.row.ruling or None, "ruling_words": r.row.ruling_words,
        } for r in b.ratings],
    }  # fmt: skip


def link_page(one: OneLink) -> dict[str, Any]:
    row = one.row
    return {
        "id": row.id, "version": row.version, "to": row.to_name, "question": row.question, "extract": row.extract,
        "sent_at": row.sent_at, "expires_at": row.expires_at, "opened": row.opened_count, "over": one.over or None,
        "answered_at": row.answered_at, "not_ours": row.not_ours, "answer": row.answer,
        "attached_text": row.attached_text, "revoked_at": row.revoked_at,
        "files": [{"kind": f.kind, "bytes": f.size, "sha256": f.content_hash} for f in one.files],
    }  # fmt: skip
