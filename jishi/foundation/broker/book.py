"""The broker's book 簿: what it did, line chained to line; its list and its approvals are read from it.

A line is written and on the disk before the answer leaves: what is not in the book was not done. Lines hold ids, codes
and public keys, never a value, a key or a word that somebody said.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

from jishi.foundation.keys import KeyNotAvailable, Wish
from jishi.kernels.ledger.canonical import canonical

NAME = "book.jsonl"
START = "0" * 64
RECEIVE, UNSEAL, LIST = "receive", "unseal", "list"
MAY = (RECEIVE, UNSEAL, LIST)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """One passkey on the list, whose it is, and what it may sign for.

    `may`: "receive" (look, as the receiving body), "unseal" (ask for or approve an unsealing), "list" (change it).
    `rp` is the host for which the passkey was made; `public_key` is COSE in CBOR; both keys in hex.
    """

    tenant: int
    account: int
    body: str
    name: str
    credential: str
    public_key: str
    rp: str
    may: tuple[str, ...]

    @property
    def who(self) -> tuple[int, int]:
        """Name the person: one person may have several passkeys."""
        return (self.tenant, self.account)


@dataclass(frozen=True, slots=True)
class Approval:
    """The second person let `asker` look, until then (seconds of the broker's clock)."""

    person: Person
    until: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the list that waits for the second approver."""

    number: int
    kind: str
    about: Row
    by: Person
    at: int


@dataclass
class State:
    """What the book says now."""

    people: dict[str, Person] = field(default_factory=dict)
    waiting: dict[int, Change] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    destroyed: set[str] = field(default_factory=set)
    made: dict[int, tuple[int, int]] = field(default_factory=dict)  # which change, by whom
    head: str = START
    count: int = 0

    def take(self, row: Row) -> None:
        """Read one line on. Which lines may be written was decided when they were."""
        facts = row["facts"]
        if row["do"] == "begun":
            self.people = {one["credential"]: person_of(one) for one in facts["people"]}
        elif row["do"] == "joined":
            self.people |= {one["credential"]: person_of(one) for one in facts["people"]}
        elif row["do"] == "withdrawn":
            self.approvals.pop(facts["of"], None)
        elif row["do"] == "approved":
            self.approvals[facts["of"]] = Approval(person_of(facts["by"]), facts["until"])
        elif row["do"] == "change_asked":
            by = person_of(facts["by"])
            self.waiting[row["seq"]] = Change(row["seq"], facts["kind"], facts["about"], by, row["at"])
        elif row["do"] == "change_made":
            self._make(self.waiting.pop(facts["change"]))
            self.made[facts["change"]] = person_of(facts["by"]).who
        elif row["do"] == "destroyed":
            self.destroyed.update(facts["marks"])
        self.head, self.count = row["hash"], row["seq"]

    def _make(self, change: Change) -> None:
        if change.kind == "add":
            self.people[change.about["credential"]] = person_of(change.about)
        elif change.kind == "remove":
            self.people.pop(change.about["credential"], None)
        elif change.kind == "destroy":
            self.destroyed.add(change.about["mark"])


class NotWhole(Exception):
    """The book was changed: names the first line that does not follow."""


class Book:
    """The book of one broker, held open and locked: two brokers never write one book."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Open or begin it.

        :raises KeyNotAvailable: another broker holds it. :raises NotWhole: it was changed since it was written.
        """
        self.path, self.clock, self.state = folder / NAME, clock, State()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._file: FileIO = FileIO(descriptor, "r+")  # nothing waits in memory: what failed is not written later
        self.is_sound = True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise KeyNotAvailable(why="held") from None
        raw = self._file.readall()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:  # cut off by a power cut: its answer never left
            self._file.truncate(len(whole))
        self._length = len(whole)
        for row in rows_of(whole):
            self.state.take(row)

    def write(self, do: str, **facts: Any) -> int:
        """This will add one line and have it on the disk; gives its number.

        :raises KeyNotAvailable: the disk took it not, or not whole; what it took is taken out again. Where that
            fails too, the book takes nothing more until it is opened anew, which cuts off a half line.
        """
        self.ensure_sound()
        row: dict[str, Any] = {
            "seq": self.state.count + 1, "at": int(self.clock()), "do": do, "facts": facts, "prev": self.state.head,
        }  # fmt: skip
        row["hash"] = hash_of(row)
        line = canonical(row).encode() + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "a part of a line")
            os.fsync(self._file.fileno())
        except OSError as full:
            self._take_back()
            raise KeyNotAvailable(why="book") from full
        self._length += len(line)
        self.state.take(row)
        return int(row["seq"])

    def ensure_sound(self) -> None:
        """Insist that the file says what the state says. :raises KeyNotAvailable: a line could not be taken back."""
        if not self.is_sound:
            raise KeyNotAvailable(why="book")

    def _take_back(self) -> None:
        self.is_sound = False
        with contextlib.suppress(OSError):
            self._file.truncate(self._length)
            os.fsync(self._file.fileno())
            self.is_sound = True

    def close(self) -> None:
        """Let go of the book."""
        self._file.close()


def rows_of(raw: bytes) -> Iterable[Row]:
    """Give the lines of a book, each checked against the one before it. :raises NotWhole: one does not follow."""
    head = START
    for number, line in enumerate(raw.splitlines(), 1):
        try:
            row = json.loads(line)
            fits = row["seq"] == number and row["prev"] == head and row["hash"] == hash_of(row)
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            raise NotWhole(f"{number}")
        head = row["hash"]
        yield row


def hash_of(row: Row) -> str:
    """Give the hash of one line: over all of it but the hash itself."""
    return hashlib.sha256(b"\0" + canonical({k: v for k, v in row.items() if k != "hash"}).encode()).hexdigest()


def person_of(facts: Row) -> Person:
    """Read one person. :raises KeyError, TypeError: it is none."""
    names = ("tenant", "account", "body", "name", "credential", "public_key", "rp")
    return Person(**{name: facts[name] for name in names}, may=tuple(facts["may"]))


def written(person: Person) -> dict[str, Any]:
    """Write one person for a line."""
    return {**asdict(person), "may": list(person.may)}


def approval_of(wish: Wish) -> str:
    """Name what was approved: this asker, this row, this request."""
    return f"{wish.tenant_id}:{wish.owner_table}:{wish.owner_row}:{wish.unsealing}:{wish.asker}"
