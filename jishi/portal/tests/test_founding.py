"""The demonstration as it stands on its first day: nothing of its past is refused, and the desks have work."""

from datetime import UTC, datetime, timedelta

from django.test import Client

from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.bodies import queries as bodies
from jishi.cases.actions import history, sampling
from jishi.cases.queries import desks, samples, work
from jishi.duties import queries as duties
from jishi.foundation import anchors, scope
from jishi.foundation.actor import system
from jishi.kernels import rates
from jishi.portal import founding
from jishi.portal.demo import town as yunxi

NOW = datetime(2026, 1, 7, 3, 0, tzinfo=UTC)  # a Wednesday, 11:00 at the town
HOST = {"host": "town.example"}


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


def test_a_new_edition_can_be_tried_on_every_past_case_that_was_offered(town: int, client: Client) -> None:
    today = founding.shanghai_today(NOW)
    with scope.work(system(town)):
        lives = founding.past_cases(200, seed=1, today=today)
        known = founding.Known(founding.town(), day=today, now=NOW)
        offered = [c for c in lives if any(s.what in ("offered", "ruled") for s in c.steps)]
        ids, _no = history.take_in([known.life(c) for c in lives], by=system(town), now=NOW, tenant_code=founding.CODE)
        edition = next(iter(duties.law(today).items.values())).list_id
        office = next(b.id for b in bodies.names().values() if b.code == "ldxz")
    keeper = an_account(town)
    a_grant(keeper, "office", body_id=office, post_id=71, post_title="清单办公室")
    page = signed_in(client, keeper, post=71, at=datetime.now(UTC))

    quarters = [
        page.get(
            f"/desk/duties/{edition}/dry-run", {"from": first, "to": first + timedelta(days=90)}, headers=HOST
        ).context["made"]
        for first in (today - timedelta(days=back) for back in (363, 272, 181, 90))
    ]

    assert len(ids) == 200
    assert sum(q.total for q in quarters) == len(offered) > 150
    assert min(q.total for q in quarters) > 0, "no quarter of the year is empty"
    assert sum(q.counts["same"] for q in quarters) == len(offered), "the edition in force decides as it did"
