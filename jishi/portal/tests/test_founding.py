"""The demonstration as it stands on its first day: nothing of its past is refused, and the desks have work."""

from datetime import UTC, datetime

from jishi.cases.actions import sampling
from jishi.cases.queries import desks, samples, work
from jishi.foundation import anchors, scope
from jishi.foundation.actor import system
from jishi.kernels import rates
from jishi.portal import founding
from jishi.portal.demo import town as yunxi

NOW = datetime(2026, 1, 7, 3, 0, tzinfo=UTC)  # a Wednesday, 11:00 at the town


def test_the_past_is_taken_in_whole_and_the_feedback_desk_has_somebody_to_call(town: int) -> None:
    told: list[str] = []

    taken = founding.remember(town, today=founding.shanghai_today(NOW), now=NOW, say=told.append, first=120)
    drawn = founding.draw_calls(town, now=NOW)

    assert (taken, [line for line in told if "refused" in line]) == (120, [])
    assert founding.draw_calls(town, now=NOW) == 0
    with scope.work(system(town)):
        assert desks.counts(system(town))["consulting"] > 0
        draw = samples.of_desk(now=NOW)
        assert draw.day is not None
        assert draw.bound_at is None, "tomorrow's value is left to the desk"
        said = sampling.published(draw.day)
        assert rates.commitment(str(said["value"])) == said["commitment"]
        assert anchors.verify().findings == ()
        assert drawn >= sum(r.to_call for r in work.to_ask(by=system(town), now=NOW, lang="zh")) > 0


def test_whom_to_sign_in_as_is_told_in_two_languages_each_name_beside_its_post() -> None:
    lines = founding.people_page().splitlines()[1:]

    assert [line.split()[0] for line in lines if line.strip()] == [p.username for p in yunxi().people]
    assert all(p.post in line and line.endswith(p.post_en) for p, line in zip(yunxi().people, lines, strict=False))
