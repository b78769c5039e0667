"""The steps of a due moment in words, for the resident (without articles) and for the clerk (with them)."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from jishi.kernels.worktime.amounts import Amount, Unit
from jishi.kernels.worktime.clocks import Due
from jishi.kernels.worktime.steps import Step, StepKind

_BY_DAY = (Unit.WORKDAY, Unit.NATURAL_DAY, Unit.MONTH)
_REST = (StepKind.WEEKEND, StepKind.HOLIDAY, StepKind.CLOSED)
_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOLIDAYS = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Qingming",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}
_UNITS = {
    "zh": {
        Unit.WORKDAY: "{} 个工作日",
        Unit.HALF_DAY: "{} 个半天",
        Unit.NATURAL_DAY: "{} 天",
        Unit.MONTH: "{} 个月",
    },
    "en": {
        Unit.WORKDAY: "working day",
        Unit.HALF_DAY: "half-day",
        Unit.NATURAL_DAY: "day",
        Unit.MONTH: "month",
    },
}
WORDS = {
    "zh": {
        "received": "{when}收到",
        "day_not_counted": "，当天不算",
        "not_at_work": "{until} 起算，之前不算",
        "after_hours": "当天已经下班，不算",
        "so_far": "累计 {amount}",
        "extra_so_far": "推迟的{amount}",
        "counted": "{days}：{amount}",
        "counted_from": "{day} {time} 起：{amount}",
        "make_up": "{days}调休上班：{amount}",
        "weekend": "{days}是周末，不算",
        "holiday": "{days}是{name}，不算",
        "closed": "{days}不上班，不算",
        "closed_named": "{days}{name}，不上班，不算",
        "paused": "{days}暂停，不算",
        "paused_named": "{days}暂停（{name}），不算",
        "reached": "{day}：{nth}",
        "reached_make_up": "{day}调休上班：{nth}",
        "reached_at": "{day} {time}：满 {amount}",
        "full": "满 {amount}",
        "moved": "，{why}，顺延到 {day}",
        "is_weekend": "是周末",
        "is_holiday": "是{name}",
        "is_closed": "不上班",
        "is_paused": "暂停",
        "at": "，{time}",
        "extended": "推迟 {amount}：{day} {time}",
        "old_expiry": "推迟 {amount}：{day}",
        "open": "暂停还没有结束，最早 {day} {time}",
        "missing": "（钟表拨快，当地没有这个时刻，取其后第一个）",
        "twice": "（钟表拨慢，当地有两个这个时刻，取前一个）",
        "provisional": "（暂按法定节假日推算）",
        "cited": "（{}）",
        "201": "《民法典》第二百零一条",
        "202": "《民法典》第二百零二条",
        "203": "《民法典》第二百零三条",
        "day_pause": "规则 day_pause：看中午收班时是否暂停",
    },
    "en": {
        "received": "received {when}",
        "day_not_counted": ", day not counted",
        "not_at_work": "counted from {until}, not before",
        "after_hours": "after hours that day, not counted",
        "so_far": "{amount}",
        "extra_so_far": "{amount} of the extension",
        "counted": "{days}: {amount}",
        "counted_from": "{day} from {time}: {amount}",
        "make_up": "{days} worked (make-up): {amount}",
        "weekend": "{days}: weekend, not counted",
        "holiday": "{days}: {name}, not counted",
        "closed": "{days}: closed, not counted",
        "closed_named": "{days}: closed ({name}), not counted",
        "paused": "{days}: paused, not counted",
        "paused_named": "{days}: paused ({name}), not counted",
        "reached": "{day}: {nth}",
        "reached_make_up": "{day} works (make-up): {nth}",
        "reached_at": "{day} {time}: {amount} full",
        "full": "{amount} full",
        "moved": ", {why}, so it moves to {day}",
        "is_weekend": "a weekend",
        "is_holiday": "{name}",
        "is_closed": "closed",
        "is_paused": "paused",
        "at": ", {time}",
        "extended": "extended by {amount}: {day} {time}",
        "old_expiry": "extended by {amount}: {day}",
        "open": "the pause has not ended: {day} {time} at the earliest",
        "missing": " (the clock skips this time here: the first moment after it)",
        "twice": " (the clock shows this time twice here: the earlier one)",
        "provisional": " (provisional: statutory holidays only)",
        "cited": " ({})",
        "201": "Civil Code 201",
        "202": "Civil Code 202",
        "203": "Civil Code 203",
        "day_pause": "rule day_pause: is it paused at noon closing",
    },
}


def explain(due: Due, lang: str = "zh", articles: bool = False) -> list[str]:  # noqa: FBT001 — a published door
    """This will tell how the day was reached, one line per step; the last line is the result.

    :raises KeyError: a language other than zh and en.
    """
    if due.story is None:
        return []
    teller = _Teller(lang, due.story.cal.tz, articles=articles)
    lines = [teller.line(step) for step in due.steps]
    if due.provisional:
        lines[-1] += WORDS[lang]["provisional"]
    return lines


class _Teller:
    """Speaks step after step and remembers the month it spoke of last."""

    def __init__(self, lang: str, zone: ZoneInfo, *, articles: bool) -> None:
        self.words, self.lang, self.articles, self.zone = WORDS[lang], lang, articles, zone
        self.said: tuple[int, int] = (0, 0)  # year and month

    def line(self, step: Step) -> str:
        tell: dict[StepKind, Callable[[Step], str]] = {
            StepKind.RECEIVED: self._received,
            StepKind.WAITING: self._waiting,
            StepKind.COUNTED: self._counted,
            StepKind.PAUSED: self._paused,
            StepKind.EXPIRY: self._reached,
            StepKind.RESULT: self._reached,
            StepKind.OPEN: self._open,
        }
        return tell.get(step.kind, self._rest)(step)

    def _received(self, step: Step) -> str:
        day = self._day(step.first)
        by_day = step.unit in _BY_DAY
        if self.lang == "en" or not by_day:
            day += f" {self._time(step.begins, step.first)}" + (" " if self.lang == "zh" else "")
        text = self._say("received", when=day)
        text += self._say("day_not_counted") if by_day else ""
        return text + (self._cite("201") if step.unit is not Unit.HALF_DAY else "")

    def _waiting(self, step: Step) -> str:
        if step.ends.astimezone(self.zone).date() > step.first:
            return self._say("after_hours")
        return self._say("not_at_work", until=self._moment(step.ends))

    def _counted(self, step: Step) -> str:
        one = step.first == step.last
        if step.unit in _BY_DAY or step.unit is Unit.HALF_DAY:
            unit = Unit.NATURAL_DAY if step.unit is Unit.MONTH else step.unit
            amount = self._amount(unit, step.total) if step.n > 1 or step.total == 1 else ""
            amount = amount or self._nth(unit, step.total)
            if step.leg or (step.total > step.n > 1):
                amount = self._say("extra_so_far" if step.leg else "so_far", amount=amount)
            days = self._day(step.first) if one and step.make_up else self._days(step.first, step.last)
            return self._say("make_up" if step.make_up else "counted", days=days, amount=amount) + (
                self._cite(step.source) if step.make_up else ""
            )
        amount = self._amount(step.unit, step.total, minutes=True)
        if step.leg or step.total > step.n:
            amount = self._say("extra_so_far" if step.leg else "so_far", amount=amount)
        day, time = self._days(step.first, step.first), self._time(step.begins, step.first)
        return self._say("counted_from", day=day, time=time, amount=amount)

    def _rest(self, step: Step) -> str:
        key = "closed_named" if step.kind is StepKind.CLOSED and step.name else str(step.kind)
        text = self._say(key, days=self._days(step.first, step.last), name=self._name(step.name))
        return text + self._cite(step.source)

    def _paused(self, step: Step) -> str:
        key = "paused_named" if step.name else "paused"
        text = self._say(key, days=self._days(step.first, step.last), name=step.name)
        return text + (self._cite("day_pause") if step.unit is Unit.WORKDAY else "")

    def _reached(self, step: Step) -> str:
        if step.leg:
            return self._extended(step)
        if step.unit not in _BY_DAY and step.unit is not Unit.HALF_DAY:
            return self._say(
                "reached_at",
                day=self._day(step.last),
                time=self._time(step.ends, step.last),
                amount=self._goal(step),
            ) + self._say(step.clock_change)
        nominal = step.nominal or step.last
        day = self._day(nominal if step.moved else step.last)
        nth = self._nth(step.unit, step.total) if step.unit is not Unit.MONTH else ""
        nth = nth or self._say("full", amount=self._goal(step))
        text = self._say("reached_make_up" if step.make_up else "reached", day=day, nth=nth)
        text += self._moved(step)
        if step.kind is StepKind.RESULT:
            text += self._say("at", time=self._time(step.ends, step.last)) + self._say(step.clock_change)
        return text + self._ground(step)

    def _extended(self, step: Step) -> str:
        key = "extended" if step.kind is StepKind.RESULT else "old_expiry"
        nominal = step.nominal or step.last
        day = self._days(step.last, step.last) if not step.moved else self._days(nominal, nominal)
        time = self._time(step.ends, step.last)
        if not step.moved:
            text = self._say(key, amount=self._goal(step), day=day, time=time)
        else:
            text = self._say("old_expiry", amount=self._goal(step), day=day) + self._moved(step)
            text += f" {time}" if step.kind is StepKind.RESULT else ""
        return text + self._say(step.clock_change) + self._ground(step)

    def _open(self, step: Step) -> str:
        return self._say("open", day=self._day(step.last), time=self._time(step.ends, step.last))

    def _moved(self, step: Step) -> str:
        if not step.moved:
            return ""
        why = self._say(f"is_{step.moved}", name=self._name(step.name))
        return self._say("moved", why=why, day=self._day(step.last))

    def _ground(self, step: Step) -> str:
        """Which article makes this day the last one; the year table, when a make-up day is it."""
        if step.unit is Unit.MONTH:
            return self._cite("203" if step.moved else "202")
        if step.make_up and step.source:
            return self._cite(step.source)
        return self._cite("203") if step.unit in _BY_DAY else ""

    def _say(self, key: str, **values: str) -> str:
        return self.words[key].format(**values).replace("） ", "）") if key else ""

    def _cite(self, what: str) -> str:
        if not self.articles or not what:
            return ""
        return self.words["cited"].format(self.words.get(what, what))

    def _goal(self, step: Step) -> str:
        n = sum(a.minutes or a.n for a in step.goal)
        return self._amount(step.unit, n, minutes=step.goal[0].minutes is not None)

    def _amount(self, unit: Unit, n: int, *, minutes: bool = False) -> str:
        if minutes:
            return self._minutes(n)
        if self.lang == "zh":
            return _UNITS["zh"][unit].format(n)
        return f"{n} {_UNITS['en'][unit]}{'s' if n > 1 else ''}"

    def _minutes(self, n: int) -> str:
        hours, minutes = divmod(n, 60)
        if self.lang == "zh":
            parts = [f"{hours} 小时" if hours else "", f"{minutes} 分钟" if minutes or not hours else ""]
        else:
            parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else ""]
        return " ".join(part for part in parts if part)

    def _nth(self, unit: Unit, n: int) -> str:
        if self.lang == "zh":
            return f"第 {_UNITS['zh'][unit].format(n)}"
        ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
        return f"{n}{ending} {_UNITS['en'][unit]}"

    def _name(self, name: str) -> str:
        if self.lang == "zh":
            return name
        return ", ".join(_HOLIDAYS.get(part, part) for part in name.split("、"))

    def _time(self, moment: datetime, day: date) -> str:
        local = moment.astimezone(self.zone)
        return f"{local:%H:%M}" if local.date() <= day else "24:00"

    def _moment(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return f"{self._days(local.date(), local.date())} {local:%H:%M}"

    def _day(self, day: date) -> str:
        """One day with its weekday."""
        weekday = _WEEKDAYS[self.lang][day.weekday()]
        if self.lang == "zh":
            return f"{self._days(day, day)}（周{weekday}）"
        return f"{weekday} {self._days(day, day)}"

    def _days(self, first: date, last: date) -> str:
        """Days in a row: up to five of one month one by one, else from – to; the month where it is news."""
        listed = (first.year, first.month) == (last.year, last.month) and (last - first).days < 5
        tell = self._zh_days if self.lang == "zh" else self._en_days
        text = tell(first, last, listed=listed)
        self.said = (last.year, last.month)
        return text

    def _zh_days(self, first: date, last: date, *, listed: bool) -> str:
        news = (first.year, first.month) != self.said
        year = f"{first.year}年" if self.said[0] not in (0, first.year) else ""
        month = f"{year}{first.month}月" if news else ""
        if listed:
            days = "、".join(str(d) for d in range(first.day, last.day + 1))
            return f"{month}{days}日" if news else f"{days} 日"
        until = f"{last.month}月{last.day}日" if last.month != first.month else f"{last.day}日"
        until = f"{last.year}年{until}" if last.year != first.year else until
        return f"{month}{first.day}日至{until}"

    def _en_days(self, first: date, last: date, *, listed: bool) -> str:
        year = f" {last.year}" if self.said[0] not in (0, last.year) or last.year != first.year else ""
        end = f"{last.day} {_MONTHS[last.month - 1]}{year}"
        if first == last:
            return end
        if listed and (last - first).days < 4:
            days = ", ".join(str(d) for d in range(first.day, last.day))
            return f"{days}, {end}"
        if first.month == last.month and first.year == last.year:
            return f"{first.day}–{end}"
        return f"{first.day} {_MONTHS[first.month - 1]} – {end}"


def written(amount: Amount, lang: str = "zh") -> str:
    """This will write an amount for people: "5 个工作日", "1 小时 30 分钟"."""
    teller = _Teller(lang, ZoneInfo("UTC"), articles=False)
    return teller._amount(amount.unit, amount.minutes or amount.n, minutes=amount.minutes is not None)
