"""What goes into a run and what comes out of it."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Function = Callable[[bytes], bytes]  # of a module, so that another process finds it by its name
Status = Literal["done", "failed"]


@dataclass(frozen=True, slots=True)
class Task:
    """One matter to be worked out: a name that people know, and everything the function is given."""

    name: str
    given: bytes


@dataclass(frozen=True, slots=True)
class Work:
    """A function under its place, and the edition of all that decides its answers beside what is given."""

    place: bytes
    edition: str


@dataclass(frozen=True, slots=True)
class Question:
    """A task that nobody has answered yet, under its key."""

    key: str
    given: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The function's answer, or why there is none."""

    answered: bool
    content: bytes

    @property
    def note(self) -> str:
        """Say why there is no answer."""
        return "" if self.answered else self.content.decode()


Replies = Iterator[tuple[Question, Reply]]  # in no order


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of statuses; `digest` is the SHA-256 of the answer, `note` says why there is none."""

    name: str
    key: str
    status: Status
    digest: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run: one row per task in the order of the tasks; how many were answered now, and by the store."""

    rows: tuple[Row, ...]
    made: int
    kept: int

    @property
    def failed(self) -> tuple[Row, ...]:
        """Give the tasks without an answer."""
        return tuple(row for row in self.rows if row.status == "failed")

    def table(self) -> bytes:
        """Give the statuses as CSV: the same bytes however the tasks were spread, and whoever answered them."""
        with io.StringIO(newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["name", "status", "key", "digest", "note"])
            writer.writerows([row.name, row.status, row.key, row.digest, row.note] for row in self.rows)
            return out.getvalue().encode()
