"""The broker when something is lost or somebody is silent: an answer, a connection, the patience of one person."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from jishi.foundation import keys
from jishi.foundation.broker import book as books
from jishi.foundation.broker import desk as desks
from jishi.foundation.broker import refusals as no
from jishi.foundation.broker import serving, wire
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.tests.device import Device
from jishi.foundation.tests.test_broker import CONTEXT, KEY, OPENED, ROW, SUITE, House, wish


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path / "broker")
    yield made
    made.desk.close()


class TestAnAnswerThatWasLost:
    def test_is_given_again_to_the_same_question_and_nothing_is_done_twice(self, house: House) -> None:
        asked = wish("receive")
        said = {"wish": asked, "kept": house.kept(), "shown": house.signed(house.receiver, asked), "once": "a1"}

        first, lines = house.ask("open_own", **said), len(house.lines())

        assert house.ask("open_own", **said) == first == OPENED
        assert len(house.lines()) == lines

    @pytest.mark.parametrize("more", [{"once": "b2"}, {"once": ""}, {"kept": []}, {"late": True}])
    def test_is_given_to_no_other_question_and_not_for_long(self, more: dict, house: House) -> None:
        asked = wish("receive")
        said = {"wish": asked, "kept": house.kept(), "shown": house.signed(house.receiver, asked), "once": "a1"}
        house.ask("open_own", **said)
        house.clock.now += desks.LOST + 1 if more.pop("late", False) else 0

        assert house.ask("open_own", **{**said, **more})["refused"] == "signature_needed"

    def test_of_an_approval_or_a_change_that_a_crash_swallowed_is_signed_for_anew(self, house: House) -> None:
        about = {"credential": house.friend.credential.hex()}
        ask = {"act": "ask_change", "kind": "remove", "about": about}
        number = house.do("ask_change", house.first, ask)["number"]
        house.again()

        assert house.do("ask_change", house.first, ask) == {"number": number}
        make = {"act": "make_change", "change": number}
        assert house.do("make_change", house.second, make) == {"made": number}
        house.again()
        assert house.do("make_change", house.second, make) == {"made": number}
        assert house.do("make_change", house.third, make)["refused"] in ("not_on_the_list", "signature_needed")
        assert [line["do"] for line in house.lines()].count("change_asked") == 1
        assert [line["do"] for line in house.lines()].count("change_made") == 1

    def test_of_an_end_is_asked_for_again_and_stands_once(self, house: House) -> None:
        for _ in range(2):
            assert house.ask("destroy", contexts=[CONTEXT.hex()]) == {"destroyed": 1}

        assert [line["do"] for line in house.lines()].count("destroyed") == 1


class TestAnApprovalThatIsTakenBack:
    def test_opens_nothing_any_more(self, house: House) -> None:
        house.approve()
        assert house.look() == OPENED

        house.ask("withdraw", wish=wish("approve"))

        assert house.look()["refused"] == "second_person_needed"
        house.again()
        assert house.look()["refused"] == "second_person_needed"


class TestOnePersonsHaste:
    """What one person asks for is counted against that person alone."""

    def test_takes_no_challenge_from_another(self, house: House) -> None:
        house.again(limits={**desks.LIMITS, "challenge": (60, 3)})

        mine = [house.ask("challenge", wish=wish("receive"), who=[1, 30]) for _ in range(4)]

        assert [one.get("refused") for one in mine] == [None, None, None, "too_costly_wait"]
        assert "bytes" in house.ask("challenge", wish=wish("look"), who=[1, 10])
        strangers = [house.ask("challenge", wish=wish("look"), who=[1, n]).get("refused") for n in range(500, 504)]
        assert strangers == [None, None, None, "too_costly_wait"]  # one share for all who are not on the list

    def test_pushes_out_own_challenges_alone(self, house: House) -> None:
        theirs = bytes.fromhex(house.ask("challenge", wish=wish("receive"), who=[1, 30])["bytes"])
        first = bytes.fromhex(house.ask("challenge", wish=wish("look"), who=[1, 10])["bytes"])
        for _ in range(desks.PENDING):
            house.ask("challenge", wish=wish("look"), who=[1, 10])
        said = {"wish": wish("receive"), "kept": house.kept(), "shown": house.receiver.signed(theirs).decode()}

        assert house.ask("open_own", **said) == OPENED
        said = {"wish": wish("look"), "kept": house.kept(), "shown": house.asker.signed(first).decode()}
        assert house.ask("open_own", **said)["refused"] == "signature_needed"

    def test_with_bad_signatures_leaves_the_others_theirs(self, house: House) -> None:
        house.again(limits={**desks.LIMITS, "signed": (60, 2)})
        for _ in range(3):
            said = house.look(Device(), "receive")

        assert said["refused"] == "too_costly_wait"
        assert house.look(house.receiver, "receive") == OPENED

    def test_naming_the_passkey_of_another_leaves_him_his_share(self, house: House) -> None:
        house.again(limits={**desks.LIMITS, "signed": (60, 2)})
        named = Device()
        named.credential = house.receiver.credential
        for _ in range(3):
            forged = named.signed(b"0" * 32).decode()
            said = house.ask("open_own", wish=wish("receive"), kept=house.kept(), shown=forged)

        assert said["refused"] == "too_costly_wait"
        assert house.look(house.receiver, "receive") == OPENED


class TestATownThatComesLater:
    def people(self) -> list[books.Person]:
        return [Device().listed(n, "1", "list", tenant=2) for n in (1, 2)]

    def test_has_its_own_first_list_and_the_others_keep_theirs(self, house: House) -> None:
        before = house.ask("people")["people"]

        house.desk.join(self.people())

        assert [one for one in house.ask("people")["people"] if one["tenant"] == 1] == before
        house.again()
        assert {one["tenant"] for one in house.ask("people")["people"]} == {1, 2}
        assert house.look(house.receiver, "receive") == OPENED

    def test_brings_two_approvers_and_nobody_whom_the_broker_knows(self, house: House, tmp_path: Path) -> None:
        with pytest.raises(no.TooFewApprovers):
            house.desk.join(self.people()[:1])
        both = [*self.people(), Device().listed(3, "1", "list", tenant=3)]
        known = house.receiver.listed(30, "5", "list", tenant=2)
        for people in (house.people, both, [*self.people(), known], []):
            with pytest.raises(no.NotAskedLikeThat):
                house.desk.join(people)
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        empty = desks.Desk(fresh, house.clock)
        with pytest.raises(no.NotAskedLikeThat):
            empty.join(self.people())
        empty.close()

        assert [line["do"] for line in house.lines()] == ["begun"]


@pytest.fixture
def served(tmp_path: Path):
    folder, site = tmp_path / "broker", tmp_path / "site"
    made = House(folder)
    made.desk.close()
    wire.make_pair(folder, wire.BROKER)
    wire.pair(folder, site)
    server = serving.server(folder, f"unix:{tmp_path}/s")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server, BrokerKeys(f"unix:{tmp_path}/s", site), f"{tmp_path}/s", made
    server.shutdown()
    thread.join()
    server.server_close()
    server.desk.close()


class TestSilentConnections:
    def silent(self, path: str, count: int) -> list[socket.socket]:
        found = []
        for _ in range(count):
            one = socket.socket(socket.AF_UNIX)
            one.connect(path)
            found.append(one)
        return found

    def test_more_than_it_has_places_keep_nobody_out(self, served) -> None:
        _, site, path, _ = served
        silent = self.silent(path, serving.CONNECTIONS + 12)
        try:
            assert site.health().ok
        finally:
            for one in silent:
                one.close()

    def test_that_says_a_byte_now_and_then_has_no_more_time_than_one_that_says_none(
        self, served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(serving, "HANDSHAKE", 0.4)
        _, _, path, _ = served
        (one,) = self.silent(path, 1)
        one.settimeout(10)
        with pytest.raises(OSError):  # noqa: PT011 - closed while it still drips: a broken pipe, or a reset
            one.sendall(b"\x16\x03\x01\x02\x00\x01")
            while True:
                one.sendall(b"\x00")
                time.sleep(0.05)
        one.close()


class TestTheSite:
    def test_asks_again_with_the_same_number_when_the_answer_does_not_come(
        self, served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, site, _, house = served
        asked = keys.Wish("receive", 1, *ROW)
        own = keys.OwnKey(1, SUITE, site.wrap_own(KEY, context=CONTEXT, suite=SUITE), 5)
        shown = house.receiver.signed(site.challenge(asked, who=30))
        hears, lost = wire.receive, []

        def deaf(source: socket.socket):
            found = hears(source)
            if found and "keys" in found and not lost and threading.current_thread() is threading.main_thread():
                lost.append(found)
                raise wire.Broken("cut off")
            return found

        monkeypatch.setattr(wire, "receive", deaf)

        assert site.open_own([own], wish=asked, shown=shown) == {1: KEY}
        assert len(lost) == 1
        lines = [json.loads(line) for line in (house.folder / books.NAME).read_bytes().splitlines()]
        assert [line["do"] for line in lines].count("opened") == 1
