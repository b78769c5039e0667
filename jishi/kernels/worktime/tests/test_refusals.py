"""What the kernel says no to, and by which name."""

import pickle
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given

from jishi.kernels.worktime import (
    Amount,
    AmountRefused,
    CalendarNotKnown,
    CalendarRefused,
    Clock,
    DayException,
    DayKind,
    HolidayCancelled,
    NaiveMoment,
    Pause,
    PauseRefused,
    SeasonHours,
    TimesReversed,
    Unit,
    YearTable,
    add,
    between,
    calendar,
    due,
    half_days,
    is_working,
    months,
    natural_days,
    natural_hours,
    next_opening,
    parse_amount,
    parse_hours,
    parse_year,
    remaining,
    season,
    work_hours,
    workdays,
)
from jishi.kernels.worktime.tests.calendars_for_tests import FILES, amounts, at, local, shipped, table

HOURS = [season("08:30-12:00", "13:30-17:30")]
NAIVE = datetime(2026, 11, 16, 10)  # noqa: DTZ001 — refused is what it is for
YEAR = (FILES / "cn-2026.toml").read_text("utf-8")


class TestAmounts:
    @given(amounts())
    def test_are_read_as_they_are_written(self, amount):
        read = parse_amount(str(amount))

        assert parse_amount(str(read)) == read
        assert read.minutes == amount.minutes
        assert read == amount or amount.minutes  # 120wm is read as the 2wh that it is

    @pytest.mark.parametrize("text", ["5wd", "1hd", "4wh", "90wm", "2nh", "10nm", "15nd", "6mo"])
    def test_keep_the_text_of_a_data_file(self, text):
        assert str(parse_amount(text)) == text

    def test_of_hours_are_exact_to_the_minute(self):
        assert work_hours(Fraction(3, 2)) == work_hours(1, minutes=30) == parse_amount("90wm")
        assert work_hours(minutes=120) == work_hours(2) == Amount(Unit.WORK_HOUR, 2)
        assert natural_hours(minutes=10) == parse_amount("10nm")

    @pytest.mark.parametrize("make", [workdays, half_days, work_hours, natural_hours, natural_days, months])
    @pytest.mark.parametrize("n", [0, -1, 0.5, 1.0, True, "5", None, Fraction(1, 7), 100_000])
    def test_that_are_nothing_less_a_fraction_or_over_three_years_are_refused(self, make, n):
        with pytest.raises(AmountRefused) as refused:
            make(n)

        assert refused.value.code == "amount_refused"

    @pytest.mark.parametrize(
        ("longest", "too_long"),
        [
            ("783wd", "784wd"),
            ("1566hd", "1567hd"),
            ("1096nd", "1097nd"),
            ("36mo", "37mo"),
            ("26304nh", "26305nh"),
        ],
    )
    def test_of_three_years_are_the_longest(self, longest, too_long):
        assert str(parse_amount(longest)) == longest
        with pytest.raises(AmountRefused):
            parse_amount(too_long)

    @pytest.mark.parametrize(
        "text", ["", "5", "wd", "5 wd", "-5wd", "05wd", "1.5wd", "5WD", "5d", "５wd", "0wd", None, 5]
    )
    def test_that_cannot_be_read_are_refused(self, text):
        with pytest.raises(AmountRefused):
            parse_amount(text)

    def test_of_a_unit_that_is_none_are_refused(self):
        with pytest.raises(AmountRefused):
            Amount("wd", 1)


class TestMoments:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda cal: add(NAIVE, workdays(1), cal),
            lambda cal: between(NAIVE, at(2026, 11, 17), Unit.WORKDAY, cal),
            lambda cal: between(at(2026, 11, 16), NAIVE, Unit.WORKDAY, cal),
            lambda cal: is_working(NAIVE, cal),
            lambda cal: next_opening(NAIVE, cal),
            lambda cal: remaining(Clock(at(2026, 11, 16), workdays(1)), cal, NAIVE),
            lambda cal: Pause(NAIVE),
            lambda cal: Pause(at(2026, 11, 16), NAIVE),
            lambda cal: add(date(2026, 11, 16), workdays(1), cal),
        ],
    )
    def test_without_an_offset_are_refused(self, ask):
        with pytest.raises(NaiveMoment) as refused:
            ask(shipped())

        assert refused.value.code == "naive_moment"

    def test_in_any_zone_are_the_same_moment(self):
        utc = datetime(2026, 11, 16, 16, 30, tzinfo=UTC)  # 00:30 on the 17th in Beijing

        assert local(add(utc, workdays(1), shipped()).moment) == "2026-11-18 17:30"

    def test_in_reverse_order_are_refused(self):
        with pytest.raises(TimesReversed):
            between(at(2026, 11, 17), at(2026, 11, 16), Unit.WORKDAY, shipped())

    def test_of_a_pause_that_ends_before_it_starts_are_refused(self):
        with pytest.raises(PauseRefused):
            Pause(at(2026, 11, 17), at(2026, 11, 16))


class TestAYearWithoutTable:
    @pytest.mark.parametrize("start", [at(2028, 1, 3), at(2029, 6, 1), at(2023, 6, 1)])
    @pytest.mark.parametrize("amount", ["1wd", "1hd", "1wh", "1nd", "1mo"])
    def test_is_refused_by_name(self, start, amount):
        with pytest.raises(CalendarNotKnown) as refused:
            add(start, parse_amount(amount), shipped())

        assert (refused.value.code, refused.value.year) == ("calendar_not_known", start.year)
        assert str(refused.value) == f"calendar_not_known: {start.year}"

    @pytest.mark.parametrize("amount", ["1wd", "5wd", "1hd", "1wh", "1nd", "1mo"])
    def test_is_refused_when_the_counting_runs_into_2028(self, amount):
        with pytest.raises(CalendarNotKnown) as refused:
            add(at(2027, 12, 31, 20), parse_amount(amount), shipped())

        assert refused.value.year == 2028

    def test_is_refused_when_it_lies_between_known_years(self):
        gap = calendar([table(2024), table(2026)], HOURS)
        with pytest.raises(CalendarNotKnown) as refused:
            add(at(2024, 12, 30), workdays(5), gap)

        assert refused.value.year == 2025

    def test_is_refused_where_only_a_rest_day_would_carry_the_end_over_new_year(self):
        year = table(2026, {date(2026, 12, 31): "holiday"})
        with pytest.raises(CalendarNotKnown):
            add(at(2026, 12, 21), natural_days(10), calendar([year], HOURS))

    def test_does_not_stop_hours_that_ask_no_table(self):
        assert local(add(at(2029, 1, 1, 9), natural_hours(2), shipped()).moment) == "2029-01-01 11:00"

    def test_is_refused_by_questions_too(self):
        for ask in (is_working, next_opening):
            with pytest.raises(CalendarNotKnown):
                ask(at(2028, 1, 3, 10), shipped())
        with pytest.raises(CalendarNotKnown):
            between(at(2027, 12, 1), at(2028, 1, 10), Unit.WORKDAY, shipped())
        with pytest.raises(CalendarNotKnown):
            next_opening(at(2027, 12, 31, 20), shipped())

    def test_travels_between_machines(self):
        assert pickle.loads(pickle.dumps(CalendarNotKnown(2029))).year == 2029


class TestLayers:
    def test_below_may_close_days_and_change_hours(self):
        town = shipped().layered(
            [DayException(date(2026, 11, 17), DayKind.OFF, "防汛停工", "镇政府令")],
            [season("09:00-12:00", "13:00-17:00")],
        )

        assert local(add(at(2026, 11, 16, 10), workdays(1), town).moment) == "2026-11-18 17:00"
        assert local(add(at(2026, 11, 16, 10), workdays(1), shipped()).moment) == "2026-11-17 17:30"

    @pytest.mark.parametrize("kind", [DayKind.FULL, DayKind.MORNING, DayKind.AFTERNOON])
    def test_below_may_not_cancel_a_national_holiday(self, kind):
        opened = [DayException(date(2026, 10, 2), kind, "加班")]
        with pytest.raises(HolidayCancelled) as refused:
            shipped().layered(opened)
        with pytest.raises(HolidayCancelled):
            calendar([parse_year(YEAR)], HOURS, exceptions=opened)

        assert refused.value.code == "holiday_cancelled"

    def test_below_may_not_open_what_one_above_has_closed(self):
        day = date(2026, 11, 17)
        province = shipped().layered([DayException(day, DayKind.MORNING, "台风")])
        with pytest.raises(HolidayCancelled):
            province.layered([DayException(day, DayKind.FULL, "照常")])

        assert not province.layered([DayException(day, DayKind.OFF, "台风")]).day(day).is_worked

    def test_below_leaves_the_one_above_as_it_was(self):
        before = local(add(at(2026, 11, 16), workdays(1), shipped()).moment)
        shipped().layered([DayException(date(2026, 11, 17), DayKind.OFF, "x")])

        assert local(add(at(2026, 11, 16), workdays(1), shipped()).moment) == before

    def test_a_half_day_off_ends_the_day_at_noon(self):
        cal = shipped().layered([DayException(date(2026, 11, 17), DayKind.MORNING, "半天")])

        assert local(add(at(2026, 11, 16), workdays(1), cal).moment) == "2026-11-17 12:00"

    def test_travel_between_machines(self):
        add(at(2026, 11, 16), workdays(1), shipped())

        assert pickle.loads(pickle.dumps(shipped())) == shipped()


class TestRoundTheClock:
    CAL = calendar([], [], round_the_clock=True)

    def test_knows_no_holidays_needs_no_table_and_ends_at_midnight(self):
        assert local(add(at(2031, 10, 1, 10), workdays(1), self.CAL).moment) == "2031-10-03 00:00"
        assert add(at(2031, 10, 1, 10), workdays(1), self.CAL).last_day == date(2031, 10, 2)
        assert local(add(at(2026, 10, 1, 23), work_hours(2), self.CAL).moment) == "2026-10-02 01:00"
        assert local(add(at(2026, 10, 1, 23), half_days(1), self.CAL).moment) == "2026-10-02 12:00"
        assert is_working(at(2026, 10, 1, 3), self.CAL)

    def test_has_no_hours_to_change(self):
        with pytest.raises(CalendarRefused):
            self.CAL.layered(hours=HOURS)

    def test_extends_from_the_day_that_its_midnight_closes(self):
        clock = Clock(at(2026, 10, 1, 10), workdays(1), extensions=(workdays(1),))

        assert due(clock, self.CAL).moment == add(at(2026, 10, 1, 10), workdays(2), self.CAL).moment

    def test_counts_days_from_the_day_whose_last_half_ends_at_midnight(self):
        clock = Clock(at(2026, 10, 1), half_days(2), extensions=(workdays(1),))

        assert local(due(clock, self.CAL).moment) == "2026-10-03 00:00"


class TestAChangingClock:
    """Zones whose clocks change: Berlin skips 02:00–03:00 on 29 March 2026 and repeats it on 25 October."""

    def _berlin(self, closing: str):
        return calendar(
            [table(2026)], [season(f"00:30-{closing}", None)], zone="Europe/Berlin", week=frozenset(range(7))
        )

    def test_that_skips_the_closing_time_ends_with_the_first_valid_moment_and_says_so(self):
        found = add(datetime(2026, 3, 28, 12, tzinfo=UTC), workdays(1), self._berlin("02:30"))

        assert found.moment == datetime(2026, 3, 29, 1, tzinfo=UTC)
        assert found.steps[-1].clock_change == "missing"

    def test_that_shows_the_closing_time_twice_ends_with_the_earlier_and_says_so(self):
        found = add(datetime(2026, 10, 24, 12, tzinfo=UTC), workdays(1), self._berlin("02:30"))

        assert found.moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert found.steps[-1].clock_change == "twice"

    def test_counts_the_hours_that_really_pass(self):
        cal = self._berlin("04:30")

        assert (
            between(
                datetime(2026, 3, 28, 12, tzinfo=UTC),
                datetime(2026, 3, 29, 12, tzinfo=UTC),
                Unit.WORK_MINUTE,
                cal,
            )
            == 180
        )
        assert add(datetime(2026, 3, 1, 12, tzinfo=UTC), workdays(1), cal).steps[-1].clock_change == ""


class TestBuilding:
    @pytest.mark.parametrize(
        "spoil",
        [
            ("year = 2026", "year = 2025"),
            ("year = 2026", 'year = "2026"'),
            ("provisional = false", ""),
            ("provisional = false", "provisional = true"),  # provisional tables invent no make-up days
            ("provisional = false", "provisional = 0"),
            ('source = "国', 'sauce = "国'),
            ("days = [2026-01-04]", "days = [2026-01-01]"),
            ("days = [2026-01-04]", "days = [2026-01-04, 2026-01-04]"),
            ("days = [2026-01-04]", 'days = ["2026-01-04"]'),
            ("days = [2026-01-04]", "days = [2026-01-04T00:00:00]"),
            ("days = [2026-01-04]", "days = 2026-01-04"),
            ("[[off]]", "[off"),
        ],
    )
    def test_a_spoiled_year_table_is_refused(self, spoil):
        assert spoil[0] in YEAR
        with pytest.raises(CalendarRefused) as refused:
            parse_year(YEAR.replace(*spoil))

        assert refused.value.code == "calendar_refused"

    @pytest.mark.parametrize(
        ("morning", "afternoon", "since"),
        [
            (None, None, "01-01"),
            ("12:00-08:30", None, "01-01"),
            ("08:30-14:00", "13:30-17:30", "01-01"),
            ("08:30-12:00", "13:30-24:30", "01-01"),
            ("8:30-12:00", None, "01-01"),
            ("08:61-12:00", None, "01-01"),
            ("08:30-12:00", None, "02-29"),
            ("08:30-12:00", None, "13-01"),
            ("08:30-12:00", None, "June"),
        ],
    )
    def test_hours_out_of_order_are_refused(self, morning, afternoon, since):
        with pytest.raises(CalendarRefused):
            season(morning, afternoon, since)

    @pytest.mark.parametrize("text", ["", "season = 1", "[[season]]\nmorning = '08:30-12:00'\n" * 2, "[["])
    def test_hours_that_name_no_season_or_one_twice_are_refused(self, text):
        with pytest.raises(CalendarRefused):
            parse_hours(text)

    @pytest.mark.parametrize(
        "build",
        [
            lambda: calendar([table(2026), table(2026)], HOURS),
            lambda: calendar([table(2026)], []),
            lambda: calendar([table(2026)], HOURS, zone="Asia/Nowhere"),
            lambda: calendar([table(2026)], HOURS, zone="../etc/passwd"),
            lambda: calendar([table(2026)], HOURS, week=frozenset({7})),
            lambda: calendar([table(2026)], HOURS, week=frozenset()),
            lambda: calendar([table(2026)], [*HOURS, *HOURS]),
            lambda: calendar(
                [table(2026)], HOURS, exceptions=[DayException(date(2026, 1, 5), DayKind.OFF, "a")] * 2
            ),
            lambda: DayException(date(2026, 1, 5), "off", "a"),
            lambda: YearTable(2026, {date(2025, 1, 1): "x"}, {}, "s", "e"),
            lambda: YearTable(2026, {}, {}, " ", "e"),
            lambda: SeasonHours((0, 1441), None),
        ],
    )
    def test_a_calendar_that_contradicts_itself_is_refused(self, build):
        with pytest.raises(CalendarRefused):
            build()
