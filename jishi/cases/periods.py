"""How long what is kept, read from institutions/rules/retention.toml: no period stands in code."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.conf import settings

from jishi.kernels.procedure import Spoken

_AMOUNT = re.compile(r"(\d+)([dmy])")
FROM = ("closed", "received", "made")
ENDS = ("delete", "minimise")


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of what is kept: for how long, counted from what, how it ends, by which source."""

    code: str
    name: Spoken
    period: str
    counted_from: str
    ends: str
    source: str

    def before(self, today: date) -> date:
        """Give the day: what was made on it or earlier has ended by `today`."""
        return back(today, self.period)


@dataclass(frozen=True, slots=True)
class Periods:
    """One edition."""

    label: str
    kept: Mapping[str, Kept]


def back(day: date, period: str) -> date:
    """Go back by days, months or years; the last day of a shorter month stands for a later one.

    >>> back(date(2028, 3, 31), "1m"), back(date(2028, 2, 29), "1y"), back(date(2028, 3, 1), "90d")
    (datetime.date(2028, 2, 29), datetime.date(2027, 2, 28), datetime.date(2027, 12, 2))
    """
    found = _AMOUNT.fullmatch(period)
    if found is None:
        raise RuntimeError(f"retention.toml: {period} is no period")
    count, unit = int(found[1]), found[2]
    if unit == "d":
        return day - timedelta(days=count)
    months = day.year * 12 + day.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 28))


@cache
def load() -> Periods:
    """Read the edition that the installation carries.

    :raises RuntimeError: an entry without period, source or a known way to end.
    """
    path = settings.INSTITUTIONS_DIR / "rules" / "retention.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    found = {}
    for row in told["kept"]:
        one = Kept(
            row["code"], Spoken(row["zh"], row["en"]), row["period"], row["from"], row["ends"], row["source"]
        )
        if one.counted_from not in FROM or one.ends not in ENDS or not one.source:
            raise RuntimeError(f"retention.toml: {one.code} is not sound")
        back(date(2026, 1, 1), one.period)
        found[one.code] = one
    return Periods(f"{told['code']}@{told['edition']}", found)
