"""The statutory holidays of a year whose notice is not out: lunar dates computed from sun and moon.

The rules of the civil lunar calendar are GB/T 33661-2017: days of Beijing time, a month begins on the day of
the new moon, the month of the winter solstice is the eleventh, and of thirteen months the first without a
principal term is the leap month. Positions follow J. Meeus, Astronomical Algorithms, 2nd ed., ch. 25 and 49:
the sun to 0.01° (a quarter of an hour), the moon to some seconds — tests compare 60 years with another
source.
"""

from datetime import date, timedelta
from math import floor, radians, sin

from jishi.kernels.worktime.years import YearTable

SOURCE = "《全国年节及纪念日放假办法》（2024年修订，2025年1月1日起施行），农历日期按 GB/T 33661-2017 推算"
_J2000, _UNIX_EPOCH = 2451545.0, 2440587.5
_BEIJING = 8 / 24 - 71 / 86400  # days from terrestrial time; the earth's lag is 69–75 s in the years served
_NEW_MOON = (  # coefficient in days, power of E, multiples of M, M', F, Ω
    (-0.40720, 0, 0, 1, 0, 0), (0.17241, 1, 1, 0, 0, 0), (0.01608, 0, 0, 2, 0, 0),
    (0.01039, 0, 0, 0, 2, 0), (0.00739, 1, -1, 1, 0, 0), (-0.00514, 1, 1, 1, 0, 0),
    (0.00208, 2, 2, 0, 0, 0), (-0.00111, 0, 0, 1, -2, 0), (-0.00057, 0, 0, 1, 2, 0),
    (0.00056, 1, 1, 2, 0, 0), (-0.00042, 0, 0, 3, 0, 0), (0.00042, 1, 1, 0, 2, 0),
    (0.00038, 1, 1, 0, -2, 0), (-0.00024, 1, -1, 2, 0, 0), (-0.00017, 0, 0, 0, 0, 1),
)  # fmt: skip
_WINTER_SOLSTICE, _QINGMING = 270, 15


def statutory_year(year: int, edition: str = "1") -> YearTable:
    """This will give the provisional table of a year: the 13 statutory days and nothing else.

    Where a statutory day falls on a weekend the decree owes a day off in lieu 补假, but only
    the State Council's notice says which, so none is invented here.
    """
    months = _months(year)
    spring, dragon, moon = months[1], months[5] + timedelta(4), months[8] + timedelta(14)
    off = {date(year, 1, 1): "元旦", _term(year, _QINGMING): "清明节", dragon: "端午节", moon: "中秋节"}
    off |= {spring + timedelta(i): "春节" for i in (-1, 0, 1, 2)}  # from New Year's Eve 除夕
    off |= {date(year, 5, d): "劳动节" for d in (1, 2)}
    off |= {date(year, 10, d): "国庆节" for d in (1, 2, 3)}
    return YearTable(year, dict(sorted(off.items())), {}, SOURCE, edition, provisional=True)


def _months(year: int) -> dict[int, date]:
    """First days of the lunar months 1 … 10 that begin in the civil year; leap months are passed over."""
    solstice, next_solstice = _term(year - 1, _WINTER_SOLSTICE), _term(year, _WINTER_SOLSTICE)
    k = floor((year - 2000) * 12.3685) - 3
    moons = [_day(_new_moon(i)) for i in range(k, k + 20)]
    first = max(i for i, day in enumerate(moons) if day <= solstice)
    last = max(i for i, day in enumerate(moons) if day <= next_solstice)
    leap = last - first == 13
    numbered: dict[int, date] = {}
    number = 11
    for i in range(first, last):
        if leap and i > first and _sector(moons[i]) == _sector(moons[i + 1]):
            leap = False  # only the first month without a principal term repeats the number before it
            continue
        numbered[number] = moons[i]
        number = number % 12 + 1
    return numbered


def _sector(day: date) -> int:
    return floor(_sun(_midnight(day)) / 30)


def _term(year: int, longitude: int) -> date:
    """The Beijing day on which the sun reaches this longitude in this civil year."""
    guess = _midnight(date(year, 3, 20)) + (longitude % 360) / 360 * 365.2422
    for _ in range(8):
        guess += ((longitude - _sun(guess) + 180) % 360 - 180) / 360 * 365.2422
    return _day(guess)


def _midnight(day: date) -> float:
    return day.toordinal() - date(1970, 1, 1).toordinal() + _UNIX_EPOCH - _BEIJING


def _day(julian: float) -> date:
    return date(1970, 1, 1) + timedelta(floor(julian + _BEIJING - _UNIX_EPOCH))


def _sun(julian: float) -> float:
    """Apparent longitude of the sun in degrees (Meeus ch. 25)."""
    t = (julian - _J2000) / 36525
    anomaly = radians(357.52911 + 35999.05029 * t - 0.0001537 * t * t)
    centre = (
        (1.914602 - 0.004817 * t - 0.000014 * t * t) * sin(anomaly)
        + (0.019993 - 0.000101 * t) * sin(2 * anomaly)
        + 0.000289 * sin(3 * anomaly)
    )
    node = radians(125.04 - 1934.136 * t)
    return (280.46646 + 36000.76983 * t + 0.0003032 * t * t + centre - 0.00569 - 0.00478 * sin(node)) % 360


def _new_moon(k: int) -> float:
    """Julian day (terrestrial time) of the k-th new moon after January 2000 (Meeus ch. 49)."""
    t = k / 1236.85
    mean = 2451550.09766 + 29.530588861 * k + 0.00015437 * t * t
    e = 1 - 0.002516 * t - 0.0000074 * t * t
    sun = radians(2.5534 + 29.10535670 * k - 0.0000014 * t * t)
    moon = radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t)
    latitude = radians(160.7108 + 390.67050284 * k - 0.0016118 * t * t)
    node = radians(124.7746 - 1.56375588 * k + 0.0020672 * t * t)
    return mean + sum(
        c * e**p * sin(a * sun + b * moon + f * latitude + w * node) for c, p, a, b, f, w in _NEW_MOON
    )
