"""A term ends at 24:00 of its last day, which is not the next day's."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from jishi.foundation import ends

HERE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("end", "day", "hour"),
    [
        (datetime(2026, 11, 25, tzinfo=HERE), "2026-11-24", "24:00"),
        (datetime(2026, 11, 25, 17, 30, tzinfo=HERE), "2026-11-25", "17:30"),
        (datetime(2027, 1, 1, tzinfo=HERE), "2026-12-31", "24:00"),
        (datetime(2026, 11, 24, 16, tzinfo=ZoneInfo("UTC")), "2026-11-24", "24:00"),
    ],
)
def test_midnight_closes_the_day_before_it(end: datetime, day: str, hour: str) -> None:
    assert (ends.last_day(end).isoformat(), ends.clock(end)) == (day, hour)
