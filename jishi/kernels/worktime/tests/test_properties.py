"""The nine properties of the algebra on random calendars of three years, and the naive walk."""

import sys
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jishi.kernels.worktime import (
    Amount,
    Calendar,
    Clock,
    DayException,
    DayKind,
    Pause,
    StepKind,
    Unit,
    add,
    between,
    calendar,
    due,
    is_working,
    next_opening,
    remaining,
    season,
)
from jishi.kernels.worktime.tests import oracle
from jishi.kernels.worktime.tests.calendars_for_tests import (
    FIRST,
    LAST,
    WORK_UNITS,
    amounts,
    at,
    calendars,
    clocks,
    moments,
    random_calendar,
    table,
)

STRICT = (*WORK_UNITS, Unit.NATURAL_HOUR, Unit.NATURAL_MINUTE)


class TestTheNaiveWalk:
    @given(clocks(), calendars())
    def test_reaches_the_same_moment_with_pauses_and_extensions_of_any_unit(
        self, clock: Clock, cal: Calendar
    ):
        assert due(clock, cal).moment == oracle.walk(clock, cal)

    @given(moments(), calendars())
    def test_agrees_on_what_is_working_time_and_when_it_opens(self, t, cal: Calendar):
        opening = next_opening(t, cal)

        assert is_working(t, cal) == oracle.works(t, cal) == (opening == t)
        assert is_working(opening, cal)
        minutes = int((opening - t) / timedelta(minutes=1))
        assert not any(is_working(t + timedelta(minutes=m), cal) for m in range(0, minutes, 7))


class TestTheTable:
    """The prefix sums are built from stretches of a year; `day` says of one day what it is."""

    @pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/Santiago", "Asia/Kolkata"])
    @pytest.mark.parametrize("number", [0, 17, 142, 299])
    def test_knows_the_hours_of_every_day_as_the_day_itself_does(self, number: int, zone: str):
        there = replace(random_calendar(number), zone=zone)
        days = [there.day(date.fromordinal(d)) for d in range(FIRST.toordinal(), LAST.toordinal() + 1)]

        table = there.table(2026)

        assert table.opens == [there.at(day.date, a) for day in days for a, _ in day.spans]
        assert table.closes == [there.at(day.date, b) for day in days for _, b in day.spans]
        assert table.workdays == [day.date.toordinal() for day in days if day.is_worked]


class TestMonotone:  # 1
    @given(moments(), st.integers(0, 20_000), amounts(), calendars())
    def test_a_later_start_is_never_due_earlier(self, t, minutes, amount, cal):
        assert add(t, amount, cal).moment <= add(t + timedelta(minutes=minutes), amount, cal).moment

    @given(moments(), amounts(*STRICT), calendars())
    def test_one_more_of_a_unit_is_due_later(self, t, amount, cal):
        assert add(t, amount, cal).moment < add(t, Amount(amount.unit, amount.n + 1), cal).moment

    @given(moments(), amounts(Unit.NATURAL_DAY, Unit.MONTH), calendars())
    def test_one_more_day_or_month_is_a_later_day_before_rest_days_move_it(self, t, amount, cal):
        less, more = add(t, amount, cal), add(t, Amount(amount.unit, amount.n + 1), cal)

        assert less.nominal_day < more.nominal_day
        assert less.moment <= more.moment


class TestAdditive:  # 2
    @given(moments(), amounts(Unit.WORK_MINUTE, Unit.HALF_DAY), st.integers(1, 60), calendars())
    def test_hours_and_half_days_in_two_parts_are_due_when_the_sum_is(self, t, a, n, cal):
        b, both = Amount(a.unit, n), Amount(a.unit, a.n + n)

        assert add(add(t, a, cal).moment, b, cal).moment == add(t, both, cal).moment

    @given(moments(), amounts(Unit.WORKDAY), st.integers(1, 40), calendars())
    def test_workdays_in_two_parts_are_due_when_the_sum_is_from_the_last_day(self, t, a, n, cal):
        first = add(t, a, cal)
        on_the_last_day = first.moment - timedelta(
            microseconds=1
        )  # a closing of 24:00 is the next day's 00:00

        assert (
            add(on_the_last_day, Amount(a.unit, n), cal).moment == add(t, Amount(a.unit, a.n + n), cal).moment
        )


class TestBetween:  # 3
    @given(moments(), amounts(*STRICT), calendars())
    def test_undoes_add_for_what_is_counted_at_work_and_by_the_clock(self, t, amount, cal):
        assert between(t, add(t, amount, cal).moment, amount.unit, cal) == amount.n

    @given(moments(), amounts(Unit.NATURAL_DAY, Unit.MONTH), calendars())
    def test_undoes_add_for_days_and_months_that_no_rest_day_moved(self, t, amount, cal):
        found = add(t, amount, cal)
        assume(found.nominal_day == found.last_day)
        assume(found.moment.astimezone(cal.tz).date() == found.last_day)

        assert between(t, found.moment, amount.unit, cal) == amount.n

    @given(moments(), amounts(Unit.WORKDAY, Unit.HALF_DAY, Unit.NATURAL_DAY), calendars())
    def test_counts_one_less_a_moment_before_the_end(self, t, amount, cal):
        found = add(t, amount, cal)
        assume(found.nominal_day == found.last_day)

        assert between(t, found.moment - timedelta(microseconds=1), amount.unit, cal) == amount.n - 1


class TestPause:  # 4
    @given(moments(), amounts(*WORK_UNITS), calendars(), st.integers(0, 10_000), st.sampled_from([0.5, 1]))
    def test_outside_working_time_changes_nothing(self, t, amount, cal, after, share):
        starts = t + timedelta(minutes=after)
        while is_working(starts, cal):
            starts += timedelta(minutes=61)
        ends = starts + (next_opening(starts, cal) - starts) * share
        plain = add(t, amount, cal)

        assert due(Clock(t, amount, (Pause(starts, ends),)), cal).moment == plain.moment

    @given(clocks(), calendars(), st.sampled_from([0, 0.25, 0.5, 1]))
    def test_cut_in_two_is_the_same_pause(self, clock, cal, share):
        assume(clock.pauses)
        one, *rest = clock.pauses
        cut = one.starts + (one.ends - one.starts) * share
        halves = (Pause(cut, one.ends), Pause(one.starts, cut))

        assert due(replace(clock, pauses=(*rest, *halves)), cal).moment == due(clock, cal).moment

    @given(clocks(), calendars())
    def test_counts_once_where_pauses_overlap_in_any_order(self, clock, cal):
        doubled = (*reversed(clock.pauses), *clock.pauses)

        assert due(replace(clock, pauses=doubled), cal).moment == due(clock, cal).moment

    @given(clocks(), calendars(), st.integers(0, 5000))
    def test_never_makes_it_earlier_and_after_the_end_changes_nothing(self, clock, cal, after):
        end = due(clock, cal).moment
        near = end + timedelta(minutes=after)
        later = Pause(near, near + timedelta(days=3))

        assert due(replace(clock, pauses=()), cal).moment <= end
        assert due(replace(clock, pauses=(*clock.pauses, later)), cal).moment == end

    @given(clocks(), calendars(), st.sampled_from([0, 0.3, 0.6]))
    def test_that_is_open_gives_the_least_end_and_no_end(self, clock, cal, share):
        plain = due(clock, cal).moment
        starts = clock.start + (plain - clock.start) * share
        open_now = due(replace(clock, pauses=(*clock.pauses, Pause(starts))), cal)
        closed = due(replace(clock, pauses=(*clock.pauses, Pause(starts, starts + timedelta(days=9)))), cal)

        assert (open_now.moment is None) != (open_now.at_least is None)
        assert (open_now.moment or open_now.at_least) <= closed.moment
        if open_now.moment is not None:  # all was counted before the pause began
            assert open_now.moment == closed.moment == plain


class TestExtension:  # 5
    @given(clocks(), amounts(), st.integers(1, 3), calendars())
    def test_in_two_parts_equals_one_of_the_sum(self, clock, a, n, cal):
        parts = replace(clock, extensions=(*clock.extensions, a, Amount(a.unit, n)))
        whole = replace(clock, extensions=(*clock.extensions, Amount(a.unit, a.n + n)))

        assert due(parts, cal).moment == due(whole, cal).moment

    @given(moments(), amounts(Unit.WORKDAY, Unit.HALF_DAY, Unit.WORK_MINUTE), st.integers(1, 40), calendars())
    def test_of_a_running_clock_is_the_sum_from_its_start(self, t, a, n, cal):
        extended = due(Clock(t, a, extensions=(Amount(a.unit, n),)), cal)

        assert extended.moment == add(t, Amount(a.unit, a.n + n), cal).moment

    @given(clocks(), amounts(), calendars())
    def test_while_paused_gives_the_same_end_as_after_the_pause(self, clock, a, cal):
        middle = clock.start + timedelta(days=2)
        paused = Clock(clock.start, clock.amount, (Pause(middle),), (a,))
        extended_then_ended = replace(paused, pauses=(Pause(middle, middle + timedelta(days=4)),))
        ended_then_extended = replace(
            Clock(clock.start, clock.amount, extended_then_ended.pauses), extensions=(a,)
        )

        assert due(extended_then_ended, cal) == due(ended_then_extended, cal)


class TestAHolidayMore:  # 6
    @given(clocks(), calendars(), st.integers(-5, 120))
    def test_before_the_end_is_never_earlier_and_after_it_changes_nothing(self, clock, cal, after):
        end = due(clock, cal)
        day = max(FIRST, clock.start.date() + timedelta(days=after))
        assume(day not in cal.years[day.year].off_days and day not in cal.exceptions)
        closed = cal.layered([DayException(day, DayKind.OFF, "flood")])

        assert due(clock, closed).moment >= end.moment
        if day > end.moment.astimezone(cal.tz).date():
            assert due(clock, closed).moment == end.moment

    @given(clocks(), calendars(), st.integers(0, 11))
    def test_a_make_up_day_is_a_full_working_day(self, clock, cal, nth):
        days = [clock.start.date() + timedelta(days=n) for n in range(42)]
        day = [d for d in days if d.weekday() > 4][nth]
        year = cal.years[day.year]
        assume(day not in year.off_days and day not in cal.exceptions)
        made_up = replace(
            cal, years={**cal.years, day.year: replace(year, make_up_days={**year.make_up_days, day: "x"})}
        )

        opened = cal.layered([DayException(day, DayKind.FULL, "x")])

        assert due(clock, made_up).moment == due(clock, opened).moment


class TestAnotherRule:  # 7
    @given(clocks(Unit.WORKDAY), amounts(), calendars())
    def test_keeps_the_pauses_already_taken(self, clock, amount, cal):
        changed = replace(clock, amount=amount, extensions=())

        assert changed.pauses == clock.pauses
        assert due(changed, cal).moment == oracle.walk(changed, cal)


class TestSteps:  # 8
    @given(clocks(), calendars())
    def test_follow_without_gap_or_overlap_and_end_with_the_result(self, clock, cal):
        found = due(clock, cal)
        steps = found.steps

        assert steps[0].begins == clock.start
        assert all(a.ends == b.begins for a, b in zip(steps, steps[1:], strict=False))
        assert all(s.begins <= s.ends for s in steps)
        assert (steps[-1].kind, steps[-1].ends) == (StepKind.RESULT, found.moment)
        assert [s for s in steps if s.kind is StepKind.RESULT] == [steps[-1]]

    @given(
        clocks(Unit.WORKDAY, Unit.HALF_DAY, Unit.NATURAL_DAY, Unit.WORK_MINUTE, Unit.NATURAL_HOUR),
        calendars(),
    )
    def test_add_up_to_the_amount_of_each_leg(self, clock, cal):
        steps = due(clock, cal).steps

        for leg in {s.leg for s in steps}:
            mine = [s for s in steps if s.leg == leg]
            assert sum(s.n for s in mine) == mine[-1].total == sum(a.minutes or a.n for a in mine[-1].goal)

    @given(clocks(), calendars())
    def test_are_as_many_as_there_are_days_and_pauses_at_most(self, clock, cal):
        found = due(clock, cal)
        days = (found.moment - clock.start).days + 2

        assert len(found.steps) <= 2 * days + 2 * len(clock.pauses) + len(clock.extensions) + 3


class TestSpeed:  # 9; the millisecond itself is measured by `./dev bench worktime`
    def test_ten_years_are_answered_without_walking_their_days(self):
        cal = calendar([table(y) for y in range(2020, 2032)], [season("08:30-12:00", "13:30-17:30")])
        start, wd = at(2020, 3, 2, 10), Amount(Unit.WORKDAY, 700)
        clock = Clock(start, wd, extensions=(wd, Amount(Unit.HALF_DAY, 1400), Amount(Unit.WORK_HOUR, 4000)))
        end = due(clock, cal).moment
        assert end.year >= 2030

        days = (end - start).days
        assert _calls(lambda: due(clock, cal)) < days / 4
        assert _calls(lambda: between(start, end, Unit.WORK_MINUTE, cal)) < days / 4


class TestRemaining:
    @given(clocks(), calendars())
    def test_runs_from_nothing_used_to_all_used_and_then_is_late(self, clock, cal):
        end = due(clock, cal).moment
        shares = [clock.start + (end - clock.start) * x for x in (0, 0.2, 0.5, 0.9, 1)]
        rings = [remaining(clock, cal, now) for now in shares]

        assert [r.share_used for r in rings] == sorted(r.share_used for r in rings)
        assert (rings[0].share_used, rings[-1].share_used) == (0, 1)
        assert not any(r.late for r in rings)
        assert rings[-1].minutes == rings[-1].left == 0
        assert remaining(clock, cal, end + timedelta(seconds=1)).late

    @given(moments(), amounts(*STRICT), calendars())
    def test_has_the_whole_amount_left_at_the_start(self, t, amount, cal):
        assert remaining(Clock(t, amount), cal, t).left == amount.n

    @given(clocks(), calendars())
    def test_uses_nothing_while_a_pause_is_open(self, clock, cal):
        since = clock.start + timedelta(hours=30)
        open_clock = Clock(clock.start, clock.amount, (Pause(since),), clock.extensions)
        early = remaining(open_clock, cal, since + timedelta(hours=1))
        assume(early.due.moment is None)
        late = remaining(open_clock, cal, since + timedelta(days=40))

        assert early.paused
        assert not late.late
        assert late.left >= 0
        assert late.due.at_least > since + timedelta(days=40)


def _calls(run) -> int:
    """How many functions are called: the same on every machine."""
    called = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, arg: called.append(1) if event in ("call", "c_call") else None)
    try:
        run()
    finally:
        sys.setprofile(before)
    return len(called)
