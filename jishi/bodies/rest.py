"""Working time and calendars through the API: translate in, one call, translate out (spec 11 §10).

Open to everybody.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import translation
from ninja import Query, Router, Schema
from pydantic import Field

from jishi.bodies import queries
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.kernels import worktime
from jishi.places import queries as places

router = Router(tags=["working time"])


class NotCounted(Refused):
    """What the working-time kernel does not count: it names the fact in `reason` and in the code."""

    status = 422
    zh, en = "算不出来：{detail}", "This cannot be counted: {detail}"
    next_zh, next_en = "改好时间、数量或年份再算。", "Correct the moment, amount or year."

    def __init__(self, why: worktime.WorktimeRefused) -> None:
        self.code = why.code  # type: ignore[misc]
        super().__init__(detail=str(why))


class StandstillIn(Schema):
    starts: datetime
    ends: datetime | None = None


class AddIn(Schema):
    """`amount` as 5wd, 1hd, 4wh, 2nh, 15nd, 6mo; `body`: whose calendar, by code (none: office hours)."""

    start: datetime
    amount: str = Field(max_length=12)
    body: str = Field("", max_length=40)
    pauses: list[StandstillIn] = Field([], max_length=50)
    extensions: list[str] = Field([], max_length=20)


class BetweenIn(Schema):
    start: datetime
    end: datetime
    unit: str = Field("wd", max_length=2)
    body: str = Field("", max_length=40)


@router.post("/worktime/add")
def add(request: HttpRequest, asked: AddIn) -> dict[str, Any]:
    """When does this amount of time run out?"""
    hours, found = _due(asked)
    return _told(found, hours)


@router.post("/worktime/explain")
def explain(request: HttpRequest, asked: AddIn, *, articles: bool = False) -> dict[str, Any]:
    """When, and why on that day: one line per step, the last line is the result."""
    hours, found = _due(asked)
    language = "en" if (translation.get_language() or "").startswith("en") else "zh"
    try:
        return {**_told(found, hours), "lines": worktime.explain(found, language, articles=articles)}
    except worktime.WorktimeRefused as no:
        raise NotCounted(no) from no


@router.post("/worktime/between")
def between(request: HttpRequest, asked: BetweenIn) -> dict[str, Any]:
    """How many whole units lie between two moments?"""
    hours = _hours(asked.body)
    try:
        unit = worktime.Unit(asked.unit)
    except ValueError as no:
        raise Invalid(detail="unit: " + ", ".join(worktime.Unit)) from no
    try:
        count = worktime.between(asked.start, asked.end, unit, hours.calendar)
    except worktime.WorktimeRefused as no:
        raise NotCounted(no) from no
    return {"count": count, "unit": unit.value, "calendar": hours.label}


@router.get("/grids/{code}/register")
def register(request: HttpRequest, code: str) -> dict[str, Any]:
    """Who serves a grid now, on which work phone, who watches over them (滨州市社会治理网格化服务管理条例 6)."""
    row = next((g for g in places.grids_in(code[:12]) if g.code == code), None)
    found = queries.grid_register(row.id, request.now) if row is not None else None  # type: ignore[attr-defined]
    if found is None:
        raise NotFound
    return {
        "grid": found.grid.code, "name": found.grid.name, "community": found.grid.community,
        "edition": found.grid.edition, "effective_from": found.grid.effective_from.isoformat(),
        "people": [
            {"role": s.role, "name": s.name, "title": s.title, "work_phone": s.work_phone, "since": s.since.isoformat()}
            for s in found.people
        ],
        "vacant": [{"role": v.role, "since": v.since.isoformat() if v.since else None} for v in found.vacancies],
        "part_time": found.part_time, "party": found.party, "community_phone": found.phone,
        "supervising_phone": found.supervising_phone, "supervised_by": found.supervised_by,
        "current_since": found.current_since.isoformat() if found.current_since else None, "duties": "/duties",
    }  # fmt: skip


@router.get("/calendars/{body}")
def calendar(request: HttpRequest, body: str, year: int = Query(..., ge=1990, le=2200)) -> dict[str, Any]:
    """The year of a body's calendar: every day off in the week and every day worked at a weekend, with its source."""
    hours = _hours(body)
    if hours.calendar.round_the_clock:
        return {"body": body, "year": year, "calendar": hours.label, "always": True, "days": []}
    first, days = date(year, 1, 1), []
    for n in range((date(year + 1, 1, 1) - first).days):
        on = first + timedelta(days=n)
        try:
            day = hours.calendar.day(on)
        except worktime.WorktimeRefused as no:
            raise NotCounted(no) from no
        if day.name or day.make_up or day.is_worked != (on.weekday() < 5):
            days.append(_day(day))
    return {"body": body, "year": year, "calendar": hours.label, "always": False, "days": days}


def _day(day: worktime.Day) -> dict[str, Any]:
    return {
        "date": day.date.isoformat(), "worked": day.is_worked, "make_up": day.make_up, "name": day.name,
        "hours": [[_clock(a), _clock(b)] for a, b in day.spans], "source": day.source,
    }  # fmt: skip


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _hours(body: str) -> queries.Hours:
    if not body:
        return queries.hours_of([None])[None]
    found = next((b for b in queries.names().values() if b.code == body), None)
    if found is None:
        raise NotFound
    return queries.hours_of([found.id])[found.id]


def _due(asked: AddIn) -> tuple[queries.Hours, worktime.Due]:
    hours = _hours(asked.body)
    try:
        clock = worktime.Clock(
            asked.start, worktime.parse_amount(asked.amount),
            tuple(worktime.Pause(p.starts, p.ends) for p in asked.pauses),
            tuple(worktime.parse_amount(e) for e in asked.extensions),
        )  # fmt: skip
        return hours, worktime.due(clock, hours.calendar)
    except worktime.WorktimeRefused as no:
        raise NotCounted(no) from no


def _told(found: worktime.Due, hours: queries.Hours) -> dict[str, Any]:
    return {
        "due_at": found.moment.isoformat() if found.moment else None,
        "at_least": found.at_least.isoformat() if found.at_least else None,
        "last_day": found.last_day.isoformat() if found.last_day else None,
        "provisional": found.provisional, "calendar": hours.label,
    }  # fmt: skip
