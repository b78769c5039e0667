"""The broker at its edges: a disk that is full, two towns on one list, questions made to break it."""

import errno
import os
from io import FileIO
from pathlib import Path

import pytest

from jishi.foundation.broker import book as books
from jishi.foundation.tests.test_broker import CONTEXT, OPENED, SUITE, House


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path / "broker")
    yield made
    made.desk.close()


class Failing(FileIO):
    """A disk that is full: a line goes in by half, or fails at the end; `stuck`: nothing can be taken back either."""

    def __init__(self, path: Path, at: str, *, stuck: bool = False) -> None:
        super().__init__(os.open(path, os.O_RDWR | os.O_APPEND), "r+")
        self.at, self.stuck, self.failed = at, stuck, 0

    def write(self, line: bytes) -> int:
        if self.failed:
            return super().write(line)
        self.failed += 1
        super().write(line[:20])
        if self.at == "half":
            return 20
        raise OSError(errno.ENOSPC, "no space left")

    def truncate(self, size: int | None = None) -> int:
        if self.stuck:
            raise OSError(errno.EIO, "a broken disk")
        return super().truncate(size)


class TestAFullDisk:
    def put(self, house: House, at: str, **more) -> None:
        kept, house.desk.book._file = house.desk.book._file, Failing(house.folder / books.NAME, at, **more)
        self.kept = kept  # holds the lock

    @pytest.mark.parametrize("at", ["half", "end"])
    def test_leaves_no_half_line_and_no_number_twice(self, at: str, house: House) -> None:
        whole = (house.folder / books.NAME).read_bytes()
        self.put(house, at)

        said = house.ask("destroy", contexts=[CONTEXT.hex()])

        assert said["refused"] == "key_not_available"
        kept = (house.folder / books.NAME).read_bytes()
        assert kept.startswith(whole)
        assert house.approve()["until"]
        assert [line["seq"] for line in house.lines()] == [1, 2, 3]
        assert [line["do"] for line in house.lines()] == ["begun", "refused", "approved"]
        self.kept.close()
        house.again()
        assert house.look() == OPENED

    def test_that_gives_nothing_back_ends_every_answer_until_a_new_start(self, house: House) -> None:
        self.put(house, "end", stuck=True)

        asked = {"context": b"c".hex(), "suite": SUITE}
        said = [house.ask("destroy", contexts=[CONTEXT.hex()]), house.ask("mac", value="00", **asked)]
        said.append(house.ask("people"))

        assert {one["refused"] for one in said} == {"key_not_available"}
        assert house.ask("health")["ok"] is False
        self.kept.close()
        house.again()
        assert (house.ask("health")["ok"], len(house.lines())) == (True, 1)
        assert house.look(house.receiver, "receive") == OPENED
