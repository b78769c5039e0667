"""Working time: when does an amount of it run out, and why on that day (see README.md)."""

from jishi.kernels.worktime.amounts import (
    Amount,
    Unit,
    half_days,
    months,
    natural_days,
    natural_hours,
    parse_amount,
    work_hours,
    workdays,
)
from jishi.kernels.worktime.calendars import Calendar, Day, Rest, calendar, is_working, next_opening
from jishi.kernels.worktime.clocks import Clock, Due, Pause, Remaining, add, between, due, remaining
from jishi.kernels.worktime.errors import (
    AmountRefused,
    CalendarNotKnown,
    CalendarRefused,
    HolidayCancelled,
    NaiveMoment,
    PauseRefused,
    TimesReversed,
    WorktimeRefused,
)
from jishi.kernels.worktime.lunar import statutory_year
from jishi.kernels.worktime.steps import Step, StepKind
from jishi.kernels.worktime.telling import explain, written
from jishi.kernels.worktime.years import (
    DayException,
    DayKind,
    SeasonHours,
    YearTable,
    parse_hours,
    parse_year,
    season,
)

__all__ = [
    "Amount",
    "AmountRefused",
    "Calendar",
    "CalendarNotKnown",
    "CalendarRefused",
    "Clock",
    "Day",
    "DayException",
    "DayKind",
    "Due",
    "HolidayCancelled",
    "NaiveMoment",
    "Pause",
    "PauseRefused",
    "Remaining",
    "Rest",
    "SeasonHours",
    "Step",
    "StepKind",
    "TimesReversed",
    "Unit",
    "WorktimeRefused",
    "YearTable",
    "add",
    "between",
    "calendar",
    "due",
    "explain",
    "half_days",
    "is_working",
    "months",
    "natural_days",
    "natural_hours",
    "next_opening",
    "parse_amount",
    "parse_hours",
    "parse_year",
    "remaining",
    "season",
    "statutory_year",
    "work_hours",
    "workdays",
    "written",
]
