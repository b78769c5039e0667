"""The life of an edition (spec 11 §5).

Drafted, edited, checked, out for consultation, adopted, published, taken back.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.timezone import localdate

from jishi.accounts.actions import proving
from jishi.bodies import queries as bodies
from jishi.duties import findings, memory, policies, sheet
from jishi.duties.events import DutyListOutForConsultation, DutyListPublished, DutyListSuperseded, DutyListTakenBack
from jishi.duties.findings import Draft, Page
from jishi.duties.models import DutyItem, DutyList, Objection
from jishi.duties.refusals import (
    ConsultationRuns,
    DayHasCome,
    DocumentNumberMissing,
    FileRefused,
    HasBlockers,
    ItemsRefused,
    NotEmptyGround,
    Overlaps,
    TooSoon,
    UnansweredObjections,
    UnknownHolder,
    ensure_open,
)
from jishi.duties.sheet import Fault, Known, NewItem
from jishi.duties.states import ListState
from jishi.duties.vocabulary import vocabulary_of
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Stale
from jishi.kernels import dutylist, worktime

CONSULTATION = "5wd"  # every named department has five working days (spec 11 §5.3)
MOST_FAULTS_TOLD = 200


@transaction.atomic
def draft(
    holder: str, *, title: str, effective_from: date, items: Sequence[NewItem], by: Actor, now: datetime,
    source_sha256: str = "",
) -> int:  # fmt: skip
    """Draft the next edition of a holder's three lists; gives its id.

    :raises ItemsRefused: with row and column of each fault. :raises UnknownHolder: no such body or class of bodies.
    """
    policies.ensure_may_keep(by)
    _ensure_holder(holder, effective_from)
    if not title.strip():
        raise Invalid(detail="title")
    last = (
        DutyList.objects.select_for_update().filter(tenant_id=by.tenant_id, holder=holder).order_by("-edition").first()
    )
    row = DutyList.objects.create(
        tenant_id=by.tenant_id, holder=holder, holder_series=_series(by.tenant_id, holder), title=title.strip(),
        edition=last.edition + 1 if last else 1, effective=DateRange(effective_from, None), drafted_by=by.label,
        source_sha256=source_sha256,
    )  # fmt: skip
    _ensure_sound(items, known_on(effective_from, holder))
    _store(row, items)
    codes = {"holder": holder, "edition": row.edition, "items": len(items), "sha256": source_sha256}
    trail.record("duty_list.drafted", ("duty_list", row.id), by=by, at=now, codes=codes, new=True)
    return row.id


def draft_file(data: bytes, *, holder: str, title: str, effective_from: date, by: Actor, now: datetime) -> int:
    """Draft from an xlsx workbook or a csv file with our columns. :raises FileRefused: with row and column; nothing of
    the file is taken."""
    policies.ensure_may_keep(by)
    items = read_file(data, on=effective_from, holder=holder)
    digest = hashlib.sha256(data).hexdigest()
    return draft(holder, title=title, effective_from=effective_from, items=items, by=by, now=now, source_sha256=digest)


def draft_copy(list_id: int, *, title: str, effective_from: date, by: Actor, now: datetime) -> int:
    """Draft the next edition as a copy of one there is. :raises NotFound: no such edition."""
    policies.ensure_may_keep(by)
    row = DutyList.objects.filter(tenant_id=by.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    return draft(row.holder, title=title, effective_from=effective_from, items=items_of(row), by=by, now=now)


@transaction.atomic
def edit(
    list_id: int, *, put: Sequence[NewItem] = (), drop: Sequence[str] = (), seen_version: int, by: Actor, now: datetime
) -> None:
    """Put items in (by number) and take others out; the edition is a draft again.

    :raises Stale: somebody saved since `seen_version`. :raises ItemsRefused: what an item may not say.
    """
    row = _locked(list_id, by)
    policies.ensure_may_keep(by)
    ensure_open("edit", row.state)
    if row.version != seen_version:
        raise Stale
    changed = {i.number: i for i in put}
    kept = [i for i in items_of(row) if i.number not in drop]
    there = {i.number for i in kept}
    after = [changed.get(i.number, i) for i in kept]
    for new in (i for i in put if i.number not in there):
        after.insert(_end_of(new.kind, after), new)
    _ensure_sound(after, known_on(row.effective.lower, row.holder))
    DutyItem.objects.filter(tenant_id=by.tenant_id, list=row).delete()
    _store(row, after)
    row.change(state=ListState.DRAFT, findings=[], drafted_by=by.label)
    codes = {"put": sorted(changed), "dropped": sorted(drop)}
    trail.record("duty_list.edited", ("duty_list", row.id), by=by, at=now, codes=codes)


@transaction.atomic
def check(list_id: int, *, by: Actor, now: datetime) -> list[Page]:
    """Check the whole edition; its findings are stored with it."""
    row = _locked(list_id, by)
    policies.ensure_may_keep(by)
    ensure_open("check", row.state)
    found = findings.thorough(Draft(row))
    row.change(state=ListState.CHECKED, findings=found)
    _record(row, "duty_list.checked", by, now, _counts(found))
    return found


@transaction.atomic
def consult(list_id: int, *, by: Actor, now: datetime) -> None:
    """Lay the edition before the departments it names, for five working days. :raises HasBlockers: solve them first."""
    row = _locked(list_id, by)
    policies.ensure_may_keep(by)
    ensure_open("consult", row.state)
    ensure_no_blockers(row.findings)
    row.change(state=ListState.CONSULTING, consulted_at=now)
    _record(row, "duty_list.consulted", by, now, {"until": consulted_until(row).isoformat()})
    outbox.announce(DutyListOutForConsultation(row.id), at=now)


@transaction.atomic
def rework(list_id: int, *, reasons: str, by: Actor, now: datetime) -> None:
    """Take the edition back into drafting, with reasons."""
    row = _locked(list_id, by)
    policies.ensure_may_keep(by)
    ensure_open("rework", row.state)
    _ensure_words(reasons)
    row.change(state=ListState.DRAFT, consulted_at=None)
    trail.record("duty_list.reworked", ("duty_list", row.id), by=by, at=now, words={"reasons": reasons})


@transaction.atomic
def adopt(list_id: int, *, document_no: str, by: Actor, now: datetime) -> None:
    """Adopt the edition under a document number; the adopting person is never the drafter.

    :raises ConsultationRuns: the five days are not over. :raises UnansweredObjections: answer them one by one.
    :raises HasBlockers: checked again and found. :raises DocumentNumberMissing: none given.
    """
    row = _locked(list_id, by)
    policies.ensure_may_adopt(by, row)
    ensure_open("adopt", row.state)
    proving.ensure_fresh(by, now=now)
    if not document_no.strip():
        raise DocumentNumberMissing
    if now < (until := consulted_until(row)):
        raise ConsultationRuns(until=f"{until:%Y-%m-%d %H:%M}")
    open_ones = Objection.objects.filter(tenant_id=by.tenant_id, list=row, answered_at=None).order_by("number")
    if numbers := list(open_ones.values_list("number", flat=True)):
        raise UnansweredObjections(count=len(numbers), numbers="、".join(numbers))
    found = findings.blocking(Draft(row))
    ensure_no_blockers(found)
    row.change(state=ListState.ADOPTED, adopted_by=by.label, document_no=document_no.strip(), findings=found)
    _record(row, "duty_list.adopted", by, now, {"document_no": row.document_no, **_counts(found)})


@transaction.atomic
def publish(list_id: int, *, by: Actor, now: datetime) -> None:
    """Publish the edition: it takes effect on its day, and the edition before it ends there.

    :raises TooSoon: its day is not after today.
    :raises HasBlockers: a body, matter or golden dispatch has changed since.
    :raises Overlaps: names both editions.
    """
    row = _locked(list_id, by)
    policies.ensure_may_keep(by)
    ensure_open("publish", row.state)
    if row.effective.lower <= localdate(now):
        raise TooSoon(day=row.effective.lower.isoformat())
    found = findings.blocking(Draft(row))
    ensure_no_blockers(found)
    put_in_force(row, found, by=by, now=now)


def put_in_force(row: DutyList, found: list[Page], *, by: Actor, now: datetime) -> None:
    """Give a locked, adopted edition its days; end the one before. Called by `publish` and by the founding of a town.

    :raises Overlaps: it would stand beside another published edition.
    """
    others = DutyList.objects.select_for_update().filter(
        tenant_id=by.tenant_id, holder=row.holder, state__in=memory.IN_FORCE, effective__overlap=row.effective
    )
    for other in others.exclude(id=row.id).order_by("-effective"):
        if other.effective.upper is not None or other.effective.lower >= row.effective.lower:
            raise Overlaps(new=_called(row), old=_called(other))
        other.change(effective=DateRange(other.effective.lower, row.effective.lower))
        _record(other, "duty_list.ended", by, now, {"on": row.effective.lower.isoformat(), "by": row.id})
    row.change(state=ListState.PUBLISHED, published_at=now, findings=found)
    excused = sorted({n for f in found if f.get("excused") for n in f["items"]})
    codes = {"effective_from": row.effective.lower.isoformat(), "document_no": row.document_no, "excused": excused}
    _record(row, "duty_list.published", by, now, codes)
    outbox.announce(DutyListPublished(row.id, row.effective.lower.isoformat()), at=now)
    memory.forget()


@transaction.atomic
def take_back(list_id: int, *, reasons: str, by: Actor, now: datetime) -> None:
    """Take a publication back before its day; the edition it would have ended lasts on.

    :raises DayHasCome: it is in force. :raises NotAllowed: not the adopting authority.
    """
    row = _locked(list_id, by)
    policies.ensure_may_adopt(by, row)
    ensure_open("take_back", row.state)
    _ensure_words(reasons)
    if row.effective.lower <= localdate(now):
        raise DayHasCome
    row.change(state=ListState.ADOPTED, published_at=None)
    before = DutyList.objects.select_for_update().filter(
        tenant_id=by.tenant_id, holder=row.holder, state__in=memory.IN_FORCE, effective__endswith=row.effective.lower
    )
    for other in before:
        other.change(effective=DateRange(other.effective.lower, None))
        _record(other, "duty_list.lasts_on", by, now, {"taken_back": row.id})
    trail.record("duty_list.taken_back", ("duty_list", row.id), by=by, at=now, words={"reasons": reasons})
    outbox.announce(DutyListTakenBack(row.id), at=now)
    memory.forget()


@transaction.atomic
def supersede_due(*, by: Actor, now: datetime) -> list[int]:
    """Mark published editions whose last day has passed; the clock calls it. Gives their ids."""
    ended = DutyList.objects.select_for_update().filter(
        tenant_id=by.tenant_id, state=ListState.PUBLISHED, effective__endswith__lte=localdate(now)
    )
    rows = list(ended.order_by("id"))
    for row in rows:
        row.change(state=ListState.SUPERSEDED)
        _record(row, "duty_list.superseded", by, now, {"edition": row.edition})
        outbox.announce(DutyListSuperseded(row.id), at=now)
    if rows:
        memory.forget()
    return [row.id for row in rows]


# ---- what the verbs share ----------------------------------------------------------------------------------


def read_file(data: bytes, *, on: date, holder: str = "") -> list[NewItem]:
    """Read an xlsx workbook or csv text into items. :raises FileRefused: with row and column of every fault."""
    known = known_on(on, holder)
    if data[:2] == b"PK":
        items, faults = sheet.from_xlsx(data, known)
    else:
        try:
            items, faults = sheet.from_csv(data.decode("utf-8-sig"), known)
        except (UnicodeDecodeError, sheet.csv.Error):
            items, faults = [], [Fault(0, "", "not_a_sheet")]
    if faults:
        raise FileRefused(count=len(faults), faults=[f.page() for f in faults[:MOST_FAULTS_TOLD]])
    return items


def known_on(day: date, holder: str = "") -> Known:
    """Give what a line of a holder's list may name on a day: departments, leads, matters, the words of conditions."""
    law = memory.law(day)
    there = [b for b in bodies.names().values() if b.lasts_on(day)]
    departments = frozenset(n for b in there for n in (b.name, b.short_name))
    return Known(departments, {b.name: b.code for b in there}, vocabulary_of(law), holder)


def items_of(row: DutyList) -> list[NewItem]:
    """Give the items of an edition in printed order."""
    return [findings.as_new(i) for i in DutyItem.objects.filter(tenant_id=row.tenant_id, list=row).order_by("position")]


def consulted_until(row: DutyList) -> datetime:
    """Give the moment from which the edition may be adopted: the end of the fifth working day."""
    if row.consulted_at is None:
        raise Invalid(detail="consulted_at")
    due = worktime.add(row.consulted_at, worktime.parse_amount(CONSULTATION), bodies.hours_of([None])[None].calendar)
    if due.moment is None:
        raise Invalid(detail="calendar")
    return due.moment


def ensure_no_blockers(found: Iterable[Page]) -> None:
    """Insist that nothing blocks. :raises HasBlockers: with the findings."""
    stopping = findings.blockers(found)
    if stopping:
        raise HasBlockers(count=len(stopping), first=findings.sentence(stopping[0]), findings=stopping[:50])


def _ensure_sound(items: Sequence[NewItem], known: Known) -> None:
    numbered = list(enumerate(items, start=2))
    faults = [f for at, item in numbered for f in sheet.item_faults(at, item, known)]
    faults += list(sheet.twice(numbered))
    if faults:
        rows = [{**f.page(), "number": items[f.row - 2].number} for f in faults[:MOST_FAULTS_TOLD]]
        raise ItemsRefused(count=len(faults), faults=rows)


def _end_of(kind: str, items: Sequence[NewItem]) -> int:
    """Where a new item goes: behind the last one of its kind, else to the end."""
    return next((at for at in range(len(items), 0, -1) if items[at - 1].kind == kind), len(items))


def _ensure_holder(holder: str, day: date) -> None:
    what, _, division = holder.partition(":")
    if division:
        good = what in ("streets", "communities") and len(division) == 12 and division.isascii() and division.isdigit()
    else:
        good = bool(bodies.by_code([holder], on=day))
    if not good:
        raise UnknownHolder(holder=holder)


def _ensure_words(reasons: str) -> None:
    if not reasons.strip():
        raise NotEmptyGround


def _store(row: DutyList, items: Iterable[NewItem]) -> None:
    DutyItem.objects.bulk_create(
        DutyItem(
            tenant_id=row.tenant_id, list=row, position=at, number=i.number, kind=i.kind, name=i.name,
            matters=list(i.matters), condition=_canonical(i), lead_body=i.lead_body, superior_dept=i.superior_dept,
            superior_duty=i.superior_duty, own_part=i.own_part, receiving_office=i.receiving_office, way=i.way,
            powers=list(i.powers),
            legal_basis=i.legal_basis, promises=dict(i.promises), priority=i.priority, examples=i.examples,
            remark=i.remark,
        )
        for at, i in enumerate(items, start=1)
    )  # fmt: skip


def _canonical(item: NewItem) -> dict[str, object] | None:
    """The condition as its author ordered it, in the one spelling that the kernel writes."""
    if item.condition is None:
        return None
    return dict(dutylist.to_json(dutylist.parse_condition(dict(item.condition)))) or None


def _locked(list_id: int, by: Actor) -> DutyList:
    row = DutyList.objects.select_for_update().filter(tenant_id=by.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    return row


def _record(row: DutyList, verb: str, by: Actor, now: datetime, codes: dict[str, object]) -> None:
    trail.record(verb, ("duty_list", row.id), by=by, at=now, codes=codes)


def _counts(found: Sequence[Page]) -> dict[str, object]:
    stopping = len(findings.blockers(found))
    return {"blockers": stopping, "warnings": sum(f["severity"] == findings.WARNING for f in found)}


def _called(row: DutyList) -> str:
    end = row.effective.upper
    last = (end - timedelta(days=1)).isoformat() if end else "—"
    return f"{row.title} #{row.edition}（{row.effective.lower.isoformat()} – {last}）"


def _series(tenant_id: int, holder: str) -> int:
    """One stable number per tenant and holder, for the constraint that keeps editions apart."""
    return int.from_bytes(hashlib.sha256(f"{tenant_id}/{holder}".encode()).digest()[:8]) >> 1
