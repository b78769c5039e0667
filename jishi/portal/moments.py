"""How days, moments, spans and figures are written, in Chinese and English. Pure: `now` comes in."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MINUTE, HOUR, DAY = 60, 3600, 86400

Moment = dt.datetime | dt.date


class Deadline(dt.datetime):
    """A moment up to which something is owed: midnight closes the day before it, which is written 24:00."""

    @property
    def closes_a_day(self) -> bool:
        """Whether it is midnight on its own wall clock."""
        return self.time() == dt.time.min


def ends(value: Moment) -> Moment:
    """This will read a moment as the end of a term; a day is its own end."""
    if not isinstance(value, dt.datetime):
        return value
    return Deadline.combine(value.date(), value.timetz())


def local(value: Moment) -> Moment:
    """This will give an aware moment on the wall clock of the installation; days stay days."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.get_current_timezone())
    return value


def date_of(value: Moment) -> dt.date:
    """This will give the local calendar day."""
    here = local(value)
    if isinstance(here, Deadline) and here.closes_a_day:
        return here.date() - dt.timedelta(days=1)
    return here.date() if isinstance(here, dt.datetime) else here


def clock_of(value: Moment) -> str:
    """This will give 17:30, or nothing for a day without a time."""
    here = local(value)
    if isinstance(here, Deadline) and here.closes_a_day:
        return "24:00"
    return here.strftime("%H:%M") if isinstance(here, dt.datetime) else ""


def short_day(value: Moment, *, lang: str, now: dt.datetime) -> str:
    """This will give 11月25日 / 25 Nov, with the year when it is another one."""
    return _short(date_of(value), lang, date_of(now).year)


def _short(on: dt.date, lang: str, this_year: int) -> str:
    other = on.year != this_year
    if lang.startswith("zh"):
        return (f"{on.year}年" if other else "") + f"{on.month}月{on.day}日"
    return f"{on.day} {MONTHS[on.month - 1]}" + (f" {on.year}" if other else "")


def day(value: Moment, *, lang: str, now: dt.datetime) -> str:
    """This will give 11月25日（周三） / Wed 25 Nov."""
    return _day(date_of(value), lang, date_of(now).year)


def _day(on: dt.date, lang: str, this_year: int) -> str:
    short = _short(on, lang, this_year)
    if lang.startswith("zh"):
        return f"{short}（周{WEEKDAYS['zh'][on.weekday()]}）"
    return f"{WEEKDAYS['en'][on.weekday()]} {short}"


def moment(value: Moment, *, lang: str, now: dt.datetime) -> str:
    """This will give 11月25日（周三）17:30 / Wed 25 Nov, 17:30."""
    on, clock = day(value, lang=lang, now=now), clock_of(value)
    gap = "" if lang.startswith("zh") or not clock else ", "
    return f"{on}{gap}{clock}"


def desk(value: Moment, *, now: dt.datetime) -> str:
    """This will give 11-25 17:30, the short form of desks; 2027-03-01 in another year."""
    on, clock = date_of(value), clock_of(value)
    head = on.isoformat() if on.year != date_of(now).year else f"{on:%m-%d}"
    return f"{head} {clock}".strip()


def span(seconds: float) -> str:
    """This will say a length in its two largest useful units: 17 分, 1 小时 6 分, 3 天."""
    seconds = abs(seconds)
    if seconds < HOUR:
        return _("%(n)d 分") % {"n": seconds // MINUTE}
    if seconds < DAY:
        hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
        if minutes:
            return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": minutes}
        return _("%(h)d 小时") % {"h": hours}
    return _("%(d)d 天") % {"d": seconds // DAY}


def ago(value: dt.datetime, *, lang: str, now: dt.datetime) -> str:
    """This will say how long ago a moment was; older than yesterday, the day itself."""
    seconds = (now - value).total_seconds()
    if 0 <= seconds < MINUTE:
        return _("刚才")
    if 0 <= seconds < 12 * HOUR:
        return _("%(span)s前") % {"span": span(seconds)}
    days = (date_of(now) - date_of(value)).days
    if days == 0:
        return _("今天 %(clock)s") % {"clock": clock_of(value)}
    if days == 1:
        return _("昨天 %(clock)s") % {"clock": clock_of(value)}
    return f"{short_day(value, lang=lang, now=now)} {clock_of(value)}".strip()


def due_text(due: dt.datetime, *, lang: str, now: dt.datetime) -> str:
    """This will say what is left of an obligation: 剩 17 分, 已超 4 分, 今天 17:30, 11月25日 12:00."""
    seconds = (due - now).total_seconds()
    if seconds < 0:
        return _("已超 %(span)s") % {"span": span(seconds)}
    if seconds < 2 * HOUR:
        return _("剩 %(span)s") % {"span": span(seconds)}
    end = ends(due)
    on, today = date_of(end), date_of(now)
    days = (on - today).days
    if days == 0:
        return _("今天 %(clock)s") % {"clock": clock_of(end)}
    if days == 1:
        return _("明天 %(clock)s") % {"clock": clock_of(end)}
    return _short(on, lang, today.year)


def number(value: int | float | Decimal, places: int | None = None) -> str:
    """This will write a figure with groups of three: 25,547.40."""
    if places is not None:
        return f"{value:,.{places}f}"
    return f"{value:,}"
