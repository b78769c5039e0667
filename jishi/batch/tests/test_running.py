"""One task per question, answered once, kept, spread anyhow: the table and the answers are the same bytes."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jishi import batch
from jishi.batch import editions, memo, refusals, running
from jishi.batch.tests import asked
from jishi.batch.values import Work
from jishi.batch.warden import Warden

ROOT = Path(__file__).resolve().parents[3]
DRIVER = """
import sys
from pathlib import Path
from jishi import batch
from jishi.batch.tests import asked
batch.run(asked.slowly, [batch.Task(f"t{n}", b"%d" % n) for n in range(400)], store=Path(sys.argv[1]))
"""


def tasks(*words: str) -> list[batch.Task]:
    return [batch.Task(f"task {n}", word.encode()) for n, word in enumerate(words)]


def numbered(n: int) -> list[batch.Task]:
    return [batch.Task(f"t{i}", b"%d" % i) for i in range(n)]


def kept(store: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in store.rglob("*") if p.is_file()}


class TestARun:
    def test_answers_every_task_and_its_repeat_is_free(self, tmp_path):
        first = batch.run(asked.doubled, numbered(9), store=tmp_path)
        written = kept(tmp_path)
        again = batch.run(asked.doubled, numbered(9), store=tmp_path)

        assert [batch.answer(row, store=tmp_path) for row in first.rows] == [b"%d%d" % (i, i) for i in range(9)]
        assert (first.made, first.kept, again.made, again.kept) == (9, 0, 0, 9)
        assert again.table() == first.table()
        assert kept(tmp_path) == written
        assert len(written) == 9  # nothing half written is left

    def test_gives_the_same_bytes_for_any_number_of_workers_and_order_of_tasks(self, tmp_path):
        words = [batch.Task(f"t{i}", b"one two three four five six seven %d" % i) for i in range(6)]
        tables = {
            n: batch.run(asked.set_in_order, words[:: 1 if n < 3 else -1], store=tmp_path / str(n), workers=n)
            for n in (1, 2, 3)
        }

        one, two, other_way = (tables[n] for n in (1, 2, 3))
        assert one.table() == two.table()
        assert one.rows == other_way.rows[::-1]

    def test_leaves_the_others_where_a_task_fails(self, tmp_path):
        words = tasks("fine", "refuse no ground", "die", "exit", "text x", "print", f"once {tmp_path / 'died'}", "end")

        outcome = batch.run(asked.moody, words, store=tmp_path / "store")

        assert [(r.status, r.note) for r in outcome.rows] == [
            ("done", ""), ("failed", "LookupError: no ground"), ("failed", "process_ended: SIGKILL, then SIGKILL"),
            ("failed", "process_ended: exit 7, then exit 7"),
            ("failed", "TypeError: the function gave str, not bytes"), ("done", ""), ("done", ""), ("done", ""),
        ]  # fmt: skip
        assert (tmp_path / "died").exists()  # killed once, answered at the second try
        assert {r.name for r in outcome.failed} == {"task 1", "task 2", "task 3", "task 4"}
        with pytest.raises(LookupError, match="no ground"):
            batch.answer(outcome.rows[1], store=tmp_path / "store")

    def test_asks_a_failed_task_again_and_nothing_else(self, tmp_path):
        words = tasks("fine", "refuse once more")
        batch.run(asked.moody, words, store=tmp_path)

        again = batch.run(asked.moody, words, store=tmp_path)

        assert (again.made, again.kept, len(again.failed)) == (0, 1, 1)

    def test_that_was_killed_is_taken_up_where_it_was(self, tmp_path):
        store = tmp_path / "store"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(store)], env=environment)
        patience = time.monotonic() + 300
        while len(list(store.rglob("*.answer"))) < 3 and time.monotonic() < patience:
            assert driver.poll() is None
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        before = {p for p in kept(store) if p.endswith(".answer")}

        outcome = batch.run(asked.slowly, numbered(12), store=store)

        assert len(before) >= 3
        assert outcome.kept + outcome.made == 12
        assert outcome.kept == sum(row.key + ".answer" in before for row in outcome.rows) >= 1
        assert not outcome.failed

    def test_asks_once_what_two_tasks_have_in_common(self, tmp_path):
        outcome = batch.run(asked.doubled, tasks("same", "same", "other"), store=tmp_path)

        assert (outcome.made, len(kept(tmp_path))) == (2, 2)
        assert outcome.rows[0].digest == outcome.rows[1].digest

    def test_beside_another_on_the_same_store_writes_each_answer_once(self, tmp_path):
        outcomes: list[batch.Outcome] = []
        both = [
            threading.Thread(
                target=lambda: outcomes.append(batch.run(asked.slowly, numbered(8), store=tmp_path, workers=1))
            )
            for _ in range(2)
        ]
        for one in both:
            one.start()
        for one in both:
            one.join()

        assert outcomes[0].table() == outcomes[1].table()
        assert len(kept(tmp_path)) == 8

    def test_broken_off_by_its_own_tasks_keeps_what_was_answered(self, tmp_path):
        def tasks():
            yield from numbered(6)
            raise OSError("the table ends here")

        with pytest.raises(OSError, match="ends here"):
            batch.run(asked.doubled, tasks(), store=tmp_path, workers=1)

        assert batch.run(asked.doubled, numbered(6), store=tmp_path).kept >= 1


class TestIsRefused:
    @pytest.mark.parametrize(
        ("asks", "code"),
        [
            ({"engine": "cloud"}, "no_such_engine"), ({"workers": 0}, "no_workers"),
            ({"tasks": [*numbered(2), *numbered(1)]}, "same_name_twice"),
            ({"function": lambda given: given}, "not_of_a_module"),
        ],
    )  # fmt: skip
    def test_with_a_code(self, tmp_path, asks, code):
        given = {"function": asked.doubled, "tasks": numbered(1), "store": tmp_path, **asks}

        with pytest.raises(batch.CannotRun) as no:
            batch.run(given.pop("function"), given.pop("tasks"), **given)

        assert no.value.code == code

    def test_without_the_extra_before_anything_is_asked(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyspark", None)

        with pytest.raises(refusals.SparkIsMissing, match=r"jishi\[spark\]"):
            batch.run(asked.doubled, numbered(1), store=tmp_path, engine="spark")


class TestTheStore:
    def test_never_writes_over_an_answer(self, tmp_path):
        store = memo.Memo(tmp_path)

        assert [store.put("ab12", b"one"), store.put("ab12", b"one"), store.put("ab12", b"two")] == [True, True, False]
        assert store.get("ab12") == b"one"

    def test_takes_a_damaged_answer_for_none_and_has_it_made_again(self, tmp_path):
        first = batch.run(asked.doubled, numbered(2), store=tmp_path)
        path = memo.Memo(tmp_path).path(first.rows[0].key)
        path.write_bytes(path.read_bytes()[:-1])

        again = batch.run(asked.doubled, numbered(2), store=tmp_path)

        assert (again.made, again.kept, again.table()) == (1, 1, first.table())

    def test_shows_two_answers_to_one_question(self, tmp_path):
        work, store = editions.work(asked.doubled), memo.Memo(tmp_path)
        given = batch.Task("one", b"x")
        run = running._Run(work, store)
        (question,) = run.open_ones([given])
        store.put(question.key, b"what another machine said")

        run.settle(question, running.Reply(answered=True, content=b"xx"))

        assert run.outcome().rows[0].note.startswith("two_answers")


class TestAnEdition:
    def test_is_another_for_another_function_and_so_is_the_key(self):
        one, other = editions.work(asked.doubled), editions.work(asked.slowly)

        assert one.edition != other.edition
        assert running.key(one, b"x") != running.key(other, b"x")
        assert running.key(one, b"x") != running.key(one, b"y")

    def test_that_a_machine_does_not_have_is_not_answered(self):
        warden = Warden(Work(editions.work(asked.doubled).place, "0" * 64))

        reply = warden.ask(b"x")

        assert not reply.answered
        assert reply.note.startswith("other_edition")
