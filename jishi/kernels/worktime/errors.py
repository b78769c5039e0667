"""What the kernel refuses, by name."""


class WorktimeRefused(ValueError):
    """Something cannot be counted; `code` names the fact for whoever has to speak it."""

    code = "worktime_refused"


class CalendarNotKnown(WorktimeRefused):
    """A day of a year whose table nobody has loaded. A year is never guessed as Monday to Friday."""

    code = "calendar_not_known"

    def __init__(self, year: int) -> None:
        super().__init__(f"{self.code}: {year}")
        self.year = year

    def __reduce__(self) -> tuple[type["CalendarNotKnown"], tuple[int]]:
        return type(self), (self.year,)


class NaiveMoment(WorktimeRefused):
    """A date-time without an offset names no moment."""

    code = "naive_moment"


class AmountRefused(WorktimeRefused):
    """An amount that is negative, nothing, a fraction of its unit, or longer than three years."""

    code = "amount_refused"


class CalendarRefused(WorktimeRefused):
    """A year table, an hours table or an exception that contradicts itself."""

    code = "calendar_refused"


class HolidayCancelled(CalendarRefused):
    """A lower layer opens a day that a higher one has closed."""

    code = "holiday_cancelled"


class PauseRefused(WorktimeRefused):
    """A pause that ends before it begins."""

    code = "pause_refused"


class TimesReversed(WorktimeRefused):
    """The second moment lies before the first."""

    code = "times_reversed"
