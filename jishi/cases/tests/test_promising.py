"""What is promised by days is worked out once a day: the same answer as if it were worked out each time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from jishi.bodies import queries as bodies
from jishi.cases.triage import promising
from jishi.kernels import worktime

START = datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))


@given(
    first=st.integers(0, 60 * 24 * 1000), later=st.integers(0, 60 * 24 - 1),
    amount=st.sampled_from(["1wd", "5wd", "15nd", "1mo", "4wh", "2nh", "1hd"]),
)  # fmt: skip
def test_a_promise_is_what_it_would_be_if_nothing_were_kept(first: int, later: int, amount: str) -> None:
    hours = bodies.calendar_by_label("office")
    moment = START + timedelta(minutes=first)
    again = moment.replace(hour=later // 60, minute=later % 60)
    length = worktime.parse_amount(amount)

    kept = [promising._promised(amount, hours, now) for now in (moment, again)]

    assert kept == [promising._worked_out(amount, length, hours, now) for now in (moment, again)]


def test_another_edition_of_the_calendar_is_asked_anew() -> None:
    promising._promised("5wd", bodies.calendar_by_label("office"), START)
    always = bodies.calendar_by_label("always")

    kept = promising._promised("5wd", always, START)

    assert kept == promising._worked_out("5wd", worktime.parse_amount("5wd"), always, START)
