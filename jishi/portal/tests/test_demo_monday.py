"""The demonstration's ordinary morning, lived through the rooms' own verbs: each desk has something to do."""

from collections import Counter
from datetime import timedelta

from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.cases.queries import home, stuck, together, work
from jishi.cases.queries import second_look as looks
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places.queries import transitions
from jishi.portal import demo_monday, founding
from jishi.portal.demo.monday import RESIDENTS, WAITING
from jishi.portal.demo_acting import Acting


def test_both_residents_find_their_own_matters_and_each_desk_has_something_to_do_once(town: int) -> None:
    now, by = timezone.now().replace(microsecond=0) + timedelta(days=1), system(town)

    made = demo_monday.begin(town, code=founding.CODE, now=now)
    again = demo_monday.begin(town, code=founding.CODE, now=now)

    assert (made, again) == (len(RESIDENTS) + len(WAITING), 0)
    with scope.work(by):
        people = {h.username: h.account_id for h in accounts.demonstration_residents()}
    states = {}
    for who in ("jumin1", "jumin2"):
        actor = Actor(tenant_id=town, kind="resident", account_id=people[who])
        with scope.work(actor):
            states[who] = sorted(m.status for m in home.mine(actor, now))
    assert states == {
        "jumin1": ["CLOSED", "FEEDBACK", "FEEDBACK", "HANDLING"],  # one was merged into another that waits for him
        "jumin2": ["CLOSED", "FEEDBACK", "RECEIVED", "SUSPENDED"],
    }
    acting = Acting(town, founding.CODE, now)
    reviewer, office = acting.as_("reviewer"), acting.as_("office", username="lingdao1")
    drainage = acting.as_("handler", username="paishui1")
    inspectors = acting.as_("handler", username="chengguan1")
    with scope.work(reviewer):
        assert len(looks.waiting(by=reviewer, now=now, lang="zh")) == 3
    with scope.work(drainage):
        stages = Counter(w.stage for w in work.inbox(by=drainage, now=now, lang="zh").works)
        assert {"running", "returned", "handed"} <= set(stages)
    with scope.work(inspectors):
        waits = together.waiting(by=inspectors, now=now, lang="zh")
        assert waits.to_do and waits.whistles
    with scope.work(office):
        assert [row.status for row in transitions.transitions(office)] == ["ANNOUNCED"]
        assert [lot.code for lot in stuck.asked(by=office, lang="zh") if lot.lines] == ["banking"]
    supervisor = acting.as_("supervisor")
    with scope.work(supervisor):
        assert [lot.code for lot in stuck.asked(by=supervisor, lang="zh") if lot.lines] == ["suspension", "extension"]
