"""Questions go out as hands are free and replies come back as they are ready: nothing waits for the slowest."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Asked = TypeVar("Asked")
Said = TypeVar("Said")


def stream(
    ask: Callable[[Asked], Said], questions: Iterator[Asked], *, ahead: int, ending: Callable[[], object]
) -> Iterator[tuple[Asked, Said]]:
    """This will give each question with what was said, in no order; `ahead` are out at once, others are not read yet.

    `ending` is called when no more questions are out, also where the run was broken off.
    """
    out: dict[Future[Said], Asked] = {}
    pool = ThreadPoolExecutor(ahead, thread_name_prefix="jishi-batch")
    try:
        for question in questions:
            out[pool.submit(ask, question)] = question
            if len(out) >= ahead:
                yield from _ready(out)
        while out:
            yield from _ready(out)
    finally:
        ending()
        pool.shutdown(wait=True, cancel_futures=True)


def _ready(out: dict[Future[Said], Asked]) -> Iterator[tuple[Asked, Said]]:
    done, _ = wait(out, return_when=FIRST_COMPLETED)
    for one in done:
        yield out.pop(one), one.result()
