"""What strangers may read: reports of public cases in minimised words (spec 13 §1), for pages, open data and programs.

A report is there when every case it belongs to now is public, nobody in it is confidential, it is no tip-off and it
complains about no body. What is asked for by number and hidden costs the same statements as a number that never was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import cos, radians
from typing import Any

from django.db import connection
from django.db.models import CharField, Exists, F, FloatField, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from jishi.bodies import queries as bodies
from jishi.bodies.queries import BodyName
from jishi.cases.actions.making import AFTER_REVIEW
from jishi.cases.models import (
    Banking,
    Case,
    ForEach,
    Handover,
    Membership,
    Photo,
    Reply,
    ReplyPhoto,
    Report,
    Suspension,
)
from jishi.cases.states import Kind, Role, Status, Visibility, Voice
from jishi.duties import queries as duties
from jishi.foundation import numbers
from jishi.places import queries as places

E7 = 10_000_000
METRES_OF_DEGREE = 111_320.0
# The answer is there, or will not come; what follows is a question to the caller (spec 13 §6).
CLOSED_OUTSIDE = frozenset({Status.FEEDBACK, Status.CLOSED, Status.DECLINED, Status.WITHDRAWN})
OPEN_OUTSIDE = frozenset(Status) - CLOSED_OUTSIDE - {Status.ABSORBED}  # its reports have moved to the living case
MANY = 10_000  # above it nothing is counted
KEPT_FROM, COUNT_LASTS = 1_000, timedelta(minutes=1)
MOST_AHEAD = 1_001  # rows of a page for which the newest of a matter are looked for


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list asks for. Moments are inclusive; `matters` are codes or branches; `status` open, closed or both.

    `box`: west, south, east, north in degrees; `circle`: longitude, latitude, metres. Both ask where a report is
    shown, not where it was said.
    """

    matters: tuple[str, ...] = ()
    status: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    box: tuple[float, float, float, float] | None = None
    circle: tuple[float, float, float] | None = None
    area: str = ""
    top: int | None = None  # nothing stored after this row: a walk sees no newcomers


@dataclass(frozen=True, slots=True)
class Shown:
    """One report as a stranger sees it, with the state of the case that it belongs to now."""

    report: Report
    case: Case
    text: str  # empty until a person has looked, where the matter asks for that
    is_open: bool
    lead: BodyName | None
    matter_name: tuple[str, str]  # Chinese, English
    place: str
    lng: float | None
    lat: float | None
    updated_at: datetime
    answer: str  # the public words of the approved answer
    promise_moved: bool
    photos: tuple[str, ...] = ()  # codes of the copies made for strangers
    answer_photos: tuple[str, ...] = ()  # the same, of the answer
    pause: tuple[str, date] | None = None  # why it stands still (code of the ground; empty: banked), until which day
    gone: bool = False  # was public, is not any more

    @property
    def number(self) -> str:
        return self.report.number

    def matter_in(self, lang: str) -> str:
        """Give the name of the matter in `lang`."""
        zh, en = self.matter_name
        return en if lang.startswith("en") and en else zh


def by_numbers(wanted: Sequence[str], *, tenant_id: int, area: str = "") -> list[Shown]:
    """Give those of the numbers that strangers may read, newest first; also those that wait for a look, without
    their words. A hidden number and one that never was cost the same.
    """
    plausible = sorted({n.upper() for n in wanted if len(n) <= 24 and numbers.is_sound(n)})
    waiting = [m.code for m in duties.matters().values() if m.default_visibility == AFTER_REVIEW]
    open_ = Q(case__visibility=Visibility.PUBLIC) | Q(case__visibility=Visibility.PARTIES, case__matter__in=waiting)
    rows = _readable(tenant_id, open_).filter(number__in=plausible, division_code__startswith=area)
    return _shown(list(rows.order_by("-received_at", "-id")), tenant_id)


def listed(wanted: Wanted, *, tenant_id: int, limit: int, skip: int = 0,
           after: tuple[datetime, int] | None = None) -> list[Shown]:  # fmt: skip
    """List reports, newest first, ties by the higher row; `after` is the key of the last one of the page before.

    Eight statements at most, however much of what was asked for is hidden: four look for the rows, four dress them.
    """
    rows = filtered(wanted, tenant_id=tenant_id).order_by("-received_at", "-id")
    if after is not None:
        rows = rows.filter(Q(received_at__lt=after[0]) | Q(received_at=after[0], id__lt=after[1]))
    for floor in _floors(wanted, tenant_id, skip + limit, after[0] if after else wanted.until):
        newest = list(rows.filter(received_at__gte=floor)[skip : skip + limit])
        if len(newest) == limit:  # what is older comes after these in any case
            return _shown(newest, tenant_id)
    return _shown(list(rows[skip : skip + limit]), tenant_id)


# When the newest of these matters came in, by the index of each: no more than so many are read of any.
_FLOOR = """
    SELECT min(received_at) FROM (
        SELECT near.received_at FROM unnest(%s::text[]) AS m (code) CROSS JOIN LATERAL (
            SELECT received_at FROM cases_case
            WHERE tenant_id = %s AND matter = m.code AND visibility = 'public' AND received_at <= %s
            ORDER BY received_at DESC LIMIT %s) near
        ORDER BY received_at DESC LIMIT %s) newest
    HAVING count(*) = %s
"""
_TIMES = (2, 16)  # of a page: so many cases come in with it, some of which no stranger reads


def _floors(wanted: Wanted, tenant_id: int, page: int, before: datetime | None) -> Iterator[datetime | RawSQL]:
    """Give moments after which a page of these matters is likely full: the rest of their history is not read for it.

    The first is asked for, so that the list is planned for it; the second is asked for by the list itself."""
    if not wanted.matters or wanted.status or page > MOST_AHEAD:
        return
    known: list[Any] = [_codes_of(wanted.matters), tenant_id, before or datetime.max.replace(tzinfo=UTC)]
    first, second = ([*known, *[times * page] * 3] for times in _TIMES)
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, first)
        found = cursor.fetchone()
    if found is None or (wanted.since is not None and found[0] <= wanted.since):
        return  # all of them are few
    yield found[0]
    yield RawSQL(f"coalesce(({_FLOOR}), 'infinity')", second)


def changed(wanted: Wanted, *, tenant_id: int, limit: int, skip: int = 0,
            after: tuple[datetime, int] | None = None, removed: bool = False) -> list[Shown]:  # fmt: skip
    """List reports by their last public change, oldest first; with `removed` also those that strangers cannot read
    any more, without anything but number and moment.
    """
    members = _changed_members(wanted, tenant_id, removed=removed)
    if after is not None:
        later = Q(case__changed_at__gt=after[0]) | Q(case__changed_at=after[0], report_id__gt=after[1])
        members = members.filter(later)
    rows = list(members.order_by("case__changed_at", "report_id")[skip : skip + limit])
    found = {s.report.id: s for s in _shown([m.report for m in rows], tenant_id)}
    return [replace(found[m.report_id], gone=_is_gone(m)) for m in rows]


def _is_gone(member: Membership) -> bool:
    return member.case.visibility != Visibility.PUBLIC or member.report.hidden_at is not None


def count(wanted: Wanted, *, tenant_id: int, now: datetime) -> int:
    """Count what a list would give, up to MANY + 1. A count of many is kept for a minute: a stranger's page does not
    read thousands of cases again for a number that nobody adds up."""
    same = replace(
        wanted, top=None, since=_hour(wanted.since), until=_hour(wanted.until),
        changed_after=_hour(wanted.changed_after), changed_before=_hour(wanted.changed_before),
    )  # fmt: skip
    key = (str(connection.settings_dict["NAME"]), tenant_id, same)
    at, kept = _counted.get(key, (now, 0))
    if kept and timedelta() <= now - at < COUNT_LASTS:
        return kept
    found = _count(wanted, tenant_id)
    if found > KEPT_FROM:
        if len(_counted) > 500:
            _counted.clear()
        _counted[key] = (now, found)
    return found


_counted: dict[tuple[str, int, Wanted], tuple[datetime, int]] = {}


def _hour(moment: datetime | None) -> datetime | None:
    return moment.replace(minute=0, second=0, microsecond=0) if moment else None


def _count(wanted: Wanted, tenant_id: int) -> int:
    if wanted.changed_after or wanted.changed_before:
        return _changed_members(wanted, tenant_id, removed=False)[: MANY + 1].count()
    return filtered(wanted, tenant_id=tenant_id).values("id")[: MANY + 1].count()


def newest_row(*, tenant_id: int) -> int:
    """Give the newest row of a report: a walk by pages looks at none after it."""
    return Report.objects.filter(tenant_id=tenant_id).order_by("-id").values_list("id", flat=True).first() or 0


def filtered(wanted: Wanted, *, tenant_id: int) -> QuerySet[Report]:
    """Keep the reports that are asked for and that strangers may read."""
    rows = _readable(tenant_id, Q(case__visibility=Visibility.PUBLIC))
    if wanted.since:
        rows = rows.filter(received_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(received_at__lte=wanted.until)
    if wanted.top is not None:
        rows = rows.filter(id__lte=wanted.top)
    if wanted.area:
        rows = rows.filter(division_code__startswith=wanted.area)
    if wanted.matters:
        rows = rows.filter(Exists(_members().filter(_of_matters(wanted.matters))))
    if wanted.status in (frozenset({"open"}), frozenset({"closed"})):
        still = _members().filter(case__status__in=sorted(OPEN_OUTSIDE))
        rows = rows.filter(Exists(still) if "open" in wanted.status else ~ForEach(still))
    return _within(rows, wanted)


def _members() -> QuerySet[Membership]:
    return Membership.objects.filter(report=OuterRef("pk"), tenant_id=OuterRef("tenant_id"), to_at=None)


def _readable(tenant_id: int, open_: Q) -> QuerySet[Report]:
    rows = Report.objects.filter(tenant_id=tenant_id, accused_body_ids=[], hidden_at=None)
    rows = rows.exclude(voice=Voice.CONFIDENTIAL).exclude(kind=Kind.TIP_OFF)
    return rows.filter(ForEach(_members().filter(open_)), ~ForEach(_members().exclude(open_)))


def _of_matters(codes: Iterable[str]) -> Q:
    """Public ones, as everything that is listed: their index holds no other."""
    return Q(case__matter__in=_codes_of(codes), case__visibility=Visibility.PUBLIC)


def _codes_of(codes: Iterable[str]) -> list[str]:
    return sorted({below for code in codes for below in duties.codes_under(code)})


def _changed_members(wanted: Wanted, tenant_id: int, *, removed: bool) -> QuerySet[Membership]:
    rows = Membership.objects.filter(tenant_id=tenant_id, to_at=None, case__opened_at__isnull=False)
    rows = rows.select_related("report", "case")
    if wanted.changed_after:
        rows = rows.filter(case__changed_at__gte=wanted.changed_after)
    if wanted.changed_before:
        rows = rows.filter(case__changed_at__lte=wanted.changed_before)
    twins = Membership.objects.filter(report=OuterRef("report"), to_at=None)
    later = twins.filter(case__changed_at__gt=OuterRef("case__changed_at"))
    rows = rows.filter(~Exists(later))  # a report that said two things is listed once, by its later change
    there = filtered(replace(wanted, since=None, until=None), tenant_id=tenant_id).filter(pk=OuterRef("report_id"))
    if not removed:
        return rows.filter(Exists(there))
    was_open = Q(report__accused_body_ids=[]) & ~Q(report__voice=Voice.CONFIDENTIAL) & ~Q(report__kind=Kind.TIP_OFF)
    closed = ~Q(case__visibility=Visibility.PUBLIC) | Q(report__hidden_at__isnull=False)
    return rows.filter(Exists(there) | (was_open & closed))


# --- where it is shown -------------------------------------------------------------------------------------


def _at_home() -> list[str]:
    return [m.code for m in duties.matters().values() if m.at_home]


def _within(rows: QuerySet[Report], wanted: Wanted) -> QuerySet[Report]:
    """Ask an area of the point that is shown: what happened at home is asked by its grid, or it could be closed in."""
    if wanted.circle is not None:
        box = _around(*wanted.circle)
    elif wanted.box is not None:
        box = wanted.box
    else:
        return rows
    at_home = ForEach(_members().filter(case__matter__in=_at_home()))
    west, south, east, north = (round(v * E7) for v in box)
    inside = Q(lng_e7__gte=west, lng_e7__lte=east, lat_e7__gte=south, lat_e7__lte=north)
    if wanted.circle is not None:
        rows = rows.annotate(metres2=_squared_metres(*wanted.circle))
        inside &= Q(metres2__lte=wanted.circle[2] ** 2)
    grids = _grids_in(wanted, box)
    # First by the indexes of points and grids alone: what may be in it; then which of the two counts for each.
    here = Q(lng_e7__gte=west, lng_e7__lte=east, lat_e7__gte=south, lat_e7__lte=north) | Q(grid__in=grids)
    return rows.filter(here).filter((~Q(at_home) & inside) | (Q(at_home) & Q(grid__in=grids)))


def _around(lng: float, lat: float, metres: float) -> tuple[float, float, float, float]:
    high = metres / METRES_OF_DEGREE
    wide = high / max(cos(radians(lat)), 0.01)
    return lng - wide, lat - high, lng + wide, lat + high


def _squared_metres(lng: float, lat: float, _: float) -> Any:
    east = (Cast(F("lng_e7"), FloatField()) / E7 - lng) * (METRES_OF_DEGREE * cos(radians(lat)))
    north = (Cast(F("lat_e7"), FloatField()) / E7 - lat) * METRES_OF_DEGREE
    return east * east + north * north


def _grids_in(wanted: Wanted, box: tuple[float, float, float, float]) -> list[int]:
    west, south, east, north = box
    ids = [g.id for g in places.grids_in("")]
    found = []
    for i, (x, y) in places.centres(ids).items():
        lng, lat = x / E7, y / E7
        if not (west <= lng <= east and south <= lat <= north):
            continue
        if wanted.circle is not None:
            lng0, lat0, metres = wanted.circle
            wide = (lng - lng0) * METRES_OF_DEGREE * cos(radians(lat0))
            high = (lat - lat0) * METRES_OF_DEGREE
            if wide * wide + high * high > metres * metres:
                continue
        found.append(i)
    return found


# --- one as it is shown ------------------------------------------------------------------------------------


def _shown(reports: Sequence[Report], tenant_id: int) -> list[Shown]:
    """Put reports, their cases, bodies, answers and photos together; four statements, whatever their number."""
    ids = [r.id for r in reports]
    members: dict[int, list[Membership]] = {}
    rows = Membership.objects.filter(tenant_id=tenant_id, report__in=ids, to_at=None).select_related("case")
    for m in rows.order_by("case_id"):
        members.setdefault(m.report_id, []).append(m)
    first = {r.id: _binding(members[r.id]) for r in reports if r.id in members}
    answers = _answers(tenant_id, [m.case_id for m in first.values()])
    middles = places.centres({r.grid_id for r in reports if r.grid_id})
    pauses = _pauses(tenant_id, [m.case for m in first.values()])
    known = _Known(duties.matters(), _names({m.case.matter for m in first.values()}), answers, middles, bodies.names())
    found = [_one(r, first[r.id], members[r.id], known) for r in reports if r.id in first]
    photos, beside = _photos(
        tenant_id, [s.report.id for s in found if s.text], {answers[s.case.id][0] for s in found if s.answer}
    )
    return [
        replace(
            s, pause=pauses.get(s.case.id), photos=photos.get(s.report.id, ()),
            answer_photos=beside.get(s.case.id, ()) if s.answer else (),
        )
        for s in found
    ]  # fmt: skip


def _photos(
    tenant_id: int, reports: Sequence[int], replies: Iterable[int]
) -> tuple[dict[int, tuple[str, ...]], dict[int, tuple[str, ...]]]:
    """Give the copies that were made for strangers, oldest first: by report, and beside these replies by case."""
    of_report = Photo.objects.filter(tenant_id=tenant_id, report__in=reports, shown__isnull=False, hidden_at=None)
    of_reply = ReplyPhoto.objects.filter(tenant_id=tenant_id, reply__in=sorted(replies))
    rows = of_report.values_list(Value(0), "id", "report_id", "code").union(
        of_reply.values_list(Value(1), "file_id", "case_id", "code"), all=True
    )
    found: tuple[dict[int, tuple[str, ...]], dict[int, tuple[str, ...]]] = ({}, {})
    for which, _, row, code in sorted(rows):
        found[which][row] = (*found[which].get(row, ()), code)
    return found


def answer_photo(code: str, *, small: bool, tenant_id: int) -> int | None:
    """Give the stored copy of an answer's photo while strangers read that very answer; None: they do not."""
    row = ReplyPhoto.objects.filter(tenant_id=tenant_id, code=code).first()
    if row is None:
        return None
    of_it = Q(case__visibility=Visibility.PUBLIC, case=row.case_id)
    if not any(code in s.answer_photos for s in _shown(list(_readable(tenant_id, of_it)[:20]), tenant_id)):
        return None
    return row.small_id if small else row.shown_id


def photo(code: str, *, small: bool, tenant_id: int) -> int | None:
    """Give the stored copy of a photo that strangers may see now; None: there is none, or its report is not public."""
    row = Photo.objects.filter(tenant_id=tenant_id, code=code, shown__isnull=False, hidden_at=None).first()
    open_ = Q(case__visibility=Visibility.PUBLIC)
    if row is None or not _readable(tenant_id, open_).filter(id=row.report_id).exists():
        return None
    return row.small_id if small else row.shown_id


def _binding(members: Sequence[Membership]) -> Membership:
    """Of a report that said two things: the case that is still open, then the earlier one."""
    return min(members, key=lambda m: (m.case.status in CLOSED_OUTSIDE, m.case_id))


def _answers(tenant_id: int, cases: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Give the last approved reply of each case with its public words."""
    rows = Reply.objects.filter(tenant_id=tenant_id, case__in=cases).exclude(approved_at=None)
    found = rows.order_by("approved_at").values_list("case_id", "id", "text_public")
    return {case: (reply, said) for case, reply, said in found}


def _pauses(tenant_id: int, cases: Iterable[Case]) -> dict[int, tuple[str, date]]:
    """Give why and until when cases stand still; asked only where some do."""
    still = {status: [c.id for c in cases if c.status == status] for status in (Status.SUSPENDED, Status.BANKED)}
    asked = Suspension.objects.filter(case__in=still[Status.SUSPENDED]).values_list("case_id", "ground", "until_date")
    banked = Banking.objects.filter(case__in=still[Status.BANKED]).values_list("case_id", _NO_GROUND, "review_date")
    rows = (side.filter(tenant_id=tenant_id, ended_at=None).exclude(from_at=None) for side in (asked, banked))
    return {case: (ground, until) for case, ground, until in next(rows).union(*rows, all=True)}


_NO_GROUND = Value("", output_field=CharField())


def _names(codes: set[str]) -> Mapping[str, tuple[str, str]]:
    book = duties.matters()
    found = {c: (book[c].name, book[c].name_en) for c in codes if c in book}
    if retired := codes - set(book) - {""}:
        found |= {c: (zh, en) for c, (zh, en, _) in duties.past_matters(retired).items()}
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up once for all rows: the book, names of matters, answers by case, middles of grids, bodies."""

    book: Mapping[str, duties.MatterRow]
    names: Mapping[str, tuple[str, str]]
    answers: Mapping[int, tuple[int, str]]
    middles: Mapping[int, tuple[int, int]]
    bodies: Mapping[int, BodyName]


def _one(report: Report, member: Membership, members: Sequence[Membership], known: _Known) -> Shown:
    case = member.case
    row = known.book.get(case.matter)
    home = row is None or row.at_home
    at = known.middles.get(report.grid_id or 0) if home else (report.lng_e7, report.lat_e7)
    lng, lat = at if at is not None else (None, None)
    looked_at = all(m.case.visibility == Visibility.PUBLIC for m in members)
    told = case.status in CLOSED_OUTSIDE
    moved = case.promise_due_at and member.promise_due_at and case.promise_due_at > member.promise_due_at
    return Shown(
        report=report, case=case, text=report.text_shown if looked_at else "", is_open=not told,
        lead=known.bodies.get(case.lead_id) if case.lead_id else None,
        matter_name=known.names.get(case.matter, ("", "")), place=_place(report, home=home),
        lng=None if lng is None else round(lng / E7, 5), lat=None if lat is None else round(lat / E7, 5),
        updated_at=max(m.case.changed_at or m.case.received_at for m in members),
        answer=known.answers.get(case.id, (0, ""))[1] if told and looked_at else "", promise_moved=bool(moved),
    )  # fmt: skip


def _place(report: Report, *, home: bool) -> str:
    """Name the place, never below a building; what happened at home is where its grid is."""
    if not home:
        return report.place_name or report.address_text
    grid = places.grid(report.grid_id) if report.grid_id else None
    return grid.name if grid else ""


# --- what the extensions ask besides -----------------------------------------------------------------------


def handovers(shown: Sequence[Shown], *, tenant_id: int) -> dict[int, list[Handover]]:
    """Give who was asked about each case, oldest first, by case; one statement."""
    found: dict[int, list[Handover]] = {}
    rows = Handover.objects.filter(tenant_id=tenant_id, case__in={s.case.id for s in shown}, role=Role.LEAD)
    for row in rows.select_related("duty_item").order_by("id"):
        found.setdefault(row.case_id, []).append(row)
    return found


def settled(case: Case) -> bool:
    """Tell whether the platform asks for no promise now: closed, or standing still."""
    return case.status in (Status.CLOSED, Status.SUSPENDED, Status.BANKED, Status.WITHDRAWN, Status.DECLINED)
