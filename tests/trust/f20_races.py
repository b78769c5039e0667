"""F20: the racing events of the embedded database, again and again."""

import pytest

from jishi.foundation import database
from jishi.foundation.database.tests.folders import a_folder, ask, in_another_process, postmasters_of
from jishi.foundation.database.tests.test_first_start import START
from tests.trust.sizes import say, size

REPEATS = size(5, 100)


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch):
    for name in ("JISHI_DATABASE_URL", "JISHI_DATABASE_WEB_URL", "JISHI_PG_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JISHI_RESERVE_MIB", "8")


def test_two_starts_make_one_postmaster_every_time(record_property):
    for _ in range(REPEATS):
        with a_folder() as folder:
            starts = [in_another_process(START, str(folder)) for _ in range(3)]
            pids = {int(one.communicate()[0]) for one in starts}

            assert len(pids) == 1
            assert postmasters_of(folder / "data") == list(pids)
            assert ask(database.ensure(folder).url_owner, "select 1") == [(1,)]
    say(record_property, f"three starts at once, {REPEATS} times: one postmaster each time")
