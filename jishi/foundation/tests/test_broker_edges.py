"""The broker at its edges: a disk that is full, two towns on one list, questions made to break it."""

import base64
import errno
import hashlib
import json
import os
import socket
import threading
from io import FileIO
from pathlib import Path

import pytest

from jishi.foundation import keys
from jishi.foundation.broker import book as books
from jishi.foundation.broker import desk as desks
from jishi.foundation.broker import refusals as no
from jishi.foundation.broker import wire
from jishi.foundation.tests.device import HOST, Device
from jishi.foundation.tests.test_broker import CONTEXT, OPENED, SUITE, House, wish


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path / "broker")
    yield made
    made.desk.close()


def data_key(context: bytes) -> dict:
    return {"mark": keys.mark_of(context), "context": context.hex()}


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


class TestTwoTownsOnOneList:
    """The approvers of one town do nothing to the people and the keys of the other one."""

    @pytest.fixture
    def there(self, tmp_path: Path):
        """A broker of two towns; the approvers of the second one are `there.away`, its receiver `there.theirs`."""
        made = House(tmp_path / "one")
        made.desk.close()
        made.folder = tmp_path / "two"
        made.folder.mkdir(mode=0o700)
        made.away, made.theirs = (Device(), Device(), Device()), Device()
        approvers = [one.listed(n, "1", "list", tenant=2) for n, one in enumerate(made.away, 1)]
        made.theirs_listed = made.theirs.listed(9, "5", "receive", tenant=2)
        made.desk = desks.Desk(made.folder, made.clock)
        made.desk.begin([*made.people, *approvers, made.theirs_listed])
        yield made
        made.desk.close()

    def test_a_change_of_the_other_towns_list_or_keys_is_refused(self, there: House) -> None:
        theirs = books.written(there.theirs_listed)
        new = books.written(Device().listed(99, "5", "receive", tenant=2))
        grabbed = {**theirs, "tenant": 1, "account": 1}  # their passkey, made one of ours
        asked = [
            ("add", new), ("add", theirs), ("add", grabbed), ("remove", {"credential": theirs["credential"]}),
            ("destroy", data_key(b"data-key:2:contact.caller:1")), ("destroy", data_key(CONTEXT)),
        ]  # fmt: skip

        for kind, about in asked:
            asks = {"act": "ask_change", "kind": kind, "about": about}
            assert there.do("ask_change", there.first, asks)["refused"] == "not_on_the_list", kind
        no_key_of_it = {**data_key(b"data-key:2:contact.caller:1"), "context": b"data-key:1:x:1".hex()}
        asks = {"act": "ask_change", "kind": "destroy", "about": no_key_of_it}
        assert there.do("ask_change", there.first, asks)["refused"] == "not_asked_like_that"
        assert there.ask("people")["waiting"] == []

    def test_the_second_approver_is_of_the_same_town(self, there: House) -> None:
        about = books.written(Device().listed(31, "5", "receive"))
        number = there.do("ask_change", there.first, {"act": "ask_change", "kind": "add", "about": about})["number"]
        make = {"act": "make_change", "change": number}

        assert there.do("make_change", there.away[1], make)["refused"] == "not_on_the_list"
        assert there.do("make_change", there.second, make) == {"made": number}

    def test_each_town_keeps_two_approvers_of_its_own(self, there: House, tmp_path: Path) -> None:
        gone = {"act": "ask_change", "kind": "remove", "about": {"credential": there.second.credential.hex()}}
        assert there.do("ask_change", there.first, gone)["refused"] == "too_few_approvers"
        gone["about"] = {"credential": there.away[2].credential.hex()}
        assert there.do("ask_change", there.away[0], gone)["number"]

        (tmp_path / "three").mkdir()
        fresh = desks.Desk(tmp_path / "three", there.clock)
        with pytest.raises(no.TooFewApprovers):
            fresh.begin([*there.people, there.theirs_listed, there.away[0].listed(1, "1", "list", tenant=2)])
        fresh.close()


DEEP = "[" * 5000
TOLD = hashlib.sha256(HOST.encode()).digest() + bytes([0x05]) + bytes(4)


def shown(house: House, told: bytes, *, client: str = "") -> str:
    """Answer as the receiver's device, with something else where it says what it saw."""
    asked = json.loads(house.signed(house.receiver, wish("receive")))
    asked["response"]["authenticatorData"] = base64.urlsafe_b64encode(told).decode()
    if client:
        asked["response"]["clientDataJSON"] = base64.urlsafe_b64encode(client.encode()).decode()
    return json.dumps(asked)


class TestWhatIsMadeToBreakIt:
    def test_a_signature_nested_too_deeply_or_cut_off_is_none(self, house: House) -> None:
        odd = [
            DEEP, '{"response":' + DEEP, shown(house, TOLD, client=DEEP),
            *(shown(house, TOLD[:n]) for n in (0, 32, 34)),
            shown(house, TOLD[:32] + bytes([0xC5]) + TOLD[33:]), shown(house, TOLD[:32] + bytes([0x45]) + bytes(24)),
            shown(house, TOLD[:32] + bytes([0x85]) + bytes(4) + b"\x81" * 5000),
            shown(house, TOLD[:32] + bytes([0x85]) + bytes(4) + b"\xa1\x80\x00"),
        ]  # fmt: skip

        for one in odd:
            said = house.ask("open_own", wish=wish("receive"), kept=house.kept(), shown=one)
            assert said["refused"] == "signature_needed", (said, one[:40])

    def test_a_wish_nested_too_deeply_is_refused(self, house: House) -> None:
        deep: list = []
        for _ in range(100_000):
            deep = [deep]

        assert house.ask("challenge", wish=deep)["refused"] == "not_asked_like_that"

    def test_a_message_nested_too_deeply_ends_its_connection_alone(self) -> None:
        here, there = socket.socketpair()
        raw = DEEP.encode() * 100
        with here, there:
            threading.Thread(target=here.sendall, args=(len(raw).to_bytes(4, "big") + raw,)).start()
            with pytest.raises(wire.Broken):
                wire.receive(there)
