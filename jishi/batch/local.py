"""The engine of one machine: as many child processes as workers."""

from collections.abc import Iterator
from queue import SimpleQueue

from .streaming import stream
from .values import Question, Replies, Reply, Work
from .warden import Warden


def answers(work: Work, questions: Iterator[Question], *, workers: int) -> Replies:
    """This will answer the questions with so many processes of this machine."""
    wardens = [Warden(work) for _ in range(workers)]
    free: SimpleQueue[Warden] = SimpleQueue()
    for warden in wardens:
        free.put(warden)

    def ask(question: Question) -> Reply:
        warden = free.get()
        try:
            return warden.ask(question.given)
        finally:
            free.put(warden)

    def end() -> None:
        for one in wardens:
            one.close()

    yield from stream(ask, questions, ahead=workers, ending=end)
