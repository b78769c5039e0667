"""The engine of many machines: Apache Spark, by the extra [spark]. A job for every few tasks, several out at once.

Spark spreads, a warden in each of its workers asks: whatever a task does to its process, the answer or the reason is
the one that the local engine gives. Jishi and the same versions of its parts are installed on every machine; a
machine with another edition says so instead of answering. The answers come to the one who asked, who keeps them.
"""

import os
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from .refusals import SparkDidNotStart, SparkIsMissing
from .streaming import stream
from .values import Question, Replies, Reply, Work
from .warden import Warden

AHEAD = 2  # jobs per core: the next one is there when a core is free
SHEAF = 4  # tasks per job at most: a job costs Spark some hundredths of a second, whatever is in it
ROOT = Path(__file__).resolve().parents[2]

_wardens: dict[tuple[bytes, str], Warden] = {}  # of a worker of Spark, which lives on from task to task


def answers(work: Work, questions: Iterator[Question], *, workers: int, master: str) -> Replies:
    """This will answer the questions with so many cores of a cluster; without a `master`, of this machine.

    :raises SparkIsMissing: without the extra or without Java. :raises SparkDidNotStart: if no cluster answers.
    """
    context = _context(workers, master)
    worked = partial(_answered, work)

    def ask(sheaf: list[Question]) -> list[Reply]:
        try:
            said = context.parallelize([one.given for one in sheaf], 1).map(worked).collect()
        except Exception as no:  # noqa: BLE001 -- Java's own: a worker was lost more often than Spark tries
            alone = len(sheaf) == 1
            lost = Reply(False, f"spark_gave_up: {type(no).__name__}".encode())
            return [lost] if alone else [reply for one in sheaf for reply in ask([one])]
        return [Reply(answered, content) for answered, content in said]

    for sheaf, replies in stream(ask, _sheaves(questions, workers), ahead=AHEAD * workers, ending=context.stop):
        yield from zip(sheaf, replies, strict=True)


def _sheaves(questions: Iterator[Question], workers: int) -> Iterator[list[Question]]:
    """Bind the first ones singly, so that few tasks reach all workers, later ones together."""
    bound = 0
    while sheaf := list(islice(questions, min(SHEAF, 1 + bound // (8 * workers)))):
        bound += len(sheaf)
        yield sheaf


def _answered(work: Work, given: bytes) -> tuple[bool, bytes]:
    """Run in a worker of Spark."""
    key = (work.place, work.edition)
    if key not in _wardens:
        _wardens[key] = Warden(work)
    reply = _wardens[key].ask(bytes(given))
    return reply.answered, reply.content


def _context(workers: int, master: str) -> Any:
    try:
        from pyspark import SparkConf, SparkContext
        from pyspark.errors import PySparkException
    except ImportError as no:
        raise SparkIsMissing() from no
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setAppName("jishi").setMaster(master or f"local[{workers}]")
    for name, value in _settings(workers).items():
        conf.set(name, value)
    try:
        context = SparkContext(conf=conf)
    except (PySparkException, OSError) as no:
        raise SparkIsMissing(java=os.environ.get("JAVA_HOME", "java")) from no
    except Exception as no:
        raise SparkDidNotStart(master=conf.get("spark.master")) from no
    context.setLogLevel("ERROR")
    return context


def _settings(workers: int) -> dict[str, str]:
    """One core a task, as many as were asked for; code is found where this one was found."""
    return {
        "spark.cores.max": str(workers), "spark.task.cpus": "1", "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false", "spark.python.worker.reuse": "true",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(":"),
    }  # fmt: skip
