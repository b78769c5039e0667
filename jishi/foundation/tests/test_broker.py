"""The key broker (spec 90 §5.2, level K1): what one person with the site's connection gets, and what he does not."""

import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from jishi.foundation import keys
from jishi.foundation.broker import book as books
from jishi.foundation.broker import desk as desks
from jishi.foundation.broker import refusals as no
from jishi.foundation.broker import serving, wire
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.tests.device import Device

KEY, SUITE = b"\x01" * 32, "a"
ROW = ("cases_report", 41)
CONTEXT = keys.own_context(1, ROW, 1, body=5)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class House:
    """A broker with its list, and a site that may speak with it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self.clock = folder, Clock()
        self.first, self.second, self.third = Device(), Device(), Device()  # who change the list
        self.asker, self.approver, self.friend, self.receiver, self.elsewhere = (Device() for _ in range(5))
        self.people = [
            self.first.listed(1, "1", "list"), self.second.listed(2, "2", "list"),
            self.asker.listed(10, "8", "unseal"), self.approver.listed(20, "9", "unseal"),
            self.friend.listed(11, "8", "unseal"), self.receiver.listed(30, "5", "receive"),
            self.elsewhere.listed(31, "6", "receive"),
        ]  # fmt: skip
        self.desk = desks.Desk(folder, self.clock)
        self.desk.begin(self.people)

    def again(self, **more) -> None:
        self.desk.close()
        self.desk = desks.Desk(self.folder, self.clock, **more)

    def ask(self, do: str, **said) -> dict:
        return self.desk.answer({"do": do, **said})

    def signed(self, by: Device, wish: dict, **more) -> str:
        who = next((list(one.who) for one in self.people if one.credential == by.credential.hex()), None)
        return by.signed(bytes.fromhex(self.ask("challenge", wish=wish, who=who)["bytes"]), **more).decode()

    def do(self, do: str, by: Device, wish: dict, **said) -> dict:
        return self.ask(do, wish=wish, shown=self.signed(by, wish), **said)

    def approve(self, by: Device | None = None, **more) -> dict:
        return self.do("approve", by or self.approver, wish("approve", **more))

    def look(self, by: Device | None = None, act: str = "look", **more) -> dict:
        return self.do("open_own", by or self.asker, wish(act, **more), kept=self.kept())

    def kept(self, context: bytes = CONTEXT, body: int = 5) -> list[dict]:
        wrapped = self.ask("wrap_own", key=KEY.hex(), context=context.hex(), suite=SUITE)["bytes"]
        return [{"number": 1, "suite": SUITE, "wrapped": wrapped, "body": body}]

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / books.NAME).read_bytes().splitlines()]


def wish(act: str, **more) -> dict:
    given = {"tenant_id": 1, "owner_table": ROW[0], "owner_row": ROW[1], "unsealing": 7, "asker": 10, **more}
    return {"act": act, **given}


def person(one: books.Person) -> dict:
    return books.written(one)


@pytest.fixture
def house(tmp_path: Path):
    made = House(tmp_path / "broker")
    yield made
    made.desk.close()


OPENED = {"keys": {"1": KEY.hex()}}


class TestOnePersonWithRootOnTheSite:
    """He has the connection, every row and every wrapped key; he has nobody's passkey."""

    def test_gets_data_keys_while_he_is_there(self, house: House) -> None:
        context = b"data-key:1:contact.caller:1".hex()
        wrapped = house.ask("wrap", key=KEY.hex(), context=context, suite=SUITE)["bytes"]

        assert house.ask("unwrap", wrapped=wrapped, context=context, suite=SUITE) == {"bytes": KEY.hex()}

    @pytest.mark.parametrize("context", [CONTEXT, b"", b"data-key:1:identity.reporter:1"])
    def test_opens_no_confidential_name_by_the_way_of_data_keys(self, context: bytes, house: House) -> None:
        wrapped = house.kept()[0]["wrapped"]

        assert house.ask("unwrap", wrapped=wrapped, context=context.hex(), suite=SUITE)["refused"] == "does_not_open"

    @pytest.mark.parametrize("shown", ["", "{}", "null", '{"rawId":"","response":{}}'])
    def test_opens_none_without_a_signature(self, shown: str, house: House) -> None:
        for act in ("receive", "look"):
            found = house.ask("open_own", wish=wish(act), kept=house.kept(), shown=shown)
            assert found["refused"] == "signature_needed"

    def test_opens_none_with_a_passkey_of_his_own(self, house: House) -> None:
        assert house.look(Device(), "receive")["refused"] == "not_on_the_list"

    def test_opens_none_by_a_signature_that_somebody_gave_before(self, house: House) -> None:
        asked = wish("receive")
        shown = house.signed(house.receiver, asked)
        first = house.ask("open_own", wish=asked, kept=house.kept(), shown=shown)
        again = house.ask("open_own", wish=asked, kept=house.kept(), shown=shown)

        assert (first, again["refused"]) == (OPENED, "signature_needed")

    def test_opens_none_by_a_signature_for_something_else(self, house: House) -> None:
        shown = house.signed(house.receiver, wish("receive", owner_row=42))

        found = house.ask("open_own", wish=wish("receive"), kept=house.kept(), shown=shown)

        assert found["refused"] == "signature_needed"

    def test_opens_no_other_row_by_a_signature_for_this_one(self, house: House) -> None:
        other = house.kept(keys.own_context(1, ("cases_report", 42), 1, body=5))

        assert house.do("open_own", house.receiver, wish("receive"), kept=other)["refused"] == "does_not_open"

    def test_opens_none_by_a_sign_in_of_the_same_passkey(self, house: House) -> None:
        """The challenge of a sign-in is the site's; the broker knows only its own."""
        shown = house.receiver.signed(b"\x05" * 32).decode()

        found = house.ask("open_own", wish=wish("receive"), kept=house.kept(), shown=shown)

        assert found["refused"] == "signature_needed"

    def test_ends_no_data_key(self, house: House) -> None:
        found = house.ask("destroy", contexts=[b"data-key:1:contact.caller:1".hex()])

        assert found["refused"] == "second_person_needed"


class TestASignature:
    @pytest.mark.parametrize(
        "more",
        [
            {"verified": False}, {"origin": "https://town.example.evil.org"}, {"origin": "http://town.example"},
            {"kind": "webauthn.create"}, {"origin": "https://"},
        ],
    )  # fmt: skip
    def test_that_is_not_the_persons_on_the_own_site_opens_nothing(self, more: dict, house: House) -> None:
        asked = wish("receive")
        shown = house.signed(house.receiver, asked, **more)

        assert house.ask("open_own", wish=asked, kept=house.kept(), shown=shown)["refused"] == "signature_needed"

    def test_by_another_key_under_this_name_opens_nothing(self, house: House) -> None:
        thief = Device()
        thief.credential = house.receiver.credential

        assert house.look(thief, "receive")["refused"] == "signature_needed"

    def test_is_asked_for_anew_after_five_minutes(self, house: House) -> None:
        asked = wish("receive")
        shown = house.signed(house.receiver, asked)
        house.clock.now += desks.FRESH + 1

        assert house.ask("open_own", wish=asked, kept=house.kept(), shown=shown)["refused"] == "signature_needed"


class TestTheReceivingBody:
    def test_opens_by_one_fresh_signature(self, house: House) -> None:
        assert house.look(house.receiver, "receive") == OPENED

    def test_is_who_the_list_says_and_in_its_own_town(self, house: House) -> None:
        assert house.look(house.asker, "receive")["refused"] == "not_on_the_list"
        assert house.look(house.receiver, "receive", tenant_id=2)["refused"] == "not_on_the_list"


class TestAnApprovedUnsealing:
    def test_opens_by_the_two_signatures_of_two_bodies(self, house: House) -> None:
        assert house.approve()["until"] == house.clock.now + desks.OPEN

        assert house.look() == OPENED
        assert house.look() == OPENED

    def test_without_an_approval_the_asker_opens_nothing(self, house: House) -> None:
        assert house.look()["refused"] == "second_person_needed"

    @pytest.mark.parametrize("more", [{"unsealing": 8}, {"owner_row": 42}])
    def test_an_approval_of_another_request_opens_nothing(self, more: dict, house: House) -> None:
        house.approve(**more)

        assert house.look()["refused"] == "second_person_needed"

    def test_is_over_after_24_hours_of_the_brokers_own_clock(self, house: House) -> None:
        house.approve()
        house.clock.now += desks.OPEN

        assert house.look()["refused"] == "second_person_needed"

    def test_serves_its_asker_alone(self, house: House) -> None:
        house.approve()

        assert house.look(house.friend)["refused"] == "not_on_the_list"
        assert house.look(house.approver)["refused"] == "not_on_the_list"

    def test_is_approved_neither_by_the_asker_nor_by_the_own_body_nor_by_who_is_not_listed(self, house: House) -> None:
        assert house.approve(house.asker)["refused"] == "same_person_twice"
        assert house.approve(house.friend)["refused"] == "second_person_needed"
        assert house.approve(house.receiver)["refused"] == "not_on_the_list"
        assert house.approve(asker=77)["refused"] == "not_on_the_list"
        assert house.look()["refused"] == "second_person_needed"

    def test_outlives_a_new_start_of_the_broker(self, house: House) -> None:
        house.approve()
        house.again()

        assert house.look() == OPENED

    def test_ends_when_the_second_person_leaves_the_list(self, house: House) -> None:
        house.approve()
        gone = {"act": "ask_change", "kind": "remove", "about": {"credential": house.approver.credential.hex()}}
        number = house.do("ask_change", house.first, gone)["number"]
        house.do("make_change", house.second, {"act": "make_change", "change": number})

        assert house.look()["refused"] == "second_person_needed"


class TestTheList:
    def add(self, house: House, one: books.Person) -> dict:
        return {"act": "ask_change", "kind": "add", "about": person(one)}

    def test_changes_by_two_approvers(self, house: House) -> None:
        new = Device()
        number = house.do("ask_change", house.first, self.add(house, new.listed(31, "5", "receive")))["number"]
        assert house.look(new, "receive")["refused"] == "not_on_the_list"
        assert house.ask("people")["waiting"][0]["number"] == number

        house.do("make_change", house.second, {"act": "make_change", "change": number})

        assert house.look(new, "receive") == OPENED
        assert house.ask("people")["waiting"] == []

    def test_one_approver_alone_changes_nothing_not_with_two_passkeys_either(self, house: House) -> None:
        spare = Device()
        one = house.do("ask_change", house.first, self.add(house, spare.listed(1, "1", "list")))["number"]
        assert house.do("make_change", house.first, {"act": "make_change", "change": one})["refused"] == (
            "same_person_twice"
        )
        house.do("make_change", house.second, {"act": "make_change", "change": one})
        two = house.do("ask_change", house.first, self.add(house, Device().listed(31, "5", "receive")))["number"]

        again = house.do("make_change", spare, {"act": "make_change", "change": two})

        assert again["refused"] == "same_person_twice"

    def test_nobody_else_changes_it(self, house: House) -> None:
        asked = self.add(house, Device().listed(31, "5", "receive"))
        for by in (house.asker, house.receiver, Device()):
            assert house.do("ask_change", by, asked)["refused"] == "not_on_the_list"
        number = house.do("ask_change", house.first, asked)["number"]
        assert house.do("make_change", house.receiver, {"act": "make_change", "change": number})["refused"] == (
            "not_on_the_list"
        )

    def test_keeps_two_approvers(self, house: House) -> None:
        gone = {"act": "ask_change", "kind": "remove", "about": {"credential": house.second.credential.hex()}}

        assert house.do("ask_change", house.first, gone)["refused"] == "too_few_approvers"

    def test_a_change_waits_for_a_week(self, house: House) -> None:
        asked = self.add(house, Device().listed(31, "5", "receive"))
        number = house.do("ask_change", house.first, asked)["number"]
        house.clock.now += desks.WAITS

        late = house.do("make_change", house.second, {"act": "make_change", "change": number})

        assert (late["refused"], house.ask("people")["waiting"]) == ("signature_needed", [])

    @pytest.mark.parametrize(
        "more", [{"may": ()}, {"may": ("everything",)}, {"public_key": "00"}, {"credential": "xy"}, {"body": ""}]
    )
    def test_takes_nobody_who_could_not_sign(self, more: dict, house: House) -> None:
        bad = replace(Device().listed(31, "5", "receive"), **more)

        assert house.do("ask_change", house.first, self.add(house, bad))["refused"] == "not_asked_like_that"

    def test_begins_with_two_approvers_once(self, house: House, tmp_path: Path) -> None:
        with pytest.raises(no.NotAskedLikeThat):
            house.desk.begin(house.people)
        other = tmp_path / "other"
        other.mkdir()
        fresh = desks.Desk(other, house.clock)
        with pytest.raises(no.TooFewApprovers):
            fresh.begin(house.people[1:])
        with pytest.raises(no.NotAskedLikeThat):  # a passkey that was made for no site of ours
            fresh.begin([*house.people, replace(Device().listed(9, "9", "unseal"), rp="")])
        fresh.close()

    def test_two_approvers_end_a_data_key(self, house: House) -> None:
        context = b"data-key:1:contact.caller:1"
        wrapped = house.ask("wrap", key=KEY.hex(), context=context.hex(), suite=SUITE)["bytes"]
        about = {"mark": keys.mark_of(context), "context": context.hex()}
        asked = {"act": "ask_change", "kind": "destroy", "about": about}
        number = house.do("ask_change", house.first, asked)["number"]
        house.do("make_change", house.second, {"act": "make_change", "change": number})

        assert house.ask("unwrap", wrapped=wrapped, context=context.hex(), suite=SUITE)["refused"] == "key_ended"


class TestTheEndOfAReport:
    def test_ends_its_key_for_good_whoever_signs(self, house: House) -> None:
        kept = house.kept()
        house.ask("destroy", contexts=[CONTEXT.hex()])
        house.again()

        assert house.do("open_own", house.receiver, wish("receive"), kept=kept)["refused"] == "key_ended"


class TestTheBook:
    def test_tells_every_opening_and_refusal_and_no_secret(self, house: House) -> None:
        house.look(house.receiver, "receive")
        house.look()
        house.approve()
        house.look()

        assert [line["do"] for line in house.lines()] == ["begun", "opened", "refused", "approved", "opened"]
        last = house.lines()[-1]["facts"]
        assert (last["by"]["account"], last["second"]["account"], last["wish"]["unsealing"]) == (10, 20, 7)
        assert KEY.hex() not in (house.folder / books.NAME).read_text()

    def test_counts_what_is_asked_often(self, house: House) -> None:
        for _ in range(3):
            house.ask("mac", value="00", context="00", suite=SUITE)
        house.clock.now += 61
        house.ask("sign", message="00")

        assert house.lines()[-1]["facts"]["counts"] == {"mac": 3, "sign": 1}

    @pytest.mark.parametrize("how", ["a changed fact", "a line taken out", "two lines exchanged", "a line put in"])
    def test_that_was_changed_is_noticed_and_the_broker_does_not_start(self, how: str, house: House) -> None:
        house.approve()
        house.look()
        house.desk.close()
        path = house.folder / books.NAME
        lines = path.read_bytes().splitlines(keepends=True)
        changed = {
            "a changed fact": [lines[0], lines[1].replace(b':10"', b':11"'), *lines[2:]],
            "a line taken out": [lines[0], *lines[2:]],
            "two lines exchanged": [lines[0], lines[2], lines[1]],
            "a line put in": [lines[0], lines[1], lines[1], *lines[2:]],
        }[how]
        assert changed != lines
        path.write_bytes(b"".join(changed))

        with pytest.raises(books.NotWhole):
            desks.Desk(house.folder, house.clock)
        path.write_bytes(b"".join(lines))
        house.desk = desks.Desk(house.folder, house.clock)

    def test_goes_on_after_a_line_that_a_power_cut_left_half(self, house: House) -> None:
        house.approve()
        house.desk.close()
        path = house.folder / books.NAME
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"at":1,"do":"begu')

        house.desk = desks.Desk(house.folder, house.clock)

        assert path.read_bytes() == whole
        assert house.look() == OPENED

    def test_is_written_by_one_broker_at_a_time(self, house: House) -> None:
        with pytest.raises(keys.KeyNotAvailable):
            desks.Desk(house.folder, house.clock)


class TestTheLimit:
    def test_stops_a_copy_of_everything_and_fills_again(self, house: House) -> None:
        house.again(limits={**desks.LIMITS, "unwrap": (60, 2)})
        asked = {"wrapped": "00" * 40, "context": "00", "suite": SUITE}

        said = [house.ask("unwrap", **asked)["refused"] for _ in range(3)]
        house.clock.now += 1

        assert said == ["does_not_open", "does_not_open", "too_costly_wait"]
        assert house.ask("unwrap", **asked)["refused"] == "does_not_open"

    def test_holds_for_signatures_that_are_tried(self, house: House) -> None:
        house.again(limits={**desks.LIMITS, "signed": (60, 2)})

        said = [house.look(Device(), "receive")["refused"] for _ in range(3)]

        assert said == ["not_on_the_list", "not_on_the_list", "too_costly_wait"]


ODD = ({}, {"do": "root_key"}, {"do": "wrap"}, {"do": "mac", "value": 3}, {"do": "open_own"})


@pytest.mark.parametrize("said", ODD)
def test_what_is_no_question_is_refused_by_name(said: dict, house: House) -> None:
    assert house.desk.answer(said)["refused"] in ("not_asked_like_that", "signature_needed")


class TestTheWire:
    @pytest.fixture
    def served(self, house: House, tmp_path: Path):
        """A broker at a local socket, and one at a port, in front of one folder in turn."""
        wire.make_pair(house.folder, wire.BROKER)
        site = tmp_path / "site"
        wire.pair(house.folder, site)
        house.desk.close()
        running = serving.server(house.folder, f"unix:{tmp_path}/s")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield BrokerKeys(f"unix:{tmp_path}/s", site), running
        running.shutdown()
        thread.join()
        running.server_close()
        running.desk.close()
        house.desk = desks.Desk(house.folder, house.clock)

    def test_carries_every_verb(self, served) -> None:
        site, running = served
        for suite in ("a", "s"):
            key = b"\x02" * keys.KEY_BYTES[suite]
            assert site.unwrap(site.wrap(key, context=b"c", suite=suite), context=b"c", suite=suite) == key
            assert site.mac(b"v", context=b"c", suite=suite) == running.desk.held.mac(b"v", context=b"c", suite=suite)
        keys.verify(site.public_key(), b"root", site.sign(b"root"))
        assert (site.health().ok, site.health().level) == (True, "K1")

    def test_speaks_the_refusal_of_the_broker(self, served) -> None:
        site, _ = served
        own = keys.OwnKey(1, SUITE, site.wrap_own(KEY, context=CONTEXT, suite=SUITE), 5)
        wanted = keys.Wish("receive", 1, *ROW)

        with pytest.raises(no.SignatureNeeded):
            site.open_own([own], wish=wanted, shown=b"")
        with pytest.raises(no.SignatureNeeded):
            site.open_own([own], wish=wanted, shown=b"\xff\xfe")

    def test_knows_both_sides_by_heart(self, served, tmp_path: Path) -> None:
        site, running = served
        stranger, broker = tmp_path / "stranger", tmp_path / "false-broker"
        for folder in (stranger, broker):
            folder.mkdir()
        wire.make_pair(broker, wire.BROKER)
        wire.pair(broker, stranger)  # a pair, but of another broker
        unknown = BrokerKeys(site.address, stranger)
        (stranger / "broker.crt").write_bytes((site.folder / "broker.crt").read_bytes())

        with pytest.raises(keys.KeyNotAvailable):
            unknown.mac(b"v", context=b"c", suite=SUITE)
        (site.folder / "broker.crt").write_bytes((broker / "broker.crt").read_bytes())
        with pytest.raises(keys.KeyNotAvailable):
            BrokerKeys(site.address, site.folder).mac(b"v", context=b"c", suite=SUITE)

    def test_nobody_without_a_pair_is_answered(self, served) -> None:
        site, _ = served
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(10)
        plain.connect(site.address.removeprefix("unix:"))
        wire.send(plain, {"do": "health"})

        try:
            said = wire.receive(plain)
        except OSError:
            said = None
        plain.close()

        assert said is None

    def test_goes_on_over_a_new_connection_when_the_broker_was_started_again(self, served) -> None:
        site, _ = served
        before = site.mac(b"v", context=b"c", suite=SUITE)
        site._mine.open.close()

        assert site.mac(b"v", context=b"c", suite=SUITE) == before


def test_a_broker_that_is_away_is_said_in_its_sentence(tmp_path: Path) -> None:
    wire.make_pair(tmp_path, wire.BROKER)
    wire.pair(tmp_path, tmp_path / "site")
    away = BrokerKeys(f"unix:{tmp_path}/nobody", tmp_path / "site")

    with pytest.raises(keys.KeyNotAvailable):
        away.mac(b"v", context=b"c", suite=SUITE)
    assert away.health() == keys.Health(False, "K1", "钥匙服务不可用。", "The key service is away.")
