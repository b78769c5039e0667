"""The engine's door: many tasks, one function, a store of answers, a table of statuses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from . import editions, local, memo, spark
from .refusals import NoSuchEngine, NoWorkers, SameNameTwice
from .values import Function, Outcome, Question, Replies, Reply, Row, Task, Work

ENGINES = ("local", "spark")


def run(
    function: Function, tasks: Iterable[Task], *, store: Path, engine: str = "local", workers: int = 2, master: str = ""
) -> Outcome:
    """This will work every task out once and keep the answers in `store`.

    What the store holds is not asked again; a task that fails leaves the others and is asked again by the next run.
    Tasks are read as they are needed. Answers and table are the same bytes for any engine, number of workers and
    order of spreading, if the function's answer depends on nothing but what it is given.

    :raises CannotRun: one of `refusals`; answers that were there by then are kept.
    """
    if engine not in ENGINES:
        raise NoSuchEngine(engine=engine)
    if workers < 1:
        raise NoWorkers(workers=workers)
    work = editions.work(function)
    run_ = _Run(work, memo.Memo(store))
    for question, reply in _replies(work, run_.open_ones(tasks), engine, workers, master):
        run_.settle(question, reply)
    return run_.outcome()


def answer(row: Row, *, store: Path) -> bytes:
    """This will give the answer of a row that is done.

    :raises LookupError: if the store has none, or no longer the one that the row names.
    """
    content = memo.Memo(store).get(row.key)
    if content is None or memo.digest(content) != row.digest:
        raise LookupError(f"{row.name}: {row.status} {row.note}".rstrip())
    return content


def key(work: Work, given: bytes) -> str:
    """This will give the key of an answer: edition and input, never the name."""
    return sha256(work.edition.encode() + sha256(given).digest()).hexdigest()


def _replies(work: Work, questions: Iterator[Question], engine: str, workers: int, master: str) -> Replies:
    """Start the engine only where something is left to be asked."""
    first = next(questions, None)
    if first is None:
        return iter(())
    rest = _after(first, questions)
    if engine == "local":
        return local.answers(work, rest, workers=workers)
    return spark.answers(work, rest, workers=workers, master=master)


def _after(first: Question, rest: Iterator[Question]) -> Iterator[Question]:
    yield first
    yield from rest


@dataclass
class _Run:
    work: Work
    store: memo.Memo
    names: dict[str, str] = field(default_factory=dict)  # name: key, in the order of the tasks
    settled: dict[str, tuple[str, str]] = field(default_factory=dict)  # key: digest, note
    made: int = 0
    kept: int = 0

    def open_ones(self, tasks: Iterable[Task]) -> Iterator[Question]:
        """Give what is to be asked: no name twice, no key that is kept or out already."""
        out = set[str]()
        for task in tasks:
            if task.name in self.names:
                raise SameNameTwice(name=task.name)
            at = self.names[task.name] = key(self.work, task.given)
            there = self.store.get(at) if at not in out else None
            if there is not None:
                self.kept += 1
                self.settled[at] = (memo.digest(there), "")
            elif at not in out:
                out.add(at)
                yield Question(at, task.given)

    def settle(self, question: Question, reply: Reply) -> None:
        """Keep an answer; two that differ prove that the function looks at more than it is given."""
        if not reply.answered:
            self.settled[question.key] = ("", reply.note)
        elif self.store.put(question.key, reply.content):
            self.made += 1
            self.settled[question.key] = (memo.digest(reply.content), "")
        else:
            self.settled[question.key] = ("", "two_answers: the same question was answered otherwise before")

    def outcome(self) -> Outcome:
        rows = []
        for name, at in self.names.items():
            digest, note = self.settled[at]
            rows.append(Row(name, at, "failed" if note or not digest else "done", digest, note))
        return Outcome(tuple(rows), self.made, self.kept)
