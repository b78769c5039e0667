"""Spark spreads what one machine works out by itself: the same table, the same answers, byte for byte.

These run where the extra [spark] is installed and Java is there; elsewhere they are skipped and say so.
"""

import shutil
from importlib.util import find_spec

import pytest

from jishi import batch
from jishi.batch.tests import asked

NO_SPARK = "the extra [spark] or Java is not installed"
pytestmark = pytest.mark.skipif(find_spec("pyspark") is None or shutil.which("java") is None, reason=NO_SPARK)


def words(folder) -> list[batch.Task]:
    said = ["fine", "refuse no ground", "die", "print", f"once {folder / 'died'}", *(f"n {i}" for i in range(20))]
    return [batch.Task(f"task {n}", one.encode()) for n, one in enumerate(said)]


def test_spark_gives_the_same_bytes_as_one_machine_and_leaves_the_others_where_a_task_fails(tmp_path):
    tasks = words(tmp_path)
    here = batch.run(asked.moody, tasks, store=tmp_path / "here")
    (tmp_path / "died").unlink()

    there = batch.run(asked.moody, tasks, store=tmp_path / "there", engine="spark")
    done = [task for task, row in zip(tasks, there.rows, strict=True) if row.status == "done"]
    again = batch.run(asked.moody, done, store=tmp_path / "there", engine="spark")

    assert there.table() == here.table()
    assert [batch.answer(r, store=tmp_path / "there") for r in again.rows] == [
        batch.answer(r, store=tmp_path / "here") for r in here.rows if r.status == "done"
    ]
    assert (there.made, again.made, again.kept, len(there.failed)) == (23, 0, 23, 2)


def test_a_cluster_that_does_not_answer_is_refused(tmp_path):
    with pytest.raises(batch.CannotRun) as no:
        batch.run(asked.doubled, [batch.Task("one", b"1")], store=tmp_path, engine="spark", master="nowhere")

    assert no.value.code == "spark_did_not_start"
