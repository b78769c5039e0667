"""受理: a report comes in, once, and is placed, classified, compared, routed and promised in the same breath."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies, triage
from jishi.cases.actions import clocks, moving, naming
from jishi.cases.events import CaseMoved, ReportReceived
from jishi.cases.models import Addendum, Case, Clock, Membership, Report, Suggestion
from jishi.cases.refusals import (
    AlreadyKnown,
    AnonymousHasNoPerson,
    BadContact,
    ClockWrong,
    GroundNeeded,
    NothingSaid,
    NotOnTheSpotList,
    ObjectedBefore,
    ReopenWindowClosed,
    SwappedAxes,
    TooLong,
    UnknownDatum,
    UnknownMatter,
    WrongWord,
)  # fmt: skip
from jishi.cases.states import CASE, WINDOW_DAYS, Channel, DeclineGround, Kind, Status, Urgency, Voice
from jishi.duties import queries as duties
from jishi.foundation import keys, numbers, outbox, sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused, Stale
from jishi.kernels.text.minimise import minimise_one
from jishi.kernels.text.words import tsvector_text
from jishi.places import queries as places

LIMIT = 10_000
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DEVICE_CLOCK = timedelta(minutes=10)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # nothing said before there was a hotline
_HASHER = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing one person said, as an edge hands it in. Coordinates name their system or are refused."""

    text: str
    channel: str
    kind: str = Kind.REPORT.value
    voice: str = Voice.OPEN.value
    said_at: datetime | None = None
    lng: float | None = None
    lat: float | None = None
    crs: str = ""
    accuracy_m: float | None = None
    address_text: str = ""
    title: str = ""
    matter: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    caller_name: str = ""
    caller_contact: str = ""
    accused_body_ids: tuple[int, ...] = ()
    reporter_id: int | None = None
    external_system: str = ""
    external_id: str = ""
    external_hash: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    join_case_id: int | None = None
    urgency: str = Urgency.NORMAL.value
    lang: str = "zh-Hans"
    wants_word: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """What the sender gets: number, word (once, never stored), the promise and why."""

    report_id: int
    number: str
    case_id: int
    case_number: str
    word: str
    promise_due_at: datetime | None
    suggestions: tuple[triage.Suggested, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One of a batch that was not taken in; nothing of it is stored."""

    index: int
    refusal: Refused


def receive(incoming: Incoming, *, by: Actor, now: datetime, tenant_code: str) -> Received:
    """Take one report in. The same code as a million, with a batch of one.

    :raises Refused: nothing said, too long, a point without datum, an unknown matter … (spec 10 §18).
    """
    taken, refused = receive_many([incoming], by=by, now=now, tenant_code=tenant_code)
    if refused:
        raise refused[0].refusal
    return taken[0]


@transaction.atomic(savepoint=False)  # what is refused is given back, not raised: nothing to go back to
def receive_many(
    batch: Sequence[Incoming],
    *,
    by: Actor,
    now: datetime,
    tenant_code: str,
    suggested: Sequence[triage.Looked] | None = None,
) -> tuple[list[Received], list[RefusedRow]]:
    """Take a batch in, in a number of statements that does not grow with it; refuse row by row."""
    refused = [RefusedRow(i, no) for i, one in enumerate(batch) if (no := _refusal(one, now) or _beyond(one, by))]
    out = {row.index for row in refused}
    rows = [one for i, one in enumerate(batch) if i not in out]
    if not rows:
        return [], refused
    looked = _of_these(suggested, out) if suggested else look(rows, now=now)
    return _store(rows, looked, by=by, now=now, tenant_code=tenant_code), refused


def look(rows: Sequence[Incoming], *, now: datetime, compare: bool = True) -> list[triage.Looked]:
    """Run the pipeline over `rows`, storing nothing (spec 12 §1); `compare=False` leaves near-duplicates out."""
    return triage.run(
        [
            triage.Words(
                text=r.text, said_at=r.said_at or now, lng=r.lng, lat=r.lat, crs=r.crs, accuracy_m=r.accuracy_m,
                address_text=r.address_text, matter=r.matter, channel=r.channel, kind=r.kind, urgency=r.urgency,
                answers=r.answers,
            )
            for r in rows
        ],
        now=now,
        compare=compare,
    )  # fmt: skip


def refusal_of(incoming: Incoming, *, now: datetime) -> Refused | None:
    """Say why this would be refused, storing nothing: for dry runs and forms."""
    return _refusal(incoming, now)


def _refusal(one: Incoming, now: datetime) -> Refused | None:
    try:
        _ensure_sound(one, now)
    except Refused as no:
        return no
    return None


def _beyond(one: Incoming, by: Actor) -> Refused | None:
    """How urgent it is and how it came in is said by who receives it for the town; others say what happened."""
    if by.has(*policies.RECEIVING) or (one.urgency == Urgency.NORMAL and one.channel in (Channel.WEB, Channel.API)):
        return None
    return NotAllowed(why="多急、从哪里来，由受理的岗位登记。")


def _ensure_sound(one: Incoming, now: datetime) -> None:
    if not one.text.strip():
        raise NothingSaid
    if len(one.text) > LIMIT:
        raise TooLong(length=len(one.text), limit=LIMIT)
    _ensure_known_words(one)
    if one.said_at is not None and not EARLIEST <= one.said_at <= now + DEVICE_CLOCK:
        raise ClockWrong(said_at=one.said_at.isoformat())
    _ensure_point(one)
    _ensure_person(one)
    if one.matter and duties.matter(one.matter) is None:
        raise UnknownMatter(matter=one.matter, successor=duties.successor_sentence(one.matter))


def _ensure_known_words(one: Incoming) -> None:
    """Insist on codes of our lists and on bodies that exist, whoever sends them."""
    lists = {"channel": Channel, "kind": Kind, "voice": Voice, "urgency": Urgency}
    for name, known in lists.items():
        if getattr(one, name) not in known.values:
            raise Invalid(detail=name)
    if one.accused_body_ids and not set(one.accused_body_ids) <= set(bodies.names()):
        raise Invalid(detail="accused_body_ids")


def _ensure_point(one: Incoming) -> None:
    if one.lng is None and one.lat is None:
        return
    if one.lng is not None and one.lat is not None and not max(abs(one.lng), abs(one.lat)) <= 180:
        raise Invalid(detail="lng, lat")
    if one.lng is None or one.lat is None or one.crs not in places.CRS:
        raise UnknownDatum
    if places.looks_swapped(one.lng, one.lat):
        raise SwappedAxes(lng=one.lat, lat=one.lng)


def _ensure_person(one: Incoming) -> None:
    if one.voice == Voice.ANONYMOUS and (one.caller_name or one.caller_contact or one.reporter_id):
        raise AnonymousHasNoPerson
    digits = "".join(c for c in one.caller_contact if c.isdigit())
    if one.caller_contact and "@" not in one.caller_contact and not 7 <= len(digits) <= 15:
        raise BadContact(length=len(digits))
    if one.caller_contact.strip().startswith("1") and "@" not in one.caller_contact and len(digits) != 11:
        raise BadContact(length=len(digits))


def _store(
    rows: Sequence[Incoming], looked: Sequence[triage.Looked], *, by: Actor, now: datetime, tenant_code: str
) -> list[Received]:
    _ensure_unknown(rows, by)
    today, by = localdate(now), _speaker(rows, by)
    joined = _cases_to_join(rows, by)
    rows = [_apart(r, joined) for r in rows]
    fresh = [i for i, r in enumerate(rows) if r.join_case_id not in joined]
    given = numbers.take_together({"R": len(rows), "C": len(fresh)}, tenant_code, today)
    reports = [make_report(r, s, n, by=by, now=now) for r, s, n in zip(rows, looked, given["R"], strict=True)]
    word_by_row = _give_words(rows, reports)
    _insert(reports)
    cases = {
        i: make_case(reports[i], rows[i], looked[i], number, now) for i, number in zip(fresh, given["C"], strict=True)
    }
    running = _promises(cases, looked, now)
    Case.objects.bulk_create(cases.values())
    Clock.objects.bulk_create(running)
    for i, row in enumerate(rows):
        cases.setdefault(i, joined.get(row.join_case_id or 0))  # type: ignore[arg-type]
    _belong(rows, reports, cases, by=by, now=now)
    seal_words(rows, reports)
    _keep_suggestions(reports, looked, cases, now)
    _record(rows, reports, cases, set(fresh), by=by, now=now)
    return [
        Received(
            report.id, report.number, cases[i].id, cases[i].number, word_by_row[i], cases[i].promise_due_at,
            looked[i].suggested,
        )
        for i, report in enumerate(reports)
    ]  # fmt: skip


def _cases_to_join(rows: Sequence[Incoming], by: Actor) -> dict[int, Case]:
    wanted = sorted({r.join_case_id for r in rows if r.join_case_id})
    if not wanted:
        return {}
    sealed_ones = Membership.objects.filter(case=OuterRef("pk"), to_at=None, report__voice=Voice.CONFIDENTIAL)
    found = Case.objects.select_for_update().filter(~Exists(sealed_ones), tenant_id=by.tenant_id, id__in=wanted)
    return {c.id: c for c in found if c.status not in CASE.ends and c.status != Status.FEEDBACK}


def _ensure_unknown(rows: Sequence[Incoming], by: Actor) -> None:
    """Refuse a number of another system that stands here already; an import has sorted its own before."""
    wanted = Q()
    for one in rows:
        if one.external_id and not one.external_hash:
            wanted |= Q(external_system=one.external_system, external_id=one.external_id)
    met = Report.objects.filter(wanted, tenant_id=by.tenant_id).first() if wanted else None
    if met is not None:
        raise AlreadyKnown(system=met.external_system, number=met.external_id)


def _insert(reports: Sequence[Report]) -> None:
    """Store reports. Another connection may have taken an external number in since we looked; it was first.

    :raises AlreadyKnown: it did.
    """
    try:
        Report.objects.bulk_create(reports)
    except IntegrityError as twice:
        if getattr(getattr(twice.__cause__, "diag", None), "constraint_name", "") != "one_report_per_external_id":
            raise
        met = next(r for r in reports if r.external_id)
        raise AlreadyKnown(system=met.external_system, number=met.external_id) from None


def _apart(row: Incoming, joined: Mapping[int, Case]) -> Incoming:
    """Let a word stand alone that must not be mixed with others: confidential, or about other bodies (spec 10 §4)."""
    case = joined.get(row.join_case_id or 0)
    if case is None:
        return row if row.join_case_id is None else replace(row, join_case_id=None)
    mixes = row.voice != Voice.CONFIDENTIAL and set(row.accused_body_ids) == set(case.accused_body_ids)
    return row if mixes else replace(row, join_case_id=None)


def _speaker(rows: Sequence[Incoming], by: Actor) -> Actor:
    """Who speaks anonymously or confidentially leaves no number of an account in any record (spec 10 §13)."""
    hides = by.kind in ("resident", "reporter") and any(r.voice != Voice.OPEN for r in rows)
    return Actor(tenant_id=by.tenant_id, kind="anonymous") if hides else by


def make_report(row: Incoming, seen: triage.Looked, number: str, *, by: Actor, now: datetime) -> Report:
    """Make a report of what came in and what was found out; not stored yet."""
    return Report(
        tenant_id=by.tenant_id, number=number, channel=row.channel, kind=row.kind, voice=row.voice,
        said_at=min(row.said_at or now, now), received_at=now, lang=row.lang, title=_title(row, seen),
        text_shown=seen.shown, source_crs=row.crs, source_lng=row.lng, source_lat=row.lat, answers=dict(row.answers),
        accused_body_ids=list(row.accused_body_ids), reporter_id=row.reporter_id, entered_by=_entered_by(by),
        external_system=row.external_system, external_id=row.external_id, external_hash=row.external_hash,
        attributes=dict(row.attributes), **_placed(row, seen),
    )  # fmt: skip


def _entered_by(by: Actor) -> str:
    """A colleague or a program by number; a resident as nobody in particular."""
    return "resident" if by.kind == "resident" else by.label


def _placed(row: Incoming, seen: triage.Looked) -> dict[str, Any]:
    spot = seen.place
    return {
        "lng_e7": spot.lng_e7, "lat_e7": spot.lat_e7, "accuracy_m": spot.radius_m,
        "address_text": minimise_one(row.address_text).shown[:200] if row.address_text else "",
        "place_name": spot.name[:120], "grid_id": spot.grid_id, "grid_edition_id": spot.grid_edition_id,
        "division_code": spot.division_code,
    }  # fmt: skip


def _title(row: Incoming, seen: triage.Looked) -> str:
    given = minimise_one(row.title).shown if row.title.strip() else triage.title_of(seen.shown)
    return given.strip()[:80]


def make_case(report: Report, row: Incoming, seen: triage.Looked, number: str, now: datetime) -> Case:
    """Make the case of a report; not stored yet."""
    return Case(
        tenant_id=report.tenant_id, number=number, title=report.title, matter=seen.matter,
        book_edition=seen.book_edition, kind=report.kind, status=Status.RECEIVED, status_since=now,
        urgency=row.urgency, received_at=report.received_at,
        visibility="parties", accused_body_ids=report.accused_body_ids, lng_e7=report.lng_e7, lat_e7=report.lat_e7,
        accuracy_m=report.accuracy_m, address_text=report.address_text, place_name=report.place_name,
        grid_id=report.grid_id, grid_edition_id=report.grid_edition_id, division_code=report.division_code,
        search=tsvector_text(f"{report.title} {report.text_shown}"),
    )  # fmt: skip


def _promises(cases: Mapping[int, Case], looked: Sequence[triage.Looked], now: datetime) -> list[Clock]:
    """Start promise and dispatch of every case; one calendar, one pass."""
    made = []
    row = CASE.move("intake.receive", "")
    for i, case in cases.items():
        amounts = dict(looked[i].promises)
        for kind in getattr(row, "starts", ()):
            clock = clocks.start(case, None, [], kind, now=now, amounts=amounts)
            made.append(clock)
            if kind == "promise":
                case.promise_due_at = clock.due_at
    return made


def _belong(
    rows: Sequence[Incoming], reports: Sequence[Report], cases: Mapping[int, Case], *, by: Actor, now: datetime
) -> None:
    Membership.objects.bulk_create(
        Membership(
            tenant_id=by.tenant_id, report=report, case=cases[i], from_at=now, by=naming.actor_in(cases[i].id, by),
            why="joined" if rows[i].join_case_id == cases[i].id else "received", promise_due_at=cases[i].promise_due_at,
        )
        for i, report in enumerate(reports)
    )  # fmt: skip
    for case in {cases[i].id: cases[i] for i, r in enumerate(rows) if r.join_case_id == cases[i].id}.values():
        more = sum(1 for r in rows if r.join_case_id == case.id)
        case.change(reports_count=case.reports_count + more)


def _give_words(rows: Sequence[Incoming], reports: Sequence[Report]) -> list[str]:
    """Every report without an account gets a safe word; only its hash is kept (spec 10 §3, 90 §3)."""
    given = []
    for row, report in zip(rows, reports, strict=True):
        word = "".join(secrets.choice(CROCKFORD) for _ in range(10)) if row.wants_word else ""
        if word:
            report.word_hash = _HASHER.hash(_word_mac(word))
        given.append(word)
    return given


def seal_words(rows: Sequence[Incoming], reports: Sequence[Report]) -> None:
    """Seal original words, name and contact of stored reports, each with its end (spec 10 §13)."""
    kept = []
    for row, report in zip(rows, reports, strict=True):
        today = localdate(report.received_at)
        kept.append(_secret("words.original", report, "text", row.text, _years(today, 3)))
        if row.voice == Voice.ANONYMOUS:
            continue
        purpose = "identity.reporter" if row.voice == Voice.CONFIDENTIAL else "contact.caller"
        for name, value in (("caller_name", row.caller_name), ("caller_contact", row.caller_contact)):
            if value.strip():
                kept.append(_secret(purpose, report, name, value.strip(), _years(today, 1)))
    if kept:
        sealed.seal(kept, tenant_id=reports[0].tenant_id, now=reports[0].received_at)


def _secret(purpose: str, report: Report, name: str, value: str, ends_on: date) -> sealed.Secret:
    return sealed.Secret(
        purpose=purpose, owner_table="cases_report", owner_row=report.id, field=name, value=value, ends_on=ends_on,
        searchable=name == "caller_contact" and purpose == "contact.caller",
    )  # fmt: skip


def _years(day: date, years: int) -> date:
    return date(day.year + years, day.month, min(day.day, 28))


def _of_these(suggested: Sequence[triage.Looked], refused: set[int]) -> list[triage.Looked]:
    """What was found out about the rows that are taken in; a likely duplicate among them keeps its row."""
    kept = [i for i in range(len(suggested)) if i not in refused]
    return [
        suggested[i].renumbered({old: new for new, old in enumerate(kept)}) if refused else suggested[i] for i in kept
    ]


def _keep_suggestions(
    reports: Sequence[Report], looked: Sequence[triage.Looked], cases: Mapping[int, Case], now: datetime
) -> None:
    """Store what triage said; a likely duplicate of the same batch has its case by now."""
    looked = [seen.with_cases({i: (c.id, c.number) for i, c in cases.items()}) for seen in looked]
    Suggestion.objects.bulk_create(
        Suggestion(
            tenant_id=report.tenant_id, report=report, stage=s.stage, candidates=list(s.candidates),
            abstained=s.abstained, edition=s.edition, ms=s.ms, made_at=now,
        )
        for report, seen in zip(reports, looked, strict=True)
        for s in seen.suggested
    )  # fmt: skip


def _record(
    rows: Sequence[Incoming], reports: Sequence[Report], cases: Mapping[int, Case], fresh: set[int], *, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    move: Any = CASE.move("intake.receive", "")
    rule = f"{CASE.code}@{CASE.edition}"
    first, later = [], []
    for i, report in enumerate(reports):
        codes = {"report": report.number, "channel": report.channel, "kind": report.kind, "voice": report.voice}
        if i in fresh:
            facts = {**codes, "matter": cases[i].matter, "division": report.division_code}
            first.append(trail.Note(move.trail, ("case", cases[i].id), now, facts, rule=rule))
        else:
            later.append(trail.Note("case.joined", ("case", cases[i].id), now, codes, rule=rule))
    trail.record_many(first, by=by, new=True)
    trail.record_many(later, by=by)
    news: list[outbox.Event] = [ReportReceived(r.id, cases[i].id) for i, r in enumerate(reports)]
    news += [CaseMoved(cases[i].id, move.verb, cases[i].status, tuple(move.tells)) for i in sorted(fresh)]
    outbox.announce(*news, at=now)


@transaction.atomic
def answer_at_once(case_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Answer an inquiry on the spot and close it. :raises GroundNeeded: not an inquiry, or no answer."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.answer_at_once", by=by)
    if held.case.kind != Kind.INQUIRY:
        raise GroundNeeded(what="咨询类（其他诉求要派单）", what_en="an inquiry (other reports are placed with a body)")
    if not text.strip():
        raise GroundNeeded(what="答复", what_en="the answer")
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"closed_at": now, "outcome": "explained"}, words={"text": text.strip()}
    )


@transaction.atomic
def settle_on_spot(case_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Settle a spot matter where it stands. :raises NotOnTheSpotList: the code book does not list it."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.settle_on_spot", by=by)
    matter = duties.matter(held.case.matter) if held.case.matter else None
    if matter is None or not matter.spot:
        raise NotOnTheSpotList(matter=matter.name if matter else "—")
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"closed_at": now, "outcome": "solved"},
        words={"text": text.strip()} if text.strip() else None,
    )  # fmt: skip


@transaction.atomic
def decline(case_id: int, *, ground: str, text: str, channel: str, by: Actor, now: datetime,
            version: int | None = None) -> Case:  # fmt: skip
    """Decline by a coded legal ground, telling the caller why and where to go (spec 10 §5.2)."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.decline", by=by)
    if ground not in DeclineGround.values or not text.strip():
        raise GroundNeeded(what="不予受理的理由和给诉求人的说明", what_en="the ground, and the words for the caller")
    if ground in ("other_procedure", "beyond_duty") and not channel.strip():
        raise GroundNeeded(what="应当找哪里", what_en="where to go instead")
    return moving.carry_out(
        held, move, by=by, now=now,
        case_values={"decline_ground": ground, "decline_text": text.strip(), "decline_channel": channel.strip()},
        codes={"ground": ground, "by": by.label}, words={"text": text.strip(), "channel": channel.strip()},
    )  # fmt: skip


@transaction.atomic
def accept_after_objection(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Overturn a decline after the caller's one objection; another dispatcher than the one who declined."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "intake.accept_after_objection", by=by)
    entries = trail.of("case", held.case.id)
    if not any(e.verb == "case.objected" for e in entries):
        raise GroundNeeded(what="诉求人的申诉", what_en="an objection of the caller")
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"decline_ground": "", "decline_text": "", "decline_channel": ""},
        words={"why": why.strip()} if why.strip() else None,
    )  # fmt: skip


@transaction.atomic
def object_to_decline(case_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> None:
    """Object to a decline, once. :raises ObjectedBefore: it was done."""
    held = moving.hold(case_id, by=by, version=version)
    policies.ensure_may_see(by, held.stand)
    for_him = policies.PARTIES["caller"](by, held.stand) or policies.PARTIES["operator"](by, held.stand)
    if not for_him and by.kind != "system":
        raise NotAllowed(why="申诉由诉求人提出，话务员可以代他记下。")
    if held.case.status != Status.DECLINED or not text.strip():
        raise GroundNeeded(what="哪里不同意", what_en="what you disagree with")
    if any(e.verb == "case.objected" for e in trail.of("case", held.case.id)):
        raise ObjectedBefore
    moving.beside(held, "case.objected", by=by, now=now, words={"text": text.strip()})


@transaction.atomic
def add_addendum(report_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Addendum:
    """Add a later word of the same person; the report itself is never edited. The lead is told.

    `version` is that of the report: it counts what was added.
    :raises ReopenWindowClosed: every case it belongs to has ended, and the time for reopening is over.
    :raises Stale: something was added meanwhile.
    """
    report = Report.objects.select_for_update().filter(tenant_id=by.tenant_id, id=report_id).first()
    if report is None:
        raise NotFound
    own = (by.kind == "reporter" and by.report_id == report.id) or (
        by.kind == "resident" and by.account_id == report.reporter_id and by.account_id is not None
    )
    if not own and not by.has("operator", "system"):
        raise NotFound
    if not text.strip():
        raise NothingSaid
    if len(text) > LIMIT:
        raise TooLong(length=len(text), limit=LIMIT)
    if version is not None and version != report.version:
        raise Stale(version=report.version, seen=version)
    cases = list(Case.objects.filter(memberships__report=report, memberships__to_at=None))
    if not any(policies.may_be_added_to(case, now) for case in cases):
        raise ReopenWindowClosed(days=WINDOW_DAYS)
    report.change()
    row = Addendum.objects.create(
        tenant_id=by.tenant_id, report=report, at=now, text_shown=minimise_one(text).shown, entered_by=_entered_by(by)
    )
    ids = [case.id for case in cases]
    trail.record_many([trail.Note("report.added_to", ("case", i), now, {"report": report.number}) for i in ids], by=by)
    outbox.announce(*[CaseMoved(i, "intake.add_addendum", "", ("added_lead",)) for i in ids], at=now)
    return row


def holder_of(number: str, word: str, *, tenant_id: int) -> Actor:
    """Give the actor who holds a receipt number and its word.

    :raises WrongWord: one of them is wrong; which one is not said.
    """
    tidy = word.strip().upper().replace("O", "0").replace("I", "1").replace("L", "1").replace("-", "").replace(" ", "")
    report = Report.objects.filter(tenant_id=tenant_id, number=number.strip().upper()).exclude(word_hash="").first()
    try:
        _HASHER.verify(report.word_hash if report else _NOBODY, _word_mac(tidy))
    except Argon2Error:
        raise WrongWord from None
    if report is None:
        raise WrongWord
    return Actor(tenant_id=tenant_id, kind="reporter", report_id=report.id)


_NOBODY = _HASHER.hash("nobody holds this")  # a wrong number costs the same time as a wrong word


def _word_mac(word: str) -> str:
    """A key of the provider stands before the hash: the database alone cannot guess words (spec 90 §3)."""
    return keys.provider().mac(word.encode(), context=b"receipt.word", suite="a").hex()
