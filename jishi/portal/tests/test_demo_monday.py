"""The demonstration's ordinary morning, lived through the rooms' own verbs: each desk has something to do."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone, translation

from jishi.accounts import queries as accounts
from jishi.cases.queries import home, stuck, together, watched, work
from jishi.cases.queries import second_look as looks
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places.queries import transitions
from jishi.portal import demo_monday, founding, sources
from jishi.portal.demo.monday import RESIDENTS, WAITING
from jishi.portal.demo_acting import Acting

BOTH = (demo_monday.begin, demo_monday.lay_out)
BARE = 5  # items of the demonstration that name neither a law nor that they rest on custom


def test_both_residents_find_their_own_matters_and_each_desk_has_something_to_do_once(town: int) -> None:
    now, by = timezone.now().replace(microsecond=0) + timedelta(days=1), system(town)

    first, second = ([verb(town, code=founding.CODE, now=now) for verb in BOTH] for _ in range(2))

    assert (first, second) == ([len(RESIDENTS), len(WAITING)], [0, 0])
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


def test_the_auditor_the_keeper_of_the_lists_and_whoever_rules_each_begin_with_their_own(town: int) -> None:
    now = timezone.now().replace(microsecond=0) + timedelta(days=1)
    demo_monday.lay_out(town, code=founding.CODE, now=now)
    acting = Acting(town, founding.CODE, now)
    auditor, keeper = acting.as_("auditor"), acting.as_("office", username="qingdan1")
    ruler = replace(acting.as_("office", username="lingdao1"), roles=frozenset({"office", "ruler"}))

    seen = {}
    for who, actor in (("auditor", auditor), ("keeper", keeper), ("ruler", ruler)):
        with scope.work(actor), translation.override("zh-hans"):
            seen[who] = sources.boards(actor, now)

    assert [str(b.title) for b in seen["auditor"]] == ["留痕核对", "剔除、解封、抽样"]
    assert [str(b.title) for b in seen["keeper"]] == ["三张清单", "对居民的承诺"]
    assert [str(b.title) for b in seen["ruler"]] == ["对居民的承诺", "三张清单"]
    left_out = {str(f.label): f.n for f in seen["auditor"][1].figures}
    assert (left_out["等人决定的剔除"], left_out["三十天里申请的解封"], left_out["三十天里撤销的归并"]) == (1, 1, 1)
    lists = {str(f.label): f.n for f in seen["keeper"][0].figures}
    assert (lists["有争议的事"], lists["三十天里的裁定先例"], lists["没有写依据的条目"]) == (1, 1, BARE)
    figures = [f for board in (*seen["auditor"], *seen["keeper"]) for f in board.figures]
    without = {str(f.label) for f in figures if not f.url}
    assert without == {"三十天里申请的解封", "三十天里撤销的归并", "三十天里的裁定先例"}  # no list shows just these
    assert all(f.url.startswith("/") for f in figures if f.url)


def test_the_new_boards_take_a_bounded_number_of_statements(town: int, django_assert_max_num_queries) -> None:
    now = timezone.now().replace(microsecond=0)
    acting = Acting(town, founding.CODE, now)
    auditor, keeper = acting.as_("auditor"), acting.as_("office", username="qingdan1")

    with scope.work(auditor), django_assert_max_num_queries(8):
        watched.watched(by=auditor, now=now)
    with scope.work(keeper), django_assert_max_num_queries(4):
        duties.keeping(day=now.date())
        watched.contested(by=keeper, now=now)
